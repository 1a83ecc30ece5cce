"""Cells: state of charge, two RC branches, one-state hysteresis, terminal voltage and heat.

The circuit, with current positive in discharge:

    V = OCV(z) + M(z) h - v1 - v2 - r0 i

A cell's current i is the string's current plus what bypasses the string.

State of charge, hysteresis and temperature move little in a second, and resistances with them. So the cells of a pack
are brought up to date once per simulated second, by formulas that are exact for the charge and the currents of that
second. In between a cell lies on a straight line in what the whole string shares:

    V = E - a q - b y - r0 (i + k1 (i1 - i1') + k2 (i2 - i2'))

with the source voltage E of the last update, the charge q drawn and the charge y moved in either direction since then,
the currents i1, i2 that get through the RC branches, and i1', i2' those of the last update. The ratios k1 = r1 / r0 and
k2 = r2 / r0 are those of the pack: between its cells they differ by temperature only. So a tick reads four constants of
a cell and writes its voltage; the energy that the string takes is the same line at sums over the ticks; and a pack, and
the string, are straight lines again, whose constants are the sums over the cells.
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.schedule import turn
from bms_emulator.plant.table import segment


class CellModel(NamedTuple):
    """Constants of the cells of a site.

    Attributes:
        capacity: Capacity [A s], shape (rack, cell).
        resistance_scale: Resistance relative to the cell type's [1], shape (rack, cell).
        self_discharge: Self-discharge current [A], shape (rack, cell).
        open_circuit: Table over state of charge of open-circuit voltage [V] and half of the hysteresis gap [V].
        stored_energy: Energy per capacity from empty to the beginning of each segment of that table [V].
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
    stored_energy: Array
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
def relax(relaxed, decay, current):
    """What of a current has got through an RC branch after a step [A]; exact for any step (decay = exp(-dt / tau)).

    The voltage over the branch is its resistance times this.
    """
    return decay * relaxed + (1.0 - decay) * current


@scalar
def follow(hysteresis, discharged, moved):
    """Hysteresis state after a step, h+ = e h - (1 - e) x / y with e = exp(-y), x = `discharged`, y = `moved` >= |x|.

    `discharged` is the state of charge lost in the step times the hysteresis rate, `moved` what was lost and won
    without regard to the sign, also times the rate [1]; where the current kept its sign, x / y is that sign. The [2/2]
    Pade approximant stands for the exponential: its error is about y^5 / 720, below 1e-12 at 0.5 C and a step of 1 s,
    and it stays within 0..1 for any y. Source of the equation: Plett, Battery Management Systems, vol. 1 (2015),
    one-state hysteresis.
    """
    even = 12.0 + moved * moved
    return ((even - 6.0 * moved) * hysteresis - 12.0 * discharged) / (even + 6.0 * moved)


@scalar
def stored_current(current, coulombic_efficiency):
    """Part of a string current that changes the state of charge [A]: a little of a charging current is lost."""
    return current if current > 0.0 else coulombic_efficiency * current


@scalar
def fall(per_charge, per_turnover, r0, charge, turnover, current):
    """How far a cell or a pack lies below its source voltage [V].

    Args:
        per_charge: Fall with the charge drawn, a [V/(A s)].
        per_turnover: Fall with the charge moved in either direction, b [V/(A s)].
        r0: Ohmic resistance [Ohm].
        charge: Drawn since the last update, q [A s].
        turnover: Moved in either direction since the last update, y [A s].
        current: Of the string, with what the relaxed currents add at the ratio of their resistances [A].
    """
    return per_charge * charge + per_turnover * turnover + r0 * current


@scalar
def open_circuit(model, soc):
    """Of a cell at a state of charge: segment of the table, way into it [1], open-circuit voltage and stored energy.

    The energy is that above an empty cell, per capacity [V]: the integral of the voltage [V] over the state of charge.
    """
    table = model.open_circuit
    count = float(table.shape[0])
    inside = min(max(soc, model.soc_min), model.soc_max)
    i, f = segment(inside * count, count)
    voltage = table[i, 0] + f * table[i, 1]
    energy = model.stored_energy[i] + f * (table[i, 0] + 0.5 * f * table[i, 1]) / count + voltage * (soc - inside)
    return i, f, voltage, energy


