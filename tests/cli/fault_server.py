"""The emulator's own web server over a real set of faults; no model behind, and time stands still."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Arena, Array
from bms_emulator.faults.engine import FaultError, FaultSet
from bms_emulator.interfaces.link import Ack, Command, Event
from bms_emulator.interfaces.web.server import serve as serve_web
from bms_emulator.plant.state import PlantOverlay
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import Http

TICK, TIME = 42, 4.2
TOKEN = "open-sesame"


class FaultLink:
    """A link to an emulator that has faults only."""

    def __init__(self) -> None:
        self.site = load_site("demo")
        self.catalogue = Catalogue(self.site)
        self.arena = Arena(self.catalogue.layout)
        self.faults = FaultSet(self.catalogue, self.site)
        self.renewed: list[str] = []
        self.url = ""

    def values(self, offsets: NDArray[np.int64] | slice) -> tuple[Array, int, float]:
        return self.arena.buffer[offsets].copy(), TICK, TIME

    def image(self, start: int, stop: int) -> bytes:
        return bytes(stop - start)

    def events(self, after: int) -> list[Event]:
        return []

    def status(self) -> dict[str, Any]:
        return {"tick": TICK, "time": TIME, "faults": self.faults.listing()}

    async def command(self, command: Command) -> Ack:
        try:
            result = self._apply(command)
        except FaultError as error:
            return Ack(False, TICK, TIME, str(error))
        self.faults.fold(TIME, self.arena.group("plant.overlay", PlantOverlay), self.arena)
        return Ack(True, TICK, TIME, result=result)

    def _apply(self, command: Command) -> Any:
        if command.op == "fault_add":
            return self._add(**command.args)
        if command.op == "fault_renew":
            self.renewed += command.args["names"]
            return self.faults.renew(command.args["names"], TIME)
        return self._clear(command.args)

    def _add(self, fault: dict[str, Any] | list[dict[str, Any]], dry_run: bool) -> Any:
        if isinstance(fault, list):
            return self.faults.preview_all(fault) if dry_run else self.faults.add_all(fault, TIME)
        return self.faults.preview(fault) if dry_run else self.faults.add(fault, TIME)

    def _clear(self, args: dict[str, Any]) -> list[str]:
        return self.faults.clear(names=args.get("names"), match=args.get("match"), everything="all" in args)


@contextmanager
def serve() -> Iterator[FaultLink]:
    """The server in a thread of its own, on a free port of the loopback interface."""
    link, listening, running = FaultLink(), threading.Event(), []

    async def run() -> None:
        def ready(url: str) -> None:
            link.url = url
            listening.set()

        running.append((asyncio.get_running_loop(), asyncio.current_task()))
        await serve_web(link, Http(host="127.0.0.1", port=0), TOKEN, ready)

    def main() -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(run())
        finally:
            listening.set()

    thread = threading.Thread(target=main)
    thread.start()
    listening.wait(20)
    assert link.url, "the server did not start"
    try:
        yield link
    finally:
        loop, task = running[0]
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
