"""Faults of cells, and of what keeps them from earth."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import POWER, RATIO, RESISTANCE, Unit
from bms_emulator.faults.target import CELL, RACK


@register("cell-internal-short", "internal-short", CELL)
class InternalShort(PlantFault):
    """A conducting path between the electrodes: it discharges the cell and heats it."""

    arrays: ClassVar = ("cell_short_conductance",)
    changes: ClassVar = "Conductance beside the cell [S]; several shorts of one cell add."
    expected: ClassVar = "Voltage spread grows, balancing lags behind; then low cell voltage, high temperature, trip."
    gradual: ClassVar = True

    resistance: Annotated[float, Unit(RESISTANCE), Field(ge=1e-6)]
    """Resistance of the path."""

    def bend(self, strength: float) -> float:
        """Conductance of the path [S]."""
        return strength / self.resistance


@register("cell-resistance-growth", "resistance-growth", CELL)
class ResistanceGrowth(PlantFault):
    """An aged or badly joined cell: all its resistances are larger."""

    arrays: ClassVar = ("cell_resistance_gain",)
    changes: ClassVar = "Factor on the cell's resistances [1]; several factors on one cell multiply."
    expected: ClassVar = "Voltage limits are reached earlier under load, power limits fall; the cell runs warmer."
    gradual: ClassVar = True

    factor: Annotated[float, Unit(RATIO), Field(gt=0, le=1e6)]
    """Resistance relative to the healthy cell."""

    def bend(self, strength: float) -> float:
        """Factor on the cell's resistances [1]."""
        return 1.0 + strength * (self.factor - 1.0)


@register("cell-heater", "heater", CELL)
class Heater(PlantFault):
    """A heater pad on the cell, as used to start a thermal runaway in tests; it heats until it is cleared."""

    arrays: ClassVar = ("cell_heat",)
    changes: ClassVar = "Heat put into the cell [W]; several heaters on one cell add."
    expected: ClassVar = "Temperature spread, rate of rise, high temperature, trip; past the onset a thermal runaway."
    gradual: ClassVar = True

    power: Annotated[float, Unit(POWER), Field(gt=0, le=1e5)]
    """Heating power."""

    def bend(self, strength: float) -> float:
        """Heat put into the cell [W]."""
        return strength * self.power


@register("cell-runaway", "runaway", CELL)
class ThermalRunaway(PlantFault):
    """A cell that is heated from inside until its thermal runaway has begun; from then on its reactions drive it."""

    arrays: ClassVar = ("cell_runaway_heat",)
    changes: ClassVar = "Heat put into the cell until runaway begins [W]; several on one cell add."
    expected: ClassVar = "Temperature rise and spread, gas, smoke, voltage collapse, lost channels: trip at once."
    gradual: ClassVar = True

    power: Annotated[float, Unit(POWER), Field(gt=0, le=1e5)] = 2000.0
    """Heat inside the cell until then."""

    def bend(self, strength: float) -> float:
        """Heat put into the cell [W]."""
        return strength * self.power


@register("rack-insulation", "insulation", RACK)
class InsulationDrop(PlantFault):
    """A leak across the insulation of a rack: moisture, coolant, a chafed cable."""

    arrays: ClassVar = ("insulation_leak_positive", "insulation_leak_negative")
    changes: ClassVar = "Conductance between a pole of the rack, or both, and earth [S]; several leaks of one pole add."
    expected: ClassVar = "Insulation alarm of the rack; below 100 Ohm per volt it must not stay connected."
    gradual: ClassVar = True

    resistance: Annotated[float, Unit(RESISTANCE), Field(ge=1)]
    """Resistance of the leak; at both poles that of the two halves together."""
    pole: Literal["both", "positive", "negative"] = "both"
    """Where it leaks."""

    def bend(self, strength: float) -> float:
        """Conductance of the leak [S]."""
        return strength / self.resistance

    def effects(self, strength: float) -> dict[str, float]:
        """Conductance at the pole, or half of it at both."""
        conductance = self.bend(strength)
        if self.pole == "both":
            return dict.fromkeys(self.arrays, 0.5 * conductance)
        return {f"insulation_leak_{self.pole}": conductance}
