"""Ages of measurements from one firmware period to the next, while nothing new is measured."""

import ctypes
from array import array
from functools import cache
from mmap import mmap

from bms_emulator.firmware.native.abi import LONG_AGO, PULSES, Inputs, Measurement
from bms_emulator.firmware.native.layout import Layout

_WORD = 4
_STRIDE = ctypes.sizeof(Measurement) // _WORD
_AGE = Measurement.age_ms.offset // _WORD
_BITS = 32


class Ages:
    """Lets the ages in the shared inputs grow, and puts them back.

    All ages of an array stand in one long whole number, 32 bits each, so that one addition advances them all.

    Args:
        shared: The block.
        layout: Of it.
    """

    def __init__(self, shared: mmap, layout: Layout) -> None:
        words = memoryview(shared).cast("I")
        struct = layout.regions["inputs"].start
        spans = [(struct + Inputs.current.offset, struct + Inputs.contactor_feedback.offset)]
        spans += [(layout.regions[name].start, layout.regions[name].end) for name in ("cell_voltages", "temperatures")]
        command = struct + Inputs.command.offset
        command_age = command // _WORD + 1
        self._ages = [words[begin // _WORD + _AGE : end // _WORD : _STRIDE] for begin, end in spans]
        self._ages.append(words[command_age : command_age + 1])
        self._flags = words[command_age + 2 : command_age + 3]
        self._first: list[tuple[memoryview, memoryview, int, int]] = []
        self._given_flags = 0

    def begin(self, longest: int) -> None:
        """Remember the ages as they are. longest: by how much they may grow [ms]."""
        self._given_flags = self._flags[0]
        self._first = []
        for ages in self._ages:
            given = array("I", ages.tobytes())
            first = int.from_bytes(given.tobytes(), "little")
            self._first.append((ages, memoryview(given), first, _growing(given, LONG_AGO - longest)))

    def advance(self, elapsed: int) -> None:
        """Ages at so long [ms] after the first period; flags that stand for one period have fallen."""
        self._flags[0] = self._given_flags & ~int(PULSES)
        for ages, given, first, ones in self._first:
            ages[:] = memoryview((first + ones * elapsed).to_bytes(given.nbytes, "little")).cast("I")

    def restore(self) -> None:
        """Ages and flags as they were."""
        self._flags[0] = self._given_flags
        for ages, given, _, _ in self._first:
            ages[:] = given


def _growing(ages: "array[int]", oldest: int) -> int:
    """A 1 for every age that can grow, in its 32 bits; those above oldest [ms] stay what they are."""
    if max(ages) <= oldest:
        return _ones(len(ages))
    return int.from_bytes(array("I", [age <= oldest for age in ages]).tobytes(), "little")


@cache
def _ones(count: int) -> int:
    return int.from_bytes(array("I", [1] * count).tobytes(), "little")
