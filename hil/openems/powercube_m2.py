"""What the driver of OpenEMS for the Pylontech PowerCube M2 asks of a battery.

Tasks, addresses and rules are those of its public source; a driver for ``pile-sleepwake`` maps.
"""

from hil.openems.bridge import Bridge, Read, Write, long
from hil.openems.driver import Driver

SYSTEM = (
    Read(0x100A, 3),
    Read(0x1100, 1),
    Read(0x1100, 3),
    Read(0x1103, 48),
    Read(0x1136, 4),
    Read(0x1148, 2),
)
PILE = (Read(0x00, 1), Read(0x00, 49), Read(0x32, 1))
"""Tasks of each pile, from its base."""
SLEEP_WAKE, WAKE, SLEEP = 0x1090, 0x55, 0xAA
STATUS, AWAKE = 0x1100, (1, 2, 3)
PILES = 0x1131
STATUS_FAULTS, ALL = 0x0078, 0xFFFF
FAULTS = ((STATUS, STATUS_FAULTS), (0x1101, ALL), (0x1132, ALL))
PILE_FAULTS = ((0x00, STATUS_FAULTS), (0x01, ALL))
"""Registers and bits that the driver takes for a fault; errors of a pile are none."""


def base(pile: int) -> int:
    """First register of a pile, counted from 1."""
    return 0x0D00 + 0x0700 * pile


class PowerCubeM2(Driver):
    """The driver on its bridge.

    Attributes:
        piles: Piles found.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        bridge.reads += SYSTEM
        self.piles = range(1, 1)

    @property
    def running(self) -> bool:
        """Whether the battery charges, discharges or idles."""
        return self.bridge.registers.get(STATUS, 0) & 7 in AWAKE

    @property
    def stopped(self) -> bool:
        """Whether it says that it does not, or nothing."""
        return not self.running

    @property
    def faulty(self) -> bool:
        """Whether system or piles show a fault, or nothing."""
        of_piles = ((base(pile) + at, mask) for pile in self.piles for at, mask in PILE_FAULTS)
        shown = any(self.bridge.registers.get(at, 0) & mask for at, mask in (*FAULTS, *of_piles))
        return shown or super().faulty

    def order(self, *, start: bool, cycles: int) -> bool:
        """Wake it or let it sleep, in every cycle and for as long as it takes."""
        self.bridge.order(Write(SLEEP_WAKE, (WAKE if start else SLEEP,), single=True))
        return True

    def discover(self) -> None:
        """Read the piles once the battery has said how many there are; more may come, none goes."""
        found = self.bridge.registers.get(PILES, 0)
        for pile in range(len(self.piles) + 1, found + 1):
            self.bridge.reads += [Read(base(pile) + read.start, read.count) for read in PILE]
        self.piles = range(1, max(found, len(self.piles)) + 1)

    @property
    def soc(self) -> int | None:
        """State of charge of the system [%]."""
        return self.bridge.registers.get(0x1107)

    @property
    def current(self) -> float | None:
        """Current, positive in discharge [A]."""
        words = self.bridge.registers
        return long(words[0x1104], words[0x1105]) / 100.0 if 0x1104 in words else None

    @property
    def limits(self) -> tuple[float, float] | None:
        """Charge and discharge current that the battery allows [A]; a positive limit of discharge blocks it."""
        words = self.bridge.registers
        if 0x110A not in words:
            return None
        charge, discharge = long(words[0x110A], words[0x110B]), long(words[0x110D], words[0x110E])
        return charge / 100.0, max(0.0, -discharge / 100.0)
