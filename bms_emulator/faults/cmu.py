"""Faults of cell-monitoring units."""

from typing import ClassVar

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.target import CMU
from bms_emulator.plant.state import CMU_FAULTS

_BITS = {name: float(1 << bit) for bit, name in CMU_FAULTS.items()}


@register("cmu-silence", "silence", CMU)
class Silence(PlantFault):
    """The unit does not answer any more: a broken chain, a dead transceiver, a reset loop."""

    arrays: ClassVar = ("cmu_faults",)
    changes: ClassVar = "Voltages and temperatures of the pack stand still, and their ages grow; bits of faults join."
    expected: ClassVar = "Stale data: alarm within the age limit, then stop; never a decision on the last readings."

    def bend(self, strength: float) -> float:
        """Bit of a unit that does not answer."""
        return _BITS["communication"]


@register("cmu-integrity", "integrity", CMU)
class Integrity(PlantFault):
    """The unit's answers fail their check: cyclic redundancy errors, a failed self-test, a drifting reference."""

    arrays: ClassVar = ("cmu_faults",)
    changes: ClassVar = "All voltages and temperatures of the pack read invalid (NaN); bits of faults join."
    expected: ClassVar = "Alarm of the unit; the rack must not work with a pack that nobody watches."

    def bend(self, strength: float) -> float:
        """Bit of a unit whose answers are not to be trusted."""
        return _BITS["integrity"]


@register("cmu-open-wire", "open-wire", CMU)
class OpenWire(PlantFault):
    """The unit finds a sense wire open, that of the pack's first cell."""

    arrays: ClassVar = ("cmu_faults",)
    changes: ClassVar = "The voltage of the pack's first cell reads invalid (NaN); bits of faults join."
    expected: ClassVar = "Open-wire alarm; the cell counts as unwatched and is not balanced."

    def bend(self, strength: float) -> float:
        """Bit of a unit with an open wire."""
        return _BITS["open_wire"]
