"""The ageing of a site on a bench: currents, temperatures and charges are set by hand, seconds are stepped by hand."""

from typing import Any

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.plant.ageing import Ageing
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import GROUPS, PlantState
from bms_emulator.profile.loader import load_site
from tests.plant.electric_site import ALIKE, CELL, small

EVEN = {**ALIKE, f"{CELL}.spread.ageing_rate_percent": 0, f"{CELL}.ageing.commissioning_loss_percent": 0}
"""All cells alike, and nothing lost before the start."""

PUBLISHED = {f"{CELL}.ageing.{part}_scale": 1 for part in ("calendar", "cycle", "resistance")}
"""The models as published."""


def steady(temperature_degc: float = 25.0, **duty: float) -> dict[str, Any]:
    """A duty at one temperature of all cells."""
    given = {"coolant_rise_k": 0, "depth_percent": 100, "cell_temperature_degc": temperature_degc} | duty
    return {f"initial.age.{key}": value for key, value in given.items()}


def law(name: str) -> dict[str, Any]:
    """A published model without caps in reach."""
    ends = {f"{CELL}.ageing.capacity_loss_max_percent": 90, f"{CELL}.ageing.resistance_growth_max_percent": 1e6}
    return {f"{CELL}.ageing.model": name} | ends


class AgedSite:
    """A small site whose clock ticks in seconds.

    Args:
        overrides: Values of the demo's profile to replace, by key path.
        seed: Seed of model and start.
        shape: Racks, packs, cells of a pack.
    """

    def __init__(self, *overrides: dict[str, Any], seed: int = 1, shape: tuple[int, int, int] = (2, 2, 3)) -> None:
        self.site = load_site("demo", small(*shape) | {key: v for part in overrides for key, v in part.items()})
        self.arena = Arena(Layout(self.site.counts, GROUPS))
        self.state = PlantState.of(self.arena)
        self.model = build_plant_model(self.site, seed)
        initialise(self.model, self.state, self.site, seed)
        self.ageing = Ageing(self.model.ageing, self.model.cells, self.state, 1.0)
        self.tick = 0

    @property
    def parts(self) -> Array:
        """Damage of each mechanism in the first cell [1]."""
        ageing = self.model.ageing
        damage: Array = ageing.cell_rate[0, 0] * self.state.ageing.wear[:, 0, 0] ** ageing.exponent
        return damage

    def run(self, seconds: int, current: float = 0.0) -> None:
        """Let seconds pass with a string current [A]."""
        self.state.racks.current[...] = current
        for _ in range(seconds):
            self.ageing.step(self.tick)
            self.tick += 1
