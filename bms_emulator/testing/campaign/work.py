"""Makes one run of a campaign, in stepped time."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from bms_emulator.interfaces.link import Command
from bms_emulator.interfaces.values import writes
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.events import Record
from bms_emulator.testing.campaign.plan import Plan, Run, load_campaign
from bms_emulator.testing.campaign.result import Shown
from bms_emulator.testing.tripped import rise_of

ORIGIN: Final = "campaign"
_DERATED: Final = 0.95
"""Share of the limits at the time of the fault below which they count as reduced."""
_ZERO: Final = 1.0
"""Limit that counts as none [W]."""
_OPENING: Final = ("opening", "fault", "emergency", "safe_lock", "shutdown")


class _RefusedError(Exception):
    """The emulator refused what the run asks for."""


class Observer:
    """Notes alarms and actions; costs next to nothing where nothing happens.

    Args:
        emulator: What is observed.
        begin: Time of the fault [s].
    """

    def __init__(self, emulator: Emulator, begin: float) -> None:
        self._emulator, self._begin = emulator, begin
        self.alarms: dict[str, tuple[float, int]] = {}
        self.actions: dict[str, float] = {}
        self.opened: set[str] = set()
        find, count = emulator.catalogue.find, emulator.site.container_count
        name = "container[{}].{}_power_limit"
        self._limits = {
            way: [find(name.format(n + 1, way))[1] for n in range(count)] for way in ("charge", "discharge")
        }
        self._connected = [find(f"container[{n + 1}].racks_connected")[1] for n in range(count)]
        self._before: dict[str, float] = {}

    def start(self) -> None:
        """The fault is added now."""
        self._before = self._sums() | {"connected": self._sum(self._connected)}

    def look(self) -> None:
        """Note what has happened in this tick."""
        records = self._emulator.take_events()
        now = self._emulator.time - self._begin
        for record in records:
            self._hear(record, now)
        if self._before and len(self.actions) < _ALL:
            self._see(now)

    def _hear(self, record: Record, now: float) -> None:
        rise = rise_of(*record)
        if rise is not None:
            name, level = rise
            first, highest = self.alarms.get(name, (now, 0))
            self.alarms[name] = (first, max(level, highest))
        kind, source, data = record
        if now < 0.0 or kind != "state":
            return
        point, text, before = data["point"], data.get("text"), data.get("previous_text")
        if point == "mode" and ".rack[" in source and before == "connected" and text in _OPENING:
            self.opened.add(source)
            self.actions.setdefault("opened", now)
        elif point == "mode" and source.endswith(".chiller"):
            self.actions.setdefault("chiller", now)
        elif point == "state" and source.startswith("pcs") and before == "running":
            self.actions.setdefault("pcs_off", now)

    def _see(self, now: float) -> None:
        """Note limits that fell, and whether anything is still connected."""
        for way, limit in self._sums().items():
            before = self._before[way]
            if limit <= _ZERO < before:
                self.actions.setdefault(f"{way}_zero", now)
            if limit < _DERATED * before:
                self.actions.setdefault("derated", now)
        if self._before["connected"] > 0.0 and self._sum(self._connected) == 0.0:
            self.actions.setdefault("all_opened", now)

    def _sums(self) -> dict[str, float]:
        return {way: self._sum(offsets) for way, offsets in self._limits.items()}

    def _sum(self, offsets: Sequence[int]) -> float:
        buffer = self._emulator.arena.buffer
        return sum(float(buffer[at]) for at in offsets)


_ALL: Final = 7
"""Number of actions that there are."""


def make_run(plan: Plan, run: Run) -> Shown:
    """Make a run; what goes wrong with it is told, and concerns no other."""
    started = time.perf_counter()
    try:
        shown = _make_run(plan, run)
    except Exception as error:  # one bad run must not hide the others
        return Shown(run.number, seconds=time.perf_counter() - started, error=f"{type(error).__name__}: {error}")
    return Shown(**{**shown, "seconds": time.perf_counter() - started})


def _make_run(plan: Plan, run: Run) -> dict[str, Any]:
    emulator = Emulator(_site(plan, run), run.seed)
    try:
        observer = Observer(emulator, run.fault_at)
        case = plan.case(run)
        due: list[tuple[float, str, dict[str, Any]]] = []
        due += [(at, "write", {"writes": _offsets(emulator, values)}) for at, values in run.writes]
        due += [(run.fault_at, "fault_add", {"fault": fault.dump()}) for fault in (case.faults if case else ())]
        due.sort(key=lambda item: item[0])
        ticks = round(plan.campaign.duration / emulator.dt)
        begin = round(run.fault_at / emulator.dt)
        for tick in range(ticks):
            while due and due[0][0] <= (tick + 0.5) * emulator.dt:
                _, op, told = due.pop(0)
                ack = emulator.apply(Command(op, ORIGIN, told))
                if not ack.accepted:
                    raise _RefusedError(ack.message)
            if tick == begin:
                observer.start()
            emulator.tick()
            observer.look()
        digest = hashlib.sha256(emulator.arena.buffer.tobytes()).hexdigest()[:16]
    finally:
        emulator.close()
    return {
        "number": run.number,
        "alarms": {name: (round(first, 6), level) for name, (first, level) in observer.alarms.items()},
        "actions": {name: round(first, 6) for name, first in observer.actions.items()},
        "racks_opened": len(observer.opened),
        "digest": digest,
    }


def _offsets(emulator: Emulator, values: Mapping[str, Any]) -> list[list[float]]:
    return writes(emulator.catalogue, values, emulator.catalogue.layout.size)


_sites: dict[tuple[str, str], Any] = {}


def _site(plan: Plan, run: Run) -> Any:
    """The site of a run; those of the last few operating points are kept."""
    key = (plan.digest, repr(sorted(run.overrides.items(), key=str)))
    if key not in _sites:
        if len(_sites) >= _SITES_KEPT:
            _sites.pop(next(iter(_sites)))
        _sites[key] = plan.site(run)
    return _sites[key]


_SITES_KEPT: Final = 16


@lru_cache(maxsize=1)
def plan_of(file: str) -> Plan:
    """The plan of a file, read once in a process."""
    return load_campaign(file)
