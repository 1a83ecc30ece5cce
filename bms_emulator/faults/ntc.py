"""Faults of temperature sensors beside those that any signal may have."""

from typing import ClassVar, Final, Literal

from bms_emulator.faults.kind import Scene, SensorFault, register
from bms_emulator.faults.signals import CELL_TEMPERATURE
from bms_emulator.sensing.modifier import Modifier, Stage

_AROUND: Final = {"air": 0.0, "coolant": 1.0}


@register("ntc-detached", "detached", CELL_TEMPERATURE)
class Detached(SensorFault):
    """The sensor has come off its cell, and reads what is around it; by a part where the fault ramps up."""

    changes: ClassVar = "Reading follows the air in the enclosure, or the coolant at the inlet, before anything else."
    expected: ClassVar = (
        "Under load the cell heats up unseen: its reading stays behind its neighbours', a spread alarm."
    )
    gradual: ClassVar = True

    reads: Literal["air", "coolant"] = "air"
    """What it reads instead."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Read what is around."""
        return [scene.bend(Stage.DETACH, scene.strength, _AROUND[self.reads])]
