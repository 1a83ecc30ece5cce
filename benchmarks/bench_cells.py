"""Cells: the electrical plant at half of rated power, and the cells alone beside other models of a cell; one core.

The peers step one cell, second by second, through discharge, rest and charge; ours all cells of a container, with the
same circuit and the same currents, both in the same run. Peers are told by their cost for a cell and a simulated second
and by the largest difference of the voltages.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cell_peers import PEERS, Circuit, is_installed, version
from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import PlantModel, build_plant_model
from bms_emulator.plant.state import GROUPS, Contactor, PcsState, PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.step import Electrical
from bms_emulator.plant.table import monotone_curve
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile

DT = 0.1
CELL = "container.rack.pack.cell"
PLAIN = {
    "initial.rack_soc_spread_percent": 0,
    f"{CELL}.coulombic_efficiency": 1,
    f"{CELL}.self_discharge_percent_per_month": 0,
    f"{CELL}.spread.capacity_percent": 0,
    f"{CELL}.spread.resistance_percent": 0,
    f"{CELL}.spread.self_discharge_percent": 0,
    f"{CELL}.spread.soc_percent": 0,
}
"""All cells alike, none loses charge."""
PROFILE = ((157.0, 600), (0.0, 120), (-157.0, 480))
"""Current of a cell [A] and for how long [s]: 0.5 C out, rest, 0.5 C in."""
ROUNDS = 3


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, ticks, repeats in ((1, 500, 9), (220, 10, 9)):
        tick = _median_tick(containers, ticks, repeats)
        cells = containers * 4992
        result.append((f"electricity, {cells:,} cells", f"{tick * 1e6:,.0f} µs = {tick / cells * 1e9:.2f} ns per cell"))
    return result + _beside_peers()


def _beside_peers() -> list[tuple[str, str]]:
    site = load_site("demo", PLAIN | _flat())
    circuit = _circuit(site)
    runs: dict[str, Callable[[], tuple[float, Array]]] = {
        "ours, dt 1 s": lambda: _own(site, 1.0),
        "ours, dt 100 ms": lambda: _own(site, 0.1),
    }
    peers = {peer: f"{peer} {version(peer)}" for peer in PEERS if is_installed(peer)}
    runs |= {name: lambda peer=peer: _peer(peer, circuit) for peer, name in peers.items()}  # type: ignore[misc]
    costs: dict[str, list[float]] = {name: [] for name in runs}
    voltages = {}
    for _ in range(ROUNDS):  # in turns, so that a busy moment does not fall on one alone
        for name, run in runs.items():
            cost, voltages[name] = run()
            costs[name].append(cost)
    medians = {name: statistics.median(each) for name, each in costs.items()}
    own = next(iter(runs))
    table = []
    for name, cost in medians.items():
        beside = ""
        if name in peers.values():
            miss = np.abs(voltages[name] - voltages[own]).max()
            beside = f", ratio {cost / medians[own]:,.0f}, voltages within {miss * 1e3:.3f} mV"
        table.append((f"a cell for a second, {name}", f"{cost * 1e9:,.2f} ns{beside}"))
    missing = [peer for peer in PEERS if peer not in peers]
    return table + [(f"a cell for a second, {peer}", "not installed (make bench installs it)") for peer in missing]


def _flat() -> dict[str, Any]:
    """No hysteresis, no reversible heat, and resistances that do not move with charge."""
    cell = load_site("demo").container.rack.pack.cell
    return {
        f"{CELL}.open_circuit.hysteresis_mv": [0.0] * len(cell.open_circuit.soc),
        f"{CELL}.entropy.coefficient_uv_per_k": [0.0] * len(cell.entropy.soc),
        f"{CELL}.hysteresis_instantaneous_mv": 0.0,
        f"{CELL}.resistance.shape_charge": [1.0] * len(cell.resistance.shape_soc),
        f"{CELL}.resistance.shape_discharge": [1.0] * len(cell.resistance.shape_soc),
    }


def _circuit(site: SiteProfile) -> Circuit:
    cell = site.container.rack.pack.cell
    given, r = cell.open_circuit, cell.resistance
    grid = np.linspace(0.0, 1.0, 2001)
    return Circuit(
        soc=site.initial.soc_percent * 1e-2,
        capacity=cell.capacity_ah,
        soc_grid=grid,
        voltage_grid=monotone_curve(np.array(given.soc), np.array(given.voltage_v), grid),
        r0=r.r0_mohm * 1e-3,
        branches=((r.r1_mohm * 1e-3, r.tau1_s), (r.r2_mohm * 1e-3, r.tau2_s)),
    )


def _own(site: SiteProfile, dt: float) -> tuple[float, Array]:
    """Cost of a cell for a second [s] and the voltage of one at the end of every second [V]."""
    arena, model, state, overlay = _plant(site)
    inputs = arena.group("plant.inputs", PlantInputs)
    electrical = Electrical(model, state, inputs, overlay, dt)
    ticks, tick, spent = round(1.0 / dt), 0, 0.0
    voltage = []
    for current, seconds in PROFILE:
        state.racks.current[...] = current
        for _ in range(seconds):
            begin = time.perf_counter()
            for _ in range(ticks):
                electrical.advance_cells(tick)
                tick += 1
            spent += time.perf_counter() - begin
            voltage.append(state.cells.voltage[0, 0])
    return spent / len(voltage) / state.cells.voltage.size, np.array(voltage)


def _peer(peer: str, circuit: Circuit) -> tuple[float, Array]:
    """Cost of a cell for a second [s] and its voltage at the end of every second [V]."""
    step = PEERS[peer](circuit)
    currents = [current for current, seconds in PROFILE for _ in range(seconds)]
    begin = time.perf_counter()
    voltage = [step(current) for current in currents]
    return (time.perf_counter() - begin) / len(currents), np.array(voltage)


def _plant(site: SiteProfile) -> tuple[Arena, PlantModel, PlantState, PlantOverlay]:
    arena = Arena(Layout(site.counts, GROUPS))
    state, model = PlantState.of(arena), build_plant_model(site, seed=1)
    initialise(model, state, site, seed=1)
    return arena, model, state, arena.group("plant.overlay", PlantOverlay)


def _median_tick(containers: int, ticks: int, repeats: int) -> float:
    """Median time of one tick [s], refreshes of every pack once in ten ticks included."""
    arena, model, state, overlay = _plant(load_site("demo", {"container_count": containers}))
    inputs = arena.group("plant.inputs", PlantInputs)
    for contactor in (Contactor.MAIN_NEGATIVE, Contactor.MAIN_POSITIVE):
        inputs.contactor_command[:, contactor] = state.racks.contactor_closed[:, contactor] = 1.0
    state.containers.bus_voltage[:] = state.racks.voltage.mean()
    state.pcs.state[:] = PcsState.RUNNING
    inputs.pcs_enable[:] = 1.0
    inputs.power_setpoint[:] = 0.5 * model.pcs.rated_power
    for limit in (inputs.discharge_power_limit, inputs.discharge_current_limit):
        limit[:] = float("inf")
    electrical = Electrical(model, state, inputs, overlay, DT)
    samples, tick = [], 0
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(ticks):
            electrical.step(tick)
            tick += 1
        samples.append((time.perf_counter() - begin) / ticks)
    assert (state.pcs.state == PcsState.RUNNING).all()
    return statistics.median(samples)
