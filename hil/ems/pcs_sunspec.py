"""A PCS that speaks SunSpec: models 701, 704 and 715.

It looks after its DC breaker itself. SunSpec has no watchdog of its own: the reversion timer of the set point takes its
place.
"""

from typing import ClassVar

from hil.ems.device import Block
from hil.ems.pcs import Pcs
from hil.ems.registers import Field, Fields, pack, unpack
from hil.ems.sunspec import block, scan
from hil.ems.units import WATT_HOUR


class SunSpecPcs(Pcs):
    """Driver."""

    heartbeat_modulo = 65536
    _control = _master = 0
    _scale = 1.0

    AC: ClassVar[Fields] = {
        "state": Field(4),
        "alarms": Field(6, "u32", plain=True),
        "power": Field(10, "i16", factor=116),
        "energy_exported": Field(19, "u64", scale=WATT_HOUR, factor=120, plain=True),
        "energy_imported": Field(23, "u64", scale=WATT_HOUR, factor=120, plain=True),
    }
    MASTER: ClassVar[Fields] = {"heartbeat": Field(3, "u32", plain=True)}
    RUNNING, FAULT = (3, 4), 6
    """Operating states: running and throttled; fault."""
    GRID_ALARMS = 1 << 4 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11
    """Alarms that go with what the grid lacks; it needs no reset."""

    SETPOINT, REVERSION_SWITCH, REVERSION_TIME, FACTOR = 22, 30, 31, 55
    """Registers of the set point, from the start of model 704."""
    MASTER_HEARTBEAT, RESET, OPERATION = 5, 7, 8
    """Registers that a master writes, from the start of model 715."""
    STOP, START = 0, 1

    async def find(self) -> tuple[Block, ...]:
        models = await scan(self.link)
        ac, control, master = block(models, 701, self.AC, 123), block(models, 704, {}), block(models, 715, self.MASTER)
        self._control, self._master = control.at, master.at
        self._scale = 10.0 ** unpack("i16", await self.link.read(control.at + self.FACTOR, 1))
        return ac, master

    @property
    def running(self) -> bool:
        return self["state"] in self.RUNNING

    @property
    def fault(self) -> bool:
        return self["state"] == self.FAULT and bool(int(self["alarms"]) & ~self.GRID_ALARMS)

    @property
    def dc_open(self) -> bool:
        return True

    def beat(self, count: int, timeout: float) -> None:
        self.order(self._master + self.MASTER_HEARTBEAT, "u32", count)
        self.keep(self._control + self.REVERSION_SWITCH, "u16", 0)
        self.keep(self._control + self.REVERSION_TIME, "u32", timeout)

    def set_power(self, power: float) -> None:
        watts = pack("i32", power / self._scale)
        self.orders(self._control + self.SETPOINT, (1, 1, *watts))

    def start(self) -> None:
        self.keep(self._master + self.OPERATION, "u16", self.START)

    def stop(self) -> None:
        self.keep(self._master + self.OPERATION, "u16", self.STOP)

    def open_dc(self) -> None:
        """It does that itself."""

    def reset(self) -> None:
        self.order(self._master + self.RESET, "u16", 1)
