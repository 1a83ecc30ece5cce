"""The set of faults of a running emulator.

A fault is accepted, waits until its beginning, acts as its shape says, ends by itself or is cleared. The set is folded
into the overlays once a tick; nothing happens there unless something changed.
"""

import dataclasses
import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bms_emulator.arrays import Arena, Array
from bms_emulator.faults.active import ActiveFault, earliest, seconds
from bms_emulator.faults.fold import PlantFold, fold_sensors
from bms_emulator.faults.kind import Kind, LinkFault, PlantFault, Reading, SensorFault
from bms_emulator.faults.registry import configure, describe, find
from bms_emulator.faults.shape import MICROSECONDS, Ramp, microseconds
from bms_emulator.faults.spec import FaultError, FaultSpec, near
from bms_emulator.faults.target import Catalogue, Hits, ModbusUnits, Signal, resolve
from bms_emulator.plant.state import PlantOverlay
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.state import SensorOverlay

__all__ = ["FaultError", "FaultSet"]


class FaultSet:
    """All faults of a site, pending and active.

    Attributes:
        sensors: What the active faults do to the measurements; replaced as a whole when that changes.

    Args:
        catalogue: The points of the site.
        site: The site.
        modbus_units: Unit ids that answer, by register map; where None, a link fault may name any unit id.
    """

    def __init__(self, catalogue: Catalogue, site: SiteProfile, modbus_units: ModbusUnits | None = None) -> None:
        self.sensors = SensorOverlay.neutral()
        self._catalogue = catalogue
        self._site = site
        self._modbus_units = modbus_units
        self._faults: dict[str, ActiveFault] = {}
        self._number = 0
        self._now = 0
        self._due: int | None = 0
        self._changed: set[type[Kind]] = {PlantFault}
        self._plant = PlantFold()
        self._events: deque[dict[str, Any]] = deque(maxlen=10_000)

    def add(self, fault: FaultSpec | Mapping[str, Any], time: float) -> dict[str, Any]:
        """Accept a fault at a simulated time [s]; one of the same name is replaced.

        Returns:
            The fault as :meth:`listing` will have it after the next fold, with ``replaced`` and ``spec``.

        Raises:
            FaultError: It is refused whole; the set is as it was.
        """
        spec, kind, hits = self._prepare(fault)
        now = microseconds(time)
        number = self._number + 1
        while f"{kind.kind}-{number}" in self._faults:
            number += 1
        name = spec.name or f"{kind.kind}-{number}"
        begin = now + microseconds(spec.at)
        length = earliest(None if spec.duration is None else microseconds(spec.duration), spec.shape.length)
        end = None if length is None else begin + length
        replaced = self._faults.pop(name, None)
        added = ActiveFault(spec, kind, hits, name, number, now, begin, end)
        self._faults[name] = added
        self._number, self._due = number, 0
        if replaced is not None:
            self._changed.add(_seam(replaced.kind))
        seen = dataclasses.replace(added)
        seen.advance(now)
        return seen.listing(now) | {"replaced": replaced is not None, "spec": spec.dump()}

    def preview(self, fault: FaultSpec | Mapping[str, Any]) -> dict[str, Any]:
        """What a fault would hit, without adding it.

        Raises:
            FaultError: It would be refused.
        """
        spec, kind, hits = self._prepare(fault)
        return {
            "kind": kind.kind,
            "target": spec.target,
            "parameters": kind.model_dump(),
            "count": len(hits),
            "hits": list(hits.names),
            "changes": kind.changes,
            "replaces": spec.name if spec.name in self._faults else None,
        }

    def clear(
        self, names: Iterable[str] | None = None, match: str | None = None, everything: bool = False
    ) -> list[str]:
        """Remove faults by name, by a pattern with ``*`` over names and targets, or all; returns their names.

        Raises:
            FaultError: A name is unknown (then none is removed), or nothing is said of what to clear.
        """
        if (names is None) + (match is None) + (not everything) != 2:
            raise FaultError("clear: give names, a pattern or all, one of them")
        chosen = list(self._faults) if everything else []
        if names is not None:
            chosen = list(dict.fromkeys([names] if isinstance(names, str) else names))
            for name in chosen:
                self._known(name)
        if match is not None:
            pattern = re.compile(".*".join(re.escape(part) for part in match.split("*")))
            chosen = [f.name for f in self._faults.values() if any(map(pattern.fullmatch, _handles(f)))]
        for name in chosen:
            self._changed.add(_seam(self._faults.pop(name).kind))
            self._due = 0
        return chosen

    def explain(self, name: str) -> dict[str, Any]:
        """All about one fault: what it is, where it stands, what it changes, what a BMS should do about it.

        Raises:
            FaultError: The name is unknown.
        """
        fault = self._known(name)
        about = describe(type(fault.kind), fault.hits.target)
        return fault.listing(self._now) | {
            "description": about["description"],
            "changes": about["changes"],
            "expected": about["expected"],
            "units": {row["name"]: row["unit"] for row in about["parameters"]},
            "spec": fault.spec.dump(),
        }

    def listing(self) -> list[dict[str, Any]]:
        """All faults as plain data, oldest first, as of the last fold."""
        return [fault.listing(self._now) for fault in self._faults.values()]

    def take_events(self) -> list[dict[str, Any]]:
        """What happened by itself since the last call: faults that ``began``, ``rested``, ``resumed`` or ``ended``.

        At least the last ten thousand happenings are kept.
        """
        events = list(self._events)
        self._events.clear()
        return events

    def fold(self, time: float, overlay: PlantOverlay, arena: Arena) -> bool:
        """Bring overlay and :attr:`sensors` to a simulated time [s].

        Args:
            time: Simulated time; never less than at the call before.
            overlay: Plant overlay, written in place.
            arena: All arrays; the present readings are taken from it for faults that hold the last one.

        Returns:
            Whether the plant overlay changed.
        """
        self._now = now = microseconds(time)
        if self._due is None or now < self._due:
            return False
        changed, self._changed = self._changed, set()
        for fault in list(self._faults.values()):
            if self._advance(fault, now, arena):
                changed.add(_seam(fault.kind))
        self._due = earliest(*(now if fault.moving else fault.upcoming for fault in self._faults.values()))
        if SensorFault in changed:
            self.sensors = fold_sensors([(a, i, r) for f in self._acting() for a, i, r in _sensor_effect(f, now)])
        if PlantFault in changed:
            self._plant.write([effect for f in self._acting() for effect in _plant_effect(f)], overlay)
        return PlantFault in changed

    def _advance(self, fault: ActiveFault, now: int, arena: Arena) -> bool:
        """Move one fault on; whether its effect changed."""
        before = fault.strength
        if fault.end is not None and now >= fault.end:
            del self._faults[fault.name]
            self._tell("ended", fault)
            return before > 0.0
        fault.advance(now)
        if before == 0.0 and fault.strength > 0.0:
            self._tell("resumed" if fault.last is not None else "began", fault)
            fault.last = _readings(fault, arena)
        elif before > 0.0 and fault.strength == 0.0:
            self._tell("rested", fault)
        return fault.strength != before or fault.moving

    def _prepare(self, fault: FaultSpec | Mapping[str, Any]) -> tuple[FaultSpec, Kind, Hits]:
        spec = FaultSpec.read(fault)
        hits = resolve(spec.target, self._catalogue, self._site, self._modbus_units)
        kind = configure(find(spec.kind, hits.target, spec.target), spec.parameters, hits.target, spec.target)
        if isinstance(spec.shape, Ramp) and not kind.gradual:
            raise FaultError(
                f"{spec.target} {kind.word}: is there or not, so it takes no ramp; "
                "allowed: step, pulse, periodic, random"
            )
        return spec, kind, hits

    def _acting(self) -> list[ActiveFault]:
        return [fault for fault in self._faults.values() if fault.strength > 0.0]

    def _known(self, name: str) -> ActiveFault:
        if name not in self._faults:
            raise FaultError(f"{name}: no such fault{near(name, self._faults)}")
        return self._faults[name]

    def _tell(self, what: str, fault: ActiveFault) -> None:
        happened = {"action": what, "name": fault.name, "kind": fault.kind.kind, "target": fault.spec.target}
        self._events.append(happened | {"time": seconds(self._now)})


