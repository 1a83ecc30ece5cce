"""Faults of contactors."""

from typing import ClassVar

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.target import CONTACTOR


@register("contactor-welded", "welded", CONTACTOR)
class Welded(PlantFault):
    """Main contacts welded: closed, whatever the coil says."""

    arrays: ClassVar = ("contactor_hold",)
    changes: ClassVar = "Main contacts held closed; the youngest of several faults on one contactor wins."
    expected: ClassVar = "Feedback differs from command: contactor alarm, no further connection, the other pole opens."

    def bend(self, strength: float) -> float:
        """Closed."""
        return 1.0


@register("contactor-stuck-open", "stuck-open", CONTACTOR)
class StuckOpen(PlantFault):
    """Coil or mechanism dead: open, whatever the coil says. Opening under load interrupts the current."""

    arrays: ClassVar = ("contactor_hold",)
    changes: ClassVar = "Main contacts held open; the youngest of several faults on one contactor wins."
    expected: ClassVar = "Precharge or closing times out: contactor failure; a connected rack sees its current vanish."

    def bend(self, strength: float) -> float:
        """Open."""
        return 0.0
