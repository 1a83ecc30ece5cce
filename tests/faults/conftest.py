"""A bench for faults: the set with the arrays it folds into, without any model."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from bms_emulator.arrays import Arena
from bms_emulator.faults.engine import FaultSet
from bms_emulator.plant.state import PlantOverlay
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.faulty import Channels
from bms_emulator.sensing.modifier import Modifier, SensorOverlay


class Bench:
    """A fault set of a site and its overlays; time is what the test says."""

    def __init__(self, site: SiteProfile, catalogue: Catalogue) -> None:
        self.site = site
        self.arena = Arena(catalogue.layout)
        self.overlay = self.arena.group("plant.overlay", PlantOverlay)
        self.faults = FaultSet(catalogue, site)
        self.neutral = self.plant_bits()

    def add(self, kind: str, target: str, now: float = 0.0, **rest: Any) -> dict[str, Any]:
        """Add a fault; what is no part of a specification is a parameter."""
        keys = {"shape", "at", "for", "name", "seed", "when", "rearm", "lease"}
        spec = {key: rest.pop(key) for key in keys & rest.keys()}
        return self.faults.add({"kind": kind, "target": target, "parameters": rest} | spec, now)

    def fold(self, time: float) -> bool:
        """Fold at a time."""
        return self.faults.fold(time, self.overlay, self.arena)

    def phases(self, name: str) -> str:
        """Phase of a fault, or ``gone``."""
        return next((f["phase"] for f in self.faults.listing() if f["name"] == name), "gone")

    def plant_bits(self) -> dict[str, bytes]:
        """Every bit of the plant overlay."""
        return {f.name: getattr(self.overlay, f.name).tobytes() for f in dataclasses.fields(self.overlay)}

    def sensor_bits(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every bit of the sensor overlay."""
        return sensor_bits(self.faults.sensors)


def sensor_bits(overlay: SensorOverlay) -> dict[str, list[tuple[Any, ...]]]:
    """Every bit of a sensor overlay."""

    def bits(modifier: Modifier) -> tuple[Any, ...]:
        arrays = modifier.index, modifier.amount, modifier.partner, modifier.memory
        return modifier.stage, int(modifier.key), *(each.tobytes() for each in arrays)

    folded = [*overlay.samples.items(), *overlay.messages.items()]
    return {name: [bits(each) for each in modifiers] for name, modifiers in folded}


def read(overlay: SensorOverlay, array: str, readings: np.ndarray) -> np.ndarray:
    """What the channels of a measured array report of these readings, flat."""
    out = readings.astype(float).ravel().copy()
    Channels(out).bend(overlay.samples.get(array, ()), 0, 0.1)
    return out


@pytest.fixture(scope="session")
def site() -> SiteProfile:
    """Two containers of twelve racks."""
    return load_site("demo").model_copy(update={"container_count": 2})


@pytest.fixture(scope="session")
def catalogue(site: SiteProfile) -> Catalogue:
    return Catalogue(site)


@pytest.fixture
def bench(site: SiteProfile, catalogue: Catalogue) -> Bench:
    return Bench(site, catalogue)
