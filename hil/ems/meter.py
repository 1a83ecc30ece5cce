"""The meter between site and grid."""

from hil.ems.device import Block, Device
from hil.ems.registers import Field
from hil.ems.sunspec import block, scan
from hil.ems.units import WATT_HOUR

DEAD = 0.5
"""Share of nominal voltage below which there is no grid [1]."""


class SunSpecMeter(Device):
    """SunSpec model 203."""

    METER = {
        "voltage": Field(11, "i16", factor=15),
        "frequency": Field(16, "i16", factor=17),
        "power": Field(18, "i16", factor=22),
        "energy_exported": Field(38, "u32", scale=WATT_HOUR, factor=54, plain=True),
        "energy_imported": Field(46, "u32", scale=WATT_HOUR, factor=54, plain=True),
    }

    def __init__(self, name, link, sign: float = 1.0) -> None:  # type: ignore[no-untyped-def]
        super().__init__(name, link)
        self._sign = sign

    async def find(self) -> tuple[Block, ...]:
        return (block(await scan(self.link), 203, self.METER),)

    @property
    def imported(self) -> float:
        """Power taken from the grid; negative where fed into it [W]."""
        return -self._sign * self["power"]

    def live(self, nominal: float) -> bool:
        """Whether there is a grid of about a nominal voltage [V]."""
        return self["voltage"] >= DEAD * nominal
