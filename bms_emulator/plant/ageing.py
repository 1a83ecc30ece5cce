"""Ageing of every cell: loss of capacity and growth of resistance with time and with use.

A mechanism is a power law Q = k x^n of the time or of the cycles x, and its rate k moves with temperature, state of
charge, depth and rate. To go on from a loss Q under another rate means to go on from the virtual time (Q / k)^(1/n).
That is the same as to sum up, whatever the rates,

    wear = sum of k^(1/n) dx,        Q = wear^n

so every mechanism of a cell has one number that only adds up: it does not matter in which pieces time passes, and years
of a known day are one product. The published models are in :mod:`bms_emulator.profile.ageing_laws`. A cell begins
with the wear of the time before it was commissioned: a root of the time would be infinitely steep at its beginning.
"""

import functools
import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.cell import CellModel, open_circuit
from bms_emulator.plant.cycle_counting import DRIVERS, MEMORY, SECONDS_PER_DAY, TIME, meter_stress, power
from bms_emulator.plant.schedule import slow_ticks, turn
from bms_emulator.plant.state import PlantState
from bms_emulator.plant.table import segment, tabulate
from bms_emulator.profile.ageing_laws import LAWS, REFERENCE_TEMPERATURE, Mechanism
from bms_emulator.profile.cell import CellProfile
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR

SECONDS_PER_YEAR = 365.25 * SECONDS_PER_DAY

METERING_PERIOD = 5
"""Time between two looks at the currents [s]."""
AGEING_PERIOD = 600
"""Time between two looks at the same pack [s]: temperature and state of charge move little in ten minutes."""
TEMPERATURE_MIN = 213.15
TEMPERATURE_MAX = 373.15
"""Range in which ageing follows temperature [K]; a hotter cell fails in other ways."""
SOC_SEGMENTS = 200

ticks_per_turn = functools.cache(slow_ticks)
"""Ticks of dt [s] in a second; remembered, as every tick asks."""


class AgeingModel(NamedTuple):
    """Constants of ageing.

    Attributes:
        driver: What drives each mechanism: 0 time, 1 cycles, 2 charging; shape (mechanism).
        exponent: n of each mechanism [1], shape (mechanism).
        is_resistance: 1 where a mechanism raises resistance, 0 where it takes capacity, shape (mechanism).
        factor: c0, c1, c2, d0, d1, d2, d3 of the factor of depth and rate, shape (mechanism, 7).
        rate: Tables over state of charge of k^(1/n) at the reference temperature [1/s or per cycle] and of the
            activation temperature over n [K], shape (mechanism, segment, 4).
        cell_rate: Speed of ageing of each cell relative to its type [1], shape (rack, cell).
        fresh_capacity: Capacity of each cell when fresh [A s], shape (rack, cell).
        nominal_capacity: Of the cell type when fresh [A s].
        commissioning_loss: Lost with time before commissioning; where the curve of loss begins [1].
        counted_loss: Part of it that counts: none where the site is fresh from the factory [1].
        loss_max: Where the loss of capacity ends [1].
        growth_max: Where the growth of resistance ends [1].
        growth_per_loss: Growth of resistance per loss of capacity in service [1].
        racks_per_container: Racks of a container.
        cells_per_pack: Cells of a pack.
    """

    driver: Array
    exponent: Array
    is_resistance: Array
    factor: Array
    rate: Array
    cell_rate: Array
    fresh_capacity: Array
    nominal_capacity: float
    commissioning_loss: float
    counted_loss: float
    loss_max: float
    growth_max: float
    growth_per_loss: float
    racks_per_container: int
    cells_per_pack: int


def build_ageing_model(site: SiteProfile, fresh_capacity: Array, cell_rate: Array) -> AgeingModel:
    """Constants of ageing of a site.

    Args:
        site: The site.
        fresh_capacity: Capacity of each cell when fresh [A s], shape (rack, cell).
        cell_rate: Speed of ageing of each cell relative to its type [1], shape (rack, cell).
    """
    cell = site.container.rack.pack.cell
    ageing, law = cell.ageing, LAWS[cell.ageing.model]
    factors = [m.factor for m in law.mechanisms]
    return AgeingModel(
        driver=np.array([float(DRIVERS[m.driver]) for m in law.mechanisms]),
        exponent=np.array([m.exponent for m in law.mechanisms]),
        is_resistance=np.array([float(m.effect == "resistance") for m in law.mechanisms]),
        factor=np.array([(f.c0, f.c1, f.c2, f.d0, f.d1, f.d2, f.d3) for f in factors]),
        rate=np.stack([_rate_table(m, _scale(cell, m)) for m in law.mechanisms]),
        cell_rate=cell_rate,
        fresh_capacity=fresh_capacity,
        nominal_capacity=cell.capacity_ah * SECONDS_PER_HOUR,
        commissioning_loss=ageing.commissioning_loss_percent * 1e-2,
        counted_loss=0.0 if site.initial.age is None else ageing.commissioning_loss_percent * 1e-2,
        loss_max=ageing.capacity_loss_max_percent * 1e-2,
        growth_max=ageing.resistance_growth_max_percent * 1e-2,
        growth_per_loss=law.resistance_per_loss * ageing.resistance_scale,
        racks_per_container=site.container.rack_count,
        cells_per_pack=site.container.rack.pack.cell_count,
    )


