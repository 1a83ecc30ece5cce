"""Faults of strings: their modules, joints and fuses, and the bus that they meet at."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import RESISTANCE, Unit
from bms_emulator.faults.target import BUS, PACK, RACK


@register("module-open", "open", PACK)
class ModuleOpen(PlantFault):
    """A joint in the module has come apart: no current flows in the string, each cell can still be read."""

    arrays: ClassVar = ("module_open",)
    changes: ClassVar = "The string conducts nothing; its terminals show what else is on them, or nothing."
    expected: ClassVar = "String voltage far from the sum of its cells, no current in a closed rack: the rack opens."

    def bend(self, strength: float) -> float:
        """Open."""
        return 1.0


@register("module-reversed", "reversed", PACK)
class ModuleReversed(PlantFault):
    """The module is connected the wrong way round: its voltage counts against the string, which charges it."""

    arrays: ClassVar = ("module_reversed",)
    changes: ClassVar = (
        "Sign of the sources of all its cells in the string; a reversed cell in it counts the right way."
    )
    expected: ClassVar = "Readings at the lowest end, a string two modules short: low voltage, no connection."

    def bend(self, strength: float) -> float:
        """Reversed."""
        return 1.0


@register("module-joint", "joint", PACK)
class ModuleJoint(PlantFault):
    """The busbar behind the module has a bad contact: it drops voltage and warms the last cell before it."""

    arrays: ClassVar = ("module_joint_resistance",)
    changes: ClassVar = "Resistance in the string that is in no cell's reading [Ohm]; several at one place add."
    expected: ClassVar = "Under load the string is below the sum of its cells, and a cell beside the joint runs warm."
    gradual: ClassVar = True

    resistance: Annotated[float, Unit(RESISTANCE), Field(gt=0, le=1e3)]
    """What the joint has too much."""

    def bend(self, strength: float) -> float:
        """Resistance [Ohm]."""
        return strength * self.resistance


@register("fuse-blown", "fuse-blown", RACK)
class FuseBlown(PlantFault):
    """The string fuse has blown without an overcurrent, by fatigue; clearing puts a new one in.

    A fuse that a current has melted stays as it is.
    """

    arrays: ClassVar = ("fuse_blown",)
    changes: ClassVar = "The fuse of the rack is open."
    expected: ClassVar = "Fuse alarm: the rack opens, the others carry its share; limits fall by one rack."

    def bend(self, strength: float) -> float:
        """Blown."""
        return 1.0


@register("bus-short", "short", BUS)
class BusShort(PlantFault):
    """A conducting path across the DC bus, beyond the contactors of all racks: an external short."""

    arrays: ClassVar = ("bus_short_conductance",)
    changes: ClassVar = "Conductance across the bus [S]; several shorts add. Fuses that have melted stay open."
    expected: ClassVar = "Overcurrent: fuses melt, or the racks open at once; nothing closes onto the short again."
    gradual: ClassVar = True

    resistance: Annotated[float, Unit(RESISTANCE), Field(ge=1e-5)]
    """Resistance of the path."""

    def bend(self, strength: float) -> float:
        """Conductance of the path [S]."""
        return strength / self.resistance
