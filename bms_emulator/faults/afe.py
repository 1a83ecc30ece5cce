"""Faults of sense wires and balancing switches: what lies between a cell and its monitoring unit."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from bms_emulator.faults.kind import PlantFault, Scene, SensorFault, register
from bms_emulator.faults.quantity import RESISTANCE, VOLTAGE, Unit
from bms_emulator.faults.signals import CELL_VOLTAGE
from bms_emulator.faults.target import CELL
from bms_emulator.plant.state import CMU_FAULTS, BalancingHold
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.modifier import Index, Modifier, Stage, modify

CMU_REPORTS = "measured.cmu_faults"
"""What monitoring units say of themselves."""
_OPEN_WIRE = next(float(1 << bit) for bit, name in CMU_FAULTS.items() if name == "open_wire")


def _cells_per_pack(site: SiteProfile) -> int:
    return site.counts["cell"] // site.counts["pack"]


def _beside(index: Index, step: int, site: SiteProfile) -> tuple[Index, Index]:
    """Cells that have one a step further in the same pack, and those."""
    per_pack = _cells_per_pack(site)
    has = (index + step) // per_pack == index // per_pack
    return index[has], index[has] + step


def _voltage(stage: Stage, index: Index, *amounts: float, partner: Index | None = None) -> tuple[str, Modifier]:
    return CELL_VOLTAGE.readings, modify(stage, index, *amounts, partner=partner)


def _with_neighbours(scene: Scene, own: float, share: float) -> list[tuple[str, Modifier]]:
    """Readings of cells times `own`; first a share of them is added to their neighbours."""
    bent = []
    for step in (-1, 1):
        cells, neighbours = _beside(scene.hits.index, step, scene.site)
        bent.append(_voltage(Stage.REWIRE, neighbours, 1.0, share, partner=cells))
    return [*bent, _voltage(Stage.REWIRE, scene.hits.index, own)]


@register("sense-wire-open", "sense-wire-open", CELL)
class SenseWireOpen(SensorFault):
    """A sense wire between two cells is open and floats: one cell reads high, the other low, the sum is right."""

    changes: ClassVar = "Reading below the wire plus the shift, above it minus; both invalid once found."
    expected: ClassVar = (
        "Voltage spread, high and low cell at once; the unit's own test finds it: open-wire alarm, stop."
    )

    wire: Literal["upper", "lower"] = "upper"
    """Which of the cell's two wires; that at an end of a pack takes one cell alone."""
    shift: Annotated[float, Unit(VOLTAGE), Field(gt=0, le=5)] = 0.5
    """How far the input floats off."""
    found: Literal["no", "yes"] = "no"
    """Whether the unit's test has found it."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Shift the cells below and above, or lose both and say so."""
        cells = scene.hits.index
        below = cells if self.wire == "upper" else _beside(cells, -1, scene.site)[1]
        above = cells if self.wire == "lower" else _beside(cells, 1, scene.site)[1]
        if self.found == "no":
            return [_voltage(Stage.OFFSET, below, self.shift), _voltage(Stage.OFFSET, above, -self.shift)]
        packs = np.unique(cells // _cells_per_pack(scene.site))
        told = CMU_REPORTS, modify(Stage.JOIN, packs, _OPEN_WIRE)
        return [_voltage(Stage.LOSE, below, 1.0), _voltage(Stage.LOSE, above, 1.0), told]


class Bridge(PlantFault, SensorFault):
    """Something conducts between the two sense wires of a cell, behind the resistance of each wire.

        i = v / (r + 2 r_wire)

    The cell reads less by 2 r_wire i, each neighbour in the pack more by r_wire i, and the cell gives i.
    """

    arrays: ClassVar = ("cell_short_conductance",)
    changes: ClassVar = "Reading of the cell falls, of its neighbours in the pack rises; current beside the string [A]."
    gradual: ClassVar = True

    @property
    def path(self) -> tuple[float, float]:
        """Resistance between the wires and of each wire [Ohm]."""
        raise NotImplementedError

    def bend(self, strength: float) -> float:
        """Conductance of the path [S]."""
        between, wire = self.path
        return strength / (between + 2.0 * wire)

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Less at the cell, more at its neighbours."""
        share = self.path[1] * self.bend(scene.strength)
        return _with_neighbours(scene, 1.0 - 2.0 * share, share)


@register("sense-wire-short", "sense-wire-short", CELL)
class SenseWireShort(Bridge):
    """The two sense wires of a cell touch: it reads 0, its neighbours half a cell more, and the wires carry current."""

    expected: ClassVar = (
        "Low and high cell at once, voltage spread: trip; the cell is discharged, and must not be charged."
    )

    wire: Annotated[float, Unit(RESISTANCE), Field(ge=1e-3)] = 1.0
    """Resistance of each wire, with its fuse."""

    @property
    def path(self) -> tuple[float, float]:
        """Nothing but the wires."""
        return 0.0, self.wire


@register("sense-leakage", "sense-leakage", CELL)
class SenseLeakage(Bridge):
    """A leak between the two sense wires of a cell, behind the filter: moisture or a whisker on the unit's board."""

    expected: ClassVar = "The cell reads a little low for ever and is never bled: its charge state creeps up unseen."

    resistance: Annotated[float, Unit(RESISTANCE), Field(gt=0)]
    """Resistance of the leak."""
    filter: Annotated[float, Unit(RESISTANCE), Field(gt=0)] = 1000.0
    """Resistance of each wire's filter."""

    @property
    def path(self) -> tuple[float, float]:
        """The leak and the filter."""
        return self.resistance, self.filter


@register("sense-wires-swapped", "sense-wires-swapped", CELL)
class SenseWiresSwapped(SensorFault):
    """The two sense wires of a cell are exchanged: it reads minus its voltage, its neighbours both in one."""

    changes: ClassVar = "Reading of the cell times -1, at the low end of its scale; its neighbours plus its voltage."
    expected: ClassVar = "Low and high cells before anything is connected: no closing, and never a charge."

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Turn one over, add it to the others."""
        return _with_neighbours(scene, -1.0, 1.0)


@register("balancing-stuck-on", "balancing-stuck-on", CELL)
class BalancingStuckOn(PlantFault):
    """The cell's balancing switch has failed short: its resistor bleeds it without end."""

    arrays: ClassVar = ("balancing_hold",)
    changes: ClassVar = "Current through the balancing resistor whatever is asked; the youngest of several wins."
    expected: ClassVar = "The cell falls behind, hours to days: the others are bled, spread and imbalance alarm."

    def bend(self, strength: float) -> float:
        """Always on."""
        return float(BalancingHold.ON)


@register("balancing-stuck-off", "balancing-stuck-off", CELL)
class BalancingStuckOff(PlantFault):
    """The cell's balancing switch or resistor is open: it is never bled."""

    arrays: ClassVar = ("balancing_hold",)
    changes: ClassVar = "No current through the balancing resistor whatever is asked; the youngest of several wins."
    expected: ClassVar = "Balancing never ends; a cell that is asked for and does not fall is found by good BMS."

    def bend(self, strength: float) -> float:
        """Always off."""
        return float(BalancingHold.OFF)
