"""Grid, load, PV and weather of a site with hand-made PCS and auxiliaries, and the devices that read them."""

from typing import Any

from bms_emulator.arrays import Arena
from bms_emulator.faults.engine import FaultSet
from bms_emulator.plant.coupling import bind_coupling, build_coupling_model
from bms_emulator.plant.grid import bind_supply, build_grid_model
from bms_emulator.plant.state import PlantOverlay, PlantState
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.sensing.site import SiteSensors, build_site_sensing
from bms_emulator.sensing.site_state import LoadMeasured, MeterMeasured, PvMeasured, WeatherMeasured

IDEAL: dict[str, Any] = {
    "meter.accuracy_percent": 0,
    "meter.noise_percent": 0,
    "meter.period_s": 0.1,
    "grid.voltage_wander_percent": 0,
    "grid.frequency_wander_hz": 0,
}
"""Overrides for a grid that stands still and a meter without errors that reads every tick."""


class SiteBench:
    """What a site has once, stepped by hand.

    Args:
        overrides: Values of the site's profile to replace, by key path.
        dt: Tick [s].
        seed: Seed of all that is random.
        name: Site.
    """

    def __init__(
        self, *overrides: dict[str, Any], dt: float = 0.1, seed: int = 1, name: str = "behind-the-meter"
    ) -> None:
        asked = {key: value for part in overrides for key, value in part.items()}
        self.site = load_site(name, {"modbus.devices": []} | asked)
        self.dt = dt
        self.tick_count = 0
        catalogue = Catalogue(self.site)
        self.arena = Arena(catalogue.layout)
        self.state = PlantState.of(self.arena)
        self.overlay = self.arena.group("plant.overlay", PlantOverlay)
        self.faults = FaultSet(catalogue, self.site)
        self.model = build_grid_model(self.site, seed)
        self._supply = bind_supply(self.model, self.state, self.overlay, dt)
        self._coupling = bind_coupling(build_coupling_model(self.model), self.state, dt)
        self._sensors = SiteSensors(build_site_sensing(self.site, seed), self.arena, self.state, dt)
        self.meter = self.arena.group("measured.meter", MeterMeasured)
        self.load = self.arena.group("measured.load", LoadMeasured)
        self.pv = self.arena.group("measured.pv", PvMeasured)
        self.weather = self.arena.group("measured.weather", WeatherMeasured)

    @property
    def time(self) -> float:
        return self.tick_count * self.dt

    def fault(self, kind: str, target: str, name: str | None = None, **parameters: Any) -> None:
        """Add a fault that lasts."""
        self.faults.add({"kind": kind, "target": target, "parameters": parameters, "name": name}, self.time)

    def step(self, count: int = 1) -> "SiteBench":
        for _ in range(count):
            self.faults.fold(self.time, self.overlay, self.arena)
            self._supply.call(self.time)
            self._coupling.call()
            self._sensors.step(self.faults.sensors, self.tick_count)
            self.tick_count += 1
        return self

    def skip(self, duration: float) -> "SiteBench":
        """Let time pass without steps [s]."""
        self.tick_count += round(duration / self.dt)
        return self

    def drive(self, power: float, reactive_power: float = 0.0, auxiliary_power: float = 0.0) -> "SiteBench":
        """Let PCS and auxiliaries of each container have these powers."""
        self.state.pcs.power[...] = power
        self.state.pcs.reactive_power[...] = reactive_power
        self.state.containers.auxiliary_power[...] = auxiliary_power
        return self
