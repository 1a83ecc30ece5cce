"""State of the plant at the start: at rest, at one temperature, contactors open, charge spread as the profile says."""

import dataclasses
from typing import Final

import numpy as np

from bms_emulator.arrays import Arena, FieldInfo, Layout
from bms_emulator.plant.ageing_history import start_at_age
from bms_emulator.plant.cooling import initialise_cooling
from bms_emulator.plant.metering import start_meters
from bms_emulator.plant.model import PlantModel, truncated_normal
from bms_emulator.plant.runaway import initialise_runaway
from bms_emulator.plant.state import (
    AgeingState,
    AirState,
    CellState,
    ChillerCommands,
    ChillerState,
    Conditions,
    ContainerState,
    FireCommands,
    FireState,
    GridState,
    IoCommands,
    IoState,
    LoadCommands,
    LoadState,
    MeterState,
    PackCircuit,
    PackState,
    PanelState,
    PcsInputs,
    PcsPlantState,
    PlantInputs,
    PlantOverlay,
    PlantState,
    PvCommands,
    PvState,
    RackState,
    RunawayState,
    SupplyState,
    Surroundings,
    UnitState,
    WeatherState,
)
from bms_emulator.plant.step import settle_cells
from bms_emulator.profile.site import SiteProfile

_INITIAL_STREAM: Final = 1


def initialise(model: PlantModel, state: PlantState, site: SiteProfile, seed: int) -> None:
    """Set the plant to its start; equal sites and seeds give equal bits."""
    for group in (state.cells, state.circuits, state.racks, state.packs, state.containers, state.ageing):
        _set_declared(group)
    for converter in (state.pcs, state.pcs_inputs):
        _set_declared(converter)
    for safety in (state.runaway, state.air, state.fire, state.fire_commands):
        _set_declared(safety)
    for around in (state.surroundings, state.conditions, state.units):
        _set_declared(around)
    for device in (state.panels, state.chillers, state.chiller_commands, state.supply, state.io, state.io_commands):
        _set_declared(device)
    for once in (state.grid, state.load, state.load_commands, state.pv, state.pv_commands, state.weather, state.meter):
        _set_declared(once)
    initialise_cooling(model.cooling, state, site)
    air = state.containers.air_temperature.repeat(site.container.rack_count)
    state.racks.precharge_temperature[...] = state.racks.terminal_temperature[...] = air
    state.pcs.heatsink_temperature[...] = state.containers.ambient_temperature
    state.pcs.stack_temperature[...] = state.containers.ambient_temperature
    initialise_runaway(model.runaway, state)
    rng = np.random.default_rng((seed, _INITIAL_STREAM))
    racks, cells = state.cells.soc.shape
    rack_soc = truncated_normal(rng, site.initial.rack_soc_spread_percent * 1e-2, (racks, 1))
    cell_soc = truncated_normal(rng, site.container.rack.pack.cell.spread.soc_percent * 1e-2, (racks, cells))
    state.cells.soc[...] = np.clip(site.initial.soc_percent * 1e-2 + rack_soc + cell_soc, 0.0, 1.0)
    state.cells.capacity[...] = model.cells.capacity
    start_at_age(model, state, site)
    settle_cells(model, state, *_neutral(site))
    start_meters(state)


def _set_declared(
    group: CellState
    | PackCircuit
    | RackState
    | PackState
    | ChillerCommands
    | ChillerState
    | ContainerState
    | PcsPlantState
    | PcsInputs
    | AgeingState
    | RunawayState
    | AirState
    | FireState
    | PanelState
    | IoCommands
    | IoState
    | SupplyState
    | FireCommands
    | Surroundings
    | Conditions
    | UnitState
    | GridState
    | LoadState
    | LoadCommands
    | PvState
    | PvCommands
    | WeatherState
    | MeterState,
) -> None:
    """Give all arrays of a group the values that they are declared with."""
    for field in dataclasses.fields(group):
        info: FieldInfo = field.metadata["array"]
        getattr(group, field.name)[...] = info.initial


def _neutral(site: SiteProfile) -> tuple[PlantInputs, PlantOverlay]:
    """Inputs of a plant of which nothing is asked, and overlay of one without faults."""
    arena = Arena(Layout(site.counts, {"inputs": PlantInputs, "overlay": PlantOverlay}))
    return arena.group("inputs", PlantInputs), arena.group("overlay", PlantOverlay)
