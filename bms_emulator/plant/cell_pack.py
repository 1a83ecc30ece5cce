"""The cells of one pack: brought up to date, and turned when the current of their string turns.

All arrays have shape (rack, cell); `r` is the rack of the pack, `own` the range of its cells. Loops are short on
purpose: where few arrays are written, several cells are computed at once and arrays come from memory in good time.
"""

import math

from bms_emulator.jit import scalar
from bms_emulator.plant.cell import (
    ENTROPY,
    arrhenius,
    coldness_at,
    fall,
    follow,
    half_gap,
    open_circuit,
    shape,
    shape_column,
)
from bms_emulator.plant.table import segment

RELAXED_MAX = 1e6
"""Bound on the relaxed currents of a pack [A]."""


@scalar
def charge_branches(
    # state
    v_rc1,
    v_rc2,
    # inputs
    r1,
    r2,
    bypass_current,
    decay1,
    decay2,
    through1,
    through2,
    r,
    own,
):
    """Voltages over the RC branches, decayed while `through1` and `through2` [A] of the string got in."""
    for k in own:
        v_rc1[r, k] = decay1 * v_rc1[r, k] + r1[r, k] * (through1 + (1.0 - decay1) * bypass_current[r, k])
        v_rc2[r, k] = decay2 * v_rc2[r, k] + r2[r, k] * (through2 + (1.0 - decay2) * bypass_current[r, k])


@scalar
def hand_over(
    # state
    heat,
    # inputs
    source_voltage,
    fall_per_charge,
    r0,
    taken,
    taken_charge,
    taken_current,
    r,
    own,
):
    """Take from the heat what the string took [J]: the lines of the cells at the sums since these lines began."""
    for k in own:
        heat[r, k] += fall(fall_per_charge[r, k], r0[r, k], taken_charge, taken_current) - source_voltage[r, k] * taken


@scalar
def turn_lines(
    # model
    model,
    # state
    r0,
    r1,
    r2,
    source_voltage,
    fall_per_charge,
    # inputs
    soc,
    hysteresis,
    capacity,
    voltage_gain,
    bypass_current,
    charge,
    remembered,
    direction,
    r,
    own,
):
    """End the lines of the cells at the `charge` [A s] drawn, and begin those of the direction the current turns to.

    `remembered` is what relaxed currents have added since the last update, at the ratio of their resistances [A]: the
    voltages over the branches do not turn, so that it moves into the source voltage.
    """
    held, coming = shape_column(-direction), shape_column(direction)
    for k in own:
        i, f, _, _ = open_circuit(model, soc[r, k])
        ratio = shape(model, coming, i, f) / shape(model, held, i, f)
        source_voltage[r, k] -= fall(
            fall_per_charge[r, k], r0[r, k], charge, remembered + (ratio - 1.0) * bypass_current[r, k]
        )
        source_voltage[r, k] -= 2.0 * direction * model.hysteresis_instantaneous * voltage_gain[r, k]
        turning = model.hysteresis_rate * half_gap(model, i, f) * hysteresis[r, k]
        fall_per_charge[r, k] += 2.0 * direction * turning * voltage_gain[r, k] / capacity[r, k]
        r0[r, k] *= ratio
        r1[r, k] *= ratio
        r2[r, k] *= ratio


@scalar
def move_charge(
    # model
    model,
    # state
    soc,
    hysteresis,
    heat,
    # inputs
    capacity,
    voltage_gain,
    bypass_current,
    discharged,
    charged,
    elapsed,
    r,
    own,
):
    """State of charge and hysteresis after `elapsed` [s] in which the string `discharged` and `charged` them [A s].

    Both charges are >= 0. Of what should charge it a cell with a failed separator stores only `voltage_gain`. To the
    heat comes the energy that the cells held before.
    """
    rate = model.hysteresis_rate
    for k in own:
        _, _, _, energy = open_circuit(model, soc[r, k])
        heat[r, k] += capacity[r, k] * energy
    for k in own:
        per_charge = 1.0 / capacity[r, k]
        lost = (voltage_gain[r, k] * (discharged - charged) + bypass_current[r, k] * elapsed) * per_charge
        moved = max(abs(lost), (discharged + charged) * per_charge)
        hysteresis[r, k] = follow(hysteresis[r, k], rate * lost, rate * moved)
        soc[r, k] -= lost


@scalar
def leak(
    # model
    model,
    # state
    bypass_current,
    # inputs
    voltage,
    # overlay
    short_conductance,
    r,
    own,
):
    """Bypass current until the next update: self-discharge and that of an internal short at the terminal voltage."""
    for k in own:
        bypass_current[r, k] = model.self_discharge[r, k] + voltage[r, k] * short_conductance[r, k]


