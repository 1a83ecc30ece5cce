"""Faults of the coolant loop and the chiller."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import MASS_FLOW, RATIO, Unit
from bms_emulator.faults.target import BRANCH, CHILLER, PUMP


@register("pump-stop", "stop", PUMP)
class PumpStop(PlantFault):
    """The pump stands still."""

    arrays: ClassVar = ("pump_gain",)
    changes: ClassVar = "Factor on pump speed [1]; several factors on one pump multiply."
    expected: ClassVar = "No flow: cooling alarm; cells warm up under load, power limits fall, trip on temperature."
    gradual: ClassVar = True

    def bend(self, strength: float) -> float:
        """Factor on pump speed [1]."""
        return 1.0 - strength


@register("pump-slow", "slow", PUMP)
class PumpSlow(PlantFault):
    """The pump turns slower than asked."""

    arrays: ClassVar = ("pump_gain",)
    changes: ClassVar = "Factor on pump speed [1]; several factors on one pump multiply."
    expected: ClassVar = "Low flow: the temperature rise along the loop and the spread between packs grow."
    gradual: ClassVar = True

    speed: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)]
    """Speed relative to the speed asked for."""

    def bend(self, strength: float) -> float:
        """Factor on pump speed [1]."""
        return 1.0 - strength * (1.0 - self.speed)


@register("branch-blockage", "blockage", BRANCH)
class BranchBlockage(PlantFault):
    """Something sits in the coolant branch of a pack; the other branches get more."""

    arrays: ClassVar = ("branch_conductance_gain",)
    changes: ClassVar = "Factor on the hydraulic conductance of the branch [1]; several on one branch multiply."
    expected: ClassVar = "One pack runs warmer than the others: temperature spread, then high temperature."
    gradual: ClassVar = True

    blocked: Annotated[float, Unit(RATIO), Field(gt=0, le=1)] = 1.0
    """Share of the hydraulic conductance that is lost; 100% lets nothing through."""

    def bend(self, strength: float) -> float:
        """Factor on the conductance of the branch [1]."""
        return 1.0 - strength * self.blocked


@register("chiller-trip", "trip", CHILLER)
class ChillerTrip(PlantFault):
    """The chiller neither cools nor heats; the pump keeps turning."""

    arrays: ClassVar = ("chiller_gain",)
    changes: ClassVar = "Factor on chiller capacity [1]; several factors on one chiller multiply."
    expected: ClassVar = "Supply temperature leaves its set point: chiller alarm; power limits fall with temperature."
    gradual: ClassVar = True

    def bend(self, strength: float) -> float:
        """Factor on chiller capacity [1]."""
        return 1.0 - strength


@register("chiller-silence", "silence", CHILLER)
class ChillerSilence(PlantFault):
    """The chiller's reports do not arrive; it goes on as it was last asked, and still hears what it is asked."""

    arrays: ClassVar = ("chiller_silent",)
    changes: ClassVar = "Readings of temperatures, flow, pressure and mode stand still, and their age grows."
    expected: ClassVar = "Alarm of the chiller's communication; power limits fall if cells warm up."

    def bend(self, strength: float) -> float:
        """Silent."""
        return 1.0


@register("chiller-limited", "limited", CHILLER)
class ChillerLimited(PlantFault):
    """The chiller reaches a part of its capacity only: a fouled condenser, lost refrigerant."""

    arrays: ClassVar = ("chiller_gain",)
    changes: ClassVar = "Factor on chiller capacity [1]; several factors on one chiller multiply."
    expected: ClassVar = "At high load the supply temperature cannot be held; power limits fall with temperature."
    gradual: ClassVar = True

    capacity: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)]
    """Capacity relative to the healthy chiller."""

    def bend(self, strength: float) -> float:
        """Factor on chiller capacity [1]."""
        return 1.0 - strength * (1.0 - self.capacity)


@register("chiller-sensor", "sensor-failed", CHILLER)
class ChillerSensor(PlantFault):
    """The chiller's own sensor of the supply temperature is broken: it stops compressor and heater."""

    arrays: ClassVar = ("chiller_faults",)
    changes: ClassVar = "Bit of what is broken in the chiller; several on one chiller join."
    expected: ClassVar = "The chiller reports a stop; chiller alarm, power limits fall with temperature."

    def bend(self, strength: float) -> float:
        """Bit of a broken sensor."""
        return 1.0


@register("coolant-leak", "leak", CHILLER)
class CoolantLeak(PlantFault):
    """Coolant leaks out: the make-up pump fills up from its tank; then the pressure falls, and the chiller stops."""

    arrays: ClassVar = ("coolant_leak",)
    changes: ClassVar = "Coolant that is lost [kg/s]; several leaks of one loop add. What is lost stays lost."
    expected: ClassVar = "Level, then pressure of the chiller too low, and a stop: chiller alarm, flow alarm."
    gradual: ClassVar = True

    rate: Annotated[float, Unit(MASS_FLOW), Field(gt=0)]
    """Coolant lost over time."""

    def bend(self, strength: float) -> float:
        """Coolant lost [kg/s]."""
        return strength * self.rate
