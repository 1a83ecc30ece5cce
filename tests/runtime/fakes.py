"""A small emulator of the right shape, and processes that stand in for the real ones."""

import time
from typing import Any

import numpy as np

from bms_emulator.arrays import Arena
from bms_emulator.interfaces.link import Ack, Command
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.process import adopt
from bms_emulator.runtime.shared import Channels, Header, Shape, profile_hash


class FakeEmulator:
    """Counts ticks into every value of the arena's measured arrays and into every byte of its images."""

    def __init__(self, site: SiteProfile, seed: int = 0) -> None:
        self.site = site
        self.seed = seed
        self.dt = site.step_ms / 1000.0
        self.tick_count = 0
        self.catalogue = Catalogue(site)
        self.arena = Arena(self.catalogue.layout)
        self.images = np.zeros(512, np.uint8)
        self.records: list[tuple[str, str, dict[str, Any]]] = []
        self.active: list[dict[str, Any]] = []
        self.fail_at = -1
        self.stalls: tuple[dict[str, Any], ...] = ()

    @property
    def time(self) -> float:
        return self.tick_count * self.dt

    def tick(self) -> None:
        if self.tick_count == self.fail_at:
            raise FloatingPointError("the fake was told to fail")
        self.tick_count += 1
        self.arena["measured.cell_voltage"][...] = self.tick_count
        self.refresh_images()

    def refresh_images(self) -> None:
        self.images[...] = self.tick_count % 256
        self.images[:8] = np.frombuffer(self.arena["emulator.commands.speed"].tobytes(), np.uint8)

    def apply(self, command: Command) -> Ack:
        if command.op == "write":
            for at, value in command.args["writes"]:
                self.arena.buffer[at] = value
        elif command.op == "fault_add":
            self.active.append(command.args["fault"])
            self.records.append(("fault", "cell", {"action": "added"}))
        else:
            return Ack(False, self.tick_count, self.time, f"{command.op}: no such command")
        return Ack(True, self.tick_count, self.time, result=command.args)

    def faults(self) -> list[dict[str, Any]]:
        return self.active

    def firmware_status(self) -> list[dict[str, Any]]:
        return []

    def take_events(self) -> list[tuple[str, str, dict[str, Any]]]:
        taken, self.records = self.records, []
        return taken


def shape_of(emulator: FakeEmulator) -> Shape:
    return Shape(profile_hash(emulator.site), emulator.arena.layout.size, len(emulator.images))


def idle_engine(site: SiteProfile, options: Any, memory: Any, report: Any) -> None:
    """An engine that is ready at once and waits for the end."""
    adopt("engine", options.log_level)
    channels = Channels.create(memory, Shape(profile_hash(site), 8, 8))
    channels.header.set_ready()
    _until_stopped(channels.header, report, "engine")


def idle_server(site: SiteProfile, options: Any, memory: Any, report: Any) -> None:
    """A server that tells its process id as its address."""
    adopt("server", options.log_level)
    _until_stopped(Header(memory.view()), report, "server")


def deaf_server(site: SiteProfile, options: Any, memory: Any, report: Any) -> None:
    """A server that does not look at the flag."""
    adopt("deaf", options.log_level)
    _tell(report, "deaf")
    time.sleep(60)


def failing_engine(site: SiteProfile, options: Any, memory: Any, report: Any) -> None:
    """An engine that fails once it has been ready."""
    adopt("engine", options.log_level)
    _tell(report, "engine")
    report.send(("failed", {"message": "told to fail", "tick": 7, "time": 0.7, "traceback": ""}))
    raise SystemExit(1)


def _until_stopped(header: Header, report: Any, name: str) -> None:
    _tell(report, name)
    while not header.stopping:
        time.sleep(0.01)


def _tell(report: Any, name: str) -> None:
    import os

    report.send(("ready", {"addresses": [f"{name} {os.getpid()}"]}))


def supervise(site: SiteProfile, roles: Any, report: Any, options: dict[str, Any]) -> None:
    """Run a supervisor and pass on what it tells."""
    from bms_emulator.runtime import supervisor
    from bms_emulator.runtime.options import RunOptions

    code = supervisor.run(site, RunOptions(**options), lambda kind, data: report.send((kind, data)), roles)
    report.send(("exit", {"code": code}))
