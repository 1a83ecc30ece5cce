"""Cells: state of charge, two RC branches, one-state hysteresis, terminal voltage and heat.

The circuit, with current positive in discharge:

    V = OCV(z) + M(z) h - v1 - v2 - r0 i

A cell's current i is the string's current plus what bypasses the string. Everything on the fast path follows the
current by closed formulas that are exact for a current constant over the step. What moves slowly - resistances with
temperature and state of charge, self-discharge, reversible heat - is refreshed pack by pack once per simulated second.

A pack is taken through all its passes while it lies in the innermost cache. Passes that combine arrays element by
element are vectorised by the compiler; table look-ups and sums are not, so they stand in passes of their own.
"""

import math
from typing import NamedTuple

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.schedule import is_due
from bms_emulator.plant.table import segment


class CellModel(NamedTuple):
    """Constants of the cells of a site.

    Attributes:
        capacity: Capacity [A s], shape (rack, cell).
        resistance_scale: Resistance relative to the cell type's [1], shape (rack, cell).
        self_discharge: Self-discharge current [A], shape (rack, cell).
        open_circuit: Table over state of charge of open-circuit voltage [V] and half of the hysteresis gap [V].
        shape: Table over state of charge of the factor on all resistances [1] and the entropy coefficient dU/dT [V/K].
        resistance: Table over temperature of the three resistances r0, r1, r2 [Ohm].
        resistance_begin: Temperature at which the table of resistances begins [K].
        resistance_step: Width of its segments [K].
        soc_min: State of charge at which the prolonged open-circuit voltage ends, below 0 [1].
        soc_max: State of charge at which it ends, above 1 [1].
        tau1: Time constant of the fast RC branch [s].
        tau2: Time constant of the slow RC branch [s].
        hysteresis_rate: Rate of the hysteresis state per unit of state of charge [1].
        coulombic_efficiency: Share of the charging current that is stored [1].
        cells_per_pack: Cells in series in a pack.
        joint_resistance: Busbars and welds of a whole rack [Ohm].
    """

    capacity: Array
    resistance_scale: Array
    self_discharge: Array
    open_circuit: Array
    shape: Array
    resistance: Array
    resistance_begin: float
    resistance_step: float
    soc_min: float
    soc_max: float
    tau1: float
    tau2: float
    hysteresis_rate: float
    coulombic_efficiency: float
    cells_per_pack: int
    joint_resistance: float


@scalar
def relax(v_rc, resistance, decay, current):
    """Voltage over an RC branch after a step of constant current [V]; exact for any step (decay = exp(-dt / tau))."""
    return decay * v_rc + (1.0 - decay) * resistance * current


@scalar
def follow(hysteresis, discharged):
    """Hysteresis state after a step, h+ = e h - (1 - e) sgn(x) with e = exp(-|x|) and x = `discharged`.

    `discharged` is the state of charge lost in the step times the hysteresis rate [1]. The [2/2] Pade approximant
    stands for the exponential: its error is about |x|^5 / 720, below 1e-12 at 0.5 C and a step of 1 s, and it stays
    within 0..1 for any x. Source of the equation: Plett, Battery Management Systems, vol. 1 (2015), one-state
    hysteresis.
    """
    x = abs(discharged)
    even = 12.0 + x * x
    return ((even - 6.0 * x) * hysteresis - 12.0 * discharged) / (even + 6.0 * x)


@scalar
def hysteresis_slope(half_gap, hysteresis, direction):
    """How fast the hysteresis voltage falls with the x of `follow`, for current in `direction` (+1, -1) [V]; >= 0."""
    return half_gap * (1.0 + direction * hysteresis)


@scalar
def stored_current(current, coulombic_efficiency):
    """Part of a string current that changes the state of charge [A]: a little of a charging current is lost."""
    return current if current > 0.0 else coulombic_efficiency * current


@kernel
def refresh_pack(
    # model
    model,
    # state
    soc,
    voltage,
    heat,
    r0,
    r1,
    r2,
    bypass_current,
    # inputs
    resistance_scale,
    self_discharge,
    temperature,
    charge_moved,
    # overlay
    resistance_gain,
    short_conductance,
):
    """Refresh what moves slowly in the cells of one pack; all arrays have shape (cell) and cover this pack.

    Resistances r(z, T) = r(T) shape(z) with r(T) after Arrhenius; reversible heat -T dU/dT q of the charge q moved
    since the last refresh; bypass current of self-discharge and of an internal short at the present terminal voltage.
    """
    shape_count = float(model.shape.shape[0])
    resistance_count = float(model.resistance.shape[0])
    for k in range(soc.size):
        i, f = segment(min(max(soc[k], 0.0), 1.0) * shape_count, shape_count)
        shape = model.shape[i, 0] + f * model.shape[i, 1]
        entropy = model.shape[i, 2] + f * model.shape[i, 3]
        position = (temperature[k] - model.resistance_begin) / model.resistance_step
        j, g = segment(min(max(position, 0.0), resistance_count), resistance_count)
        factor = resistance_scale[k] * resistance_gain[k] * shape
        r0[k] = factor * (model.resistance[j, 0] + g * model.resistance[j, 1])
        r1[k] = factor * (model.resistance[j, 2] + g * model.resistance[j, 3])
        r2[k] = factor * (model.resistance[j, 4] + g * model.resistance[j, 5])
        heat[k] -= temperature[k] * entropy * charge_moved
    for k in range(soc.size):
        bypass_current[k] = self_discharge[k] + voltage[k] * short_conductance[k]


