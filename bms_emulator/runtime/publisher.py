"""What the engine shows: register images, points, events and status, each as often as it needs to be."""

import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Arena, Layout
from bms_emulator.runtime.messages import pack_event
from bms_emulator.runtime.shared import Channels, write_blob

POINTS_INTERVAL = 100_000_000
"""Points are published at least this often while ticks run [ns]."""
POINTS_SHARE = 10
"""Points are published when that many times their cost has passed: they never take much of the time."""

Record = tuple[str, str, dict[str, Any]]
"""Kind, source, data of an event."""


class HasImages(Protocol):
    """An emulator, as far as it is shown."""

    arena: Arena
    images: NDArray[np.uint8]
    tick_count: int

    @property
    def time(self) -> float:
        """Simulated time [s]."""

    def take_events(self) -> list[Record]:
        """Events since the last call."""


class Publisher:
    """Copies an emulator's images, points and events into shared memory.

    Images are published every tick (2 µs). Points are large where the site is: 0.3 MB and 13 µs with one container,
    69 MB and 14 ms with 1.1 million cells. So they are published at a tick when ten times the cost of the last
    publication has passed since, at the latest after 100 ms, and at once after a command.

    Args:
        emulator: What to show.
        channels: Where to.
    """

    def __init__(self, emulator: HasImages, channels: Channels) -> None:
        self._emulator = emulator
        self._channels = channels
        self._ranges = _public_ranges(emulator.arena.layout)
        self._points_at = 0
        self._points_cost = 0

    def tick(self, now: int, *, changed: bool) -> bool:
        """Publish what is due after a tick or a command; whether there was an event of a fault.

        Args:
            now: Time of the machine's clock [ns].
            changed: Whether a command was applied.
        """
        self.images()
        if changed or now - self._points_at >= min(POINTS_SHARE * self._points_cost, POINTS_INTERVAL):
            self._points_at = now
            self.points()
        return self.events(self._emulator.take_events())

    def everything(self) -> None:
        """Publish into every slot once, so that readers find something and no page is touched first in the loop."""
        for _ in range(len(self._channels.images)):
            self.images()
        for _ in range(len(self._channels.points)):
            self.points()
        self.events(self._emulator.take_events())

    def images(self) -> None:
        """Publish the register images."""
        frames = self._channels.images
        frames.blank()[:] = self._emulator.images
        frames.publish(self._emulator.tick_count, self._emulator.time)

    def points(self) -> None:
        """Publish the values of all points."""
        started = time.monotonic_ns()
        source, frames = self._emulator.arena.buffer, self._channels.points
        target = frames.blank()
        for part in self._ranges:
            target[part] = source[part]
        frames.publish(self._emulator.tick_count, self._emulator.time)
        self._points_cost = time.monotonic_ns() - started

    def events(self, records: list[Record]) -> bool:
        """Append events to the log; whether one of them is about a fault."""
        log, tick, simulated = self._channels.events, self._emulator.tick_count, self._emulator.time
        for kind, source, data in records:
            log.append(pack_event(tick, simulated, kind, source, data))
        return any(kind == "fault" for kind, _, _ in records)

    def status(self, status: dict[str, Any]) -> None:
        """Publish the status; a list of faults that is too long to be shown is left out, and that is said."""
        emulator, frames = self._emulator, self._channels.status
        try:
            write_blob(frames, status, emulator.tick_count, emulator.time)
        except ValueError as error:
            shortened = {
                **status,
                "faults": [],
                "faults_omitted": len(status["faults"]),
                "faults_omitted_why": str(error),
            }
            write_blob(frames, shortened, emulator.tick_count, emulator.time)


def _public_ranges(layout: Layout) -> list[slice]:
    """Parts of the arena that hold points, neighbours joined."""
    ranges: list[slice] = []
    for slot in layout.slots.values():
        if not (slot.group.public and slot.info.public):
            continue
        stop = slot.offset + -(-slot.size // 8) * 8
        if ranges and ranges[-1].stop == slot.offset:
            ranges[-1] = slice(ranges[-1].start, stop)
        else:
            ranges.append(slice(slot.offset, stop))
    return ranges
