"""Thermal runaway of cells: self-heating, first vent, runaway, second vent, burnt out.

One reaction with a progress x from 0 to 1 releases the heat of a cell into its body, E in all:

    dx/dt = k (1 - x)     k = k1 exp(-B (1/T - 1/T1))     from the onset T1 on, after Arrhenius
    dx/dt = 1 / tau       once T2 has been reached: a front that crosses the jelly roll, whatever the temperature

k1 and B follow from how fast a cell that loses no heat warms up at T1 and at T2. E depends on the charge at the onset.
Below the onset nothing reacts: what goes on there in years is ageing. Stages follow the core temperature and never go
back: the valve opens, the front starts, the jet begins, the sense wires are gone. The separator fails on its way.
Source of the stages: Batteries 10 (2024) 270, two ventings of a 280 Ah LFP cell.

Heat goes through the thermal network as any other: whether a neighbour follows is decided there. Only its way through
the large faces is mended in a pack at work. The network lets surfaces touch, which lie between jelly roll and plate and
are cold where cores burn; but the faces have the temperature of the jelly rolls. So neighbours' cores exchange

    q = ((Tc_k - Tc_k+1) - (Ts_k - Ts_k+1)) / R

beside what the surfaces exchange; both together are (Tc_k - Tc_k+1) / R. Such heat comes in from one side: the half
that faces the fire is warmer than the mean by a lean l, as far from it as the other half is below:

    C dl/dt = Q - 8 l / Rt       Q = (Tc_neighbour - Tc) / R of the hotter neighbour

Early, all heat is in the near half; in the end l is what a parabola through the thickness has, whose resistance from
face to face is Rt. Stages follow the hotter half, and either half reacts at its own rate.
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.schedule import turn
from bms_emulator.plant.state import RunawayStage
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import kelvin

SOUND = float(RunawayStage.SOUND)
FIRST_VENT = float(RunawayStage.FIRST_VENT)
RUNAWAY = float(RunawayStage.RUNAWAY)
SECOND_VENT = float(RunawayStage.SECOND_VENT)
BURNT = float(RunawayStage.BURNT)


class ReactionModel(NamedTuple):
    """Constants of the runaway of a cell.

    Attributes:
        stage_temperature: Core temperature at which each stage after the first begins [K], shape (stage - 1).
        rate_onset: Rate k1 of the reaction at the onset [1/s].
        activation: Activation energy over the gas constant, B [K].
        front_time: In which the front crosses the jelly roll, tau [s].
        heat: Of a full cell [J].
        empty_heat_share: Heat of an empty cell, relative to a full one [1].
        separator_temperature: At which the voltage begins to collapse [K].
        collapse_time: Until it is 0 [s].
        first_vent_share: Share of the gas that leaves with the first vent [1].
        first_vent_time: Duration of the first vent [s].
        jet_time: Duration of the jet [s].
        cells_per_pack: Cells in series in a pack.
        cells_per_row: Cells that touch in a row.
        cell_to_cell: Conductance between neighbours [W/K].
        lean_resistance: Lean over one-sided heat, in the end [K/W].
        lean_time: In which it gets there [s].
    """

    stage_temperature: Array
    rate_onset: float
    activation: float
    front_time: float
    heat: float
    empty_heat_share: float
    separator_temperature: float
    collapse_time: float
    first_vent_share: float
    first_vent_time: float
    jet_time: float
    cells_per_pack: int
    cells_per_row: int
    cell_to_cell: float
    lean_resistance: float
    lean_time: float


def build_reaction_model(site: SiteProfile) -> ReactionModel:
    """Constants of the runaway of a site's cells."""
    rack = site.container.rack
    cell = rack.pack.cell
    runaway = cell.runaway
    onset, begin = kelvin(runaway.onset_degc), kelvin(runaway.runaway_degc)
    onset_rate = runaway.onset_rate_k_per_min / 60.0
    heat = runaway.heat_kj * 1e3
    stages = ("onset_degc", "first_vent_degc", "runaway_degc", "second_vent_degc", "wire_degc")
    return ReactionModel(
        stage_temperature=np.array([kelvin(getattr(runaway, key)) for key in stages]),
        rate_onset=onset_rate * cell.thermal.heat_capacity_j_per_k / heat,
        activation=math.log(runaway.runaway_rate_k_per_s / onset_rate) / (1.0 / onset - 1.0 / begin),
        front_time=runaway.front_s,
        heat=heat,
        empty_heat_share=runaway.empty_heat_share,
        separator_temperature=kelvin(runaway.separator_degc),
        collapse_time=runaway.collapse_s,
        first_vent_share=runaway.first_vent_share,
        first_vent_time=runaway.first_vent_s,
        jet_time=runaway.jet_s,
        cells_per_pack=rack.pack.cell_count,
        cells_per_row=rack.pack.cells_per_row,
        cell_to_cell=1.0 / cell.thermal.cell_to_cell_k_per_w,
        lean_resistance=runaway.through_plane_k_per_w / 8.0,
        lean_time=runaway.through_plane_k_per_w / 8.0 * cell.thermal.heat_capacity_j_per_k,
    )


@scalar
def reaction_rate(model, temperature):
    """Rate of the self-heating reaction [1/s]: 0 below the onset, after Arrhenius above."""
    onset = model.stage_temperature[0]
    if temperature < onset:
        return 0.0
    return model.rate_onset * math.exp(-model.activation * (1.0 / temperature - 1.0 / onset))


