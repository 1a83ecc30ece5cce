"""State of health as learnt in operation: capacity between two readings of charge, resistance from steps of current."""

import numpy as np

from bms_emulator.jit import kernel, scalar
from bms_emulator.timing import has_lasted


@scalar
def slope_at(soc, table_soc, table_voltage):
    """Rise of the open-circuit voltage with the state of charge [V]."""
    j = 1
    while j < table_soc.shape[0] - 1 and table_soc[j] < soc:
        j += 1
    return (table_voltage[j] - table_voltage[j - 1]) / (table_soc[j] - table_soc[j - 1])


@scalar
def in_steep_part(soc, current, rested, rest_current, correction_low, correction_high, knee_low, knee_high):
    """Whether the voltage of the mean cell tells its charge: after a rest, or in a knee under current."""
    if rested:
        return soc < correction_low or soc > correction_high
    return abs(current) >= rest_current and (soc < knee_low or soc > knee_high)


@kernel
def learn_capacity(
    # model
    table_soc,
    table_voltage,
    rated_capacity,
    knee_low,
    knee_high,
    rest_current,
    rest_duration,
    correction_low,
    correction_high,
    doubt,
    precision,
    span,
    longest,
    share,
    capacity_min,
    capacity_max,
    # state
    capacity,
    fix_soc,
    fix_charge,
    fix_age,
    deepest_soc,
    deepest_charge,
    charge_moved,
    # inputs
    current,
    rest_time,
    soc_mean,
    drop,
    # out
    soh,
    first,
    stride,
    dt,
):
    """Learn the capacity [A s] of every stride-th rack; all (rack,), charges [A s].

    While the mean cell is where voltage tells its charge, the reading furthest from the middle is kept. When it leaves,
    that reading and the one before it, the fix, give the capacity, and it becomes the fix. A reading counts only if a
    share `doubt` of the voltage drop that was added back [V] changes it by no more than `precision` [1]. Afterwards
    `charge_moved` is 0. A loss of the current makes all readings worthless.
    """
    period = stride * dt
    for r in range(first[0], capacity.shape[0], stride):
        moved = charge_moved[r]
        charge_moved[r] = 0.0
        fix_age[r] += period
        if np.isnan(moved):
            fix_soc[r] = np.nan
            deepest_soc[r] = np.nan
            fix_charge[r] = 0.0
            continue
        fix_charge[r] += moved
        charge = soc_mean[r]
        rested = has_lasted(rest_time[r], rest_duration, dt)
        steep = in_steep_part(
            charge, current[r], rested, rest_current, correction_low, correction_high, knee_low, knee_high
        )
        if steep and doubt * abs(drop[r]) <= precision * slope_at(charge, table_soc, table_voltage):
            deeper = abs(charge - 0.5) > abs(deepest_soc[r] - 0.5)
            if rested or deeper or np.isnan(deepest_soc[r]):
                deepest_soc[r] = charge
                deepest_charge[r] = fix_charge[r]
        elif not np.isnan(deepest_soc[r]):
            risen = deepest_soc[r] - fix_soc[r]
            found = -deepest_charge[r] / risen
            if abs(risen) >= span and fix_age[r] <= longest and capacity_min <= found <= capacity_max:
                capacity[r] += share * (found - capacity[r])
                soh[r] = min(1.0, capacity[r] / rated_capacity)
            fix_soc[r] = deepest_soc[r]
            fix_charge[r] -= deepest_charge[r]
            fix_age[r] = 0.0
            deepest_soc[r] = np.nan


@kernel
def learn_resistance(
    # model
    knee_low,
    knee_high,
    smallest_step,
    settling,
    longest,
    share,
    growth_min,
    growth_max,
    # state
    settled_time,
    step_voltage,
    step_drop,
    step_current,
    step_direction,
    step_age,
    # inputs
    current,
    cell_voltage_avg,
    drop,
    direction,
    soc,
    # out
    growth,
    first,
    stride,
    dt,
):
    """Learn how far the resistance of every stride-th rack has grown [1], all (rack,).

    Two readings of voltage, each taken while the current stood still, with a step of it in between: their difference
    over that which a fresh cell's circuit would show. Where the current turned, hysteresis would falsify it, and in the
    knees the open-circuit voltage.
    """
    for r in range(first[0], growth.shape[0], stride):
        step_age[r] += stride * dt
        fresh = drop[r] / growth[r]
        if np.isnan(fresh) or np.isnan(cell_voltage_avg[r]) or not has_lasted(settled_time[r], settling, dt):
            continue
        stepped = abs(current[r] - step_current[r]) >= smallest_step and step_age[r] <= longest
        if stepped and direction[r] == step_direction[r] and knee_low < soc[r] < knee_high:
            found = (step_voltage[r] - cell_voltage_avg[r]) / (fresh - step_drop[r])
            if growth_min <= found <= growth_max:
                growth[r] += share * (found - growth[r])
        step_voltage[r] = cell_voltage_avg[r]
        step_drop[r] = fresh
        step_current[r] = current[r]
        step_direction[r] = direction[r]
        step_age[r] = 0.0
