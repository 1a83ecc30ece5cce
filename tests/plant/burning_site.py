"""Cells on fire on a bench: in an oven whose temperature a test says, or on their cold plate in the thermal network."""

from typing import Any

import numpy as np

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.plant.runaway import Runaway, build_runaway_model, initialise_runaway
from bms_emulator.plant.state import GROUPS, PlantOverlay, PlantState, RunawayStage
from bms_emulator.profile.loader import load_site
from bms_emulator.units import kelvin
from tests.plant.cooled_site import CooledSite
from tests.plant.electric_site import small

CELL = "container.rack.pack.cell"


class Oven:
    """A small site whose cells have the temperature that a test sets; nothing cools or heats them."""

    def __init__(self, overrides: dict[str, Any] | None = None, dt: float = 1.0, **size: int) -> None:
        self.site = load_site("demo", small(**size) | (overrides or {}))
        self.runaway = self.site.container.rack.pack.cell.runaway
        self.dt, self.tick = dt, 0
        self.arena = Arena(Layout(self.site.counts, GROUPS))
        self.state = PlantState.of(self.arena)
        self.overlay = self.arena.group("plant.overlay", PlantOverlay)
        self.model = build_runaway_model(self.site)
        self.state.cells.soc[...] = 1.0
        initialise_runaway(self.model, self.state)
        self.burning = Runaway(self.model, self.state, self.overlay, dt)
        self.state.runaway.awake[...] = 0.0

    def heat_to(self, degc: Any) -> "Oven":
        """Give all cells, or each its own, a core temperature."""
        self.state.cells.temperature_core[...] = kelvin(np.asarray(degc))
        packs = self.state.packs.temperature_max.shape
        self.state.packs.temperature_max[...] = self.state.cells.temperature_core.reshape(*packs, -1).max(axis=2)
        return self

    def run(self, seconds: float) -> "Oven":
        """Let time pass."""
        for _ in range(round(seconds / self.dt)):
            self.step()
        return self

    def step(self, refresh: bool = False) -> None:
        self.burning.step(self.tick, refresh)
        self.tick += 1

    @property
    def reaction_heat(self) -> Array:
        """Heat of the reactions [J], (rack, cell): core and surface warm up alike."""
        thermal = self.model.thermal
        heat: Array = self.state.cells.heat * (1.0 + thermal.surface_heat_capacity / thermal.core_heat_capacity)
        return heat

    def burn(self, seconds: float = 2000.0) -> "Oven":
        """Let everything happen that can, far above all temperatures."""
        return self.heat_to(400.0).run(seconds)


class BurningPack(CooledSite):
    """A pack of the demo as it is shipped, full, with all that a runaway touches."""

    def __init__(self, overrides: dict[str, Any] | None = None, dt: float = 1.0) -> None:
        plate = load_site("demo").container.rack.pack.cold_plate
        pack = small(racks=1, packs=1, cells=104) | {"container.rack.pack.cold_plate.segments": plate.segments}
        super().__init__("demo", dt, pack | (overrides or {}))
        self.runaway_model = build_runaway_model(self.site)
        initialise_runaway(self.runaway_model, self.state)
        self.burning = Runaway(self.runaway_model, self.state, self.overlay, dt)
        self.state.cells.soc[...] = 1.0
        self.refresh = True

    def step(self) -> None:
        self.burning.step(self.tick, self.refresh)
        self.refresh = False
        super().step()

    def ignite(self, cell: int, power: float = 2000.0, within: float = 3600.0) -> float:
        """Heat a cell until its runaway has begun; the time that it took [s]."""
        begin = self.tick
        self.overlay.cell_runaway_heat[0, cell] = power
        self.refresh = True
        while self.state.runaway.stage[0, cell] < RunawayStage.RUNAWAY:
            assert (self.tick - begin) * self.dt < within, "did not run away"
            self.step()
        self.overlay.cell_runaway_heat[0, cell] = 0.0
        self.refresh = True
        return (self.tick - begin) * self.dt

    def times_of_runaway(self, seconds: float) -> dict[int, float]:
        """Let time pass and note when the runaway of each cell begins [s]."""
        begun: dict[int, float] = {}
        for n in range(round(seconds / self.dt)):
            self.step()
            for cell in np.flatnonzero(self.state.runaway.stage[0] >= RunawayStage.RUNAWAY):
                begun.setdefault(int(cell), (n + 1) * self.dt)
        return begun
