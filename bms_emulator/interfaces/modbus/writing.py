"""What a master may write to the rows of a map: values by table and register."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.binding import bind
from bms_emulator.interfaces.modbus.device import Writable
from bms_emulator.interfaces.modbus.formats import REGISTER_BITS, Format, bit_format
from bms_emulator.interfaces.modbus.kept import Kept
from bms_emulator.interfaces.modbus.layout import Dim, KeyPath, Place, axis_count
from bms_emulator.interfaces.modbus.map import Effect, Elements, RegisterMap, Shown, Table
from bms_emulator.interfaces.modbus.meaning import (
    Assignment,
    ElementsMeaning,
    KeptMeaning,
    Meaning,
    NoMeaning,
    PointMeaning,
    Scale,
)
from bms_emulator.interfaces.modbus.shown import line_of, table_of
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.profile.wording import near

Writables = dict[Table, dict[int, Writable]]
"""Writable values of a unit by table, holding registers or coils, and by each of their registers."""

MeaningOf = Callable[[tuple[int, ...]], Meaning]
"""What the registers of one repetition of a row mean."""

WRITABLE: frozenset[Table] = frozenset({"holding", "coil"})
"""Tables that can be written."""


class Writing:
    """Makes the writable values of one device.

    Args:
        registers: The map.
        catalogue: Points of the site.
        container: Which container the device shows, counted from 1.
        kept: Values that the maps of the site keep.

    Attributes:
        asked: Repetitions, initial value and positions of each row that keeps values, by key path.
    """

    def __init__(self, registers: RegisterMap, catalogue: Catalogue, container: int, kept: Kept) -> None:
        self.registers = registers
        self.catalogue = catalogue
        self.container = container
        self.kept = kept
        self.asked: dict[KeyPath, tuple[tuple[int, ...], float, NDArray[np.int64]]] = {}

    def row(self, place: Place, units: list[Writables]) -> None:
        """Note each repetition of a writable row under each of its registers.

        Args:
            place: The row, with ``access`` rw or w, in a table that can be written.
            units: Writables of each repetition of the unit, which grow.

        Raises:
            ValueError: The row asks for something that cannot be written.
        """
        row = place.row
        if row.type in ("string", "pad"):
            raise ValueError(f"access = {row.access!r}: type {row.type} cannot be written")
        table = next(table for table in place.tables if table in WRITABLE)
        if row.elements is not None and row.write is None:
            self._elements(place, row.elements, units)
            return
        meaning_of = self._kept(place) if row.kept is not None else self._point(place)
        addresses = place.addresses()
        for index, address in np.ndenumerate(addresses):
            writable = Writable(place.label, int(address), place.words, meaning_of(index))
            _note(writable, units[place.repetition(index)][table])
        for index, address in np.ndenumerate(place.addresses(spare=True)):
            if address not in addresses:
                nothing = Writable(place.label, int(address), place.words, NoMeaning(place.format))
                _note(nothing, units[place.repetition(index)][table])

    @property
    def heartbeat(self) -> int | None:
        """Position in the arena of the masters' heartbeat where any request counts as one; else None."""
        if self.registers.heartbeat == "register":
            return None
        return self.catalogue.find(f"container[{self.container}].heartbeat_master")[1]

    def kept_offsets(self, place: Place) -> NDArray[np.int64]:
        """Position in the arena of each repetition of a kept row, shape (repetitions...)."""
        shape = tuple(dim.count for dim in place.dims)
        offsets = self.kept.offsets(self.container, self.registers.name, place.path, shape, place.row.kept or 0.0)
        self.asked[place.path] = (shape, place.row.kept or 0.0, offsets)
        return offsets

    def _point(self, place: Place) -> MeaningOf:
        """A row whose writes go to a point: that which it shows, or another."""
        row, form = place.row, place.format
        points, shown, ignore = [row.point or ""], row, frozenset[int]()
        if row.write is not None:
            points, ignore = [row.write.point, *row.write.also], frozenset(row.write.ignore)
            shown = row.model_copy(update={"table": row.write.table})
        bounds = [bind(self.catalogue, point, place, self.container) for point in points]
        whole = bounds[0].family.slot.info.kind != "float" or row.type == "bit"
        scales = [
            self._scale(place, point, bound.family, shown, form, whole=whole, partial=row.access == "w")
            for point, bound in zip(points, bounds, strict=True)
        ]
        _check_fit(form, ignore, "write.ignore")

        def meaning_of(index: tuple[int, ...]) -> PointMeaning:
            targets = [int(bound.offsets[(*index, 0)]) for bound in bounds]
            also = tuple(zip(targets[1:], scales[1:], strict=True))
            return PointMeaning(form, scales[0], whole, targets[0], ignore, also)

        return meaning_of

    def _kept(self, place: Place) -> MeaningOf:
        """A row that keeps what is written."""
        row, form = place.row, place.format
        _check_fit(form, [row.kept or 0.0], "kept")
        _check_fit(form, row.takes or (), "takes")
        _check_fit(form, row.effects, "effects")
        stray = [raw for raw in row.effects if row.takes is not None and raw not in row.takes]
        if stray:
            raise ValueError(f"effects: {stray[0]} is none of takes")
        offsets = self.kept_offsets(place)
        takes = None if row.takes is None else frozenset(row.takes)
        effects = {raw: [self._effect(place, effect) for effect in listed] for raw, listed in row.effects.items()}

        def meaning_of(index: tuple[int, ...]) -> KeptMeaning:
            own = {
                raw: tuple[Assignment, ...](
                    (int(offset), value) for targets, value in listed for offset in targets[index]
                )
                for raw, listed in effects.items()
            }
            return KeptMeaning(form, int(offsets[index]), takes, own)

        return meaning_of

    def _effect(self, place: Place, effect: Effect) -> tuple[NDArray[np.int64], float]:
        """Positions of the points that an effect sets, shape (repetitions..., points), and their value."""
        bound = bind(self.catalogue, effect.point, place, self.container, several=True)
        value = effect.value
        if isinstance(value, str):
            names = {text: number for number, text in (bound.family.slot.info.choices or {}).items()}
            if value not in names:
                raise ValueError(f"effects: {value!r} is no value of {bound.family.name}{near(value, list(names))}")
            value = names[value]
        return bound.offsets, bound.family.check(float(value))

    def _elements(self, place: Place, elements: Elements, units: list[Writables]) -> None:
        """A row of several values in each register: every register is a value of its own."""
        row, width = place.row, elements.width
        count = axis_count(elements.over, tuple(dim.axis for dim in place.dims), self.catalogue.site.container)
        repeated = replace(place, dims=(*place.dims, Dim(elements.over, count, 1)))
        bound = bind(self.catalogue, row.point or "", repeated, self.container)
        form = bit_format(width)
        scale = self._scale(place, row.point or "", bound.family, row, form, whole=True, partial=row.access == "w")
        each = REGISTER_BITS // width
        shifts = tuple(range(0, REGISTER_BITS, width))
        shifts = shifts if elements.first == "low" else shifts[::-1]
        for index, address in np.ndenumerate(place.addresses()):
            targets = bound.offsets[(*index, slice(None), 0)].tolist()
            for n in range(0, count, each):
                own = tuple(targets[n : n + each])
                meaning = ElementsMeaning(scale, width, shifts[: len(own)], own)
                writable = Writable(place.label, int(address) + n // each, 1, meaning)
                _note(writable, units[place.repetition(index)]["holding"])
            for n in range(-(-count // each), place.words):
                nothing = Writable(place.label, int(address) + n, 1, NoMeaning(form))
                _note(nothing, units[place.repetition(index)]["holding"])

    def _scale(
        self, place: Place, point: str, family: Family, shown: Shown, form: Format, *, whole: bool, partial: bool
    ) -> Scale:
        """How the raw value of a row becomes that of a point."""
        if not family.writable:
            raise ValueError(
                f"access = {place.row.access!r}: {point} is a {family.slot.group.source} point and cannot be written"
            )
        partial = partial or place.row.write is not None
        table = table_of(family, shown, form, whole=whole, partial=partial)
        line = line_of(family, shown, place, form, whole=whole)
        values = None if table is None else {raw: float(value) for value, raw in table.items()}
        if values is not None and table is not None and len(values) < len(table):
            raise ValueError("table: a value that can be written must not stand for two")
        return Scale(family, line, values)


def _note(writable: Writable, registers: dict[int, Writable]) -> None:
    for n in range(writable.words):
        registers[writable.address + n] = writable


def _check_fit(form: Format, raws: Iterable[float], key: str) -> None:
    """Refuse raw values that the format of the row does not hold.

    Raises:
        ValueError: It does not.
    """
    for raw in raws:
        try:
            form.pack(raw)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from error
