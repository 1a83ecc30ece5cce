"""What the driver of OpenEMS for the Soltaro Cluster Version C asks of a battery.

Tasks, addresses and rules are those of its public source; a driver for ``cluster-tower`` maps.
"""

from typing import Self

from hil.openems.bridge import Bridge, Read, RequestError, Write, signed
from hil.openems.driver import Driver

RACKS = 5
"""Racks that a cluster may have."""
WATCHDOG = 90
"""Longest silence that the battery is asked to bear [s]."""
START_STOP, START, STOP = 0x10C3, 1, 2
USED, UNUSED = 1, 2
SWITCHED_OFF, RUNNING = 0, 3
"""Values of a rack's precharge control: off the bus, and on it."""
RETRY, TRIES = 31, 31
"""Cycles between two orders, and how many there are."""

MASTER = (Read(0x1024, 3), Read(START_STOP, 6), Read(0x1044, 12, high=True), Read(0x1081, 21))
RACK = (
    Read(0x00B, 11),
    Read(0x0F4, 1),
    Read(0x0CC, 1),
    Read(0x100, 21, high=True),
    Read(0x18B, 4),
    Read(0x140, 3),
    Read(0x1A5, 1),
    Read(0x185, 1),
    Read(0x080, 34),
    Read(0x040, 34),
    Read(0x400, 34),
)
"""Tasks of each rack, from its base."""
MODULES = 0x0C1
"""Modules of a rack, from its base; a rack that there is not refuses to be asked."""
CELLS, SENSORS, PER_MODULE = 0x800, 0xC00, 12
MILLIVOLTS_MIN, MILLIVOLTS_MAX, WATT_HOURS = 34_800, 42_700, 3_500
"""Voltages at which the driver ends discharge and charge, and energy, of each module."""
PRECHARGE, SOC, CELL_VOLTAGE_MAX, CELL_VOLTAGE_MIN = 0x010, 0x103, 0x106, 0x108


def base(rack: int) -> int:
    """First register of a rack, counted from 1."""
    return 0x1000 * (rack + 1)


class ClusterC(Driver):
    """The driver on its bridge.

    Attributes:
        racks: Racks found.
        modules: Modules of each.
    """

    def __init__(self, bridge: Bridge, racks: int, modules: int) -> None:
        super().__init__(bridge)
        self.racks = range(1, racks + 1)
        self.modules = modules

    @classmethod
    async def activate(cls, bridge: Bridge) -> Self:
        """Find out how many racks there are, and tell the battery how long it may be left alone.

        All racks are asked once up to the first that refuses. A driver without a first rack tries again a cycle later.

        Raises:
            RequestError: There is no first rack.
        """
        first = Read(base(1) + MODULES, 1)
        if not await bridge.execute(first):
            raise RequestError("the first rack does not answer")
        found = 1
        while found < RACKS and await bridge.execute(Read(base(found + 1) + MODULES, 1)):
            found += 1
        await bridge.execute(first)
        battery = cls(bridge, found, bridge.registers[first.start])
        bridge.reads += MASTER
        for rack in battery.racks:
            bridge.reads += [Read(base(rack) + read.start, read.count, read.high) for read in RACK]
            for module in range(found):  # not the modules: the driver hands over the number of racks in their place
                for quantity in (CELLS, SENSORS):
                    bridge.reads.append(Read(base(rack) + quantity + PER_MODULE * module, PER_MODULE))
        bridge.order(Write(0x1024, (WATCHDOG,)))
        return battery

    @property
    def running(self) -> bool:
        """Whether every rack is on the bus."""
        return all(state == RUNNING for state in self._of_racks(PRECHARGE))

    @property
    def stopped(self) -> bool:
        """Whether every rack is off the bus."""
        return all(state == SWITCHED_OFF for state in self._of_racks(PRECHARGE))

    def order(self, *, start: bool, cycles: int) -> bool:
        """One request of six registers: start or stop, and the usage of every rack that there may be."""
        tries, wait = divmod(cycles - 1, RETRY)
        if tries < TRIES and wait == 0:
            usages = (USED if start and rack in self.racks else UNUSED for rack in range(1, RACKS + 1))
            self.bridge.order(Write(START_STOP, (START if start else STOP, *usages)))
        return tries < TRIES

    def give_up(self) -> None:
        """Stop, and leave usages as they are."""
        self.bridge.order(Write(START_STOP, (STOP,)))

    @property
    def soc(self) -> int | None:
        """Mean over the racks, the fraction dropped [%]."""
        known = [value for value in self._of_racks(SOC) if value is not None]
        return sum(known) // len(self.racks) if known else None

    @property
    def cell_voltages(self) -> tuple[int, int] | None:
        """Lowest and highest over the racks [mV]."""
        low = [value for value in self._of_racks(CELL_VOLTAGE_MIN) if value is not None]
        high = [value for value in self._of_racks(CELL_VOLTAGE_MAX) if value is not None]
        return (min(low), max(high)) if low and high else None

    @property
    def voltage_window(self) -> tuple[float, float]:
        """Where the driver ends discharge and charge, whatever the battery says [V]."""
        return self.modules * MILLIVOLTS_MIN // 1000, self.modules * MILLIVOLTS_MAX // 1000

    @property
    def capacity(self) -> int:
        """Energy that the driver takes the battery to have [Wh]."""
        return len(self.racks) * self.modules * WATT_HOURS

    @property
    def limits(self) -> tuple[float, float] | None:
        """Charge and discharge current that the battery allows [A]."""
        words = self.bridge.registers
        return (words[0x104E] / 10.0, words[0x104F] / 10.0) if 0x104E in words else None

    @property
    def current(self) -> float | None:
        """Current: a magnitude and a direction [A]. The driver itself shows the magnitude."""
        words = self.bridge.registers
        if 0x1045 not in words:
            return None
        return {1: 1.0, 2: -1.0}.get(words[0x1044], 0.0) * words[0x1045] / 10.0

    def rack_current(self, rack: int) -> float:
        """Current of a rack as it gives it [A]."""
        return signed(self.bridge.registers[base(rack) + 0x101]) / 10.0

    def _of_racks(self, register: int) -> list[int | None]:
        """A register of each rack as read last, None where it is not known."""
        return [self.bridge.registers.get(base(rack) + register) for rack in self.racks]