@scalar
def react(model, stage, progress, temperature, lean, step):
    """Progress of the reaction after a step [1]; exact at constant temperature, and it ends at 1.

    Args:
        model: Constants.
        stage: Stage of the runaway.
        progress: At the beginning [1].
        temperature: Mean of the jelly roll [K].
        lean: Of its hotter half above the mean, >= 0 [K].
        step: Length [s].
    """
    if stage >= RUNAWAY:
        return min(1.0, progress + step / model.front_time)
    rate = 0.5 * (reaction_rate(model, temperature + lean) + reaction_rate(model, temperature - lean))
    return progress - (1.0 - progress) * math.expm1(-step * rate)


@scalar
def vent(model, stage, vented, step):
    """Share of the gas that is out after a step [1]: steadily during the first vent, then steadily during the jet."""
    first = model.first_vent_share
    if stage >= SECOND_VENT:
        return min(1.0, max(vented, first) + step * (1.0 - first) / model.jet_time)
    if stage >= FIRST_VENT:
        return min(first, vented + step * first / model.first_vent_time)
    return vented


@scalar
def jet(model, vented):
    """Share of the jet that is out [1]."""
    return max(vented - model.first_vent_share, 0.0) / (1.0 - model.first_vent_share)


@scalar
def next_stage(model, stage, temperature):
    """Stage at a core temperature: the last one whose temperature has been reached, never an earlier one."""
    reached = stage
    while reached < BURNT and temperature >= model.stage_temperature[int(reached)]:
        reached += 1.0
    return reached


@scalar
def exchange_faces(model, core, surface, heat, lean, step):
    """Let the cores of a pack exchange heat through their faces, less what the surfaces do; all of shape (cell)."""
    decay = math.exp(-step / model.lean_time)
    last = core.size - 1
    for k in range(core.size):
        before = k if k % model.cells_per_row == 0 else k - 1
        after = k if (k + 1) % model.cells_per_row == 0 else min(k + 1, last)
        hotter = max(core[before], core[after], core[k])
        lean[k] = decay * lean[k] + (1.0 - decay) * model.lean_resistance * model.cell_to_cell * (hotter - core[k])
        difference = (core[k] - surface[k]) - (core[after] - surface[after])
        heat[k] -= step * model.cell_to_cell * difference
        heat[after] += step * model.cell_to_cell * difference


@kernel
def step_reactions(
    # model
    model,
    racks_per_container,
    # state
    stage,
    reaction,
    energy,
    vented,
    lean,
    voltage_gain,
    heat,
    reacting,
    vent_flow,
    jet_flow,
    burnt_count,
    cell_count,
    heat_released,
    # inputs
    core,
    surface,
    soc,
    heated,
    temperature_max,
    # overlay
    cell_heat,
    runaway_heat,
    tick,
    slow_ticks,
    dt,
):
    """Advance the cells of the packs that are due at this tick by `slow_ticks * dt` [s]; cold packs are skipped.

    Shapes: (rack, cell); reacting, vent_flow, jet_flow, heated, temperature_max (rack, pack); burnt_count (rack);
    cell_count, heat_released (container).
    """
    racks, packs = reacting.shape
    cells = model.cells_per_pack
    step = slow_ticks * dt
    due, due_end = turn(tick, slow_ticks, racks * packs)
    for n in range(due, due_end):
        r, p = n // packs, n % packs
        vent_flow[r, p] = jet_flow[r, p] = 0.0
        if not (reacting[r, p] or heated[r, p] or temperature_max[r, p] >= model.stage_temperature[0]):
            continue
        c = r // racks_per_container
        own = slice(p * cells, (p + 1) * cells)
        exchange_faces(model, core[r, own], surface[r, own], heat[r, own], lean[r, own], step)
        reacting[r, p] = 0.0
        for k in range(p * cells, (p + 1) * cells):
            hottest = core[r, k] + lean[r, k]
            heat[r, k] += step * cell_heat[r, k]
            if stage[r, k] < RUNAWAY:
                heat[r, k] += step * runaway_heat[r, k]
            before = stage[r, k]
            stage[r, k] = next_stage(model, before, hottest)
            if stage[r, k] == SOUND:
                continue
            if before == SOUND:
                charge = min(max(soc[r, k], 0.0), 1.0)
                energy[r, k] = model.heat * (model.empty_heat_share + (1.0 - model.empty_heat_share) * charge)
            cell_count[c] += before < RUNAWAY <= stage[r, k]
            burnt_count[r] += before < BURNT <= stage[r, k]

            progress = react(model, stage[r, k], reaction[r, k], core[r, k], lean[r, k], step)
            released = energy[r, k] * (progress - reaction[r, k])
            reaction[r, k] = progress
            heat[r, k] += released
            heat_released[c] += released

            if hottest >= model.separator_temperature or voltage_gain[r, k] < 1.0:
                voltage_gain[r, k] = max(0.0, voltage_gain[r, k] - step / model.collapse_time)

            out = vent(model, stage[r, k], vented[r, k], step)
            vent_flow[r, p] += (out - vented[r, k]) / step
            jet_flow[r, p] += (jet(model, out) - jet(model, vented[r, k])) / step
            open_end = 1.0 if stage[r, k] >= SECOND_VENT else model.first_vent_share
            venting = stage[r, k] >= FIRST_VENT and out < open_end
            vented[r, k] = out
            burning = stage[r, k] >= RUNAWAY and progress < 1.0
            if burning or venting or hottest >= model.stage_temperature[0] or 0.0 < voltage_gain[r, k] < 1.0:
                reacting[r, p] = 1.0
