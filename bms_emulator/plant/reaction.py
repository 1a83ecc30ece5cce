"""Thermal runaway of cells: self-heating, first vent, runaway, second vent, burnt out.

One reaction with a progress x from 0 to 1 releases the heat of a cell into its body, E in all:

    dx/dt = k (1 - x)     k = k1 exp(-B (1/T - 1/T1))     from the onset T1 on, after Arrhenius
    dx/dt = 1 / tau       once T2 has been reached: a front that crosses the jelly roll, whatever the temperature

k1 and B follow from how fast a cell that loses no heat warms up at T1 and at T2. E depends on the charge at the onset.
Below the onset nothing reacts: what goes on there in years is ageing. Stages follow the core temperature and never go
back: the valve opens, the front starts, the jet begins, the sense wires are gone. The separator fails on its way.
Source of the stages: Batteries 10 (2024) 270, two ventings of a 280 Ah LFP cell.

Heat goes through the thermal network as any other, and in a pack at work also from layer to layer of its cells and
sideways along its plate (`heat_spread`): whether a neighbour follows is decided there. Stages follow the hottest layer,
and every layer reacts at its own rate until the front crosses them all.

The charge of a cell goes with its voltage: what the separator no longer holds apart reacts inside, and is lost to the
string. The heat of it is part of E.
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.heat_spread import conduct_layers, conduct_plate, to_coolant
from bms_emulator.plant.schedule import turn
from bms_emulator.plant.state import RunawayStage
from bms_emulator.plant.thermal import film_gain
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import kelvin

SOUND = float(RunawayStage.SOUND)
FIRST_VENT = float(RunawayStage.FIRST_VENT)
RUNAWAY = float(RunawayStage.RUNAWAY)
SECOND_VENT = float(RunawayStage.SECOND_VENT)
BURNT = float(RunawayStage.BURNT)
EVEN = 1.0
"""Layer above its cell's mean that no longer keeps a pack at work [K]."""


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


def build_reaction_model(site: SiteProfile) -> ReactionModel:
    """Constants of the runaway of a site's cells."""
    cell = site.container.rack.pack.cell
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
    )


@scalar
def reaction_rate(model, temperature):
    """Rate of the self-heating reaction [1/s]: 0 below the onset, after Arrhenius above."""
    onset = model.stage_temperature[0]
    if temperature < onset:
        return 0.0
    return model.rate_onset * math.exp(-model.activation * (1.0 / temperature - 1.0 / onset))


@scalar
def react(model, stage, progress, rate, step):
    """Progress of the reaction after a step [1]; exact at constant temperature, and it ends at 1.

    Args:
        model: Constants.
        stage: Stage of the runaway.
        progress: At the beginning [1].
        rate: Of self-heating, mean over the layers [1/s].
        step: Length [s].
    """
    if stage >= RUNAWAY:
        return min(1.0, progress + step / model.front_time)
    return progress - (1.0 - progress) * math.expm1(-step * rate)


@scalar
def half_rise(model, progress, rate, energy, heat_capacity, step):
    """How far self-heating alone warms a cell of `heat_capacity` [J/K] until the middle of a step [K]."""
    return 0.5 * energy * (react(model, SOUND, progress, rate, step) - progress) / heat_capacity


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
def self_heating(model, core, layer):
    """Mean of the rates of the layers of a cell [1/s], whose core is at `core` [K]. Shape: layer [K] (layer)."""
    total = 0.0
    for i in range(layer.size):
        total += reaction_rate(model, core + layer[i])
    return total / layer.size


@scalar
def highest(layer):
    """How far the hottest layer lies above the core [K]."""
    top = layer[0]
    for deviation in layer:
        top = max(top, deviation)
    return top


@scalar
def share_out(model, core, layer, mean_rate, rise):
    """Warm layers by their rates and not all alike: `rise` is what the heat of this step adds to their mean [K]."""
    for i in range(layer.size):
        layer[i] += rise * (reaction_rate(model, core + layer[i]) / mean_rate - 1.0)


