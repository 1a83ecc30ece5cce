"""A register map as a table of addresses, for people and for other programs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bms_emulator.interfaces.modbus.layout import Dim, PlacedUnit
from bms_emulator.interfaces.modbus.map import SOURCES, Row


@dataclass(frozen=True)
class Entry:
    """One row of the table.

    Attributes:
        unit: Unit id that the site gives it, of the first repetition.
        unit_name: Name of the unit.
        address: Address of the first repetition.
        block: Name of the block.
        name: Name of the row.
        type: Format.
        words: Registers.
        access: ``r`` or ``rw``.
        scale: What one step stands for, as number or name of a scale factor.
        offset: Value that the raw value 0 stands for.
        quantity: Unit of the value.
        shows: What it shows: a point, a constant, a count.
        repeats: Repetitions: axis, count and registers from one to the next; 0 registers where the unit id rises.
    """

    unit: int
    unit_name: str
    address: int
    block: str
    name: str
    type: str
    words: int
    access: str
    scale: float | str
    offset: float
    quantity: str
    shows: str
    repeats: tuple[Dim, ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def cells(self) -> dict[str, str]:
        """As text, by column."""
        step = "" if self.scale == 1.0 else str(self.scale)
        zero = f" {self.offset:+g}" if self.offset else ""
        return {
            "unit": str(self.unit),
            "address": str(self.address),
            "block": self.block,
            "name": self.name,
            "type": self.type if self.type != "string" else f"string {2 * self.words}",
            "access": self.access,
            "scale": step + zero,
            "in": self.quantity,
            "shows": self.shows,
            "repeats": ", ".join(
                f"{dim.axis} x{dim.count} every " + (str(dim.stride) if dim.stride else "unit id")
                for dim in self.repeats
            ),
        }


def entries(units: tuple[PlacedUnit, ...], first_unit: int) -> Iterator[Entry]:
    """The rows of a map as it stands on a site, by unit and address.

    Args:
        units: The placed map.
        first_unit: Unit id that the site gives the map.
    """
    for placed in units:
        unit = placed.unit
        for place in sorted(placed.places, key=lambda place: place.address):
            row = place.row
            yield Entry(
                first_unit + unit.offset,
                unit.name,
                place.address,
                place.block,
                row.name,
                row.type,
                row.words,
                row.access,
                row.scale,
                row.offset,
                row.unit,
                _shows(row),
                place.dims,
            )


def _shows(row: Row) -> str:
    """What a row shows, in a word or two."""
    if row.point is not None:
        return ("-" if row.negate else "") + row.point
    if row.value == "none":
        return "not implemented"
    for source in SOURCES:
        what = getattr(row, source)
        if what is not None:
            shown = f"{what:.10g}" if isinstance(what, float) else "conditions" if isinstance(what, dict) else what
            return str(shown) if source == "value" else f"{source} {shown}"
    return "padding"