def _scale(cell: CellProfile, mechanism: Mechanism) -> float:
    """Factor of the profile on what a mechanism takes."""
    if mechanism.effect == "resistance":
        return cell.ageing.resistance_scale
    return cell.ageing.calendar_scale if mechanism.driver == "time" else cell.ageing.cycle_scale


def _rate_table(mechanism: Mechanism, scale: float) -> Array:
    soc = np.linspace(0.0, 1.0, SOC_SEGMENTS + 1)
    rate = np.array([scale * mechanism.rate(float(z)) for z in soc]) ** (1.0 / mechanism.exponent)
    activation = np.array([mechanism.activation(float(z)) for z in soc]) / mechanism.exponent
    return tabulate(rate, activation)


@scalar
def wear_rate(table, soc, coldness):
    """k^(1/n) of a mechanism [1/s or per cycle] at a state of charge [1] and coldness 1/T - 1/T0 [1/K]."""
    count = float(table.shape[0])
    i, f = segment(min(max(soc, 0.0), 1.0) * count, count)
    return (table[i, 0] + f * table[i, 1]) * math.exp(-(table[i, 2] + f * table[i, 3]) * coldness)


@scalar
def coldness_of(temperature):
    """1/T - 1/T0 [1/K], held within the range of the laws."""
    return 1.0 / min(max(temperature, TEMPERATURE_MIN), TEMPERATURE_MAX) - 1.0 / REFERENCE_TEMPERATURE


@scalar
def add_wear(model, wear, window_wear, stress, stress_seen, kept, temperature, soc, relative_capacity):
    """Add to the wear of a cell what stress its rack had since it was last seen; wear, stress... (mechanism)."""
    coldness = coldness_of(temperature)
    for m in range(wear.size):
        met = stress[m] - stress_seen[m]
        if int(model.driver[m]) != TIME:
            # the charge that all cells of a string share is more of the smaller cell
            met /= relative_capacity
        added = wear_rate(model.rate[m], soc, coldness) * met
        wear[m] += added
        window_wear[m] = kept * window_wear[m] + added


@scalar
def damage(model, wear, cell_rate):
    """Loss of capacity and growth of resistance [1] of a cell with that wear (mechanism), both capped.

    Resistance is that of a cell at commissioning, so it grows with the loss since then.
    """
    loss = growth = 0.0
    for m in range(wear.size):
        part = cell_rate * power(wear[m], model.exponent[m])
        if model.is_resistance[m] > 0.0:
            growth += part
        else:
            loss += part
    in_service = max(0.0, loss - cell_rate * model.commissioning_loss)
    growth += model.growth_per_loss * in_service
    return min(in_service + cell_rate * model.counted_loss, model.loss_max), min(growth, model.growth_max)


@scalar
def lowest(values):
    """Lowest of some values, shape (values)."""
    least = values[0]
    for value in values:
        least = min(least, value)
    return least


