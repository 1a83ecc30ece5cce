"""A site in this process behind its real servers, stepped by a test.

Clients connect over the network; time stands still until the test runs it, also for what the servers do now and then.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Self

from bms_emulator.interfaces.link import Command
from bms_emulator.interfaces.modbus.listener import Listener
from bms_emulator.interfaces.modbus.server import Server
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.link import LocalLink

TICKS_AT_ONCE = 50
"""Ticks between two looks of the servers at their clients."""


class Bench:
    """A site and its Modbus server, on ports that the system chooses.

    Args:
        site: Site, by name or file.
        wanted: Values in place of those of its profiles, by key path.
        seed: Seed of the run.
    """

    def __init__(self, site: str, wanted: Mapping[str, Any] | None = None, seed: int = 7) -> None:
        profile = load_site(site, wanted)
        devices = tuple(device.model_copy(update={"port": 0}) for device in profile.modbus.devices)
        options = profile.modbus.model_copy(update={"devices": devices})
        self.emulator = Emulator(profile.model_copy(update={"modbus": options}), seed=seed)
        self.link = LocalLink(self.emulator)
        self.server = Server(self.link, self.emulator.plan, options)
        self._start = 0.0

    async def __aenter__(self) -> Self:
        self._start = asyncio.get_running_loop().time()
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()
        self.emulator.close()

    def address(self, register_map: str) -> tuple[str, int]:
        """Host and port where a map is served first."""
        for listener in self.server.listeners:
            if register_map in listener.station.device.maps and isinstance(listener, Listener):
                return listener.address
        raise LookupError(f"{register_map}: not served")

    async def run(self, seconds: float) -> None:
        """Let time pass."""
        left = round(seconds / self.emulator.dt)
        while left > 0:
            self.link.step(min(left, TICKS_AT_ONCE))
            left -= TICKS_AT_ONCE
            self.server.keep_house(self._start + self.emulator.time)
            await asyncio.sleep(0)

    def get(self, name: str) -> float:
        """Value of a point, in SI."""
        return float(self.emulator.arena.buffer[self.emulator.catalogue.find(name)[1]])

    def set(self, **values: float) -> None:
        """Write points of the first container."""
        find = self.emulator.catalogue.find
        self.order("write", writes=[[find(f"container[1].{name}")[1], value] for name, value in values.items()])

    def fault(self, kind: str, target: str, name: str, **parameters: object) -> None:
        """Inject a fault."""
        told = {"kind": kind, "target": target, "name": name, "parameters": parameters}
        self.order("fault_add", fault=told)

    def clear(self, *names: str) -> None:
        """Clear faults."""
        self.order("fault_clear", names=list(names))

    def order(self, op: str, **told: Any) -> None:
        """Apply a command."""
        ack = self.emulator.apply(Command(op, "hil", told))
        assert ack.accepted, ack.message
