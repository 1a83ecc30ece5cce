"""An emulator that runs by itself, reached over its REST interface."""

import math
import time as wall
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Event
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.shared import profile_hash
from bms_emulator.testing.bench import RefusedError, fault_spec
from bms_emulator.testing.drivers.driver import Capability
from bms_emulator.testing.record import Timing

EVENTS_AT_ONCE: Final = 1000
LOOK: Final = 0.05
"""Real time between two looks at values [s]."""
FEW: Final = 8
"""Positions on an axis that are named one by one."""
PATIENCE: Final = 10.0
"""Longest time for which an emulator may stand still [s]."""

T = TypeVar("T")


class Api(Protocol):
    """The REST interface of a running emulator; what it refuses is an exception."""

    def get(self, path: str, **query: str | None) -> Any:
        """Read."""

    def post(self, path: str, body: Any, **query: str | None) -> Any:
        """Add or ask for something."""

    def delete(self, path: str, **query: str | None) -> Any:
        """Remove."""


class Remote:
    """Drives a running emulator, at the speed at which it runs.

    Args:
        api: Its interface.
        site: The site that it must run.
        catalogue: The points of that site.

    Attributes:
        catalogue: The points of the site.
        step: Simulated time between two looks [s].
        seed: Seed of the run.

    Raises:
        RefusedError: It runs another site; from every method: it does not answer, or it refuses.
    """

    def __init__(self, api: Api, site: SiteProfile, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._api = api
        self._added: list[str] = []
        self._selectors: dict[bytes, list[str]] = {}
        self._buffer = np.full(catalogue.layout.size, np.nan)
        status = self._status()
        if status["profile"] != profile_hash(site):
            raise RefusedError(
                f"the emulator runs site {status['site']!r} (profile {status['profile'][:12]}), the test is for "
                f"{site.name!r} (profile {profile_hash(site)[:12]}): start it with the values that the test sets"
            )
        speed = status["speed"]
        self._speed = math.inf if isinstance(speed, str) else float(speed)
        self.step = max(float(status["dt"]), LOOK * self._speed if math.isfinite(self._speed) else 0.0)
        self.seed = int(status["seed"])
        self._began = status

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All but to step time and to set the site up anew."""
        return frozenset({Capability.FAULTS, Capability.TRUTH})

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return float(self._ask(lambda: self._api.get("/api/points", select="emulator.time"))["time_s"])

    def read(self, offsets: NDArray[np.int64]) -> Array:
        """Values of points; those of different kinds may be of different ticks."""
        key = offsets.tobytes()
        if key not in self._selectors:
            self._selectors[key] = _selectors(self.catalogue, offsets)
        for selector in self._selectors[key]:
            for group in self._points(selector):
                for name, value in group["values"].items():
                    self._buffer[self.catalogue.find(name)[1]] = math.nan if value is None else float(value)
        return self._buffer[offsets].copy()

    def write(self, values: Mapping[str, object]) -> None:
        """Write points together."""
        self._ask(lambda: self._api.post("/api/commands", {"set": dict(values)}))

    def advance(self, seconds: float) -> None:
        """Wait until that much simulated time has passed [s]."""
        now = self.time
        end, moved = now + seconds, wall.monotonic()
        while now < end:
            wall.sleep(min(max((end - now) / self._speed if self._speed > 0.0 else LOOK, 0.001), 1.0))
            before, now = now, self.time
            moved = wall.monotonic() if now > before else moved
            if wall.monotonic() - moved > PATIENCE:
                raise RefusedError(f"the emulator has stood still at {now:g} s for {PATIENCE:g} s")

    def fault(self, kind: str, target: str, name: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Add a fault."""
        added: dict[str, Any] = self._ask(
            lambda: self._api.post("/api/faults", fault_spec(kind, target, name, **parameters))
        )["result"]
        self._added.append(added["name"])
        return added

    def clear(self, *names: str) -> list[str]:
        """Clear faults by name; where none is given, those that were added here and are still there."""
        chosen = list(names)
        if not names:
            there = {fault["name"] for fault in self._ask(lambda: self._api.get("/api/faults"))["faults"]}
            chosen = [name for name in self._added if name in there]
        for name in chosen:
            self._ask(lambda name=name: self._api.delete(f"/api/faults/{name}"))  # type: ignore[misc]
        self._added = [name for name in self._added if name not in chosen]
        return chosen

    def events(self, after: int) -> list[Event]:
        """Events with a sequence number greater than this one, oldest first."""
        found: list[Event] = []
        more = True
        while more:
            query = {"after": str(after), "limit": str(EVENTS_AT_ONCE)}
            page = self._ask(lambda query=query: self._api.get("/api/events", **query))  # type: ignore[misc]
            found += [_event(entry) for entry in page["events"]]
            after, more = page["last"], page["more"]
        return found

    def timing(self) -> Timing:
        """How well the emulator has kept time since the beginning."""
        status, before = self._status(), self._began
        late = status["lateness"]
        return Timing(
            "real time" if self._speed == 1.0 else "factor",
            self._speed,
            float(late["p50"]),
            float(late["p99"]),
            float(late["max"]),
            status["overruns"] - before["overruns"],
            status["ticks_skipped"] - before["ticks_skipped"],
        )

    def close(self) -> None:
        """Nothing was started for it."""

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = self._ask(lambda: self._api.get("/api/status"))
        return status

    def _points(self, selector: str) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = self._ask(lambda: self._api.get("/api/points", select=selector))["points"]
        return groups

    @staticmethod
    def _ask(ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Exception as error:  # whatever its client raises
            raise RefusedError(str(error)) from error


def _selectors(catalogue: Catalogue, offsets: NDArray[np.int64]) -> list[str]:
    """One selector for each family that the positions belong to; it may pick more points than these."""
    families: dict[str, list[set[int]]] = {}
    for offset in offsets:
        family = catalogue.at(int(offset))
        place = int(offset) - family.slot.offset
        chosen = families.setdefault(family.name, [set() for _ in family.axes])
        for axis, positions in zip(reversed(family.axes), reversed(chosen), strict=True):
            place, i = divmod(place, axis.count)
            positions.add(i)
    found = []
    for name, chosen in families.items():
        axes = {axis.name: positions for axis, positions in zip(catalogue.families[name].axes, chosen, strict=True)}
        found.append(".".join(_segment(segment, axes.get(segment), name, catalogue) for segment in name.split(".")))
    return found


def _segment(segment: str, positions: set[int] | None, family: str, catalogue: Catalogue) -> str:
    """A segment of a path with the positions that it picks; all of them where they cannot be said briefly."""
    if positions is None:
        return segment
    low, high = min(positions) + 1, max(positions) + 1
    count = next(axis.count for axis in catalogue.families[family].axes if axis.name == segment)
    if len(positions) <= FEW:
        return f"{segment}[{','.join(str(i + 1) for i in sorted(positions))}]"
    return f"{segment}[{low}..{high}]" if high - low < count - 1 else f"{segment}[*]"


def _event(entry: Mapping[str, Any]) -> Event:
    return Event(entry["sequence"], entry["tick"], entry["time_s"], entry["kind"], entry["source"], entry["data"])
