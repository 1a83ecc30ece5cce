"""A register map as a table of addresses, for people and for other programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bms_emulator.interfaces.modbus.binding import family_of
from bms_emulator.interfaces.modbus.layout import Dim, Place, PlacedUnit
from bms_emulator.interfaces.modbus.map import SOURCES, Row
from bms_emulator.points.catalogue import Catalogue, Family, PointError

BOTH = ("holding", "input")
"""Tables of most maps: their column is left out."""


@dataclass(frozen=True)
class Entry:
    """One row of the table.

    Attributes:
        unit: Unit id that the site gives it, of the first repetition.
        unit_name: Name of the unit.
        tables: Tables of the Modbus data model that it stands in.
        address: Address of the first repetition.
        block: Name of the block.
        name: Name of the row.
        type: Format.
        little: Whether the least significant of several registers comes first.
        words: Registers.
        access: ``r``, ``rw`` or ``w``.
        scale: What one step stands for, as number or name of a scale factor.
        offset: Value that the raw value 0 stands for.
        quantity: Unit of the value.
        shows: What it shows: a point, a constant, a count.
        values: Meaning of each register value of an enumeration.
        description: What it is.
        repeats: Repetitions: axis, count and registers from one to the next; 0 registers where the unit id rises.
        here: Number of the repetition that was asked for, by axis; empty where none was.
    """

    unit: int
    unit_name: str
    tables: tuple[str, ...]
    address: int
    block: str
    name: str
    type: str
    little: bool
    words: int
    access: str
    scale: float | str
    offset: float
    quantity: str
    shows: str
    values: dict[int, str]
    description: str
    repeats: tuple[Dim, ...]
    here: tuple[tuple[str, int], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def cells(self) -> dict[str, str]:
        """As text, by column."""
        step = "" if self.scale == 1.0 else str(self.scale)
        zero = f" {self.offset:+g}" if self.offset else ""
        form = f"string {2 * self.words}" if self.type == "string" else self.type
        repeats = (
            f"{dim.axis} x{dim.count} every " + (str(dim.stride) if dim.stride else "unit id") for dim in self.repeats
        )
        here = (f"{axis} {number}" for axis, number in self.here)
        return {
            "unit": str(self.unit),
            "table": ", ".join(self.tables),
            "address": str(self.address),
            "hex": f"0x{self.address:04X}",
            "block": self.block,
            "name": self.name,
            "type": f"{form} little" if self.little else form,
            "access": self.access,
            "scale": step + zero,
            "in": self.quantity,
            "shows": self.shows,
            "values": ", ".join(f"{raw}={meaning}" for raw, meaning in self.values.items()),
            "repeats": ", ".join(here if self.here else repeats),
            "description": self.description,
        }

    def at(self, low: int, high: int) -> "Entry | None":
        """The row where one of its registers lies from ``low`` to ``high``; its first repetition there."""
        grid = np.full([dim.count for dim in self.repeats], self.address)
        for n, dim in enumerate(self.repeats):
            grid += (np.arange(dim.count) * dim.stride).reshape([-1 if n == m else 1 for m in range(len(self.repeats))])
        there = np.argwhere((grid <= high) & (grid + self.words > low))
        if not len(there):
            return None
        index = tuple(there[0].tolist())
        here = tuple((dim.axis, i + 1) for dim, i in zip(self.repeats, index, strict=True) if dim.stride)
        return replace(self, address=int(grid[index]), here=here)


def columns(rows: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """Head and lines of a table; what is the same or empty in all rows has no column."""
    cells = [row.cells() for row in rows]
    optional = {"values", "scale", "in", "repeats", "description"}
    empty = {name for name in optional if not any(row[name] for row in cells)}
    if all(row.tables == BOTH for row in rows):
        empty.add("table")
    head = [name for name in (cells[0] if cells else {}) if name not in empty]
    return head, [[row[name] for name in head] for row in cells]


def entries(units: tuple[PlacedUnit, ...], first_unit: int, catalogue: Catalogue) -> Iterator[Entry]:
    """The rows of a map as it stands on a site, by unit, table and address.

    Args:
        units: The placed map.
        first_unit: Unit id that the site gives the map.
        catalogue: Points of the site.
    """
    for placed in units:
        unit = placed.unit
        for plane in placed.planes:
            for place in sorted(plane.places, key=lambda place: place.address):
                row, family = place.row, _family(catalogue, place.row)
                yield Entry(
                    first_unit + unit.offset,
                    unit.name,
                    place.tables,
                    place.address,
                    place.block,
                    row.name,
                    row.type,
                    place.format.little and place.words > 1,
                    place.words,
                    row.access,
                    row.scale,
                    row.offset,
                    row.unit,
                    _shows(place),
                    _values(row, family),
                    row.description or ("" if family is None else family.doc),
                    place.dims,
                )


def _shows(place: Place) -> str:
    """What a row shows, in a word or two, and what a write to it does where that is something else."""
    row = place.row
    if row.write is not None:
        return f"{_shown(row)}; writes {row.write.point}"
    if row.effects:
        told = (
            f"{raw}: " + ", ".join(f"{effect.point} = {effect.value}" for effect in listed)
            for raw, listed in row.effects.items()
        )
        return f"{_shown(row)}; {'; '.join(told)}"
    return _shown(row)


def _shown(row: Row) -> str:
    if row.point is not None:
        return ("-" if row.negate else "") + row.point
    if row.value == "none":
        return "not implemented"
    for source in SOURCES:
        what = getattr(row, source)
        if what is not None:
            shown = f"{what:.10g}" if isinstance(what, float) else "conditions" if isinstance(what, dict) else what
            return str(shown) if source == "value" else f"{source} {shown}"
    parts = (part.point or str(part.value) for part in row.parts)
    return ", ".join(parts) or "padding"


def _family(catalogue: Catalogue, row: Row) -> Family | None:
    """Family of the point that a row shows or, where it shows none, that it writes."""
    point = row.point or (row.write.point if row.write is not None else None)
    if point is None:
        return None
    try:
        return family_of(catalogue, point)
    except PointError:
        return None


def _values(row: Row, family: Family | None) -> dict[int, str]:
    """Meaning of each register value; of a written one where the row shows no point."""
    if row.write is not None and row.write.table is not None and row.point is None:
        return {raw: meaning for meaning, raw in row.write.table.items()}
    if row.table is not None:
        meanings: dict[int, list[str]] = {}
        for meaning, raw in row.table.items():
            meanings.setdefault(raw, []).append(meaning)
        return {raw: " or ".join(named) for raw, named in meanings.items()}
    choices = None if family is None or family.slot.info.kind != "enum" else family.slot.info.choices
    return dict(choices or {})
