"""Runs: values that are encoded alike and stand evenly spaced, in the arena as in the image."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.formats import Coding, Format

RUN = np.dtype(
    [
        ("source", "i8"),  # position of the first value in the arena
        ("pace", "i8"),  # positions from one value to the next, in fixed point: value k is (k * pace) >> FRACTION on
        ("count", "i8"),  # values
        ("word", "i8"),  # register of the first value, counted over all images
        ("stride", "i8"),  # registers from one value to the next
        ("repeats", "i8"),  # how often all this stands there
        ("repeat_step", "i8"),  # positions from one repetition to the next
        ("repeat_stride", "i8"),  # registers from one repetition to the next
        ("device_step", "i8"),  # positions from one device of a block to the next
        ("age", "i8"),  # position of the age that all values of the first repetition share, -1 where there is none
        ("age_step", "i8"),  # positions from the age of one repetition to that of the next
        ("age_device_step", "i8"),  # positions from the age of one device to that of the next
        ("plain", "i8"),  # whether its values are integers of one register, by a straight line
        ("words", "i8"),  # registers of a value
        ("little", "i8"),  # whether its least significant register comes first
        ("coding", "i8"),  # formats.Coding
        ("gain", "f8"),  # raw = value * gain + shift
        ("shift", "f8"),
        ("low", "f8"),  # clamp of the raw value
        ("high", "f8"),
        ("sentinel", "i8"),  # raw value for NaN
        ("table", "i8"),  # first entry of its table
        ("table_size", "i8"),
        ("absolute", "i8"),  # whether the magnitude of the value is shown
        ("modulo", "i8"),  # the raw value is the remainder of this, 0 where it is not
        ("per", "i8"),  # values side by side in one register, 0 where a value has registers of its own
        ("at", "i8"),  # lowest bit of the first of them
        ("step", "i8"),  # bits from one of them to the next
        ("keep", "i8"),  # bits of the register, bytes exchanged, that belong to others
    ]
)
"""One run."""

BITFIELD = np.dtype(
    [
        ("word", "i8"),  # its first register
        ("words", "i8"),  # its registers
        ("little", "i8"),  # whether its least significant register comes first
        ("keep", "i8"),  # bits of each register, bytes exchanged, that belong to others
        ("term", "i8"),  # its first term
        ("terms", "i8"),
        ("repeats", "i8"),  # how often it stands there
        ("stride", "i8"),  # registers from one repetition to the next
        ("again", "i8"),  # whether its bits are those of the one before
    ]
)
"""Conditions by bit."""

GROUP = np.dtype(
    [
        ("first", "i8"),  # first of its single values
        ("count", "i8"),  # single values
        ("gain", "f8"),  # as of a run
        ("shift", "f8"),
        ("low", "f8"),
        ("high", "f8"),
        ("sentinel", "i8"),
    ]
)
"""Single values, integers of one word, that are converted alike: short runs would take longer to begin than to do."""

SINGLE = np.dtype([("source", "i8"), ("device_step", "i8"), ("word", "i8")])
"""A single value: its position in the arena, positions to the next device of a block, its register."""

TERM = np.dtype(
    [
        ("source", "i8"),  # position of its first value
        ("count", "i8"),  # values
        ("spacing", "i8"),  # positions from one value to the next
        ("step", "i8"),  # positions to the values of the next repetition
        ("device_step", "i8"),  # positions to those of the next device of a block
        ("low", "f8"),
        ("high", "f8"),
        ("modulus", "f8"),
        ("mask", "i8"),
    ]
)
"""Sets the bits of ``mask`` where any of its values lies from ``low`` to ``high``; its remainder where it has a modulus
above 0."""

BLOCK = np.dtype(
    [
        ("run", "i8"),  # first run
        ("runs", "i8"),
        ("group", "i8"),  # first group
        ("groups", "i8"),
        ("bitfield", "i8"),  # first bitfield
        ("bitfields", "i8"),
        ("devices", "i8"),  # how often all this stands there
        ("stride", "i8"),  # registers from one device to the next
    ]
)
"""What like devices show, told for the first of them."""

# The following numbers are compiled into the kernel: naming bms_emulator.jit here lets it see when they change.

FRACTION = 32
"""Binary digits behind the point of a pace."""
ONE = 1 << FRACTION
"""Pace of values that stand side by side."""

LANES = 32
"""Values that are converted at once; a run is filled up to a multiple of them."""

Gather = tuple[int, int]
"""Sensors and cells of a pack: cell k reads sensor (k * sensors) // cells."""

