"""Faults of the surroundings: what comes into enclosures, who opens them, and the weather."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import CONCENTRATION, EXTINCTION, POWER, RATIO, TEMPERATURE_DIFFERENCE, Unit
from bms_emulator.faults.target import ENCLOSURE, VENTILATION, WEATHER


@register("enclosure-smoke", "smoke", ENCLOSURE)
class Smoke(PlantFault):
    """Smoke that comes from no cell reaches the detectors: welding, a burning cable, a fire next door."""

    arrays: ClassVar = ("smoke_added",)
    changes: ClassVar = "Extinction of light that the smoke detector sees beside that of cells [1/m]; several add."
    expected: ClassVar = "Smoke alarm, level 1 of the fire panel; with heat level 2. Latched until a reset."
    gradual: ClassVar = True

    extinction: Annotated[float, Unit(EXTINCTION), Field(gt=0, le=100)] = 0.5
    """Extinction of light."""

    def bend(self, strength: float) -> float:
        """Extinction of light [1/m]."""
        return strength * self.extinction


@register("enclosure-gas", "gas", ENCLOSURE)
class Gas(PlantFault):
    """Hydrogen or carbon monoxide that comes from no cell reaches the detectors: an exhaust, a charging forklift."""

    arrays: ClassVar = ("hydrogen_added", "carbon_monoxide_added")
    changes: ClassVar = "Shares by volume that the detectors see beside those of cells [1]; several add."
    expected: ClassVar = "Gas alarm, latched: the panel starts the fan by itself, and the BMS acts by its alarm row."
    gradual: ClassVar = True

    hydrogen: Annotated[float, Unit(CONCENTRATION), Field(ge=0, le=1)] = 0.0
    """Share of hydrogen."""
    carbon_monoxide: Annotated[float, Unit(CONCENTRATION), Field(ge=0, le=1)] = 0.0
    """Share of carbon monoxide."""

    @model_validator(mode="after")
    def _is_any(self) -> Self:
        if self.hydrogen + self.carbon_monoxide == 0.0:
            raise ValueError("give hydrogen, carbon_monoxide or both, as in hydrogen=2000ppm")
        return self

    def bend(self, strength: float) -> float:
        """Shares of both together [1]."""
        return strength * (self.hydrogen + self.carbon_monoxide)

    def effects(self, strength: float) -> dict[str, float]:
        """Each to its detector."""
        return dict(zip(self.arrays, (strength * self.hydrogen, strength * self.carbon_monoxide), strict=True))


@register("enclosure-heat", "heat", ENCLOSURE)
class Heat(PlantFault):
    """Something heats the air of the enclosure: a fire outside the racks, a heater left behind, no air conditioning."""

    arrays: ClassVar = ("enclosure_heat",)
    changes: ClassVar = "Heat put into the air of the enclosure [W]; several add."
    expected: ClassVar = "Heat detectors trip in the end; terminals, plates and cells warm up, and limits fall."
    gradual: ClassVar = True

    power: Annotated[float, Unit(POWER), Field(gt=0, le=1e7)]
    """Heating power."""

    def bend(self, strength: float) -> float:
        """Heat [W]."""
        return strength * self.power


class _Contact(PlantFault):
    """Something that a contact sees."""

    def bend(self, strength: float) -> float:
        """There."""
        return 1.0


@register("enclosure-water", "water", ENCLOSURE)
class Water(_Contact):
    """Water stands on the floor of the enclosure."""

    arrays: ClassVar = ("water",)
    changes: ClassVar = "Water detector; joins with the point `floor.water`."
    expected: ClassVar = "Water alarm; with a low pressure of the coolant the alarm of a leak."


@register("enclosure-door-open", "door-open", ENCLOSURE)
class DoorOpen(_Contact):
    """A door of the enclosure stands open."""

    arrays: ClassVar = ("door_open",)
    changes: ClassVar = "Door contact; joins with the point `door.opened`."
    expected: ClassVar = "Door alarm, as its row says; where people may be inside, no connection."


@register("emergency-stop", "emergency-stop", ENCLOSURE)
class EmergencyStop(_Contact):
    """The emergency stop is pressed, or its loop is broken."""

    arrays: ClassVar = ("emergency_stop",)
    changes: ClassVar = "Contact of the loop; joins with the point `emergency_stop.pressed`."
    expected: ClassVar = "All racks open at once, without a wait for the current; closing needs a reset."


@register("ventilation-weak", "weak", VENTILATION)
class VentilationWeak(PlantFault):
    """The gas fan moves less air than it should, or stands still."""

    arrays: ClassVar = ("ventilation_gain",)
    changes: ClassVar = "Factor on air and power of the gas fan [1]; several factors multiply."
    expected: ClassVar = "Asked to ventilate, gas stays in the enclosure; nobody may open it."
    gradual: ClassVar = True

    air: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)] = 0.0
    """Air that is left, relative to the sound fan."""

    def bend(self, strength: float) -> float:
        """Factor on the air [1]."""
        return 1.0 - strength * (1.0 - self.air)


@register("weather-extreme", "extreme", WEATHER)
class WeatherExtreme(PlantFault):
    """It is much warmer or colder outside than the weather says: a heat wave, a cold snap, a fire in front of it."""

    arrays: ClassVar = ("ambient_shift",)
    changes: ClassVar = "Shift of the temperature outside, at the whole site [K]; several add."
    expected: ClassVar = (
        "Hot: the chiller loses capacity and cuts out, limits fall. Cold: heating, and no charge below 0."
    )
    gradual: ClassVar = True

    shift: Annotated[float, Unit(TEMPERATURE_DIFFERENCE), Field(ge=-80, le=80)]
    """How much warmer; below 0 colder."""

    def bend(self, strength: float) -> float:
        """Shift [K]."""
        return strength * self.shift
