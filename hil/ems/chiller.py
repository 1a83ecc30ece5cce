"""The chiller of a container: the battery commands it, the EMS looks after it."""

from typing import ClassVar

from hil.ems.device import Block, Device
from hil.ems.registers import Field, Fields
from hil.ems.units import DECI, KELVIN


class Chiller(Device):
    """A chiller with its alarms."""

    STATUS: ClassVar[Fields] = {
        "mode": Field(0),
        "running": Field(2, plain=True),
        "fault_level": Field(3),
        "fault_code": Field(4),
        "alarms": Field(5, plain=True),
        "supply_temperature": Field(0x10, "i16", scale=DECI, offset=KELVIN),
        "return_temperature": Field(0x11, "i16", scale=DECI, offset=KELVIN),
        "load": Field(0x18, scale=DECI * 0.01),
        "power": Field(0x19, "u32"),
    }
    RESET = 0x107
    STOP = 2
    """Fault level at which it neither cools nor heats."""

    async def find(self) -> tuple[Block, ...]:
        return (Block(0, 0x1B, self.STATUS),)

    @property
    def stopped(self) -> bool:
        """Whether a fault keeps it from cooling."""
        return self["fault_level"] >= self.STOP

    def reset(self) -> None:
        """Reset alarms whose cause is gone."""
        self.order(self.RESET, "u16", 1)