@kernel
def age_packs(
    # model
    model,
    cell_model,
    # state
    capacity,
    resistance_growth,
    soh,
    heat,
    wear,
    window_wear,
    window_time,
    stress_seen,
    pack_soh_mean,
    pack_soh_min,
    rack_soh_mean,
    rack_soh_min,
    container_soh_mean,
    container_soh_min,
    # inputs
    stress,
    temperature,
    soc,
    capacity_left,
    dissipated,
    first,
    end,
):
    """Bring the cells of the packs from `first` to before `end` up to date; packs are counted through all racks.

    State of charge stays where it is: the charge that a cell held in the lost capacity is lost with it. Its energy
    becomes heat of the cell, as side reactions give it off, times `dissipated` (0 where years are skipped).

    Shapes: (rack, cell) for capacity [A s], growth, soh, capacity_left [1], heat [J], temperature [K], soc [1];
    (mechanism, rack, cell) for wear; (rack, pack) for window_time [s] and pack_...; (mechanism, rack, pack) for
    stress_seen; (rack) and (container) for what is named so; (mechanism, rack) for stress.
    """
    packs, cells = window_time.shape[1], model.cells_per_pack
    for n in range(first, end):
        r, p = n // packs, n % packs
        elapsed = stress[0, r] - stress_seen[0, r, p]
        kept = math.exp(-elapsed / MEMORY)
        window_time[r, p] = kept * window_time[r, p] + elapsed
        total, least = 0.0, math.inf
        for k in range(p * cells, (p + 1) * cells):
            fresh, before = model.fresh_capacity[r, k], capacity[r, k]
            add_wear(
                model,
                wear[:, r, k],
                window_wear[:, r, k],
                stress[:, r],
                stress_seen[:, r, p],
                kept,
                temperature[r, k],
                soc[r, k],
                before / (rack_soh_mean[r] * model.nominal_capacity),
            )
            loss, growth = damage(model, wear[:, r, k], model.cell_rate[r, k])
            soh[r, k] = capacity_left[r, k] * (1.0 - loss)
            capacity[r, k] = fresh * soh[r, k]
            resistance_growth[r, k] = 1.0 + growth
            if dissipated > 0.0:
                heat[r, k] += dissipated * (before - capacity[r, k]) * open_circuit(cell_model, soc[r, k])[3]
            total += soh[r, k]
            least = min(least, soh[r, k])
        for m in range(stress.shape[0]):
            stress_seen[m, r, p] = stress[m, r]
        pack_soh_mean[r, p] = total / cells
        pack_soh_min[r, p] = least
    if end > first:
        for r in range(first // packs, (end - 1) // packs + 1):
            rack_soh_mean[r] = pack_soh_mean[r].sum() / packs
            rack_soh_min[r] = lowest(pack_soh_min[r])
        racks = model.racks_per_container
        for c in range(first // packs // racks, (end - 1) // packs // racks + 1):
            own = slice(c * racks, (c + 1) * racks)
            container_soh_mean[c] = rack_soh_mean[own].sum() / racks
            container_soh_min[c] = lowest(rack_soh_min[own])


class Ageing:
    """Ageing of the plant: now and then currents are metered, and each pack has its turn.

    Args:
        model: Constants of ageing.
        cell_model: Constants of the cells.
        state: What varies.
        dt: Step [s].
    """

    def __init__(self, model: AgeingModel, cell_model: CellModel, state: PlantState, dt: float) -> None:
        self._model, self._cell_model, self._state = model, cell_model, state
        self._period = ticks_per_turn(dt)
        self._metered = METERING_PERIOD * self._period * dt

    def step(self, tick: int) -> None:
        """Let the plant age with a tick, the first of which is 0."""
        if (tick + 1) % self._period:
            return
        turns = (tick + 1) // self._period
        if turns % METERING_PERIOD == 0:
            meter_racks(self._model, self._state, self._metered)
        first, end = turn(turns, AGEING_PERIOD, self._state.ageing.pack_soh_mean.size)
        if first < end:
            refresh_ageing(self._model, self._cell_model, self._state, first, end, dissipated=1.0)


def meter_racks(model: AgeingModel, state: PlantState, elapsed: float) -> None:
    """Add what `elapsed` seconds [s] of the present currents mean to the racks."""
    ageing = state.ageing
    meter_stress(
        # model
        model.driver,
        model.exponent,
        model.factor,
        model.nominal_capacity,
        # state
        ageing.age,
        ageing.position,
        ageing.turns,
        ageing.turn_count,
        ageing.stress,
        ageing.equivalent_cycles,
        ageing.window_cycles,
        ageing.window_time,
        # inputs
        state.racks.current,
        ageing.rack_soh_mean,
        elapsed,
    )


def refresh_ageing(
    model: AgeingModel, cell_model: CellModel, state: PlantState, first: int, end: int, dissipated: float
) -> None:
    """Bring some packs up to date; arguments as for :func:`age_packs`."""
    cells, ageing = state.cells, state.ageing
    age_packs(
        # model
        model,
        cell_model,
        # state
        cells.capacity,
        cells.resistance_growth,
        ageing.soh,
        cells.heat,
        ageing.wear,
        ageing.window_wear,
        ageing.pack_window_time,
        ageing.stress_seen,
        ageing.pack_soh_mean,
        ageing.pack_soh_min,
        ageing.rack_soh_mean,
        ageing.rack_soh_min,
        ageing.container_soh_mean,
        ageing.container_soh_min,
        # inputs
        ageing.stress,
        cells.temperature_core,
        cells.soc,
        cells.capacity_left,
        dissipated,
        first,
        end,
    )
