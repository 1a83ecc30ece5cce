"""The set of faults of a running emulator.

A fault is accepted, waits until its condition is met or its time has come, acts as its shape says, ends by itself or is
cleared. The set is folded into the overlays once a tick; nothing happens there unless something changed.
"""

import dataclasses
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.faults.active import ActiveFault, earliest, seconds
from bms_emulator.faults.condition import read_condition
from bms_emulator.faults.effects import (
    NOTHING,
    Acts,
    Struck,
    controller_effects,
    plant_effects,
    seams,
    sensor_effects,
)
from bms_emulator.faults.fold import CONTROLLER_RULES, NEUTRAL, PLANT_RULES, Fold, neutral
from bms_emulator.faults.kind import (
    KINDS,
    Blow,
    ClockFault,
    FirmwareFault,
    Kind,
    MasterFault,
    PlantFault,
    SensorFault,
    Written,
)
from bms_emulator.faults.registry import configure, describe, find
from bms_emulator.faults.shape import Ramp, Step, microseconds
from bms_emulator.faults.spec import FaultError, FaultSpec, near
from bms_emulator.faults.target import RACK_CONTROLLER, Catalogue, Hits, ModbusUnits, resolve
from bms_emulator.firmware.contract import ControllerOverlay
from bms_emulator.plant.state import PlantOverlay
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.user_firmware import rack_name, rack_numbers
from bms_emulator.sensing.modifier import SensorOverlay

__all__ = ["FaultError", "FaultSet"]

Asked = FaultSpec | Mapping[str, Any]
"""A fault as somebody asks for it."""


