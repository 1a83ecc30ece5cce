"""A bench behind its real servers: clients connect over the network, and time stands still until the test runs it.

What the Modbus server does now and then goes by the same time. With a speed, time passes as it does on the wall.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Self

from bms_emulator.interfaces.modbus.listener import Listener
from bms_emulator.interfaces.modbus.server import Server
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import Mqtt, SiteProfile
from bms_emulator.runtime.punctuality import Histogram
from bms_emulator.testing.bench import Bench
from bms_emulator.testing.record import Timing

TICKS_AT_ONCE = 50
"""Ticks between two looks of the server at its clients, where time is stepped."""
_BROKER = re.compile(r"mqtts?://[^, ]+")


def on_free_ports(site: SiteProfile) -> SiteProfile:
    """The site with all ports left to the system."""
    devices = tuple(device.model_copy(update={"port": 0}) for device in site.modbus.devices)
    changes = {
        "modbus": site.modbus.model_copy(update={"devices": devices}),
        "mqtt": site.mqtt.model_copy(update={"port": 0}),
    }
    return site.model_copy(update=changes)


class ServedBench(Bench):
    """A site, its Modbus server and, where asked for, MQTT, on ports that the system chooses.

    Args:
        site: Site, by name, file, or loaded.
        wanted: Values in place of those of its profiles, by key path; of a loaded site, none.
        seed: Seed of the run.
        speed: Simulated seconds per second; None where time is stepped, as fast as it goes.
        mqtt: Whether to serve MQTT as well, as the site says.
        own_ports: Whether the ports are those that the site says.
    """

    def __init__(
        self,
        site: str | SiteProfile,
        wanted: Mapping[str, Any] | None = None,
        seed: int = 0,
        speed: float | None = None,
        mqtt: bool = False,
        own_ports: bool = False,
    ) -> None:
        profile = site if isinstance(site, SiteProfile) else load_site(site, wanted)
        super().__init__(profile if own_ports else on_free_ports(profile), seed=seed)
        profile = self.emulator.site
        self.server = Server(self.link, self.emulator.plan, profile.modbus)
        self.speed = speed
        self.broker = ""
        """Where the MQTT broker is, as URL; empty where none is served."""
        self._mqtt = profile.mqtt if mqtt else None
        self._serving: asyncio.Task[None] | None = None
        self._lateness = Histogram()
        self._overruns = 0
        self._began = 0.0
        self._due: float | None = None

    async def __aenter__(self) -> Self:
        self._began = asyncio.get_running_loop().time() - self.time
        await self.server.start()
        if self._mqtt is not None:
            await self._serve_mqtt(self._mqtt)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        await self.server.stop()
        self.close()

    async def _serve_mqtt(self, options: Mqtt) -> None:
        from bms_emulator.interfaces.mqtt import serve

        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._serving = asyncio.create_task(serve(self.link, options, told.set_result))
        await asyncio.wait((self._serving, told), return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            self._serving.result()
        found = _BROKER.search(told.result())
        self.broker = found[0] if found else ""

    def address(self, register_map: str) -> tuple[str, int]:
        """Host and port where a map is served first. LookupError: it is not served over TCP."""
        for listener in self.server.listeners:
            if register_map in listener.station.device.maps and isinstance(listener, Listener):
                return listener.address
        maps = sorted({name for listener in self.server.listeners for name in listener.station.device.maps})
        raise LookupError(f"{register_map}: not served over TCP; the site serves {', '.join(maps) or 'none'}")

    async def run(self, seconds: float) -> None:  # type: ignore[override]  # others have their turn meanwhile
        """Let time pass [s]; whole ticks, one at least."""
        left = max(1, round(seconds / self.emulator.dt))
        at_once = TICKS_AT_ONCE if self.speed is None else 1
        while left > 0:
            if self.speed is not None:
                await self._wait(self.emulator.dt / self.speed)
            self.link.step(min(left, at_once))
            left -= at_once
            self.server.keep_house(self._began + self.time)
            await asyncio.sleep(0)

    async def _wait(self, period: float) -> None:
        """Wait until the next tick is due: a period after the last one was [s]; note how late that is."""
        clock = asyncio.get_running_loop().time
        if self._due is None or clock() - self._due > 2.0 * period + 1.0:  # the test itself has taken its time
            self._due = clock()
        self._due += period
        await asyncio.sleep(self._due - clock())
        late = clock() - self._due
        self._lateness.add(round(late * 1e9))
        self._overruns += late > period

    def timing(self) -> Timing:
        """How well time was kept."""
        if self.speed is None:
            return Timing()
        summary = self._lateness.summary()
        mode = "real time" if self.speed == 1.0 else "factor"
        return Timing(mode, self.speed, summary["p50"], summary["p99"], summary["max"], self._overruns)