@scalar
def resist(
    # model
    model,
    # state
    r0,
    r1,
    r2,
    heat,
    source_voltage,
    # inputs
    soc,
    temperature,
    resistance_growth,
    bypass_current,
    direction,
    charge,
    # overlay
    resistance_gain,
    r,
    own,
):
    """Resistances r(z, T) = r(T) shape(z) with r(T) after Arrhenius, and what else depends on temperature.

    That is the reversible heat -T dU/dT q of the `charge` [A s]. The source voltage is not valid afterwards.

    Returns:
        Ratios r1 / r0 and r2 / r0 of the cell type at these temperatures [1], which an outlier's large resistance does
        not move; sum of r0 in the other direction [Ohm], and by how much more voltage bypass currents take in this [V].
    """
    for k in own:
        coldness = coldness_at(model, temperature[r, k])
        r0[r, k] = model.r0 * arrhenius(model.activation0, coldness)
        r1[r, k] = model.r1 * arrhenius(model.activation1, coldness)
        r2[r, k] = model.r2 * arrhenius(model.activation2, coldness)
    scale = source_voltage  # which is written anew only after this
    for k in own:
        scale[r, k] = model.resistance_scale[r, k] * resistance_gain[r, k] * resistance_growth[r, k]
    # sums run along in loops that are busy otherwise: alone, each addition would wait for the one before
    typical0 = typical1 = typical2 = other_r0 = bypass_fall = 0.0
    held, other = shape_column(direction), shape_column(-direction)
    count = float(model.shape.shape[0])
    for k in own:
        i, f = segment(soc[r, k] * count, count)
        typical0 += r0[r, k]
        typical1 += r1[r, k]
        typical2 += r2[r, k]
        factor, other_factor = scale[r, k] * shape(model, held, i, f), scale[r, k] * shape(model, other, i, f)
        other_r0 += other_factor * r0[r, k]
        bypass_fall += (factor - other_factor) * r0[r, k] * bypass_current[r, k]
        r0[r, k] *= factor
        r1[r, k] *= factor
        r2[r, k] *= factor
        heat[r, k] -= temperature[r, k] * shape(model, ENTROPY, i, f) * charge
    return typical1 / typical0, typical2 / typical0, other_r0, bypass_fall


@scalar
def book_balancing(
    # model
    model,
    # state
    heat,
    # inputs
    balancing_current,
    elapsed,
    r,
    own,
):
    """Take from the heat of the cells what their balancing resistors made of the last `elapsed` [s].

    The resistors sit on the monitoring unit at the front of the pack, and not among the cells.

    Returns:
        Heat of the pack's resistors [J].
    """
    total = 0.0
    for k in own:
        bled = model.balancing_resistance * balancing_current[r, k] * balancing_current[r, k] * elapsed
        heat[r, k] -= bled
        total += bled
    return total


@scalar
def switch_balancing(
    # model
    model,
    # state
    balancing_current,
    bypass_current,
    # inputs
    voltage,
    balancing,
    r,
    own,
):
    """Let resistors bleed the cells that `balancing` tells until the next update, at their present terminal voltage.

    Returns:
        1 where any cell is bled.
    """
    any_bled = 0.0
    for k in own:
        bled = balancing[r, k] > 0.0
        balancing_current[r, k] = voltage[r, k] / model.balancing_resistance if bled else 0.0
        bypass_current[r, k] += balancing_current[r, k]
        any_bled = 1.0 if bled else any_bled
    return any_bled


@scalar
def begin_lines(
    # model
    model,
    # state
    heat,
    source_voltage,
    fall_per_charge,
    # inputs
    soc,
    hysteresis,
    v_rc1,
    v_rc2,
    r0,
    bypass_current,
    capacity,
    voltage_gain,
    direction,
    r,
    own,
):
    """Tangents of the cells' voltages in their present state; from the heat goes the energy that the cells now hold.

    Returns:
        Stored energy of the pack [J]; sums of source voltage [V], of voltage gain [1], of fall per charge in this and
        in the other direction [V/(A s)] and of r0 [Ohm]; largest fall per charge of a cell [V/(A s)].
    """
    table, count, rate = model.open_circuit, float(model.open_circuit.shape[0]), model.hysteresis_rate
    for k in own:
        fall_per_charge[r, k] = voltage_gain[r, k] / capacity[r, k]
    stored_energy = fall_sum = other_fall_sum = steepest = 0.0
    for k in own:
        i, f, at_rest, energy = open_circuit(model, soc[r, k])
        stored_energy += capacity[r, k] * energy
        heat[r, k] -= capacity[r, k] * energy
        gap = half_gap(model, i, f)
        source_voltage[r, k] = at_rest + gap * hysteresis[r, k]
        slope = (table[i, 1] + table[i, 3] * hysteresis[r, k]) * count
        slope = slope if model.soc_min < soc[r, k] < model.soc_max else 0.0
        following = (slope + rate * gap) * fall_per_charge[r, k]
        turning = direction * rate * gap * hysteresis[r, k] * fall_per_charge[r, k]
        fall_per_charge[r, k] = following + turning
        fall_sum += following + turning
        other_fall_sum += following - turning
        steepest = max(steepest, following + turning)
    instantaneous = direction * model.hysteresis_instantaneous
    for k in own:
        source_voltage[r, k] = voltage_gain[r, k] * (source_voltage[r, k] - instantaneous) - v_rc1[r, k] - v_rc2[r, k]
    for k in own:
        source_voltage[r, k] -= r0[r, k] * bypass_current[r, k]
    source_sum = gain_sum = r0_sum = 0.0
    for k in own:
        source_sum += source_voltage[r, k]
        gain_sum += voltage_gain[r, k]
        r0_sum += r0[r, k]
    return stored_energy, source_sum, gain_sum, fall_sum, other_fall_sum, r0_sum, steepest


@scalar
def rescale(relaxed, before, now):
    """Relaxed current of a pack [A] when its resistance goes from `before` to `now`: the voltage over it stays.

    Within ``RELAXED_MAX``, also where a fault makes resistances very small.
    """
    voltage = before * relaxed
    if abs(voltage) > RELAXED_MAX * now:
        return math.copysign(RELAXED_MAX, voltage)
    return voltage / now if now > 0.0 else 0.0