@kernel
def step_cells(
    # model
    model,
    # state
    all_soc,
    all_v_rc1,
    all_v_rc2,
    all_hysteresis,
    all_voltage,
    all_heat,
    all_r0,
    all_r1,
    all_r2,
    all_bypass_current,
    charge_moved,
    rack_voltage,
    rack_source_voltage,
    rack_resistance,
    # work
    open_circuit_voltage,
    slope,
    half_gap,
    half_gap_slope,
    source_voltage,
    resistance,
    # inputs
    rack_current,
    all_temperature,
    # overlay
    all_resistance_gain,
    all_short_conductance,
    tick,
    slow_ticks,
    dt,
):
    """Advance all cells by dt [s] with the string currents, and sum up what the next split of the current needs.

    The source voltage E and the resistance R of a string are consistent with the end of the coming step: its terminal
    voltage will be E - R i for any current i, to second order in the charge moved in a step.

    Shapes: (rack, cell) for ``all_...``, (rack, pack) for `charge_moved`, (rack) for ``rack_...``, (cell) for work.
    """
    racks, packs = charge_moved.shape
    cells = model.cells_per_pack
    decay1, decay2 = math.exp(-dt / model.tau1), math.exp(-dt / model.tau2)
    rise1, rise2 = 1.0 - decay1, 1.0 - decay2
    table = model.open_circuit
    count = float(table.shape[0])
    rate = model.hysteresis_rate
    for r in range(racks):
        current = rack_current[r]
        stored = stored_current(current, model.coulombic_efficiency)
        direction = math.copysign(1.0, current)
        voltage_sum = source_sum = resistance_sum = 0.0
        for p in range(packs):
            own = slice(p * cells, (p + 1) * cells)
            capacity = model.capacity[r, own]
            soc, hysteresis, voltage, heat = (
                all_soc[r, own],
                all_hysteresis[r, own],
                all_voltage[r, own],
                all_heat[r, own],
            )
            v_rc1, v_rc2 = all_v_rc1[r, own], all_v_rc2[r, own]
            r0, r1, r2, bypass = all_r0[r, own], all_r1[r, own], all_r2[r, own], all_bypass_current[r, own]

            for k in range(cells):
                v_rc1[k] = relax(v_rc1[k], r1[k], decay1, current + bypass[k])
                v_rc2[k] = relax(v_rc2[k], r2[k], decay2, current + bypass[k])
            for k in range(cells):
                lost = (stored + bypass[k]) * dt / capacity[k]
                soc[k] -= lost
                hysteresis[k] = follow(hysteresis[k], rate * lost)
            for k in range(cells):
                i, f = segment(min(max(soc[k], model.soc_min), model.soc_max) * count, count)
                open_circuit_voltage[k] = table[i, 0] + f * table[i, 1]
                half_gap[k] = table[i, 2] + f * table[i, 3]
                slope[k] = table[i, 1] * count
                half_gap_slope[k] = table[i, 3] * count
            for k in range(cells):
                source_voltage[k] = open_circuit_voltage[k] + half_gap[k] * hysteresis[k] - v_rc1[k] - v_rc2[k]
                voltage[k] = source_voltage[k] - r0[k] * (current + bypass[k])
            for k in range(cells):
                # the mean open-circuit voltage of the step lies half of the step's loss of charge back on the curve
                lost = (stored + bypass[k]) * dt / capacity[k]
                released = (open_circuit_voltage[k] + 0.5 * slope[k] * lost) * (stored + bypass[k])
                heat[k] += (released - voltage[k] * current) * dt

            charge_moved[r, p] += stored * dt
            if is_due(r, p, packs, tick, slow_ticks):
                refresh_pack(
                    # model
                    model,
                    # state
                    soc,
                    voltage,
                    heat,
                    r0,
                    r1,
                    r2,
                    bypass,
                    # inputs
                    model.resistance_scale[r, own],
                    model.self_discharge[r, own],
                    all_temperature[r, own],
                    charge_moved[r, p],
                    # overlay
                    all_resistance_gain[r, own],
                    all_short_conductance[r, own],
                )
                charge_moved[r, p] = 0.0

            for k in range(cells):
                sagging = slope[k] + half_gap_slope[k] * hysteresis[k]
                sagging += rate * hysteresis_slope(half_gap[k], hysteresis[k], direction)
                resistance[k] = r0[k] + rise1 * r1[k] + rise2 * r2[k] + sagging * dt / capacity[k]
            for k in range(cells):
                source_voltage[k] += rise1 * v_rc1[k] + rise2 * v_rc2[k] - resistance[k] * bypass[k]
            for k in range(cells):
                voltage_sum += voltage[k]
                source_sum += source_voltage[k]
                resistance_sum += resistance[k]
        rack_voltage[r] = voltage_sum - model.joint_resistance * current
        rack_source_voltage[r] = source_sum
        rack_resistance[r] = resistance_sum + model.joint_resistance
