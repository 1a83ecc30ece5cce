"""How much of a site its register maps show, and how much of it masters may write."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bms_emulator.interfaces.modbus.binding import READABLE, bind
from bms_emulator.interfaces.modbus.device import UnitPlan
from bms_emulator.interfaces.modbus.kept import FAMILY
from bms_emulator.interfaces.modbus.layout import Place, PlacedUnit
from bms_emulator.interfaces.modbus.map import RegisterMap, Row
from bms_emulator.points.catalogue import Catalogue


@dataclass(frozen=True)
class Coverage:
    """What one map has.

    Attributes:
        map: Its name.
        units: Unit ids that answer.
        registers: Registers that are defined, holes included.
        writable: Values that can be written.
        points: Points that it shows or writes.
        points_of: Points that it might show, those of other containers left out.
        families: Families of these points, sorted.
    """

    map: str
    units: int
    registers: int
    writable: int
    points: int
    points_of: int
    families: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.map}: ok, {self.units} units, {self.registers} registers, {self.writable} values can be written, "
            f"{self.points} of {self.points_of} points are bound"
        )


def coverage(
    registers: RegisterMap, placed: tuple[PlacedUnit, ...], plans: list[UnitPlan], container: int, catalogue: Catalogue
) -> Coverage:
    """What a sound map has.

    Args:
        registers: The map.
        placed: Its rows.
        plans: Its units, compiled.
        container: Container that it shows, counted from 1.
        catalogue: Points of the site.
    """
    bound: dict[str, set[int]] = {}
    for place in (place for unit in placed for place in unit.places):
        for point in _points(registers, place):
            found = bind(catalogue, point, place, container, several=True)
            bound.setdefault(found.family.name, set()).update(found.offsets.ravel().tolist())
    slots = {family.slot.name: family.slot for family in catalogue.families.values() if family.name != FAMILY}
    readable = [slot for slot in slots.values() if slot.group.source in READABLE and slot.group.root != "emulator"]
    count = catalogue.site.container_count
    ranges = {part for plan in plans for parts in plan.ranges.values() for part in parts}
    return Coverage(
        registers.name,
        len(plans),
        sum(part.stop - part.start for part in ranges),
        sum(len({w.address for w in rows.values()}) for plan in plans for rows in plan.writables.values()),
        len(set[int]().union(*bound.values())),
        sum(slot.size // count for slot in readable),
        tuple(sorted(bound)),
    )


def _points(registers: RegisterMap, place: Place) -> Iterator[str]:
    """Every point that a row names."""
    row: Row = place.row
    if row.point is not None:
        yield row.point
    yield from (part.point for part in row.parts if part.point is not None)
    bits = registers.conditions.get(row.bits, {}) if isinstance(row.bits, str) else row.bits or {}
    yield from (condition.point for conditions in bits.values() for condition in conditions)
    if row.write is not None:
        yield row.write.point
    yield from (effect.point for effects in row.effects.values() for effect in effects)
