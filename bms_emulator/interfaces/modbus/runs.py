"""Runs: values that are encoded alike and stand evenly spaced, in the arena as in the image."""

from collections.abc import Iterator, Sequence
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
        ("repeats", "i8"),  # how often all this stands there
        ("repeat_step", "i8"),  # positions from one repetition to the next
        ("repeat_stride", "i8"),  # registers from one repetition to the next
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

BITFIELD = np.dtype([("word", "i8"), ("term", "i8"), ("terms", "i8"), ("repeats", "i8"), ("stride", "i8")])
"""A 32-bit bitfield: its register, its first term and how many there are; how often it stands, how many words apart."""

TERM = np.dtype([("source", "i8"), ("step", "i8"), ("low", "f8"), ("high", "f8"), ("mask", "i8")])
"""Sets the bits of ``mask`` where the value lies from ``low`` to ``high``; ``step`` leads to the next repetition's."""

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
    by_length = sorted(range(offsets.ndim), key=lambda axis: -offsets.shape[axis])
    spacing, stride, count, offsets, words = _regular_axis(offsets, words, by_length, gather)
    innermost = list(reversed(range(offsets.ndim)))  # what stands close together is written together
    (repeat_step, _, _), repeat_stride, repeats, offsets, words = _regular_axis(offsets, words, innermost, None)
    form, line = encoding.format, encoding.conversion
    sentinel = form.sentinel if form.sentinel < 1 << 63 else form.sentinel - (1 << 64)
    high = min(encoding.high, _INTEGER_MAX) if form.coding is Coding.INTEGER else encoding.high
    coding = form.coding if encoding.table is None else Coding.TABLE
    how = (form.words, coding, line.gain, line.shift, encoding.low, high, sentinel, *(encoding.table or (0, 0)))
    for source, word in zip(offsets.ravel().tolist(), words.ravel().tolist(), strict=True):
        yield (source, *spacing, count, word, stride, repeats, repeat_step, repeat_stride, *how)


def bits_of(
    words: NDArray[np.int64], sources: NDArray[np.int64]
) -> Iterator[tuple[int, int, int, list[tuple[int, int]]]]:
    """Parts of a row of bitfields, as few as possible: first word, repeats, stride, and source and step of each term.

    Args:
        words: Register of each repetition, shape (repetitions...).
        sources: Position in the arena of each term of each repetition, shape (repetitions..., terms).
    """
    rows, terms = words.reshape(-1, words.shape[-1] if words.ndim else 1), sources.shape[-1]
    for word_row, source_row in zip(rows, sources.reshape(*rows.shape, terms), strict=True):
        step = source_row[1] - source_row[0] if len(word_row) > 1 else np.zeros(terms, np.int64)
        stride = _stride(word_row)
        if stride is not None and (np.diff(source_row, axis=0) == step).all():
            yield int(word_row[0]), len(word_row), stride, list(zip(source_row[0].tolist(), step.tolist(), strict=True))
        else:
            for word, places in zip(word_row.tolist(), source_row.tolist(), strict=True):
                yield word, 1, 0, [(place, 0) for place in places]


def _regular_axis(
    offsets: NDArray[np.int64], words: NDArray[np.int64], axes: Sequence[int], gather: Gather | None
) -> tuple[tuple[int, int, int], int, int, NDArray[np.int64], NDArray[np.int64]]:
    """Spacing, stride and length of the first axis that has them, and where each of its rows begins.

    Where no axis is regular, every value is a row of its own.
    """
    for axis in axes:
        rows, word_rows = np.moveaxis(offsets, axis, -1), np.moveaxis(words, axis, -1)
        spacing, stride = _spacing(rows, gather), _stride(word_rows)
        if spacing is not None and stride is not None:
            return spacing, stride, rows.shape[-1], rows[..., 0], word_rows[..., 0]
    return (0, 0, 1), 0, 1, offsets, words


def _spacing(offsets: NDArray[np.int64], gather: Gather | None) -> tuple[int, int, int] | None:
    """Step, numerator and denominator of offsets that are spaced alike along their last axis."""
    k = np.arange(offsets.shape[-1])
    distance = offsets - offsets[..., :1]
    first = distance.reshape(-1, len(k))[0]
    if (distance != first).any():
        return None
    step = int(first[1]) if len(k) > 1 else 0
    if (first == k * step).all():
        return step, 0, 1
    if gather is None:
        return None
    sensors, cells = gather
    return (0, sensors, cells) if (first == k * sensors // cells).all() else None


def _stride(words: NDArray[np.int64]) -> int | None:
    """Distance of words that are spaced alike along their last axis."""
    distance = np.diff(words, axis=-1)
    if distance.size == 0:
        return 0
    stride = int(distance.flat[0])
    return stride if (distance == stride).all() else None
