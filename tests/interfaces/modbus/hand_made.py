"""Devices without maps: every register reads its own address, register 9 can be written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.link import Ack, Command
from bms_emulator.interfaces.modbus.connection import Patience
from bms_emulator.interfaces.modbus.device import DevicePlan, Range, UnitPlan, Writable
from bms_emulator.interfaces.modbus.server import Server
from bms_emulator.profile.site import ModbusServer

SIZE = 1000
WRITABLE = 9


class Register:
    """A writable register as it is, to position 0 of the arena."""

    offsets = (0,)

    def assignments(self, data: bytes) -> list[tuple[int, float]]:
        return [(0, float(int.from_bytes(data, "big")))]

    def data(self, values: list[float]) -> bytes:
        return int(values[0]).to_bytes(2, "big")


@dataclass
class HandLink:
    """A link to an arena of a few numbers."""

    arena: NDArray[np.float64] = field(default_factory=lambda: np.zeros(8))
    images: bytes = np.arange(SIZE, dtype=">u2").tobytes()
    commands: list[Command] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def values(self, offsets: Any) -> tuple[NDArray[np.float64], int, float]:
        return self.arena[offsets].copy(), 1, 0.1

    def image(self, start: int, stop: int) -> bytes:
        return self.images[start:stop]

    def status(self) -> dict[str, Any]:
        return {"faults": self.faults}

    async def command(self, command: Command) -> Ack:
        self.commands.append(command)
        for offset, value in command.args["writes"]:
            self.arena[int(offset)] = value
        return Ack(True, 1, 0.1)


@dataclass
class HandPlan:
    """What a server needs of a plan."""

    devices: tuple[DevicePlan, ...]


def unit(number: int = 1, heartbeat: int | None = None) -> UnitPlan:
    ranges = (Range(0, SIZE, 0),)
    writable = Writable("register", WRITABLE, 1, Register())  # type: ignore[arg-type]
    writables = {"holding": {WRITABLE: writable}}
    tables = {"holding": ranges, "input": ranges}
    identity = {0: "maker", 1: "code", 2: "1"}
    return UnitPlan(number, "hand", f"unit {number}", 1, tables, writables, identity, 125, heartbeat)  # type: ignore[arg-type]


def device(*units: UnitPlan, **changes: Any) -> DevicePlan:
    chosen = units or (unit(),)
    where = {"host": "127.0.0.1", "port": 0, "serial": None, "baud": 115200, "parity": "none", "tls": False}
    what = {"any_unit": (0, 255), "silent": False} | changes
    return DevicePlan(**(where | what), maps=("hand",), units={u.unit: u for u in chosen})


@asynccontextmanager
async def serving(
    *devices: DevicePlan, link: HandLink | None = None, patience: Patience | None = None, **options: Any
) -> AsyncIterator[Server]:
    """A running server of such devices."""
    plan: Any = HandPlan(devices or (device(),))
    server = Server(link or HandLink(), plan, ModbusServer(**options), patience)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