@scalar
def update_pack(
    # model
    model,
    capacity,
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
    voltage,
    temperature,
    charge,
    turnover,
    elapsed,
    through1,
    through2,
    # overlay
    resistance_gain,
    short_conductance,
):
    """Bring the cells of one pack up to date; all arrays have shape (cell) and cover this pack.

    Since the last update, `elapsed` [s] ago, the string has drawn `charge` and moved `turnover` [A s], and `through1`,
    `through2` [A] of its current has got through the RC branches.

    Heat is the energy that the cell has lost, and the reversible heat -T dU/dT q; what the string took is not in it.
    Resistances r(z, T) = r(T) shape(z) with r(T) after Arrhenius; bypass current of self-discharge and of an internal
    short at the present terminal voltage.
    """
    count = float(model.open_circuit.shape[0])
    resistance_count = float(model.resistance.shape[0])
    rate = model.hysteresis_rate
    decay1, decay2 = math.exp(-elapsed / model.tau1), math.exp(-elapsed / model.tau2)
    for k in range(soc.size):
        v_rc1[k] = decay1 * v_rc1[k] + r1[k] * (through1 + (1.0 - decay1) * bypass_current[k])
        v_rc2[k] = decay2 * v_rc2[k] + r2[k] * (through2 + (1.0 - decay2) * bypass_current[k])
    for k in range(soc.size):
        _, _, _, energy = open_circuit(model, soc[k])
        heat[k] += capacity[k] * energy
    for k in range(soc.size):
        lost = (charge + bypass_current[k] * elapsed) / capacity[k]
        moved = max(abs(lost), turnover / capacity[k])
        hysteresis[k] = follow(hysteresis[k], rate * lost, rate * moved)
    for k in range(soc.size):
        soc[k] -= (charge + bypass_current[k] * elapsed) / capacity[k]
    for k in range(soc.size):
        i, f, at_rest, energy = open_circuit(model, soc[k])
        half_gap = model.open_circuit[i, 2] + f * model.open_circuit[i, 3]
        slope = (model.open_circuit[i, 1] + model.open_circuit[i, 3] * hysteresis[k]) * count
        source_voltage[k] = at_rest + half_gap * hysteresis[k]
        fall_per_charge[k] = (slope + rate * half_gap) / capacity[k]
        fall_per_turnover[k] = rate * half_gap * hysteresis[k] / capacity[k]
        within = min(max(f, 0.0), 1.0)
        shape = model.shape[i, 0] + within * model.shape[i, 1]
        entropy = model.shape[i, 2] + within * model.shape[i, 3]
        heat[k] -= capacity[k] * energy + temperature[k] * entropy * charge
        r0[k] = resistance_scale[k] * resistance_gain[k] * shape  # until the next pass: times the cell type's
    for k in range(soc.size):
        position = (temperature[k] - model.resistance_begin) / model.resistance_step
        j, g = segment(min(max(position, 0.0), resistance_count), resistance_count)
        factor = r0[k]
        r0[k] = factor * (model.resistance[j, 0] + g * model.resistance[j, 1])
        r1[k] = factor * (model.resistance[j, 2] + g * model.resistance[j, 3])
        r2[k] = factor * (model.resistance[j, 4] + g * model.resistance[j, 5])
    for k in range(soc.size):
        bypass_current[k] = self_discharge[k] + voltage[k] * short_conductance[k]
    for k in range(soc.size):
        source_voltage[k] -= v_rc1[k] + v_rc2[k] + r0[k] * bypass_current[k]


