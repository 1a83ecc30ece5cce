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
from bms_emulator.sensing.state import ChannelFaults, SensorOverlay


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
        keys = {"shape", "at", "for", "name", "seed"}
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

    def sensor_bits(self) -> dict[str, tuple[bytes, ...]]:
        """Every bit of the sensor overlay."""
        return sensor_bits(self.faults.sensors)


def sensor_bits(overlay: SensorOverlay) -> dict[str, tuple[bytes, ...]]:
    """Every bit of a sensor overlay."""

    def bits(channels: ChannelFaults) -> tuple[bytes, ...]:
        return tuple(getattr(channels, f.name).tobytes() for f in dataclasses.fields(channels))

    return {f.name: bits(getattr(overlay, f.name)) for f in dataclasses.fields(overlay)}


def read(channels: ChannelFaults, readings: np.ndarray) -> np.ndarray:
    """What faulty channels report, the slow way: a reference for how the parts of a reading join."""
    out = readings.astype(float).ravel().copy()
    for n, channel in enumerate(channels.index):
        out[channel] = channels.gain[n] * out[channel] + channels.offset[n]
        if not np.isnan(channels.hold[n]):
            out[channel] = channels.hold[n]
        if channels.lost[n]:
            out[channel] = np.nan
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
