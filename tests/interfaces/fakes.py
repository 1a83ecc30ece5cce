"""A link whose emulator is a test: values stand still until the test moves them, commands are applied and kept."""

import asyncio
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Arena, Array
from bms_emulator.interfaces.link import Ack, Command, Event
from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.plan import ModbusPlan, compile_maps
from bms_emulator.points.catalogue import Catalogue, PointError
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile


class FakeLink:
    """A link to no emulator.

    Args:
        site: The site; the cabinet where None.

    Attributes:
        commands: Commands received, oldest first.
        refuse: Why commands are refused; None where they are accepted.
        gate: Commands wait until it is set; it is, at first.
        faults: What the status shows as active faults.
    """

    def __init__(self, site: SiteProfile | None = None) -> None:
        self.site = site or load_site("cabinet")
        self._catalogue = Catalogue(self.site)
        self.arena = Arena(self._catalogue.layout)
        self.plan: ModbusPlan = compile_maps(self.site, self._catalogue)
        self.plan.initialise(self.arena.buffer)
        self.images: NDArray[np.uint8] = np.frombuffer(self.plan.template, np.uint8).copy()
        self.tick = 0
        self.commands: list[Command] = []
        self.refuse: str | None = None
        self.unanswered = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.faults: list[dict[str, Any]] = []
        self.history: list[Event] = []
        self.step()

    @property
    def catalogue(self) -> Catalogue:
        return self._catalogue

    def step(self) -> None:
        """One tick: encode the images."""
        self.tick += 1
        encode(self.arena.buffer, self.images, math.inf, *self.plan.arrays)

    def set(self, name: str, value: float) -> None:
        """Give points a value; it shows from the next step on."""
        for selection in self._catalogue.select(name):
            self.arena.buffer[selection.offsets()] = value

    def get(self, name: str) -> float:
        """Value of one point."""
        return float(self.arena.buffer[self._catalogue.find(name)[1]])

    def values(self, offsets: NDArray[np.int64] | slice) -> tuple[Array, int, float]:
        return self.arena.buffer[offsets].copy(), self.tick, 0.1 * self.tick

    def image(self, start: int, stop: int) -> bytes:
        return self.images[start:stop].tobytes()

    def events(self, after: int) -> list[Event]:
        return [event for event in self.history if event.sequence > after]

    def status(self) -> dict[str, Any]:
        return {"site": self.site.name, "tick": self.tick, "time": 0.1 * self.tick, "faults": self.faults}

    async def command(self, command: Command) -> Ack:
        await self.gate.wait()
        self.commands.append(command)
        if self.unanswered:
            raise TimeoutError
        if self.refuse is not None:
            return Ack(False, self.tick, 0.1 * self.tick, self.refuse)
        try:
            self._apply(command)
        except PointError as error:
            return Ack(False, self.tick, 0.1 * self.tick, str(error))
        self.step()
        return Ack(True, self.tick, 0.1 * self.tick)

    def _apply(self, command: Command) -> None:
        if command.op == "write":
            if "refused" in command.args:
                raise PointError(command.args["refused"])
            for offset, value in command.args["writes"]:
                self.arena.buffer[int(offset)] = value
