"""The two ends of the link that interfaces hold: over shared memory, and in one process for tests."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bms_emulator import __version__
from bms_emulator.arrays import Arena, Array
from bms_emulator.interfaces.link import Ack, Command, Event
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.messages import pack_command, unpack_ack, unpack_event
from bms_emulator.runtime.publisher import Record
from bms_emulator.runtime.rings import QueueFullError
from bms_emulator.runtime.shared import Channels, profile_hash, read_blob

ANSWER_TIMEOUT = 2.0
"""Longest wait for an answer [s]."""
_POLL = 0.001
_EVENTS_KEPT = 8192


class SharedLink:
    """The running emulator as a server process sees it, over shared memory.

    Args:
        catalogue: Points of the site.
        channels: Shared memory.
        producer: Which queue of commands is this process's own; see ``shared.PRODUCERS``.
    """

    def __init__(self, catalogue: Catalogue, channels: Channels, producer: int) -> None:
        self._catalogue = catalogue
        self._images = channels.images
        self._points = channels.points
        self._status = channels.status
        self._log = channels.events
        self._commands = channels.commands[producer]
        self._answers = channels.answers[producer]
        self._waiting: dict[int, asyncio.Future[Ack]] = {}
        self._polling = False
        self._known_status: tuple[int, dict[str, Any]] = (0, {})
        self.events_lost = 0

    @property
    def catalogue(self) -> Catalogue:
        """The points of the site."""
        return self._catalogue

    def values(self, offsets: NDArray[np.int64] | slice) -> tuple[Array, int, float]:
        """Copies of values by arena offset, all of one tick; what is no point reads 0."""
        return self._points.read(lambda slot: slot[offsets].copy() if isinstance(offsets, slice) else slot[offsets])

    def image(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` of the register images, all of one tick."""
        return self._images.cut(start, stop)

    def events(self, after: int) -> list[Event]:
        """Events with a sequence number greater than ``after``, oldest first; ``events_lost`` counts lost ones."""
        records, lost = self._log.read(after)
        self.events_lost += lost
        return [unpack_event(sequence, record) for sequence, record in records]

    def status(self) -> dict[str, Any]:
        """The status as last published, not to be altered."""
        published = self._status.published
        if published != self._known_status[0]:
            self._known_status = (published, read_blob(self._status))
        return self._known_status[1]

    async def command(self, command: Command) -> Ack:
        """Send a command and wait for its answer; one that finds the queue full is refused at once.

        Raises:
            TimeoutError: No answer within two seconds of real time.
        """
        number = self._commands.position
        try:
            self._commands.put(pack_command(number, command))
        except QueueFullError as error:
            _, tick, time = self._points.read(lambda slot: None)
            return Ack(False, tick, time, f"too many commands wait: {error}")
        loop = asyncio.get_running_loop()
        answer = self._waiting[number] = loop.create_future()
        if not self._polling:
            self._polling = True
            loop.call_soon(self._poll, loop)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return await answer
        finally:
            self._waiting.pop(number, None)

    def _poll(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand answers to those who wait for them; an answer that nobody waits for any more is dropped."""
        while (record := self._answers.take()) is not None:
            number, ack = unpack_ack(record)
            future = self._waiting.pop(number, None)
            if future is not None and not future.done():
                future.set_result(ack)
        if self._waiting:
            loop.call_later(_POLL, self._poll, loop)
        else:
            self._polling = False


class Steppable(Protocol):
    """An emulator that a test steps."""

    site: SiteProfile
    catalogue: Catalogue
    arena: Arena
    images: NDArray[np.uint8]
    dt: float
    tick_count: int

    @property
    def time(self) -> float:
        """Simulated time [s]."""

    def apply(self, command: Command) -> Ack:
        """Apply a command before the next tick, or refuse it."""

    def tick(self) -> None:
        """Advance by one step."""

    def refresh_images(self) -> None:
        """Bring the register images up to date after a command."""

    def faults(self) -> list[dict[str, Any]]:
        """Active faults as data."""

    def take_events(self) -> list[Record]:
        """Events since the last call."""


class LocalLink:
    """The running emulator in the same process, stepped by a test.

    Args:
        emulator: What the link leads to.
        mode: ``tick``: a command is applied at once and one tick is run, so that what follows from it can be read when
            the answer comes. ``wait``: it is applied at the next :meth:`step`.
        journal: Called with every command and its answer.
    """

    def __init__(
        self,
        emulator: Steppable,
        mode: Literal["tick", "wait"] = "tick",
        journal: Callable[[Command, Ack], None] | None = None,
    ) -> None:
        self._emulator = emulator
        self._mode = mode
        self._journal = journal
        self._waiting: deque[tuple[Command, asyncio.Future[Ack]]] = deque()
        self._events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        self._sequence = 0
        self._profile = profile_hash(emulator.site)
        self.after_tick: list[Callable[[float], None]] = []
        """Called after every tick with the simulated time [s]."""

    @property
    def catalogue(self) -> Catalogue:
        """The points of the site."""
        return self._emulator.catalogue

    def values(self, offsets: NDArray[np.int64] | slice) -> tuple[Array, int, float]:
        """Copies of values by arena offset."""
        return self._emulator.arena.buffer[offsets].copy(), self._emulator.tick_count, self._emulator.time

    def image(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` of the register images."""
        return self._emulator.images[start:stop].tobytes()

    def events(self, after: int) -> list[Event]:
        """Events with a sequence number greater than ``after``, oldest first."""
        self._collect()
        return [event for event in self._events if event.sequence > after]

    def status(self) -> dict[str, Any]:
        """What a stepped emulator can say of itself: it has no clock, so it is never late."""
        emulator = self._emulator
        return {
            "site": emulator.site.name,
            "version": __version__,
            "profile": self._profile,
            "dt": emulator.dt,
            "tick": emulator.tick_count,
            "time": emulator.time,
            "ticks_due": emulator.tick_count,
            "ticks_run": emulator.tick_count,
            "ticks_skipped": 0,
            "overruns": 0,
            "faults": emulator.faults(),
        }

    def step(self, ticks: int = 1) -> None:
        """Apply the commands that wait and run ticks."""
        for _ in range(ticks):
            while self._waiting:
                command, future = self._waiting.popleft()
                ack = self._apply(command)
                if not future.done():
                    future.set_result(ack)
            self._tick()

    async def command(self, command: Command) -> Ack:
        """Send a command and wait for its answer.

        Raises:
            TimeoutError: Nobody stepped the emulator within two seconds of real time.
        """
        if self._mode == "tick":
            ack = self._apply(command)
            self._tick()
            return ack
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        async with asyncio.timeout(ANSWER_TIMEOUT):
            return await future

    def _apply(self, command: Command) -> Ack:
        ack = self._emulator.apply(command)
        if self._journal is not None:
            self._journal(command, ack)
        return ack

    def _tick(self) -> None:
        self._emulator.tick()
        self._collect()
        for look in self.after_tick:
            look(self._emulator.time)

    def _collect(self) -> None:
        for kind, source, data in self._emulator.take_events():
            self._sequence += 1
            self._events.append(
                Event(self._sequence, self._emulator.tick_count, self._emulator.time, kind, source, data)
            )
