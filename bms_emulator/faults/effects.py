"""What active faults do: to which seams a fault belongs, and what it adds there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bms_emulator.faults.active import ActiveFault
from bms_emulator.faults.fold import Index
from bms_emulator.faults.kind import (
    Blow,
    ClockFault,
    FirmwareFault,
    Kind,
    LinkFault,
    MasterFault,
    PlantFault,
    Scene,
    SensorFault,
    Written,
)
from bms_emulator.faults.shape import MICROSECONDS
from bms_emulator.faults.target import RACK_CONTROLLER, Hits
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.modifier import Modifier

SEAMS: tuple[type[Kind], ...] = (PlantFault, FirmwareFault, Blow, SensorFault, MasterFault, LinkFault, ClockFault)


@dataclass(frozen=True)
class Struck:
    """A blow that falls now.

    Attributes:
        kind: Its kind.
        settings: Its settings.
        hits: Where.
        seed: Of what is random about it.
    """

    kind: str
    settings: dict[str, float | str]
    hits: Hits
    seed: int


@dataclass(frozen=True)
class Acts:
    """What faults did in a fold beside bending plant and sensors.

    Attributes:
        controllers: Whether the controllers' overlay changed.
        blows: Blows that fall now.
        writes: What masters write now.
    """

    controllers: bool
    blows: Sequence[Struck]
    writes: Sequence[Written]


NOTHING = Acts(False, (), ())


def seams(kind: Kind) -> set[type[Kind]]:
    """Where a fault acts."""
    return {each for each in SEAMS if isinstance(kind, each)}


def plant_effects(fault: ActiveFault) -> list[tuple[str, Any, float]]:
    """Arrays of the plant overlay, where, and what joins there."""
    kind = fault.kind
    if not isinstance(kind, PlantFault):
        return []
    return [(array, fault.hits.index, effect) for array, effect in kind.effects(fault.strength).items()]


def controller_effects(fault: ActiveFault, now: int, site: SiteProfile) -> list[tuple[str, Index, float]]:
    """The same, of the controllers' overlay."""
    kind = fault.kind
    if isinstance(kind, MasterFault):
        return [(array, fault.hits.index, effect) for array, effect in kind.effects(fault.strength).items()]
    if not isinstance(kind, FirmwareFault) or fault.begin is None:
        return []
    elapsed = (now - fault.begin) / MICROSECONDS
    effects = kind.effects(fault.strength, elapsed)
    owner = "rack" if fault.hits.target is RACK_CONTROLLER else "bank"
    named = {f"{owner}{array}" if array.startswith("_") else array: effect for array, effect in effects.items()}
    return [(array, kind.places(fault.hits, site), effect) for array, effect in named.items()]


def sensor_effects(fault: ActiveFault, now: int, site: SiteProfile) -> list[tuple[str, Modifier]]:
    """Measured arrays, and what is done to them."""
    if not isinstance(fault.kind, SensorFault) or fault.memory is None:
        return []
    elapsed = (now - (fault.begin or 0)) / MICROSECONDS
    return fault.kind.modifiers(Scene(fault.hits, site, fault.strength, elapsed, fault.seed, fault.memory))
