"""Faults of cell-monitoring units and of the chain that joins them."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.target import CMU, Hits
from bms_emulator.plant.state import CMU_FAULTS
from bms_emulator.profile.site import SiteProfile

_BITS = {name: float(1 << bit) for bit, name in CMU_FAULTS.items()}


@register("cmu-silence", "silence", CMU)
class Silence(PlantFault):
    """The unit does not answer any more: a dead transceiver, no supply, a reset loop."""

    arrays: ClassVar = ("cmu_faults",)
    changes: ClassVar = "Voltages and temperatures of the pack stand still, and their ages grow; bits of faults join."
    expected: ClassVar = "Stale data: alarm within the age limit, then stop; never a decision on the last readings."

    def bend(self, strength: float) -> float:
        """Bit of a unit that does not answer."""
        return _BITS["communication"]


@register("cmu-integrity", "integrity", CMU)
class Integrity(PlantFault):
    """The unit's answers fail their check: cyclic redundancy errors, a failed self-test."""

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


@register("cmu-chain-break", "chain-break", CMU)
class ChainBreak(PlantFault):
    """The daisy chain is broken in front of the unit: it and all units of the rack behind it do not answer."""

    arrays: ClassVar = ("cmu_faults",)
    changes: ClassVar = "As silence, of the unit's pack and all packs of the rack with higher numbers."
    expected: ClassVar = "Stale data of all packs behind the break: alarm within the age limit, then stop."

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """All units behind the break."""
        packs = site.counts["pack"]
        behind = [np.arange(pack, pack - pack % packs + packs) for pack in hits.index]
        return Hits(hits.target, np.unique(np.concatenate(behind)), hits.names)

    def bend(self, strength: float) -> float:
        """Bit of a unit that does not answer."""
        return _BITS["communication"]
