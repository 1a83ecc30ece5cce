"""The one pass over all cells of a tick: voltages along their lines, and what the next split of the current needs."""

import math

import numpy as np

from bms_emulator.jit import kernel
from bms_emulator.plant.cell import fall, relax, stored_share
from bms_emulator.plant.cell_pack import (
    charge_branches,
    hand_over,
    rescale,
    sums,
    turn_resistances,
    update_pack,
)
from bms_emulator.plant.schedule import turn

LINE_REACH = 1e-3
"""How far a cell may move along its line before its pack is brought up to date out of turn [V].

Where a curve is that steep, near empty and full, it also bends; elsewhere a cell moves less in a second at 1 C.
"""


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
    pack_turned_source_voltage,
    pack_fall_per_charge,
    pack_fall_per_turnover,
    pack_r0,
    pack_turned_r0,
    steepest,
    ratio1,
    ratio2,
    relaxed1,
    relaxed2,
    reference1,
    reference2,
    elapsed,
    charge,
    turnover,
    taken,
    taken_charge,
    taken_turnover,
    taken_current,
    pack_stored_energy,
    rack_direction,
    rack_voltage,
    rack_discharge_source_voltage,
    rack_discharge_resistance,
    rack_charge_source_voltage,
    rack_charge_resistance,
    rack_source_voltage,
    rack_resistance,
    # inputs
    rack_current,
    all_capacity,
    all_resistance_growth,
    all_voltage_gain,
    all_temperature,
    # overlay
    all_resistance_gain,
    all_short_conductance,
    tick,
    slow_ticks,
    dt,
):
    """Advance all cells by dt [s] with the string currents, and sum up what the next split of the current needs.

    The source voltage E and the resistance R of a string in a direction are consistent with the end of the coming step:
    if the current then has that direction, the terminal voltage will be E - R i, whatever the direction was before.

    Where the current of a string turns, its cells take the parameters of the new direction before the step and are
    brought up to date after it, whose turn it is or not. So are cells that have come far along their lines.

    Shapes: (rack, cell) for ``all_...``, (rack) for ``rack_...``, (rack, pack) for the rest of the state.
    """
    racks, packs = charge.shape
    cells = model.cells_per_pack
    decay1, decay2 = math.exp(-dt / model.tau1), math.exp(-dt / model.tau2)
    due, due_end = turn(tick, slow_ticks, racks * packs)
    for r in range(racks):
        current = rack_current[r]
        turned = current * rack_direction[r] < 0.0
        if turned:
            rack_direction[r] = math.copysign(1.0, current)
            for p in range(packs):
                own = slice(p * cells, (p + 1) * cells)
                source_voltage, r0, r1, r2 = all_source_voltage[r, own], all_r0[r, own], all_r1[r, own], all_r2[r, own]
                charge_branches(
                    # model
                    model,
                    # state
                    all_v_rc1[r, own],
                    all_v_rc2[r, own],
                    # inputs
                    r1,
                    r2,
                    all_bypass_current[r, own],
                    relaxed1[r, p] - math.exp(-elapsed[r, p] / model.tau1) * reference1[r, p],
                    relaxed2[r, p] - math.exp(-elapsed[r, p] / model.tau2) * reference2[r, p],
                    elapsed[r, p],
                )
                hand_over(
                    # state
                    all_heat[r, own],
                    # inputs
                    source_voltage,
                    all_fall_per_charge[r, own],
                    all_fall_per_turnover[r, own],
                    r0,
                    taken[r, p],
                    taken_charge[r, p],
                    taken_turnover[r, p],
                    taken_current[r, p],
                )
                remembered = ratio1[r, p] * (relaxed1[r, p] - reference1[r, p])
                remembered += ratio2[r, p] * (relaxed2[r, p] - reference2[r, p])
                turn_resistances(
                    # model
                    model,
                    # state
                    r0,
                    r1,
                    r2,
                    source_voltage,
                    # inputs
                    all_soc[r, own],
                    all_voltage_gain[r, own],
                    all_bypass_current[r, own],
                    remembered,
                    rack_direction[r],
                )
                pack_source_voltage[r, p] = pack_turned_source_voltage[r, p] - pack_r0[r, p] * remembered
                # what relaxed through the old resistances, told in the new ones: the voltage over a branch stays
                relaxed1[r, p] = rescale(relaxed1[r, p], pack_r0[r, p], pack_turned_r0[r, p])
                relaxed2[r, p] = rescale(relaxed2[r, p], pack_r0[r, p], pack_turned_r0[r, p])
                pack_r0[r, p] = pack_turned_r0[r, p]
                reference1[r, p], reference2[r, p] = relaxed1[r, p], relaxed2[r, p]
                taken[r, p] = taken_charge[r, p] = taken_turnover[r, p] = taken_current[r, p] = 0.0

        direction = rack_direction[r]
        stored = stored_share(direction, model.coulombic_efficiency) * current
        voltage_sum = source_sum = turned_sum = charge_sum = turnover_sum = resistance_sum = turned_resistance_sum = 0.0
        for p in range(packs):
            k1, k2 = ratio1[r, p], ratio2[r, p]
            i1, i2 = relax(relaxed1[r, p], decay1, current), relax(relaxed2[r, p], decay2, current)
            begin1, begin2 = reference1[r, p], reference2[r, p]
            q, y = charge[r, p] + stored * dt, turnover[r, p] + abs(stored) * dt
            effective = current + k1 * (i1 - begin1) + k2 * (i2 - begin2)
            relaxed1[r, p], relaxed2[r, p] = i1, i2
            charge[r, p], turnover[r, p] = q, y
            elapsed[r, p] += dt
            taken[r, p] += current * dt
            taken_charge[r, p] += q * current * dt
            taken_turnover[r, p] += y * current * dt
            taken_current[r, p] += effective * current * dt

            # unsigned, which spares the check for counting from the end and lets the compiler use vector instructions
            first = np.uint64(p * cells)
            for k in range(first, first + np.uint64(cells)):
                all_voltage[r, k] = all_source_voltage[r, k] - fall(
                    all_fall_per_charge[r, k], all_fall_per_turnover[r, k], all_r0[r, k], q, y, effective
                )
            e, a, b, r0 = (
                pack_source_voltage[r, p],
                pack_fall_per_charge[r, p],
                pack_fall_per_turnover[r, p],
                pack_r0[r, p],
            )
            voltage_sum += e - fall(a, b, r0, q, y, effective)

            if turned or due <= r * packs + p < due_end or steepest[r, p] * y > LINE_REACH:
                own = slice(p * cells, (p + 1) * cells)
                since = dt if turned else elapsed[r, p]
                charge_branches(
                    # model
                    model,
                    # state
                    all_v_rc1[r, own],
                    all_v_rc2[r, own],
                    # inputs
                    all_r1[r, own],
                    all_r2[r, own],
                    all_bypass_current[r, own],
                    i1 - math.exp(-since / model.tau1) * begin1,
                    i2 - math.exp(-since / model.tau2) * begin2,
                    since,
                )
                hand_over(
                    # state
                    all_heat[r, own],
                    # inputs
                    all_source_voltage[r, own],
                    all_fall_per_charge[r, own],
                    all_fall_per_turnover[r, own],
                    all_r0[r, own],
                    taken[r, p],
                    taken_charge[r, p],
                    taken_turnover[r, p],
                    taken_current[r, p],
                )
                pack_stored_energy[r, p], now1, now2, turned_e, pack_turned_r0[r, p] = update_pack(
                    # model
                    model,
                    model.resistance_scale[r, own],
                    model.self_discharge[r, own],
                    # state
                    all_soc[r, own],
                    all_v_rc1[r, own],
                    all_v_rc2[r, own],
                    all_hysteresis[r, own],
                    all_heat[r, own],
                    all_r0[r, own],
                    all_r1[r, own],
                    all_r2[r, own],
                    all_bypass_current[r, own],
                    all_source_voltage[r, own],
                    all_fall_per_charge[r, own],
                    all_fall_per_turnover[r, own],
                    # inputs
                    all_capacity[r, own],
                    all_resistance_growth[r, own],
                    all_voltage_gain[r, own],
                    all_voltage[r, own],
                    all_temperature[r, own],
                    direction,
                    q,
                    y,
                    elapsed[r, p],
                    # overlay
                    all_resistance_gain[r, own],
                    all_short_conductance[r, own],
                )
                before = r0
                e, a, b, r0, steepest[r, p] = sums(
                    all_source_voltage[r, own],
                    all_fall_per_charge[r, own],
                    all_fall_per_turnover[r, own],
                    all_r0[r, own],
                )
                i1, i2 = rescale(i1, k1 * before, now1 * r0), rescale(i2, k2 * before, now2 * r0)
                k1, k2, begin1, begin2, q, y = now1, now2, i1, i2, 0.0, 0.0
                ratio1[r, p], ratio2[r, p] = k1, k2
                relaxed1[r, p] = reference1[r, p] = i1
                relaxed2[r, p] = reference2[r, p] = i2
                pack_source_voltage[r, p], pack_turned_source_voltage[r, p] = e, e + turned_e
                pack_fall_per_charge[r, p], pack_fall_per_turnover[r, p], pack_r0[r, p] = a, b, r0
                charge[r, p] = turnover[r, p] = elapsed[r, p] = 0.0
                taken[r, p] = taken_charge[r, p] = taken_turnover[r, p] = taken_current[r, p] = 0.0

            remembered = k1 * (decay1 * i1 - begin1) + k2 * (decay2 * i2 - begin2)
            through = 1.0 + k1 * (1.0 - decay1) + k2 * (1.0 - decay2)
            source_sum += e - fall(a, b, r0, q, y, remembered)
            turned_sum += pack_turned_source_voltage[r, p] - e
            charge_sum += a
            turnover_sum += b
            resistance_sum += r0 * through
            turned_resistance_sum += pack_turned_r0[r, p] * through
        rack_voltage[r] = voltage_sum - model.joint_resistance * current
        # charge that the coming step will take from each cell for every ampere of the string, and its turnover
        discharged, charged = dt, model.coulombic_efficiency * dt
        discharge_fall = charge_sum * discharged + turnover_sum * discharged + model.joint_resistance
        charge_fall = charge_sum * charged - turnover_sum * charged + model.joint_resistance
        if direction > 0.0:
            rack_discharge_source_voltage[r] = source_sum
            rack_discharge_resistance[r] = resistance_sum + discharge_fall
            rack_charge_source_voltage[r] = source_sum + turned_sum
            rack_charge_resistance[r] = turned_resistance_sum + charge_fall
            rack_resistance[r] = rack_discharge_resistance[r]
        else:
            rack_charge_source_voltage[r] = source_sum
            rack_charge_resistance[r] = resistance_sum + charge_fall
            rack_discharge_source_voltage[r] = source_sum + turned_sum
            rack_discharge_resistance[r] = turned_resistance_sum + discharge_fall
            rack_resistance[r] = rack_charge_resistance[r]
        rack_source_voltage[r] = source_sum
