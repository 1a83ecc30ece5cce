"""Heartbeats of masters that are counted up by any request instead of a register that they write."""

import asyncio
import contextlib
from collections.abc import Iterable

import numpy as np

from bms_emulator.interfaces.link import Command, Link
from bms_emulator.interfaces.modbus.station import Station

PERIOD = 1.0
"""Between two beats [s]."""
MODULUS = 1 << 16


class Heartbeats:
    """Counts up the heartbeats of all masters that have asked something, once a second.

    Args:
        link: The running emulator.
        stations: Devices that masters talk to.
    """

    def __init__(self, link: Link, stations: Iterable[Station]) -> None:
        self._link = link
        self._stations = tuple(stations)
        self._last = -PERIOD
        self._task: asyncio.Task[None] | None = None

    def update(self, now: float) -> None:
        """Beat, if it is time and anybody was heard. now: the loop's time [s]."""
        waits = self._task is not None and not self._task.done()
        offsets = sorted(set[int]().union(*(station.heard for station in self._stations)))
        if waits or not offsets or now - self._last < PERIOD:
            return
        for station in self._stations:
            station.heard.clear()
        self._last = now
        self._task = asyncio.get_running_loop().create_task(self._beat(offsets))

    async def _beat(self, offsets: list[int]) -> None:
        values, _, _ = self._link.values(np.array(offsets))
        writes = [[offset, (value + 1.0) % MODULUS] for offset, value in zip(offsets, values.tolist(), strict=True)]
        with contextlib.suppress(TimeoutError):  # the emulator stands still; it hears the next one
            await self._link.command(Command("write", "modbus:traffic", {"writes": writes}))

    def stop(self) -> None:
        """Wait for no answer any more."""
        if self._task is not None:
            self._task.cancel()
