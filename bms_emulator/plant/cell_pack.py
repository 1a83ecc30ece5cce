"""The cells of one pack: brought up to date, and turned when the current of their string turns.

All arrays have shape (cell) and cover this pack.
"""

import math

from bms_emulator.jit import scalar
from bms_emulator.plant.cell import drawn, fall, follow, open_circuit, shape, shape_column
from bms_emulator.plant.table import segment

RELAXED_MAX = 1e6
"""Bound on the relaxed currents of a pack [A]."""


@scalar
def charge_branches(
    # model
    model,
    # state
    v_rc1,
    v_rc2,
    # inputs
    r1,
    r2,
    bypass_current,
    through1,
    through2,
    elapsed,
):
    """Voltages over the RC branches after `elapsed` [s] in which `through1` and `through2` [A] of the string got in."""
    decay1, decay2 = math.exp(-elapsed / model.tau1), math.exp(-elapsed / model.tau2)
    for k in range(v_rc1.size):
        v_rc1[k] = decay1 * v_rc1[k] + r1[k] * (through1 + (1.0 - decay1) * bypass_current[k])
        v_rc2[k] = decay2 * v_rc2[k] + r2[k] * (through2 + (1.0 - decay2) * bypass_current[k])


@scalar
def hand_over(
    # state
    heat,
    # inputs
    source_voltage,
    fall_per_charge,
    fall_per_turnover,
    r0,
    taken,
    taken_charge,
    taken_turnover,
    taken_current,
):
    """Take from the heat what the string took [J]: the lines of the cells at the sums since these lines were drawn."""
    for k in range(heat.size):
        heat[k] += fall(fall_per_charge[k], fall_per_turnover[k], r0[k], taken_charge, taken_turnover, taken_current)
    for k in range(heat.size):
        heat[k] -= source_voltage[k] * taken


@scalar
def turn_resistances(
    # model
    model,
    # state
    r0,
    r1,
    r2,
    source_voltage,
    # inputs
    soc,
    voltage_gain,
    bypass_current,
    remembered,
    direction,
):
    """Give the cells the resistances and the instantaneous hysteresis of the direction that the current turns to.

    `remembered` is what relaxed currents have added since the last update, at the ratio of their resistances [A]: the
    voltages over the branches do not turn, so that it moves into the source voltage.
    """
    count = float(model.shape.shape[0])
    held, coming = shape_column(-direction), shape_column(direction)
    for k in range(soc.size):
        i, f = segment(soc[k] * count, count)
        ratio = shape(model, coming, i, f) / shape(model, held, i, f)
        source_voltage[k] -= r0[k] * (remembered + (ratio - 1.0) * bypass_current[k])
        source_voltage[k] -= 2.0 * direction * model.hysteresis_instantaneous * voltage_gain[k]
        r0[k] *= ratio
        r1[k] *= ratio
        r2[k] *= ratio


