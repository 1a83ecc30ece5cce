"""Faults of cells, and of what keeps them from earth."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr

from bms_emulator.faults.kind import Blow, PlantFault, register
from bms_emulator.faults.quantity import CURRENT, POWER, RATIO, RESISTANCE, Unit
from bms_emulator.faults.target import CELL, PACK, RACK, Hits
from bms_emulator.profile.site import SiteProfile


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


@register("cell-self-discharge", "self-discharge", CELL)
class SelfDischarge(PlantFault):
    """The cell loses charge inside faster than its kind: dendrites, moisture, a soft short far too weak to be felt."""

    arrays: ClassVar = ("cell_short_conductance",)
    changes: ClassVar = (
        "Conductance beside the cell that takes the current at half charge [S]; several of one cell add."
    )
    expected: ClassVar = "Nothing for days; then it is balanced against all others, and spread and imbalance are found."
    gradual: ClassVar = True

    current: Annotated[float, Unit(CURRENT), Field(gt=0, le=1e3)]
    """Current that it loses at half charge."""
    _voltage: float = PrivateAttr(1.0)

    def fit(self, site: SiteProfile, hits: Hits) -> Self:
        """With the voltage of the site's cells at half charge [V]."""
        curve = site.container.rack.pack.cell.open_circuit
        fitted = self.model_copy()
        fitted._voltage = float(np.interp(0.5, curve.soc, curve.voltage_v))
        return fitted

    def bend(self, strength: float) -> float:
        """Conductance [S]."""
        return strength * self.current / self._voltage


@register("cell-capacity-loss", "capacity-loss", CELL)
class CapacityLoss(PlantFault):
    """The cell has lost capacity, and the charge that sat in it. What is given back by clearing is given back empty."""

    arrays: ClassVar = ("cell_capacity_gain",)
    changes: ClassVar = "Factor on the capacity of the cell [1]; several factors on one cell multiply."
    expected: ClassVar = "It is full and empty before all others: capacity and health fall, spread grows at both ends."
    gradual: ClassVar = True

    loss: Annotated[float, Unit(RATIO), Field(gt=0, le=0.95)]
    """Share of the capacity that is lost."""

    def bend(self, strength: float) -> float:
        """Factor on the capacity [1]."""
        return 1.0 - strength * self.loss


@register("soc-shift", "soc-shift", CELL, PACK, RACK)
class SocShift(Blow):
    """Cells are at another state of charge than the others: a replaced module, a rack that stood apart for months.

    A whole rack that is shifted far enough may not join the bus any more.
    """

    changes: ClassVar = "State of charge of the cells, once, within 0% and 100%; only charging or balancing mends it."
    expected: ClassVar = "Spread and imbalance alarm, balancing begins; a rack too far off is kept from the bus."

    shift: Annotated[float, Unit(RATIO), Field(ge=-1, le=1)]
    """What is added once."""

    @property
    def settings(self) -> dict[str, float | str]:
        """How far."""
        return {"shift": self.shift}


@register("cell-reversed", "reversed", CELL)
class CellReversed(PlantFault):
    """The cell is built in the wrong way round: its voltage counts against the string, and discharge charges it."""

    arrays: ClassVar = ("cell_reversed",)
    changes: ClassVar = "Sign of the cell's source in the string; faults of one cell join."
    expected: ClassVar = "A reading at the lowest end, a string two cells short: low cell voltage, no connection."

    def bend(self, strength: float) -> float:
        """Reversed."""
        return 1.0


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


@register("ground-fault", "ground-fault", RACK)
class GroundFault(PlantFault):
    """A point of the string touches earth: one of its poles, or a cell in between.

    Seen from both poles a fault at a share x of the voltage is x of its conductance at the positive pole and the rest
    at the negative one.
    """

    arrays: ClassVar = ("insulation_leak_positive", "insulation_leak_negative")
    changes: ClassVar = "Conductance between the poles of the rack and earth [S]; several leaks add."
    expected: ClassVar = "Insulation alarm of the pole that is nearer, of both in the middle; the rack must not stay."
    gradual: ClassVar = True

    resistance: Annotated[float, Unit(RESISTANCE), Field(ge=1)]
    """Resistance to earth."""
    place: Annotated[float, Unit(RATIO), Field(ge=0, le=1)] = 0.5
    """Where in the string: 0% at its negative pole, 100% at its positive one."""

    def bend(self, strength: float) -> float:
        """Conductance to earth [S]."""
        return strength / self.resistance

    def effects(self, strength: float) -> dict[str, float]:
        """Its shares at both poles."""
        conductance = self.bend(strength)
        positive, negative = self.arrays
        return {positive: self.place * conductance, negative: (1.0 - self.place) * conductance}
