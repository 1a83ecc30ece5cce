"""The meter between site and grid."""

from typing import ClassVar

from hil.ems.device import Block, Device
from hil.ems.registers import Field, Fields
from hil.ems.sunspec import block, scan
from hil.ems.units import WATT_HOUR

DEAD = 0.5
"""Share of nominal voltage below which there is no grid [1]."""


class SunSpecMeter(Device):
    """SunSpec model 213: floats, which have no bounds; power is positive in import."""

    METER: ClassVar[Fields] = {
        "voltage": Field(18, "f32"),
        "power": Field(28, "f32"),
        "energy_exported": Field(60, "f32", scale=WATT_HOUR),
        "energy_imported": Field(68, "f32", scale=WATT_HOUR),
    }

    async def find(self) -> tuple[Block, ...]:
        return (block(await scan(self.link), 213, self.METER, 70),)

    @property
    def imported(self) -> float:
        """Power taken from the grid; negative where fed into it [W]."""
        return self["power"]

    def live(self, nominal: float) -> bool:
        """Whether there is a grid of about a nominal voltage [V]."""
        return self["voltage"] >= DEAD * nominal
