"""Faults of fire panels and of the battery behind the auxiliary supply."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import FREQUENCY, RATIO, Unit
from bms_emulator.faults.target import DETECTOR, FIRE_PANEL, UPS, Hits
from bms_emulator.plant.state import Detector
from bms_emulator.profile.site import SiteProfile


@register("detector-stuck", "stuck", DETECTOR)
class DetectorStuck(PlantFault):
    """The reading stands still, and the panel does not know: 0% is a blind detector, 100% and more a false alarm."""

    arrays: ClassVar = ("detector_hold",)
    changes: ClassVar = "Reading of the detector held; the youngest of several faults on one detector wins."
    expected: ClassVar = "Whatever the reading calls for: a false alarm, or none where there is fire."

    reading: Annotated[float, Unit(RATIO), Field(ge=0)] = 0.0
    """From clean, cool air (0%) to the set point of the detector (100%)."""

    def bend(self, strength: float) -> float:
        """Reading relative to the set point [1]."""
        return self.reading


@register("detector-failed", "failed", DETECTOR)
class DetectorFailed(PlantFault):
    """The detector has failed, and the panel knows: it reports a fault, and the detector trips no more."""

    arrays: ClassVar = ("detector_failed",)
    changes: ClassVar = "State of the detector; what has tripped stays tripped until a reset."
    expected: ClassVar = "Fault of the fire panel; the other detectors go on."

    def bend(self, strength: float) -> float:
        """Failed."""
        return 1.0


@register("fire-panel-fault", "fault", FIRE_PANEL)
class FirePanelFault(PlantFault):
    """The panel has lost all of its detectors, and knows: a blown loop fuse. What its hand-held parts do goes on."""

    arrays: ClassVar = ("detector_failed",)
    changes: ClassVar = "State of all detectors of the panel; what has tripped stays tripped until a reset."
    expected: ClassVar = "Fault of the fire panel: nothing watches for fire, gas or smoke, whoever runs it must."

    def bend(self, strength: float) -> float:
        """Failed."""
        return 1.0

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """All detectors of the panels."""
        count = len(Detector)
        index = (hits.index[:, None] * count + np.arange(count)).ravel()
        return Hits(hits.target, index, hits.names, hits.total * count)


@register("agent-leak", "leak", FIRE_PANEL)
class AgentLeak(PlantFault):
    """The extinguishing agent leaks out of its container."""

    arrays: ClassVar = ("agent_leak",)
    changes: ClassVar = "Share of the agent that is lost over time [1/s]; several leaks add. What is lost stays lost."
    expected: ClassVar = "The panel reports too little agent."
    gradual: ClassVar = True

    rate: Annotated[float, Unit(FREQUENCY), Field(gt=0)]
    """Share of a full container over time: 1/h empties it in an hour."""

    def bend(self, strength: float) -> float:
        """Share of the agent lost over time [1/s]."""
        return strength * self.rate


@register("ups-weak", "weak", UPS)
class UpsWeak(PlantFault):
    """The battery of the UPS has lost energy; at 0% it carries nothing."""

    arrays: ClassVar = ("ups_gain",)
    changes: ClassVar = "Factor on the energy of the battery [1]; several factors on one battery multiply."
    expected: ClassVar = "When the supply fails, controllers lose it sooner: contactors fall open."
    gradual: ClassVar = True

    energy: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)] = 0.0
    """Energy relative to the healthy battery."""

    def bend(self, strength: float) -> float:
        """Factor on the energy [1]."""
        return 1.0 - strength * (1.0 - self.energy)
