"""The one pass over all cells of a tick: voltages along their lines, and what the next split of the current needs."""

import math

import numpy as np

from bms_emulator.jit import fields_of, kernel
from bms_emulator.plant.cell import ARRAY_COUNT, CellModel, fall, relax, stored_share
from bms_emulator.plant.cell_pack import (
    begin_lines,
    book_balancing,
    charge_branches,
    hand_over,
    leak,
    move_charge,
    rescale,
    resist,
    switch_balancing,
    turn_lines,
)
from bms_emulator.plant.schedule import turn

LINE_REACH = 1e-3
"""How far a cell may move along its line before its pack is brought up to date out of turn [V].

Where a curve is that steep, near empty and full, it also bends; elsewhere a cell moves less in a second at 1 C.
"""

NUMBER_COUNT = len(CellModel._fields) - ARRAY_COUNT


@kernel
def step_cells(
    # model
    fresh_capacity,
    resistance_scale,
    self_discharge,
    open_circuit,
    stored_energy,
    shape,
    numbers,
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
    all_balancing_current,
    pack_source_voltage,
    pack_turned_source_voltage,
    pack_fall_per_charge,
    pack_turned_fall_per_charge,
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
    taken,
    taken_charge,
    taken_current,
    pack_stored_energy,
    pack_balancing,
    pack_balancing_heat,
    rack_direction,
    rack_voltage,
    rack_discharge_source_voltage,
    rack_discharge_resistance,
    rack_charge_source_voltage,
    rack_charge_resistance,
    # inputs
    rack_current,
    string_closed,
    floating_voltage,
    all_capacity,
    all_resistance_growth,
    all_voltage_gain,
    all_temperature,
    asked_balancing,
    asked_balancing_count,
    # overlay
    all_resistance_gain,
    all_short_conductance,
    module_joint_resistance,
    tick,
    slow_ticks,
    dt,
):
    """Advance all cells by dt [s] with the string currents, and sum up what the next split of the current needs.

    The source voltage E and the resistance R of a string in a direction are consistent with the end of the coming step:
    if the current then has that direction, the terminal voltage will be E - R i, whatever the direction was before.

    Where the current of a string turns, its cells take the parameters of the new direction before the step and are
    brought up to date after it, whose turn it is or not. So are cells that have come far along their lines.

    Balancing resistors are switched when a pack is brought up to date. What they are asked is looked at only in packs
    that have any of them asked for or at work.

    The constants are the arrays and, in one array, the numbers of :class:`CellModel`.

    A joint behind a module that has too much resistance warms the last cell before it.

    Shapes: (rack, cell) for ``all_...`` and asked_balancing, (rack) for ``rack_...``, string_closed and
    floating_voltage, (rack, pack) for the rest.
    """
    model = CellModel(
        fresh_capacity,
        resistance_scale,
        self_discharge,
        open_circuit,
        stored_energy,
        shape,
        *fields_of(numbers, NUMBER_COUNT),
    )
    racks, packs = charge.shape
    cells = int(model.cells_per_pack)
    decay1, decay2 = math.exp(-dt / model.tau1), math.exp(-dt / model.tau2)
    due, due_end = turn(tick, slow_ticks, racks * packs)
    for r in range(racks):
        current = rack_current[r]
        turned = current * rack_direction[r] < 0.0
        if turned:
            rack_direction[r] = math.copysign(1.0, current)
        direction = rack_direction[r]
        stored = stored_share(direction, model.coulombic_efficiency) * current
        voltage_sum = source_sum = turned_source_sum = charge_sum = turned_charge_sum = 0.0
        resistance_sum = turned_resistance_sum = 0.0
        joints = model.joint_resistance
        for p in range(packs):
            # unsigned, which spares the check for counting from the end and lets the compiler use vector instructions
            own = range(np.uint64(p * cells), np.uint64((p + 1) * cells))
            k1, k2 = ratio1[r, p], ratio2[r, p]
            charge_before = elapsed_before = 0.0
            if turned:
                since1, since2 = math.exp(-elapsed[r, p] / model.tau1), math.exp(-elapsed[r, p] / model.tau2)
                charge_branches(
                    # state
                    all_v_rc1,
                    all_v_rc2,
                    # inputs
                    all_r1,
                    all_r2,
                    all_bypass_current,
                    since1,
                    since2,
                    relaxed1[r, p] - since1 * reference1[r, p],
                    relaxed2[r, p] - since2 * reference2[r, p],
                    r,
                    own,
                )
                hand_over(
                    # state
                    all_heat,
                    # inputs
                    all_source_voltage,
                    all_fall_per_charge,
                    all_r0,
                    taken[r, p],
                    taken_charge[r, p],
                    taken_current[r, p],
                    r,
                    own,
                )
                remembered = k1 * (relaxed1[r, p] - reference1[r, p]) + k2 * (relaxed2[r, p] - reference2[r, p])
                turn_lines(
                    # model
                    model,
                    # state
                    all_r0,
                    all_r1,
                    all_r2,
                    all_source_voltage,
                    all_fall_per_charge,
                    # inputs
                    all_soc,
                    all_hysteresis,
                    all_capacity,
                    all_voltage_gain,
                    all_bypass_current,
                    charge[r, p],
                    remembered,
                    direction,
                    r,
                    own,
                )
                pack_source_voltage[r, p] = pack_turned_source_voltage[r, p] - fall(
                    pack_fall_per_charge[r, p], pack_r0[r, p], charge[r, p], remembered
                )
                # what relaxed through the old resistances, told in the new ones: the voltage over a branch stays
                relaxed1[r, p] = rescale(relaxed1[r, p], pack_r0[r, p], pack_turned_r0[r, p])
                relaxed2[r, p] = rescale(relaxed2[r, p], pack_r0[r, p], pack_turned_r0[r, p])
                reference1[r, p], reference2[r, p] = relaxed1[r, p], relaxed2[r, p]
                pack_fall_per_charge[r, p], pack_r0[r, p] = pack_turned_fall_per_charge[r, p], pack_turned_r0[r, p]
                charge_before, elapsed_before = charge[r, p], elapsed[r, p]
                charge[r, p] = elapsed[r, p] = taken[r, p] = taken_charge[r, p] = taken_current[r, p] = 0.0

            i1, i2 = relax(relaxed1[r, p], decay1, current), relax(relaxed2[r, p], decay2, current)
            begin1, begin2 = reference1[r, p], reference2[r, p]
            q = charge[r, p] + stored * dt
            effective = current + k1 * (i1 - begin1) + k2 * (i2 - begin2)
            relaxed1[r, p], relaxed2[r, p] = i1, i2
            charge[r, p] = q
            elapsed[r, p] += dt
            taken[r, p] += current * dt
            taken_charge[r, p] += q * current * dt
            taken_current[r, p] += effective * current * dt

            for k in own:
                all_voltage[r, k] = all_source_voltage[r, k] - fall(
                    all_fall_per_charge[r, k], all_r0[r, k], q, effective
                )
            e, a, r0 = pack_source_voltage[r, p], pack_fall_per_charge[r, p], pack_r0[r, p]
            voltage_sum += e - fall(a, r0, q, effective)

            if turned or due <= r * packs + p < due_end or steepest[r, p] * abs(q) > LINE_REACH:
                since1, since2 = math.exp(-elapsed[r, p] / model.tau1), math.exp(-elapsed[r, p] / model.tau2)
                charge_branches(
                    # state
                    all_v_rc1,
                    all_v_rc2,
                    # inputs
                    all_r1,
                    all_r2,
                    all_bypass_current,
                    since1,
                    since2,
                    i1 - since1 * begin1,
                    i2 - since2 * begin2,
                    r,
                    own,
                )
                hand_over(
                    # state
                    all_heat,
                    # inputs
                    all_source_voltage,
                    all_fall_per_charge,
                    all_r0,
                    taken[r, p],
                    taken_charge[r, p],
                    taken_current[r, p],
                    r,
                    own,
                )
                discharged, charged = max(q, 0.0) + max(charge_before, 0.0), max(-q, 0.0) + max(-charge_before, 0.0)
                move_charge(
                    # model
                    model,
                    # state
                    all_soc,
                    all_hysteresis,
                    all_heat,
                    # inputs
                    all_capacity,
                    all_voltage_gain,
                    all_bypass_current,
                    discharged,
                    charged,
                    elapsed[r, p] + elapsed_before,
                    r,
                    own,
                )
                leak(
                    # model
                    model,
                    # state
                    all_bypass_current,
                    # inputs
                    all_voltage,
                    # overlay
                    all_short_conductance,
                    r,
                    own,
                )
                if pack_balancing[r, p] > 0.0 or asked_balancing_count[r, p] > 0.0:
                    pack_balancing_heat[r, p] += book_balancing(
                        # model
                        model,
                        # state
                        all_heat,
                        # inputs
                        all_balancing_current,
                        elapsed[r, p] + elapsed_before,
                        r,
                        own,
                    )
                    pack_balancing[r, p] = switch_balancing(
                        # model
                        model,
                        # state
                        all_balancing_current,
                        all_bypass_current,
                        # inputs
                        all_voltage,
                        asked_balancing,
                        r,
                        own,
                    )
                before1, before2 = k1 * r0, k2 * r0
                k1, k2, turned_r0, bypass_fall = resist(
                    # model
                    model,
                    # state
                    all_r0,
                    all_r1,
                    all_r2,
                    all_heat,
                    all_source_voltage,
                    # inputs
                    all_soc,
                    all_temperature,
                    all_resistance_growth,
                    all_bypass_current,
                    direction,
                    discharged - charged,
                    # overlay
                    all_resistance_gain,
                    r,
                    own,
                )
                pack_stored_energy[r, p], e, gains, a, turned_a, r0, steepest[r, p] = begin_lines(
                    # model
                    model,
                    # state
                    all_heat,
                    all_source_voltage,
                    all_fall_per_charge,
                    # inputs
                    all_soc,
                    all_hysteresis,
                    all_v_rc1,
                    all_v_rc2,
                    all_r0,
                    all_bypass_current,
                    all_capacity,
                    all_voltage_gain,
                    direction,
                    r,
                    own,
                )
                i1, i2 = rescale(i1, before1, k1 * r0), rescale(i2, before2, k2 * r0)
                begin1, begin2, q = i1, i2, 0.0
                ratio1[r, p], ratio2[r, p] = k1, k2
                relaxed1[r, p] = reference1[r, p] = i1
                relaxed2[r, p] = reference2[r, p] = i2
                pack_source_voltage[r, p] = e
                pack_turned_source_voltage[r, p] = (
                    e + bypass_fall + 2.0 * direction * model.hysteresis_instantaneous * gains
                )
                pack_fall_per_charge[r, p], pack_turned_fall_per_charge[r, p] = a, turned_a
                pack_r0[r, p], pack_turned_r0[r, p] = r0, turned_r0
                charge[r, p] = elapsed[r, p] = taken[r, p] = taken_charge[r, p] = taken_current[r, p] = 0.0

            bad_joint = module_joint_resistance[r, p]
            if bad_joint != 0.0:
                joints += bad_joint
                all_heat[r, (p + 1) * cells - 1] += bad_joint * current * current * dt
            fallen = fall(a, r0, q, k1 * (decay1 * i1 - begin1) + k2 * (decay2 * i2 - begin2))
            through = 1.0 + k1 * (1.0 - decay1) + k2 * (1.0 - decay2)
            source_sum += e - fallen
            turned_source_sum += pack_turned_source_voltage[r, p] - fallen
            charge_sum += a
            turned_charge_sum += pack_turned_fall_per_charge[r, p]
            resistance_sum += r0 * through
            turned_resistance_sum += pack_turned_r0[r, p] * through
        rack_voltage[r] = voltage_sum - joints * current if string_closed[r] != 0.0 else floating_voltage[r]
        # charge that a coming step in this and in the other direction takes from each cell for every ampere
        per_ampere = stored_share(direction, model.coulombic_efficiency) * dt
        turned_per_ampere = stored_share(-direction, model.coulombic_efficiency) * dt
        resistance = resistance_sum + charge_sum * per_ampere + joints
        turned_resistance = turned_resistance_sum + turned_charge_sum * turned_per_ampere + joints
        if direction > 0.0:
            rack_discharge_source_voltage[r], rack_discharge_resistance[r] = source_sum, resistance
            rack_charge_source_voltage[r], rack_charge_resistance[r] = turned_source_sum, turned_resistance
        else:
            rack_charge_source_voltage[r], rack_charge_resistance[r] = source_sum, resistance
            rack_discharge_source_voltage[r], rack_discharge_resistance[r] = turned_source_sum, turned_resistance