@scalar
def sums(source_voltage, fall_per_charge, fall_per_turnover, r0, r1, r2):
    """Constants of a pack [V] [V/(A s)] [V/(A s)] [Ohm] and its ratios r1 / r0, r2 / r0 [1], from its cells."""
    source = per_charge = per_turnover = sum0 = sum1 = sum2 = 0.0
    for k in range(r0.size):
        source += source_voltage[k]
        per_charge += fall_per_charge[k]
        per_turnover += fall_per_turnover[k]
        sum0 += r0[k]
        sum1 += r1[k]
        sum2 += r2[k]
    if sum0 > 0.0:
        return source, per_charge, per_turnover, sum0, sum1 / sum0, sum2 / sum0
    return source, per_charge, per_turnover, 0.0, 0.0, 0.0


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
    all_source_voltage,
    all_fall_per_charge,
    all_fall_per_turnover,
    pack_source_voltage,
    pack_fall_per_charge,
    pack_fall_per_turnover,
    pack_r0,
    ratio1,
    ratio2,
    reference1,
    reference2,
    elapsed,
    charge,
    turnover,
    taken,
    taken_charge,
    taken_turnover,
    taken_current,
    rack_relaxed1,
    rack_relaxed2,
    rack_voltage,
    rack_source_voltage,
    rack_resistance,
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
    voltage will be E - R i, for any current i that does not turn from charge to discharge or back in that step.

    Shapes: (rack, cell) for ``all_...``, (rack) for ``rack_...``, (rack, pack) for the rest of the state.
    """
    racks, packs = charge.shape
    cells = model.cells_per_pack
    decay1, decay2 = math.exp(-dt / model.tau1), math.exp(-dt / model.tau2)
    due, due_end = turn(tick, slow_ticks, racks * packs)
    for r in range(racks):
        current = rack_current[r]
        stored = stored_current(current, model.coulombic_efficiency)
        # charge and turnover per charge that the coming step will take from the string
        share = 1.0 if current > 0.0 else model.coulombic_efficiency
        turning = math.copysign(share, current)
        relaxed1 = relax(rack_relaxed1[r], decay1, current)
        relaxed2 = relax(rack_relaxed2[r], decay2, current)
        rack_relaxed1[r], rack_relaxed2[r] = relaxed1, relaxed2
        voltage_sum = source_sum = resistance_sum = 0.0
        for p in range(packs):
            charge[r, p] += stored * dt
            turnover[r, p] += abs(stored) * dt
            elapsed[r, p] += dt
            drawn, moved = charge[r, p], turnover[r, p]
            effective = current + ratio1[r, p] * (relaxed1 - reference1[r, p])
            effective += ratio2[r, p] * (relaxed2 - reference2[r, p])
            taken[r, p] += current * dt
            taken_charge[r, p] += drawn * current * dt
            taken_turnover[r, p] += moved * current * dt
            taken_current[r, p] += effective * current * dt

            # unsigned, which spares the check for counting from the end and lets the compiler use vector instructions
            first = np.uint64(p * cells)
            for k in range(first, first + np.uint64(cells)):
                all_voltage[r, k] = all_source_voltage[r, k] - fall(
                    all_fall_per_charge[r, k], all_fall_per_turnover[r, k], all_r0[r, k], drawn, moved, effective
                )
            voltage_sum += pack_source_voltage[r, p] - fall(
                pack_fall_per_charge[r, p], pack_fall_per_turnover[r, p], pack_r0[r, p], drawn, moved, effective
            )

            if due <= r * packs + p < due_end:
                own = slice(p * cells, (p + 1) * cells)
                heat, r0, r1, r2 = all_heat[r, own], all_r0[r, own], all_r1[r, own], all_r2[r, own]
                source_voltage = all_source_voltage[r, own]
                per_charge, per_turnover = all_fall_per_charge[r, own], all_fall_per_turnover[r, own]
                for k in range(cells):
                    heat[k] += fall(
                        per_charge[k],
                        per_turnover[k],
                        r0[k],
                        taken_charge[r, p],
                        taken_turnover[r, p],
                        taken_current[r, p],
                    )
                for k in range(cells):
                    heat[k] -= source_voltage[k] * taken[r, p]
                update_pack(
                    # model
                    model,
                    model.capacity[r, own],
                    model.resistance_scale[r, own],
                    model.self_discharge[r, own],
                    # state
                    all_soc[r, own],
                    all_v_rc1[r, own],
                    all_v_rc2[r, own],
                    all_hysteresis[r, own],
                    heat,
                    r0,
                    r1,
                    r2,
                    all_bypass_current[r, own],
                    source_voltage,
                    per_charge,
                    per_turnover,
                    # inputs
                    all_voltage[r, own],
                    all_temperature[r, own],
                    drawn,
                    moved,
                    elapsed[r, p],
                    relaxed1 - math.exp(-elapsed[r, p] / model.tau1) * reference1[r, p],
                    relaxed2 - math.exp(-elapsed[r, p] / model.tau2) * reference2[r, p],
                    # overlay
                    all_resistance_gain[r, own],
                    all_short_conductance[r, own],
                )
                (
                    pack_source_voltage[r, p],
                    pack_fall_per_charge[r, p],
                    pack_fall_per_turnover[r, p],
                    pack_r0[r, p],
                    ratio1[r, p],
                    ratio2[r, p],
                ) = sums(source_voltage, per_charge, per_turnover, r0, r1, r2)
                reference1[r, p], reference2[r, p] = relaxed1, relaxed2
                charge[r, p] = turnover[r, p] = elapsed[r, p] = 0.0
                taken[r, p] = taken_charge[r, p] = taken_turnover[r, p] = taken_current[r, p] = 0.0

            remembered = ratio1[r, p] * (decay1 * relaxed1 - reference1[r, p])
            remembered += ratio2[r, p] * (decay2 * relaxed2 - reference2[r, p])
            source_sum += pack_source_voltage[r, p] - fall(
                pack_fall_per_charge[r, p],
                pack_fall_per_turnover[r, p],
                pack_r0[r, p],
                charge[r, p],
                turnover[r, p],
                remembered,
            )
            resistance_sum += fall(
                pack_fall_per_charge[r, p],
                pack_fall_per_turnover[r, p],
                pack_r0[r, p],
                share * dt,
                turning * dt,
                1.0 + ratio1[r, p] * (1.0 - decay1) + ratio2[r, p] * (1.0 - decay2),
            )
        rack_voltage[r] = voltage_sum - model.joint_resistance * current
        rack_source_voltage[r] = source_sum
        rack_resistance[r] = resistance_sum + model.joint_resistance
