"""The outputs of one worker as arrays, and a quick look at whether they make sense."""

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.native.ranges import NUMBERS, PAIRS, WORDS
from bms_emulator.jit import kernel

_AT = {name: k for k, name in enumerate(NUMBERS)}
_LARGEST_WORDS = np.array([0 if word.name == "alarm_count" else word.largest for word in WORDS], np.uint32)
_OTHER_WORDS = np.array([word.largest if word.other is None else word.other for word in WORDS], np.uint32)
_LARGEST_NUMBERS = np.array(list(NUMBERS.values()))
_PAIRS = np.array([(_AT[name], _AT[wider]) for name, wider in PAIRS.items()], np.int64)


@dataclass(frozen=True)
class OutputBlock:
    """The outputs of one worker.

    Attributes:
        scalars: All that follows but for arrays, as bytes.
        words: Numbers of 32 bits, as in :data:`bms_emulator.firmware.native.ranges.WORDS`.
        numbers: Numbers of 64 bits, as in :data:`bms_emulator.firmware.native.ranges.NUMBERS`.
        balancing: 1 bleeds the cell, (cell,).
        alarms: Room for alarms: id, level, source.
    """

    scalars: NDArray[np.uint8]
    words: NDArray[np.uint32]
    numbers: Array
    balancing: NDArray[np.uint8]
    alarms: NDArray[np.void]

    @classmethod
    def of(cls, outputs: NDArray[np.void]) -> Self:
        """The fields of a block that is laid out as ``bms_outputs`` is."""
        block = outputs.reshape(1)
        struct = block.reshape(())
        raw = block.view(np.uint8)
        fields: Any = block.dtype.fields
        start = fields[WORDS[0].name][1]
        words = raw[start : start + 4 * len(WORDS)].view(np.uint32)
        first = fields[next(iter(NUMBERS))][1]
        end = first + 8 * len(NUMBERS)
        numbers = raw[first:end].view(np.float64)
        return cls(raw[start:end], words, numbers, struct["balancing"], struct["alarms"])

    def digest(self, digest: "hashlib.blake2b") -> None:
        """Add everything that the firmware decided to a digest."""
        digest.update(self.scalars.data)
        digest.update(self.balancing.data)
        if self.words[0]:
            digest.update(self.alarms[: self.words[0]].tobytes())

    def is_plain(self) -> bool:
        """Whether it is quickly seen that nothing is wrong; where not, it takes a longer look to tell."""
        return bool(
            is_plain(_LARGEST_WORDS, _OTHER_WORDS, _LARGEST_NUMBERS, _PAIRS, self.words, self.numbers, self.balancing)
        )


@kernel
def is_plain(  # type: ignore[no-untyped-def]
    # model
    largest_words,
    other_words,
    largest_numbers,
    pairs,
    # inputs
    words,
    numbers,
    balancing,
):
    """Whether there is no alarm and all values are certainly allowed; see :mod:`bms_emulator.firmware.native.ranges`.

    words, and the largest and another value that are allowed, (word,); numbers and the largest, (number,); places of
    numbers of which the second is not less than the first, (pair, 2); balancing (cell,).
    """
    wrong = False
    for k in range(words.shape[0]):
        wrong |= words[k] > largest_words[k] and words[k] != other_words[k]
    for k in range(numbers.shape[0]):
        wrong |= not 0.0 <= numbers[k] <= largest_numbers[k]
    for k in range(pairs.shape[0]):
        wrong |= not numbers[pairs[k, 0]] <= numbers[pairs[k, 1]]
    for k in range(balancing.shape[0]):
        wrong |= balancing[k] > 1
    return not wrong
