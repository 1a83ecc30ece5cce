"""The cooling alone: cells to coolant, flow, chiller, air; one core, dt 100 ms."""

import statistics
import time

from bms_emulator.arrays import Arena, Layout
from bms_emulator.plant.cooling import Cooling, build_cooling_model, initialise_cooling
from bms_emulator.plant.state import GROUPS, ChillerMode, PlantInputs, PlantOverlay, PlantState
from bms_emulator.profile.loader import load_site

DT = 0.1
POWER = 13.0
"""Heat of a cell at half of rated power [W]."""


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, ticks, repeats in ((1, 500, 9), (220, 10, 9)):
        tick = _median_tick(containers, ticks, repeats)
        cells = containers * 4992
        result.append((f"cooling, {cells:,} cells", f"{tick * 1e6:,.0f} µs = {tick / cells * 1e9:.2f} ns per cell"))
    return result


def _median_tick(containers: int, ticks: int, repeats: int) -> float:
    """Median time of one tick [s]; every pack is stepped once in ten ticks."""
    site = load_site("demo", {"container_count": containers})
    arena = Arena(Layout(site.counts, GROUPS))
    state = PlantState.of(arena)
    inputs, overlay = arena.group("plant.inputs", PlantInputs), arena.group("plant.overlay", PlantOverlay)
    model = build_cooling_model(site)
    initialise_cooling(model, state, site)
    inputs.chiller_request[:] = ChillerMode.COOLING
    cooling = Cooling(model, state, inputs, overlay, DT)
    samples, tick = [], 0
    for _ in range(repeats):
        state.cells.heat[:] = POWER
        begin = time.perf_counter()
        for _ in range(ticks):
            cooling.step(tick * DT, tick)
            tick += 1
        samples.append((time.perf_counter() - begin) / ticks)
    return statistics.median(samples)
