"""Faults of contactors."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import FREQUENCY, RATIO, TIME, Unit
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


@register("contactor-slow", "slow", CONTACTOR)
class SlowContactor(PlantFault):
    """The contacts take longer than they should: a stiff mechanism, cold grease. Both ways."""

    arrays: ClassVar = ("contactor_delay",)
    changes: ClassVar = "Time beyond the travel time [s]; several on one contactor add."
    expected: ClassVar = "Beyond the feedback window a contactor alarm, stuck or welded; a rack that opens opens late."
    gradual: ClassVar = True

    time: Annotated[float, Unit(TIME), Field(gt=0, le=600)]
    """Time beyond the travel time."""

    def bend(self, strength: float) -> float:
        """Time beyond the travel time [s]."""
        return strength * self.time


@register("contactor-chatter", "chatter", CONTACTOR)
class Chatter(PlantFault):
    """The contacts of an energised coil fall open and close again, over and over: a weak economiser, a loose plug."""

    arrays: ClassVar = ("contactor_chatter",)
    changes: ClassVar = "How often an energised contactor falls open [Hz]; the youngest of several faults wins."
    expected: ClassVar = "Feedback differs from command again and again: contactor alarm, and the rack opens for good."

    frequency: Annotated[float, Unit(FREQUENCY), Field(gt=0, le=50)] = 2.0
    """How often; never faster than every other tick."""

    def bend(self, strength: float) -> float:
        """How often [Hz]."""
        return self.frequency


@register("contactor-coil-supply", "coil-supply", CONTACTOR)
class CoilSupply(PlantFault):
    """The coil gets less voltage than the supply has, or none: a broken wire, a corroded plug, a driver in failure."""

    arrays: ClassVar = ("coil_gain",)
    changes: ClassVar = "Factor on the voltage at the coil [1]; several factors on one coil multiply."
    expected: ClassVar = "Below drop-out it falls open under load, below pick-up it does not close: contactor alarm."
    gradual: ClassVar = True

    voltage: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)] = 0.0
    """Voltage that is left, relative to the supply."""

    def bend(self, strength: float) -> float:
        """Factor on the voltage [1]."""
        return 1.0 - strength * (1.0 - self.voltage)