class FaultSet:
    """All faults of a site, pending and active.

    Attributes:
        sensors: What the active faults do to the measurements; replaced as a whole when that changes.
        controllers: What they do to controllers, written in place.
        acts: What they did in the last fold beside bending overlays.
        stalls: Faults of the emulator's loop that act now, as :meth:`listing` shows them.
        paced: Whether a clock paces the emulator, so that faults of its loop have a meaning.

    Args:
        catalogue: The points of the site.
        site: The site.
        modbus_units: Unit ids that answer, by register map; where None, a link fault may name any unit id.
    """

    def __init__(self, catalogue: Catalogue, site: SiteProfile, modbus_units: ModbusUnits | None = None) -> None:
        self.sensors = SensorOverlay.neutral()
        self.controllers = Arena(Layout(site.counts, {"overlay": ControllerOverlay})).group(
            "overlay", ControllerOverlay
        )
        self.acts = NOTHING
        self.paced = False
        self.stalls: tuple[dict[str, Any], ...] = ()
        self._catalogue = catalogue
        self._site = site
        self._modbus_units = modbus_units
        self._user_racks = {
            number
            for row in site.user_firmware
            for number in rack_numbers(row.racks, site.container_count, site.container.rack_count)
        }
        self._faults: dict[str, ActiveFault] = {}
        self._number = 0
        self._now = 0
        self._due: int | None = 0
        self._changed: set[type[Kind]] = {PlantFault}
        self._plant = Fold(PLANT_RULES, NEUTRAL)
        self._controllers = Fold(CONTROLLER_RULES, neutral(ControllerOverlay))
        self._events: deque[dict[str, Any]] = deque(maxlen=10_000)

    def add(self, fault: Asked, time: float) -> dict[str, Any]:
        """Accept a fault at a simulated time [s]; one of the same name is replaced.

        Returns:
            The fault as :meth:`listing` will have it after the next fold, with ``replaced`` and ``spec``.

        Raises:
            FaultError: It is refused whole; the set is as it was.
        """
        return self.add_all([fault], time)[0]

    def add_all(self, faults: Sequence[Asked], time: float) -> list[dict[str, Any]]:
        """Accept several faults at once, as for :meth:`add`. FaultError: one is refused, so all are."""
        prepared = self._prepare_all(faults)
        return [self._accept(fault, microseconds(time)) for fault in prepared]

    def preview(self, fault: Asked) -> dict[str, Any]:
        """What a fault would hit, without adding it. FaultError: it would be refused."""
        return self.preview_all([fault])[0]

    def preview_all(self, faults: Sequence[Asked]) -> list[dict[str, Any]]:
        """The same of several. FaultError: one would be refused."""
        return [
            {
                "kind": fault.kind.kind,
                "target": fault.spec.target,
                "parameters": fault.kind.model_dump(),
                "count": len(fault.hits),
                "hits": list(fault.hits.names),
                "when": fault.spec.when,
                "changes": fault.kind.changes,
                "replaces": fault.spec.name if fault.spec.name in self._faults else None,
            }
            for fault in self._prepare_all(faults)
        ]

    def renew(self, names: Iterable[str], time: float) -> list[str]:
        """Begin the leases of faults anew at a simulated time [s]; returns their names.

        Raises:
            FaultError: A name is unknown, or its fault has no lease; then none is renewed.
        """
        faults = [self._known(name) for name in dict.fromkeys([names] if isinstance(names, str) else names)]
        for fault in faults:
            if fault.spec.lease is None:
                raise FaultError(f"{fault.name}: has no lease to renew; it stays until it ends or is cleared")
        for fault in faults:
            fault.leased = microseconds(time) + microseconds(fault.spec.lease or 0.0)
        self._due = 0
        return [fault.name for fault in faults]

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
            self._changed |= seams(self._faults.pop(name).kind)
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
        """What happened by itself since the last call.

        Faults that were ``met`` (their condition), ``began``, ``rested``, ``resumed``, ``ended``, or ``lapsed`` with
        their lease. At least the last ten thousand happenings are kept.
        """
        events = list(self._events)
        self._events.clear()
        return events

    def fold(self, time: float, overlay: PlantOverlay, arena: Arena) -> bool:
        """Bring overlay, :attr:`sensors` and :attr:`controllers` to a simulated time [s].

        Args:
            time: Simulated time; never less than at the call before.
            overlay: Plant overlay, written in place.
            arena: All arrays; conditions look at it, and faults that hold the last reading take that from it.

        Returns:
            Whether the plant overlay changed.
        """
        self._now = now = microseconds(time)
        if self._due is None or now < self._due:
            self.acts = NOTHING
            return False
        changed, self._changed = self._changed, set()
        blows: list[Struck] = []
        writes: list[Written] = []
        for fault in list(self._faults.values()):
            if self._advance(fault, now, arena, blows):
                changed |= seams(fault.kind)
            if isinstance(fault.kind, MasterFault) and fault.strength > 0.0:
                writes += fault.write(now)
        self._due = earliest(*(now if fault.restless else fault.upcoming for fault in self._faults.values()))
        acting = [fault for fault in self._faults.values() if fault.strength > 0.0]
        if SensorFault in changed:
            self.sensors = SensorOverlay.of(each for f in acting for each in sensor_effects(f, now, self._site))
        if FirmwareFault in changed or MasterFault in changed:
            effects = [effect for f in acting for effect in controller_effects(f, now, self._site)]
            self._controllers.write(effects, self.controllers)
        if ClockFault in changed:
            self.stalls = tuple(fault.listing(now) for fault in acting if isinstance(fault.kind, ClockFault))
        if PlantFault in changed:
            self._plant.write([effect for f in acting for effect in plant_effects(f)], overlay)
        self.acts = Acts(bool({FirmwareFault, MasterFault} & changed), blows, writes)
        return PlantFault in changed

    def _advance(self, fault: ActiveFault, now: int, arena: Arena, blows: list[Struck]) -> bool:
        """Move one fault on; whether its effect changed."""
        before = fault.strength
        if fault.over is not None and now >= fault.over:
            self._end(fault, now)
            return before > 0.0
        if fault.look(now, arena.buffer):
            self._tell("met", fault)
        fault.advance(now)
        if before == 0.0 and fault.strength > 0.0:
            self._tell("resumed" if fault.memory is not None else "began", fault)
            fault.rise(now, self._memory(fault, arena))
            if isinstance(fault.kind, Blow):
                blows.append(Struck(fault.kind.kind, fault.kind.settings, fault.hits, fault.seed))
        elif before > 0.0 and fault.strength == 0.0:
            self._tell("rested", fault)
        return fault.strength != before or fault.moving

    def _end(self, fault: ActiveFault, now: int) -> None:
        has_lapsed = fault.leased is not None and now >= fault.leased
        self._tell("lapsed" if has_lapsed else "ended", fault)
        if fault.spec.rearm and not has_lapsed:
            fault.rearm()
        else:
            del self._faults[fault.name]

    def _prepare_all(self, faults: Sequence[Asked]) -> list[ActiveFault]:
        """Faults as they would be accepted, without number. FaultError: one is refused, and which of several."""
        if not faults:
            raise FaultError("fault: none is given")
        prepared: list[ActiveFault] = []
        for place, fault in enumerate(faults, 1):
            try:
                one = self._prepare(fault)
                if one.spec.name and one.spec.name in (other.spec.name for other in prepared):
                    raise FaultError(f"name = {one.spec.name!r}: is given twice")
            except FaultError as error:
                raise (FaultError(f"fault {place} of {len(faults)}: {error}") if len(faults) > 1 else error) from None
            prepared.append(one)
        return prepared

    def _prepare(self, asked: Asked) -> ActiveFault:
        spec = FaultSpec.read(asked)
        hits = self._find(spec.target)
        kind = configure(find(spec.kind, hits.target, spec.target), spec.parameters, hits.target, spec.target)
        where = f"{spec.target} {kind.word}"
        if isinstance(spec.shape, Ramp) and not kind.gradual:
            raise FaultError(f"{where}: is there or not, so it takes no ramp; allowed: step, pulse, periodic, random")
        if isinstance(kind, ClockFault) and not self.paced:
            raise FaultError(f"{where}: time is stepped here, and no clock paces the loop; run it in real time")
        self._check_users(kind, hits, where)
        hits = kind.reach(hits, self._site, self._find)
        kind = kind.fit(self._site, hits)
        if isinstance(kind, MasterFault):
            self._check_points(kind, where)
        condition = None if spec.when is None else read_condition(spec.when, self._catalogue)
        by_itself = kind.lasting if isinstance(spec.shape, Step) else None
        lasting = [time for time in (spec.duration, by_itself) if time is not None]
        length = earliest(*map(microseconds, lasting), spec.shape.length)
        if spec.rearm and length is None and not isinstance(kind, Blow):
            raise FaultError(f"{where}: rearm: it would never end, and so never wait anew; give 'for'")
        return ActiveFault(spec, kind, hits, condition=condition, length=length)

    def _check_points(self, kind: MasterFault, where: str) -> None:
        """FaultError: it would write points that there are not."""
        try:
            for values in kind.writes("container[1]", -1.0, 0.0):
                for name in values:
                    self._catalogue.select(name)
        except ValueError as error:
            raise FaultError(f"{where}: {error}") from None

    def _check_users(self, kind: Kind, hits: Hits, where: str) -> None:
        """FaultError: the fault hits racks that run a user's firmware, and reaches into its memory."""
        if hits.target is not RACK_CONTROLLER or (isinstance(kind, FirmwareFault) and kind.hosted):
            return
        users = self._user_racks & set(hits.index.tolist())
        if users:
            rack = rack_name(min(users), self._site.container.rack_count)
            can = ", ".join(k.word for k in KINDS.values() if issubclass(k, FirmwareFault) and k.hosted)
            raise FaultError(
                f"{where}: {rack} runs a user's firmware, whose memory nobody can reach into; allowed: {can}"
            )

    def _find(self, target: str) -> Hits:
        return resolve(target, self._catalogue, self._site, self._modbus_units)

    def _memory(self, fault: ActiveFault, arena: Arena) -> tuple[Array, ...]:
        kind = fault.kind
        return kind.remember(fault.hits, self._site, arena) if isinstance(kind, SensorFault) else ()

    def _accept(self, fault: ActiveFault, now: int) -> dict[str, Any]:
        number = self._number + 1
        while f"{fault.kind.kind}-{number}" in self._faults:
            number += 1
        fault.name = fault.spec.name or f"{fault.kind.kind}-{number}"
        fault.number, fault.accepted = number, now
        fault.leased = None if fault.spec.lease is None else now + microseconds(fault.spec.lease)
        if fault.condition is None:
            fault.start(now)
        replaced = self._faults.pop(fault.name, None)
        self._faults[fault.name] = fault
        self._number, self._due = number, 0
        if replaced is not None:
            self._changed |= seams(replaced.kind)
        seen = dataclasses.replace(fault)
        seen.advance(now)
        return seen.listing(now) | {"replaced": replaced is not None, "spec": fault.spec.dump()}

    def _known(self, name: str) -> ActiveFault:
        if name not in self._faults:
            raise FaultError(f"{name}: no such fault{near(name, self._faults)}")
        return self._faults[name]

    def _tell(self, what: str, fault: ActiveFault) -> None:
        happened = {"action": what, "name": fault.name, "kind": fault.kind.kind, "target": fault.spec.target}
        self._events.append(happened | {"time": seconds(self._now)})


def _handles(fault: ActiveFault) -> tuple[str, ...]:
    """What a pattern may match: the name, and the target with and without its only container."""
    target = fault.spec.target
    return fault.name, target, target.removeprefix("container[1]."), f"container[1].{target}"