NO_AGE = -1
"""Position of an age that nothing tells: such values are encoded every time."""

_INTEGER_MAX = float((1 << 63) - 1024)
"""Largest float that an int64 takes."""


@dataclass(frozen=True)
class Packing:
    """Where values stand side by side in a register.

    Attributes:
        per: Values in one register.
        at: Lowest bit of the first of them.
        step: Bits from one to the next.
        others: Bits of the register that belong to others.
    """

    per: int
    at: int
    step: int = 0
    others: int = 0

    @classmethod
    def of_part(cls, at: int, width: int) -> Self:
        """One value, beside other parts of the register."""
        return cls(1, at, 0, 0xFFFF ^ ((1 << width) - 1) << at)

    @classmethod
    def of_elements(cls, width: int, *, high_first: bool) -> Self:
        """As many values as there is room for."""
        return cls(16 // width, 16 - width, -width) if high_first else cls(16 // width, 0, width)


@dataclass(frozen=True)
class Encoding:
    """How the values of a row become registers.

    Attributes:
        format: Format of a value.
        conversion: From SI to raw.
        low: Lowest raw value.
        high: Highest raw value.
        table: First entry of its table and how many there are; none where the coding is not by table.
        absolute: Whether the magnitude of the value is shown.
        modulo: The raw value is the remainder of this; 0 where it is not.
        packing: Where values stand in a register that several share.
    """

    format: Format
    conversion: Conversion
    low: float
    high: float
    table: tuple[int, int] | None = None
    absolute: bool = False
    modulo: int = 0
    packing: Packing | None = None

    @property
    def coding(self) -> Coding:
        """How the kernel makes the raw value."""
        if self.table is not None:
            return Coding.TABLE
        reduced = self.format.coding is Coding.INTEGER and (self.absolute or self.modulo)
        return Coding.REDUCED if reduced else self.format.coding

    def fields(self) -> tuple[float, ...]:
        """The fields of RUN that say how, in their order."""
        form, line, coding = self.format, self.conversion, self.coding
        sentinel = form.sentinel if form.sentinel < 1 << 63 else form.sentinel - (1 << 64)
        low, high = self.low, self.high
        if form.coding is Coding.INTEGER:
            ends = (-_INTEGER_MAX, _INTEGER_MAX)
            low, high = ends if self.modulo else (max(low, ends[0]), min(high, ends[1]))
        plain = coding is Coding.INTEGER and form.words == 1 and self.packing is None
        packing = self.packing or Packing(0, 0)
        how = (plain, form.words, form.little, coding, line.gain, line.shift, low, high, sentinel)
        table, kept = self.table or (0, 0), exchanged(packing.others)
        return (*how, *table, self.absolute, self.modulo, packing.per, packing.at, packing.step, kept)


def exchanged(word: int) -> int:
    """A 16-bit word with its bytes exchanged."""
    return (word & 0xFF) << 8 | word >> 8


def runs_of(
    offsets: NDArray[np.int64],
    words: NDArray[np.int64],
    encoding: Encoding,
    gather: Gather,
    ages: NDArray[np.int64] | None = None,
) -> Iterator[tuple[float, ...]]:
    """Records of a row, in the order of :data:`RUN`, as few as possible.

    Args:
        offsets: Position in the arena of each repetition, shape (repetitions...). Where several share a register, the
            last axis is that of these.
        words: Register of each repetition, same shape.
        encoding: How the values are written.
        gather: How cells share sensors.
        ages: Position in the arena of the age of each repetition's value, same shape; None where nothing tells it.

    Raises:
        ValueError: Values that share registers are spaced unevenly in the arena.
    """
    ages = np.full_like(offsets, NO_AGE) if ages is None else ages
    axis: int | None
    if encoding.packing is not None and encoding.packing.per > 1:
        axis, pace, stride = _shared_axis(offsets, gather)
    else:
        by_length = sorted(range(offsets.ndim), key=lambda axis: -offsets.shape[axis])
        axis, pace, stride = _regular_axis(offsets, words, by_length, gather)
    offsets, words, ages = (_rows(positions, axis) for positions in (offsets, words, ages))
    count, shared = offsets.shape[-1], (ages == ages[..., :1]).all(axis=-1)
    offsets, words, ages = offsets[..., 0], words[..., 0], np.where(shared, ages[..., 0], NO_AGE)

    innermost = list(reversed(range(offsets.ndim)))  # what stands close together is written together
    axis, repeat_pace, repeat_stride = _regular_axis(offsets, words, innermost, None)
    offsets, words, ages = (_rows(positions, axis) for positions in (offsets, words, ages))
    repeats, age_step = offsets.shape[-1], _stride(ages)
    offsets, words = offsets[..., 0], words[..., 0]
    ages = np.full_like(offsets, NO_AGE) if age_step is None else ages[..., 0]

    how = encoding.fields()
    for source, word, age in zip(offsets.ravel().tolist(), words.ravel().tolist(), ages.ravel().tolist(), strict=True):
        repeated = (repeats, repeat_pace >> FRACTION, repeat_stride)
        yield (source, pace, count, word, stride, *repeated, 0, age, age_step or 0, 0, *how)


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


def series_of(terms: Iterable[tuple[tuple[float, ...], str]]) -> list[tuple[float, ...]]:
    """Records of TERM, as few as possible, of terms of one value each: source, step, low, high, modulus and mask.

    Points of several families are never told together: how far they lie apart is another in every container.

    Args:
        terms: Each with the family of its point.
    """
    records: list[tuple[float, ...]] = []
    last = ""
    for (source, *how), family in terms:
        first, count, spacing, step, _, *window = records[-1] if family == last else [0] * 9
        reached, last = source - first if count == 1 else spacing, family
        if count and how == [step, *window] and source == first + count * reached:
            records[-1] = (first, count + 1, reached, step, 0, *window)
        else:
            records.append((source, 1, 0, how[0], 0, *how[1:]))
    return records


def work_arrays(
    runs: NDArray[np.void], groups: NDArray[np.void], bitfields: NDArray[np.void]
) -> tuple[NDArray[np.float64], NDArray[np.uint16], NDArray[np.int64]]:
    """Room for the values of the longest run or group, for their registers, and for the most bitfields in a row."""
    longest = max(int((runs["count"] * runs["repeats"]).max(initial=0)), int(groups["count"].max(initial=0)))
    size = -(-longest // LANES) * LANES
    return np.zeros(size), np.zeros(size, np.uint16), np.zeros(int(bitfields["repeats"].max(initial=0)), np.int64)


def _shared_axis(offsets: NDArray[np.int64], gather: Gather) -> tuple[int, int, int]:
    """The last axis, whose values share registers, its pace, and the distance of the registers."""
    pace = _pace(offsets, gather)
    if pace is None:
        raise ValueError("elements: the point's values are spaced unevenly")
    return offsets.ndim - 1, pace, 1


def _regular_axis(
    offsets: NDArray[np.int64], words: NDArray[np.int64], axes: Sequence[int], gather: Gather | None
) -> tuple[int | None, int, int]:
    """The first axis along which positions are spaced alike in arena and image, its pace and its stride.

    Where no axis is, it is None: every value is a row of its own.
    """
    for axis in axes:
        pace, stride = _pace(_rows(offsets, axis), gather), _stride(_rows(words, axis))
        if pace is not None and stride is not None:
            return axis, pace, stride
    return None, 0, 0


def _rows(positions: NDArray[np.int64], axis: int | None) -> NDArray[np.int64]:
    """Positions with this axis last; with one of length 1 where it is None."""
    return positions[..., np.newaxis] if axis is None else np.moveaxis(positions, axis, -1)


def _pace(offsets: NDArray[np.int64], gather: Gather | None) -> int | None:
    """Pace of offsets that are spaced alike along their last axis.

    That of shared sensors is rounded up: exact as long as cells * cells < 2^32.
    """
    k = np.arange(offsets.shape[-1])
    distance = offsets - offsets[..., :1]
    first = distance.reshape(-1, len(k))[0]
    if (distance != first).any():
        return None
    step = int(first[1]) if len(k) > 1 else 0
    if (first == k * step).all():
        return step << FRACTION
    if gather is None:
        return None
    sensors, cells = gather
    return (sensors << FRACTION) // cells + 1 if (first == k * sensors // cells).all() else None


def _stride(words: NDArray[np.int64]) -> int | None:
    """Distance of words that are spaced alike along their last axis."""
    distance = np.diff(words, axis=-1)
    if distance.size == 0:
        return 0
    stride = int(distance.flat[0])
    return stride if (distance == stride).all() else None
