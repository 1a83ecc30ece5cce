"""The cooling of a site on a bench: heat is put into its cells by hand, time is stepped by hand."""

from typing import Any

import numpy as np

from bms_emulator.arrays import Arena, Layout
from bms_emulator.plant.coolant import enthalpy_of
from bms_emulator.plant.cooling import Cooling, build_cooling_model, initialise_cooling
from bms_emulator.plant.metering import Meters, build_meter_model
from bms_emulator.plant.state import GROUPS, ChillerMode, PlantInputs, PlantOverlay, PlantState
from bms_emulator.profile.loader import load_site
from bms_emulator.units import kelvin

CALM = {"weather.swing_k": 0}
"""Weather without a daily swing."""


class CooledSite:
    """A site without electricity.

    Args:
        name: Its profile.
        dt: Tick [s].
        overrides: Values of the profile to replace, by key path.
    """

    def __init__(self, name: str = "demo", dt: float = 1.0, overrides: dict[str, Any] | None = None) -> None:
        self.site = load_site(name, CALM | (overrides or {}))
        self.dt, self.tick = dt, 0
        self.arena = Arena(Layout(self.site.counts, GROUPS))
        self.state = PlantState.of(self.arena)
        self.inputs = self.arena.group("plant.inputs", PlantInputs)
        self.overlay = self.arena.group("plant.overlay", PlantOverlay)
        self.model = build_cooling_model(self.site)
        self.meters = Meters(build_meter_model(self.site), self.state, dt)
        self.cooling = Cooling(self.model, self.state, self.inputs, self.overlay, dt)
        initialise_cooling(self.model, self.state, self.site)

    def request(self, mode: ChillerMode, setpoint_degc: float = 22.0) -> "CooledSite":
        self.inputs.chiller_request[:] = mode
        self.inputs.chiller_setpoint[:] = kelvin(setpoint_degc)
        return self

    def run(self, seconds: float, power: Any = 0.0) -> "CooledSite":
        """Let time pass with a power in each cell [W], the same in all or one for each."""
        heat = np.broadcast_to(np.asarray(power) * self.dt, self.state.cells.heat.shape).copy()
        for _ in range(round(seconds / self.dt)):
            self.state.cells.heat += heat
            self.step()
        return self

    def step(self, refresh: bool = False) -> None:
        self.cooling.step(self.tick * self.dt, self.tick, refresh)
        self.meters.step(self.tick)
        self.tick += 1

    @property
    def stored(self) -> float:
        """Heat held by cells, plates and coolant above 20 °C [J]."""
        cells, thermal, loop, base = self.state.cells, self.model.thermal, self.model.loop, kelvin(20.0)
        count = np.diff(np.arange(thermal.segment_count + 1) * thermal.cell_count // thermal.segment_count)
        plates = np.tile(count * thermal.plate_heat_capacity, self.site.counts["pack"])
        coolant = self.state.containers.coolant_enthalpy - enthalpy_of(self.model.coolant, base)
        return float(
            thermal.core_heat_capacity * np.sum(cells.temperature_core - base)
            + thermal.surface_heat_capacity * np.sum(cells.temperature_surface - base)
            + np.sum(plates * (self.state.packs.segment_temperature - base))
            + loop.mass * coolant.sum()
        )