@scalar
def update_pack(
    # model
    model,
    resistance_scale,
    self_discharge,
    # state
    soc,
    v_rc1,
    v_rc2,
    hysteresis,
    heat,
    r0,
    r1,
    r2,
    bypass_current,
    source_voltage,
    fall_per_charge,
    fall_per_turnover,
    # inputs
    capacity,
    resistance_growth,
    voltage_gain,
    voltage,
    temperature,
    direction,
    charge,
    turnover,
    elapsed,
    # overlay
    resistance_gain,
    short_conductance,
):
    """Bring the cells up to date and draw their lines anew; their RC branches have been charged before.

    Since the last update, `elapsed` [s] ago, the string has drawn `charge` and moved `turnover` [A s].

    Heat is the energy that the cell has lost, and the reversible heat -T dU/dT q; what the string took is not in it.
    Resistances r(z, T) = r(T) shape(z) with r(T) after Arrhenius; bypass current of self-discharge and of an internal
    short at the present terminal voltage.

    Returns:
        Stored energy of the pack [J]; ratios r1 / r0 and r2 / r0 of its cells [1], which an outlier's large resistance
        does not move; sums of the source voltage [V] and of the ohmic resistance [Ohm] that the other direction has.
    """
    count = float(model.open_circuit.shape[0])
    resistance_count = float(model.resistance.shape[0])
    rate = model.hysteresis_rate
    held, other = shape_column(direction), shape_column(-direction)
    for k in range(soc.size):
        _, _, _, energy = open_circuit(model, soc[k])
        heat[k] += capacity[k] * energy
    for k in range(soc.size):
        per_charge = 1.0 / capacity[k]
        lost = (drawn(charge, turnover, voltage_gain[k]) + bypass_current[k] * elapsed) * per_charge
        moved = max(abs(lost), turnover * per_charge)
        hysteresis[k] = follow(hysteresis[k], rate * lost, rate * moved)
        soc[k] -= lost
    stored_energy = 0.0
    for k in range(soc.size):
        i, f, at_rest, energy = open_circuit(model, soc[k])
        half_gap = model.open_circuit[i, 2] + f * model.open_circuit[i, 3]
        slope = (model.open_circuit[i, 1] + model.open_circuit[i, 3] * hysteresis[k]) * count
        slope = slope if model.soc_min < soc[k] < model.soc_max else 0.0
        source_voltage[k] = at_rest + half_gap * hysteresis[k]
        per_charge = 1.0 / capacity[k]
        fall_per_charge[k] = (slope + rate * half_gap) * per_charge
        fall_per_turnover[k] = rate * half_gap * hysteresis[k] * per_charge
        stored_energy += capacity[k] * energy
        heat[k] -= capacity[k] * energy + temperature[k] * shape(model, 4, i, f) * charge
        # until the pass over temperatures these two hold the factor on the cell type's resistances in both directions
        r0[k], r1[k] = shape(model, held, i, f), shape(model, other, i, f)
    for k in range(soc.size):
        bypass_current[k] = self_discharge[k] + voltage[k] * short_conductance[k]
    other_r0 = other_bypass = gains = 0.0
    typical0 = typical1 = typical2 = 0.0
    for k in range(soc.size):
        position = (temperature[k] - model.resistance_begin) / model.resistance_step
        j, g = segment(min(max(position, 0.0), resistance_count), resistance_count)
        at_temperature0 = model.resistance[j, 0] + g * model.resistance[j, 1]
        at_temperature1 = model.resistance[j, 2] + g * model.resistance[j, 3]
        at_temperature2 = model.resistance[j, 4] + g * model.resistance[j, 5]
        typical0 += at_temperature0
        typical1 += at_temperature1
        typical2 += at_temperature2
        own = resistance_scale[k] * resistance_gain[k] * resistance_growth[k]
        factor, other_factor = own * r0[k], own * r1[k]
        r0[k] = factor * at_temperature0
        r1[k] = factor * at_temperature1
        r2[k] = factor * at_temperature2
        other_r0 += other_factor * at_temperature0
        other_bypass += (r0[k] - other_factor * at_temperature0) * bypass_current[k]
        gains += voltage_gain[k]
    for k in range(soc.size):
        source_voltage[k] -= direction * model.hysteresis_instantaneous
    for k in range(soc.size):
        source_voltage[k] *= voltage_gain[k]
        fall_per_charge[k] *= voltage_gain[k]
        fall_per_turnover[k] *= voltage_gain[k]
        source_voltage[k] -= v_rc1[k] + v_rc2[k] + r0[k] * bypass_current[k]
    other_source = 2.0 * direction * model.hysteresis_instantaneous * gains + other_bypass
    return stored_energy, typical1 / typical0, typical2 / typical0, other_source, other_r0


@scalar
def sums(source_voltage, fall_per_charge, fall_per_turnover, r0):
    """Constants of a pack [V] [V/(A s)] [V/(A s)] [Ohm], and the largest fall with charge of a cell [V/(A s)]."""
    source = per_charge = per_turnover = ohmic = steepest = 0.0
    for k in range(r0.size):
        source += source_voltage[k]
        per_charge += fall_per_charge[k]
        per_turnover += fall_per_turnover[k]
        ohmic += r0[k]
        steepest = max(steepest, fall_per_charge[k])
    return source, per_charge, per_turnover, ohmic, steepest


@scalar
def rescale(relaxed, before, now):
    """Relaxed current of a pack [A] when its resistance goes from `before` to `now`: the voltage over it stays.

    Within ``RELAXED_MAX``, also where a fault makes resistances very small.
    """
    voltage = before * relaxed
    if abs(voltage) > RELAXED_MAX * now:
        return math.copysign(RELAXED_MAX, voltage)
    return voltage / now if now > 0.0 else 0.0
