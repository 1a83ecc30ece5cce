"""The electrical plant alone: contactors, PCS, bus and cells at half of rated power; one core, dt 100 ms."""

import statistics
import time

from bms_emulator.arrays import Arena, Layout
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import GROUPS, Contactor, PcsState, PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.step import step_electrical
from bms_emulator.profile.loader import load_site

DT = 0.1


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, ticks, repeats in ((1, 500, 9), (220, 10, 9)):
        tick = _median_tick(containers, ticks, repeats)
        cells = containers * 4992
        result.append((f"electricity, {cells:,} cells", f"{tick * 1e6:,.0f} µs = {tick / cells * 1e9:.2f} ns per cell"))
    return result


def _median_tick(containers: int, ticks: int, repeats: int) -> float:
    """Median time of one tick [s], refreshes of every pack once in ten ticks included."""
    site = load_site("demo", {"container_count": containers})
    arena = Arena(Layout(site.counts, GROUPS))
    state = PlantState.of(arena)
    inputs, overlay = arena.group("plant.inputs", PlantInputs), arena.group("plant.overlay", PlantOverlay)
    model = build_plant_model(site, seed=1)
    initialise(model, state, site, seed=1)
    for contactor in (Contactor.MAIN_NEGATIVE, Contactor.MAIN_POSITIVE):
        inputs.contactor_command[:, contactor] = state.racks.contactor_closed[:, contactor] = 1.0
    state.containers.bus_voltage[:] = state.racks.voltage.mean()
    state.pcs.state[:] = PcsState.RUNNING
    inputs.pcs_enable[:] = 1.0
    inputs.power_setpoint[:] = 0.5 * model.pcs.rated_power
    for limit in (inputs.discharge_power_limit, inputs.discharge_current_limit):
        limit[:] = float("inf")
    samples, tick = [], 0
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(ticks):
            step_electrical(model, state, inputs, overlay, tick, DT)
            tick += 1
        samples.append((time.perf_counter() - begin) / ticks)
    assert (state.pcs.state == PcsState.RUNNING).all()
    return statistics.median(samples)
