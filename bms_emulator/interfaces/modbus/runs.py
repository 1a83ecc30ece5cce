"""Runs: values that are encoded alike and stand evenly spaced, in the arena as in the image."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.formats import Coding, Format

RUN = np.dtype(
    [
        ("source", "i8"),  # position of the first value in the arena
        ("step", "i8"),  # positions from one value to the next
        ("numerator", "i8"),  # further positions of value k: (k * numerator) // denominator
        ("denominator", "i8"),
        ("count", "i8"),  # values
        ("word", "i8"),  # register of the first value, counted over all images
        ("stride", "i8"),  # registers from one value to the next
        ("words", "i8"),  # registers of a value
        ("coding", "i8"),  # formats.Coding
        ("gain", "f8"),  # raw = value * gain + shift
        ("shift", "f8"),
        ("low", "f8"),  # clamp of the raw value
        ("high", "f8"),
        ("sentinel", "i8"),  # raw value for NaN
        ("table", "i8"),  # first entry of its table
        ("table_size", "i8"),
    ]
)
"""One run."""

BITFIELD = np.dtype([("word", "i8"), ("term", "i8"), ("terms", "i8")])
"""A 32-bit bitfield: its register, its first term and how many there are."""

TERM = np.dtype([("source", "i8"), ("low", "f8"), ("high", "f8"), ("mask", "i8")])
"""Sets the bits of ``mask`` where the value lies from ``low`` to ``high``."""

Gather = tuple[int, int]
"""Sensors and cells of a pack: cell k reads sensor (k * sensors) // cells."""

_INTEGER_MAX = float((1 << 63) - 1024)
"""Largest float that an int64 takes."""


@dataclass(frozen=True)
class Encoding:
    """How the values of a row become registers.

    Attributes:
        format: Format of the register.
        conversion: From SI to raw.
        low: Lowest raw value.
        high: Highest raw value.
        table: First entry of its table and how many there are; none where the coding is not by table.
    """

    format: Format
    conversion: Conversion
    low: float
    high: float
    table: tuple[int, int] | None = None


def runs_of(
    offsets: NDArray[np.int64], words: NDArray[np.int64], encoding: Encoding, gather: Gather
) -> Iterator[tuple[float, ...]]:
    """Records of a row, in the order of :data:`RUN`, as few as possible.

    Args:
        offsets: Position in the arena of each repetition, shape (repetitions...).
        words: Register of each repetition, same shape.
        encoding: How the values are written.
        gather: How cells share sensors.
    """
    for axis in sorted(range(offsets.ndim), key=lambda n: -offsets.shape[n]):
        spacing, stride = _spacing(np.moveaxis(offsets, axis, -1), gather), _stride(np.moveaxis(words, axis, -1))
        if spacing is not None and stride is not None:
            firsts = zip(
                np.take(offsets, 0, axis).ravel().tolist(), np.take(words, 0, axis).ravel().tolist(), strict=True
            )
            for source, word in firsts:
                yield _record(source, spacing, offsets.shape[axis], word, stride, encoding)
            return
    for source, word in zip(offsets.ravel().tolist(), words.ravel().tolist(), strict=True):
        yield _record(source, (0, 0, 1), 1, word, 0, encoding)


def _record(
    source: int, spacing: tuple[int, int, int], count: int, word: int, stride: int, encoding: Encoding
) -> tuple[float, ...]:
    form, line = encoding.format, encoding.conversion
    sentinel = form.sentinel if form.sentinel < 1 << 63 else form.sentinel - (1 << 64)
    high = min(encoding.high, _INTEGER_MAX) if form.coding is Coding.INTEGER else encoding.high
    coding = form.coding if encoding.table is None else Coding.TABLE
    where = (source, *spacing, count, word, stride, form.words, coding)
    return (*where, line.gain, line.shift, encoding.low, high, sentinel, *(encoding.table or (0, 0)))


def _spacing(offsets: NDArray[np.int64], gather: Gather) -> tuple[int, int, int] | None:
    """Step, numerator and denominator of offsets that are spaced alike along their last axis."""
    k = np.arange(offsets.shape[-1])
    distance = offsets - offsets[..., :1]
    first = distance.reshape(-1, len(k))[0]
    if (distance != first).any():
        return None
    step = int(first[1]) if len(k) > 1 else 0
    if (first == k * step).all():
        return step, 0, 1
    sensors, cells = gather
    return (0, sensors, cells) if (first == k * sensors // cells).all() else None


def _stride(words: NDArray[np.int64]) -> int | None:
    """Distance of words that are spaced alike along their last axis."""
    distance = np.diff(words, axis=-1)
    if distance.size == 0:
        return 0
    stride = int(distance.flat[0])
    return stride if (distance == stride).all() else None
