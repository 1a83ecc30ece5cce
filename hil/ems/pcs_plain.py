"""A PCS with a register map as vendors lay one out; power is positive in charge there."""

from typing import ClassVar

from hil.ems.device import Block
from hil.ems.pcs import Pcs
from hil.ems.registers import Field, Fields
from hil.ems.units import DECI, HOUR, KILO


class PlainPcs(Pcs):
    """Driver of ``pcs-plain``."""

    heartbeat_modulo = 256

    STATUS: ClassVar[Fields] = {
        "state": Field(0),
        "alarms": Field(2, plain=True),
        "dc_breaker": Field(5),
        "heartbeat": Field(7, plain=True),
    }
    MEASURED: ClassVar[Fields] = {
        "power": Field(0, "i32", scale=-1.0),
        "energy_imported": Field(40, "u32", scale=DECI * KILO * HOUR, plain=True),
        "energy_exported": Field(42, "u32", scale=DECI * KILO * HOUR, plain=True),
    }
    RUNNING, FAULT = 2, 5
    GRID_ALARMS = 0b0111_1000
    """Alarms of the grid's voltage and frequency; they go with their cause."""

    COMMAND, RESET, POWER, DC_BREAKER, HEARTBEAT, WATCHDOG = 1200, 1201, 1202, 1209, 1210, 1211
    START, STOP = 1, 2
    OPEN, CLOSE = 0, 1

    async def find(self) -> tuple[Block, ...]:
        return Block(1000, 10, self.STATUS), Block(1100, 44, self.MEASURED)

    @property
    def running(self) -> bool:
        return self["state"] == self.RUNNING

    @property
    def fault(self) -> bool:
        return self["state"] == self.FAULT and bool(int(self["alarms"]) & ~self.GRID_ALARMS)

    @property
    def dc_open(self) -> bool:
        return self["dc_breaker"] == 0.0

    def beat(self, count: int, timeout: float) -> None:
        self.keep(self.WATCHDOG, "u32", timeout)
        self.order(self.HEARTBEAT, "u16", count % 65535 + 1)

    def set_power(self, power: float) -> None:
        self.keep(self.POWER, "i32", -power)

    def start(self) -> None:
        self.keep(self.DC_BREAKER, "u16", self.CLOSE)
        self.keep(self.COMMAND, "u16", self.START)

    def stop(self) -> None:
        self.keep(self.COMMAND, "u16", self.STOP)

    def open_dc(self) -> None:
        self.keep(self.DC_BREAKER, "u16", self.OPEN)

    def reset(self) -> None:
        self.order(self.RESET, "u16", 1)