@kernel
def step_reactions(
    # model
    model,
    spread,
    thermal,
    racks_per_container,
    # state
    stage,
    reaction,
    energy,
    vented,
    layer,
    under,
    soc,
    voltage_gain,
    heat,
    surface,
    plate,
    reacting,
    vent_flow,
    jet_flow,
    burnt_count,
    cell_count,
    heat_released,
    charge_lost,
    # inputs
    core,
    capacity,
    heated,
    temperature_max,
    flow,
    heat_capacity,
    film_turbulent,
    film_laminar,
    # overlay
    cell_heat,
    runaway_heat,
    tick,
    slow_ticks,
    dt,
):
    """Advance the cells of the packs that are due at this tick by `slow_ticks * dt` [s]; cold packs are skipped.

    Shapes: (rack, cell); layer (rack, cell, layer); plate (rack, segment); reacting, vent_flow, jet_flow, heated,
    temperature_max, flow (rack, pack); burnt_count (rack); cell_count, heat_released, charge_lost, heat_capacity,
    film_turbulent, film_laminar (container).
    """
    racks, packs = reacting.shape
    cells, segments = thermal.cell_count, thermal.segment_count
    step = slow_ticks * dt
    body = thermal.core_heat_capacity + thermal.surface_heat_capacity
    due, due_end = turn(tick, slow_ticks, racks * packs)
    for n in range(due, due_end):
        r, p = n // packs, n % packs
        vent_flow[r, p] = jet_flow[r, p] = 0.0
        if not (reacting[r, p] or heated[r, p] or temperature_max[r, p] >= model.stage_temperature[0]):
            continue
        c = r // racks_per_container
        own = slice(p * cells, (p + 1) * cells)
        film = film_gain(flow[r, p] / thermal.rated_flow, film_turbulent[c], film_laminar[c])
        link = to_coolant(thermal, flow[r, p] * heat_capacity[c], film)
        conduct_layers(spread, thermal, core[r, own], surface[r, own], heat[r, own], layer[r, own], step)
        pack_plate = plate[r, p * segments : (p + 1) * segments]
        conduct_plate(spread, thermal, surface[r, own], pack_plate, under[r, own], link, step)
        reacting[r, p] = 0.0
        for k in range(p * cells, (p + 1) * cells):
            above = highest(layer[r, k])
            hottest = core[r, k] + above
            if above > EVEN:
                reacting[r, p] = 1.0
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

            rate = self_heating(model, core[r, k], layer[r, k])
            midway = core[r, k] + half_rise(model, reaction[r, k], rate, energy[r, k], body, step)
            rate = self_heating(model, midway, layer[r, k])
            progress = react(model, stage[r, k], reaction[r, k], rate, step)
            released = energy[r, k] * (progress - reaction[r, k])
            if stage[r, k] < RUNAWAY and rate > 0.0:
                share_out(model, midway, layer[r, k], rate, released / body)
            reaction[r, k] = progress
            # core and surface are one body, and both hold jelly roll
            rise = released / body
            heat[r, k] += rise * thermal.core_heat_capacity
            surface[r, k] += rise
            heat_released[c] += released

            if 0.0 < voltage_gain[r, k] < 1.0 or (hottest >= model.separator_temperature and voltage_gain[r, k] == 1.0):
                left = max(0.0, voltage_gain[r, k] - step / model.collapse_time)
                kept = left / voltage_gain[r, k]
                charge_lost[c] += (1.0 - kept) * soc[r, k] * capacity[r, k]
                soc[r, k] *= kept
                voltage_gain[r, k] = left

            out = vent(model, stage[r, k], vented[r, k], step)
            vent_flow[r, p] += (out - vented[r, k]) / step
            jet_flow[r, p] += (jet(model, out) - jet(model, vented[r, k])) / step
            open_end = 1.0 if stage[r, k] >= SECOND_VENT else model.first_vent_share
            venting = stage[r, k] >= FIRST_VENT and out < open_end
            vented[r, k] = out
            burning = stage[r, k] >= RUNAWAY and progress < 1.0
            if burning or venting or hottest >= model.stage_temperature[0] or 0.0 < voltage_gain[r, k] < 1.0:
                reacting[r, p] = 1.0
        if not (reacting[r, p] or heated[r, p] or temperature_max[r, p] >= model.stage_temperature[0]):
            layer[r, own] = 0.0
            under[r, own] = 0.0
