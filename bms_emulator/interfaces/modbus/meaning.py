"""What the registers that a master writes mean to points, and back."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.formats import Coding, Format, bit_format
from bms_emulator.points.catalogue import Family

Assignment = tuple[int, float]
"""A position in the arena and the value that it takes."""

Move = Callable[[int], int]
"""Position in the arena of the point of another container that is like the one at a position."""

_NOISE = 1e-9
"""Distance to a whole number or a limit, absolute or relative, that only comes from converting."""
_WHOLE = ("integer", "boolean", "enum", "bitfield")


class Meaning(Protocol):
    """What some registers of a row mean."""

    @property
    def offsets(self) -> tuple[int, ...]:
        """Points of which the registers consist."""

    def assignments(self, data: bytes) -> list[Assignment]:
        """What writing these bytes does.

        Raises:
            ValueError: A point does not take it; nothing happens.
        """

    def data(self, values: Sequence[float]) -> bytes:
        """The registers that these values of the points make."""

    def moved(self, to: Move) -> "Meaning":
        """The same for the points of another container."""


@dataclass(frozen=True)
class Scale:
    """A value of a point as a raw number, by a line or a table.

    Attributes:
        family: Family of the point, which knows what it takes.
        line: From SI to raw.
        table: Point value by raw value, where it has a table.
    """

    family: Family
    line: Conversion
    table: Mapping[int, float] | None = None

    def value(self, raw: float) -> float:
        """Value of the point.

        Raises:
            ValueError: The point does not take it.
        """
        if self.table is not None:
            if raw not in self.table:
                raise ValueError(f"allowed are {', '.join(map(str, self.table))}")
            return self.family.check(self.table[int(raw)])
        value = self.line.value(raw)
        ends = self.family.limits or ()
        if self.family.slot.info.kind in _WHOLE and math.isfinite(value):
            ends = (*ends, round(value))
        near = (end for end in ends if math.isclose(value, end, rel_tol=_NOISE, abs_tol=_NOISE))
        return self.family.check(next(near, value))

    def raw(self, value: float) -> float:
        """Raw number of a value, not yet rounded; NaN where the table has none."""
        if self.table is None:
            return self.line.raw(value)
        return next((raw for raw, held in self.table.items() if held == value), math.nan)


@dataclass(frozen=True)
class PointMeaning:
    """A value of a point.

    Attributes:
        form: Format of its registers.
        scale: From raw to the point.
        whole: Whether the sentinel is a value like any other.
        target: Position of the point in the arena.
        ignore: Raw values that are accepted and do nothing.
        also: Other points that take the value, and how the raw value becomes theirs.
    """

    form: Format
    scale: Scale
    whole: bool
    target: int
    ignore: frozenset[int] = frozenset()
    also: tuple[tuple[int, Scale], ...] = ()

    @property
    def offsets(self) -> tuple[int, ...]:
        """The point."""
        return (self.target,)

    def assignments(self, data: bytes) -> list[Assignment]:
        """What writing these bytes does."""
        raw = self.form.unpack(data)
        if raw in self.ignore:
            return []
        if not math.isfinite(raw) or (not self.whole and data == self.form.missing):
            raise ValueError("means no value")
        others = [(target, scale.value(raw)) for target, scale in self.also]
        return [(self.target, self.scale.value(raw)), *others]

    def data(self, values: Sequence[float]) -> bytes:
        """The registers of a value."""
        return packed(self.form, self.scale.raw(values[0]))

    def moved(self, to: Move) -> "PointMeaning":
        """The same for the points of another container."""
        also = tuple((to(target), scale) for target, scale in self.also)
        return PointMeaning(self.form, self.scale, self.whole, to(self.target), self.ignore, also)


@dataclass(frozen=True)
class KeptMeaning:
    """A raw value that is kept as it is, and what else follows from it.

    Attributes:
        form: Format of its registers.
        target: Position in the arena where it is kept.
        takes: Raw values that are taken; any where None.
        effects: What else happens, by raw value.
    """

    form: Format
    target: int
    takes: frozenset[int] | None = None
    effects: Mapping[int, tuple[Assignment, ...]] = field(default_factory=dict)

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where it is kept."""
        return (self.target,)

    def assignments(self, data: bytes) -> list[Assignment]:
        """What writing these bytes does."""
        raw = self.form.unpack(data)
        if math.isnan(raw):
            raise ValueError("must be a number")
        if self.takes is not None and raw not in self.takes:
            raise ValueError(f"allowed are {', '.join(map(str, sorted(self.takes)))}")
        if float(raw) != raw:
            raise ValueError("has more than the 53 binary digits that are kept")
        return [(self.target, float(raw)), *self.effects.get(int(raw) if math.isfinite(raw) else -1, ())]

    def data(self, values: Sequence[float]) -> bytes:
        """The registers of the kept value."""
        return packed(self.form, values[0])

    def moved(self, to: Move) -> "KeptMeaning":
        """The same for the points of another container."""
        effects = {raw: tuple((to(at), value) for at, value in own) for raw, own in self.effects.items()}
        return KeptMeaning(self.form, to(self.target), self.takes, effects)


@dataclass(frozen=True)
class ElementsMeaning:
    """Values of several points side by side in one register.

    Attributes:
        scale: From the bits of one to its point.
        width: Bits of each.
        shifts: Lowest bit of each.
        targets: Position of each point in the arena.
    """

    scale: Scale
    width: int
    shifts: tuple[int, ...]
    targets: tuple[int, ...]

    @property
    def offsets(self) -> tuple[int, ...]:
        """The points."""
        return self.targets

    def assignments(self, data: bytes) -> list[Assignment]:
        """What writing these bytes does; bits that stand for no point are ignored."""
        word, mask = int.from_bytes(data, "big"), (1 << self.width) - 1
        raws = ((word >> shift) & mask for shift in self.shifts)
        return [(target, self.scale.value(raw)) for target, raw in zip(self.targets, raws, strict=True)]

    def data(self, values: Sequence[float]) -> bytes:
        """The register of some values."""
        raws = (int.from_bytes(packed(bit_format(self.width), self.scale.raw(value)), "big") for value in values)
        return sum(raw << shift for raw, shift in zip(raws, self.shifts, strict=True)).to_bytes(2, "big")

    def moved(self, to: Move) -> "ElementsMeaning":
        """The same for the points of another container."""
        return ElementsMeaning(self.scale, self.width, self.shifts, tuple(map(to, self.targets)))


@dataclass(frozen=True)
class NoMeaning:
    """Room for what is not there: anything is taken, nothing happens.

    Attributes:
        form: Format of its registers.
    """

    form: Format

    @property
    def offsets(self) -> tuple[int, ...]:
        """None."""
        return ()

    def assignments(self, data: bytes) -> list[Assignment]:
        """Nothing."""
        return []

    def data(self, values: Sequence[float]) -> bytes:
        """Registers that read 0."""
        return self.form.pack(0)

    def moved(self, to: Move) -> "NoMeaning":
        """The same."""
        return self


def packed(form: Format, raw: float) -> bytes:
    """Bytes of a raw value, rounded half away from zero and clamped; the sentinel for NaN."""
    if math.isnan(raw):
        return form.missing
    if form.coding is Coding.FLOAT:
        return form.pack(raw)
    clamped = min(max(raw, form.low), form.high)
    return form.pack(math.trunc(clamped + math.copysign(0.5, clamped)) if clamped != form.high else form.high)
