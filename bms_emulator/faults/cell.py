"""Faults of cells."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import RATIO, RESISTANCE, Unit
from bms_emulator.faults.target import CELL


@register("cell-internal-short", "internal-short", CELL)
class InternalShort(PlantFault):
    """A conducting path between the electrodes: it discharges the cell and heats it."""

    array: ClassVar = "cell_short_conductance"
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

    array: ClassVar = "cell_resistance_gain"
    changes: ClassVar = "Factor on the cell's resistances [1]; several factors on one cell multiply."
    expected: ClassVar = "Voltage limits are reached earlier under load, power limits fall; the cell runs warmer."
    gradual: ClassVar = True

    factor: Annotated[float, Unit(RATIO), Field(gt=0, le=1e6)]
    """Resistance relative to the healthy cell."""

    def bend(self, strength: float) -> float:
        """Factor on the cell's resistances [1]."""
        return 1.0 + strength * (self.factor - 1.0)
