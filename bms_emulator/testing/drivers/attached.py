"""A real battery on the rig: its points are read and written over a wire, and time is the wall's."""

import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Event
from bms_emulator.interfaces.values import writes
from bms_emulator.points.catalogue import Catalogue, PointError
from bms_emulator.runtime.events import WATCHED, describe_change
from bms_emulator.runtime.punctuality import Histogram
from bms_emulator.testing.bench import RefusedError
from bms_emulator.testing.drivers.driver import Capability, NotOfferedError
from bms_emulator.testing.record import Timing

HEARTBEAT = "container[{}].heartbeat_master"
"""Point by which a battery knows that its master lives."""


class Wire(Protocol):
    """Points of a real battery, by position in the arena."""

    place: str
    """Where it is, for messages."""

    def readable(self) -> NDArray[np.int64]:
        """Points that can be read, rising."""

    def read(self, offsets: NDArray[np.int64]) -> Array:
        """Values in SI, NaN where invalid; all of them can be read."""

    def write(self, offset: int, value: float) -> bool:
        """Write a value in SI; False where the point cannot be written."""

    def close(self) -> None:
        """Close the connection."""


class Attached:
    """Drives a real battery.

    Args:
        catalogue: Points of the site that the battery stands for.
        wire: Its points.
        step: Time between two looks [s].
        container: Which container it is, counted from 1.
        heartbeat: Time between two heartbeats of ours [s]; None where it wants none.
    """

    def __init__(
        self, catalogue: Catalogue, wire: Wire, step: float, container: int = 1, heartbeat: float | None = None
    ) -> None:
        self.catalogue = catalogue
        self.step = step
        self._wire = wire
        self._readable = wire.readable()
        self._heartbeat = heartbeat
        self._beat_at = catalogue.find(HEARTBEAT.format(container))[1] if heartbeat is not None else -1
        self._beats, self._next_beat = 0, 0.0
        self._began = time.monotonic()
        self._lateness = Histogram()
        self._overruns = 0
        watched = [slot for name, family in catalogue.families.items() if name in WATCHED for slot in [family.slot]]
        spans = [np.arange(slot.offset, slot.offset + slot.size) for slot in watched]
        self._watched: NDArray[np.int64] = np.intersect1d(np.concatenate(spans), self._readable)
        self._seen = wire.read(self._watched)
        self._events: list[Event] = []

    @property
    def capabilities(self) -> frozenset[Capability]:
        """None: a real battery has its own time, and nobody knows its truth."""
        return frozenset()

    @property
    def time(self) -> float:
        """Time since the beginning [s]."""
        return time.monotonic() - self._began

    def read(self, offsets: NDArray[np.int64]) -> Array:
        """Values of points, as the battery tells them now."""
        missing = np.setdiff1d(offsets, self._readable)
        if missing.size:
            family = self.catalogue.at(int(missing[0]))
            raise NotOfferedError(f"{family.name}: is not told by {self._wire.place}")
        return self._wire.read(offsets)

    def write(self, values: Mapping[str, object]) -> None:
        """Write points one after the other."""
        try:
            pairs = writes(self.catalogue, values, self.catalogue.layout.size)
        except PointError as error:
            raise RefusedError(str(error)) from None
        for offset, value in pairs:
            if not self._wire.write(int(offset), value):
                family = self.catalogue.at(int(offset))
                raise NotOfferedError(f"{family.name} = {value:g}: is not taken by {self._wire.place}")

    def advance(self, seconds: float) -> None:
        """Let time pass, keep the heartbeat going, and look for changes of states and alarms."""
        end = self.time + seconds
        while (left := end - self.time) > 0.0:
            due = self.time + min(left, self.step)
            self._beat()
            time.sleep(max(0.0, due - self.time))
            self._look()
            late = self.time - due
            self._lateness.add(round(late * 1e9))
            self._overruns += late > self.step

    def fault(self, kind: str, target: str, name: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Not offered."""
        raise NotOfferedError(f"{kind} at {target}: nobody can inject faults into {self._wire.place}")

    def clear(self, *names: str) -> list[str]:
        """There are none."""
        return []

    def events(self, after: int) -> list[Event]:
        """Changes of states and alarms that were seen."""
        return self._events[after:]

    def timing(self) -> Timing:
        """How late the looks were."""
        summary = self._lateness.summary()
        return Timing("real time", 1.0, summary["p50"], summary["p99"], summary["max"], self._overruns)

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def _beat(self) -> None:
        if self._heartbeat is not None and self.time >= self._next_beat:
            self._beats += 1
            self._wire.write(self._beat_at, float(self._beats % 256))
            self._next_beat = self.time + self._heartbeat

    def _look(self) -> None:
        now = self._wire.read(self._watched)
        both = ~np.isnan(now) & ~np.isnan(self._seen)
        for n in np.flatnonzero(both & (now != self._seen)):
            family = self.catalogue.at(int(self._watched[n]))
            position = int(self._watched[n]) - family.slot.offset
            kind, source, data = describe_change(family, position, float(self._seen[n]), float(now[n]))
            self._events.append(Event(len(self._events) + 1, 0, self.time, kind, source, data))
        self._seen = np.where(np.isnan(now), self._seen, now)
