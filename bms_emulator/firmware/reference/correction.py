"""How voltage brings the estimated state of charge back: after a rest, in the knees under current, and at the ends."""

import numpy as np

from bms_emulator.firmware.reference.estimator import usable_soc
from bms_emulator.jit import kernel, scalar
from bms_emulator.timing import has_lasted


@scalar
def knee_target(charging, soc, soc_highest, soc_lowest, empty, knee_low, knee_high, full):
    """State of charge [1] that the extreme cells tell under current; NaN where they tell nothing.

    In a knee the extreme cell leads. An estimate that claims a knee in which no cell is goes to its edge.
    """
    low = soc_lowest < knee_low
    high = soc_highest > knee_high
    if low and not (high and charging):
        return usable_soc(soc_lowest, empty, knee_low, knee_high, full)
    if high:
        return usable_soc(soc_highest, empty, knee_low, knee_high, full)
    if soc < knee_low and soc_lowest >= knee_low:
        return knee_low
    if soc > knee_high and soc_highest <= knee_high:
        return knee_high
    return np.nan


@scalar
def rest_target(soc_highest, soc_lowest, correction_low, correction_high, empty, knee_low, knee_high, full):
    """State of charge [1] that the lowest, else the highest cell tells at rest; NaN on the plateau."""
    if soc_lowest < correction_low:
        return usable_soc(soc_lowest, empty, knee_low, knee_high, full)
    if soc_highest > correction_high:
        return usable_soc(soc_highest, empty, knee_low, knee_high, full)
    return np.nan


@kernel
def correct_charge(
    # model
    empty,
    knee_low,
    knee_high,
    full,
    rest_current,
    rest_duration,
    correction_low,
    correction_high,
    correction_time,
    correction_rate,
    charge_end_voltage,
    discharge_end_voltage,
    end_current,
    # inputs
    current,
    rest_time,
    cell_voltage_max,
    cell_voltage_min,
    soc_highest,
    soc_lowest,
    # out
    soc,
    first,
    stride,
    dt,
):
    """Pull the state of charge [1] of every stride-th rack towards what voltage tells, all (rack,).

    The pull has a time constant [s] and a fastest rate [1/s]. A current up to `end_current` [A] with a cell at the end
    of charge or discharge [V] means full or empty.
    """
    period = stride * dt
    share = 1.0 - np.exp(-period / correction_time)
    step = correction_rate * period
    for r in range(first[0], soc.shape[0], stride):
        rested = has_lasted(rest_time[r], rest_duration, dt)
        target = np.nan
        if -end_current <= current[r] <= 0.0 and cell_voltage_max[r] >= charge_end_voltage:
            target = 1.0
        elif 0.0 <= current[r] <= end_current and cell_voltage_min[r] <= discharge_end_voltage:
            target = 0.0
        elif rested:
            target = rest_target(
                soc_highest[r], soc_lowest[r], correction_low, correction_high, empty, knee_low, knee_high, full
            )
        elif abs(current[r]) >= rest_current:
            target = knee_target(
                current[r] < 0.0, soc[r], soc_highest[r], soc_lowest[r], empty, knee_low, knee_high, full
            )
        if not np.isnan(target):
            pull = share * (target - soc[r])
            soc[r] += min(max(pull, -step), step)
