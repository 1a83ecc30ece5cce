"""The server processes: each reads shared memory, sends commands, and lives for its clients only.

Two processes: ``modbus``, and ``services`` (MQTT and HTTP), so that a busy page never delays a register. In a process
every service is kept alive on its own: one that fails is started again after a pause, and the other does not notice.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping
from multiprocessing.connection import Connection
from typing import Any

from bms_emulator.interfaces.link import Link
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.link import SharedLink
from bms_emulator.runtime.memory import Memory
from bms_emulator.runtime.options import RunOptions
from bms_emulator.runtime.process import adopt, freeze_garbage, give_way, ignore_garbage
from bms_emulator.runtime.restarts import LIVED, PAUSE_FIRST, PAUSE_LONGEST
from bms_emulator.runtime.shared import PRODUCERS, Channels, Header, profile_hash, wait_until_ready

_POLL = 0.05

Serve = Callable[[Link, Callable[[str], None]], Coroutine[Any, Any, None]]
"""Serves until cancelled; calls its second argument once with its address."""

_log = logging.getLogger(__name__)


def modbus(site: SiteProfile, options: RunOptions, memory: Memory, report: Connection) -> None:
    """The process that speaks Modbus."""
    adopt("modbus", options.log_level)
    give_way()
    ignore_garbage()
    from bms_emulator.interfaces.modbus.plan import compile_maps
    from bms_emulator.interfaces.modbus.server import serve

    catalogue = Catalogue(site)
    plan = compile_maps(site, catalogue)
    run("modbus", {"modbus": lambda link, ready: serve(link, plan, site.modbus, ready)}, catalogue, memory, report)


def services(site: SiteProfile, options: RunOptions, memory: Memory, report: Connection) -> None:
    """The process that speaks MQTT and HTTP."""
    adopt("services", options.log_level)
    give_way()
    ignore_garbage()
    from bms_emulator.interfaces import mqtt, web

    if site.mqtt.broker == "embedded":
        import bms_emulator.interfaces.mqtt.broker  # noqa: F401 - takes its time, and now there is some

    serves: dict[str, Serve] = {
        "mqtt": lambda link, ready: mqtt.serve(link, site.mqtt, ready),
        "http": lambda link, ready: web.serve(link, site.http, options.token, ready),
    }
    run("services", serves, Catalogue(site), memory, report)


def run(producer: str, serves: Mapping[str, Serve], catalogue: Catalogue, memory: Memory, report: Connection) -> None:
    """Keep services alive until a stop is asked for. Reports ``ready`` {addresses} and ``warning`` {message}.

    Args:
        producer: Name of the process in ``shared.PRODUCERS``.
        serves: The services by name.
        catalogue: Points of the site.
        memory: Shared memory, perhaps not ready yet.
        report: To the supervisor.
    """
    header = Header(memory.view())
    if not wait_until_ready(header):
        return
    channels = Channels.attach(memory, profile_hash(catalogue.site), catalogue.layout.size)
    link = SharedLink(catalogue, channels, PRODUCERS.index(producer))
    asyncio.run(_Services(serves, link, header, report).run())


class _Services:
    """The services of a process, and what is told of them."""

    def __init__(self, serves: Mapping[str, Serve], link: Link, header: Header, report: Connection) -> None:
        self._serves = serves
        self._link = link
        self._header = header
        self._report = report
        self._addresses: dict[str, str] = {}

    async def run(self) -> None:
        terminated: list[int] = []
        if threading.current_thread() is threading.main_thread():  # a serial line leaves nothing behind
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.append, signal.SIGTERM)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep(name, serve)) for name, serve in self._serves.items()]
            while not (self._header.stopping or terminated):  # noqa: ASYNC110 - a flag in shared memory wakes nobody
                await asyncio.sleep(_POLL)
            for task in tasks:
                task.cancel()

    async def _keep(self, name: str, serve: Serve) -> None:
        clock = asyncio.get_running_loop().time
        pause = PAUSE_FIRST
        while True:
            began = clock()
            try:
                await serve(self._link, lambda address: self._ready(name, address))
                problem = "it ended by itself"
            except (Exception, SystemExit) as error:  # an HTTP server that cannot listen exits
                problem = f"{type(error).__name__}: {error}"
                _log.debug("%s failed", name, exc_info=True)
            if clock() - began >= LIVED:
                pause = PAUSE_FIRST
            message = f"{name} failed, started again in {pause:g} s: {problem}"
            _log.info(message)
            self._report.send(("warning", {"message": message}))
            if name not in self._addresses:  # the others are not kept waiting
                self._ready(name, f"{name} (not yet)")
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_LONGEST)

    def _ready(self, name: str, address: str) -> None:
        _log.info("%s", address)
        self._addresses[name] = address
        if len(self._addresses) == len(self._serves):
            freeze_garbage()
            self._report.send(("ready", {"addresses": [self._addresses[name] for name in self._serves]}))