def _seam(kind: Kind) -> type[Kind]:
    return next(seam for seam in (PlantFault, SensorFault, LinkFault) if isinstance(kind, seam))


def _readings(fault: ActiveFault, arena: Arena) -> Array:
    """Readings of the channels that a fault hits, none where it hits no channels."""
    target = fault.hits.target
    if not isinstance(target, Signal):
        return np.zeros(0)
    return arena[target.readings].reshape(-1)[fault.hits.index].copy()


def _plant_effect(fault: ActiveFault) -> list[tuple[str, Any, float]]:
    kind = fault.kind
    if not isinstance(kind, PlantFault):
        return []
    return [(array, fault.hits.index, effect) for array, effect in kind.effects(fault.strength).items()]


def _sensor_effect(fault: ActiveFault, now: int) -> list[tuple[str, Any, Reading]]:
    kind, signal, last = fault.kind, fault.hits.target, fault.last
    if not (isinstance(kind, SensorFault) and isinstance(signal, Signal) and last is not None):
        return []
    elapsed = (now - fault.begin) / MICROSECONDS
    return [(signal.channels, fault.hits.index, kind.bend(fault.strength, elapsed, signal, last))]


def _handles(fault: ActiveFault) -> tuple[str, ...]:
    """What a pattern may match: the name, and the target with and without its only container."""
    target = fault.spec.target
    return fault.name, target, target.removeprefix("container[1]."), f"container[1].{target}"
