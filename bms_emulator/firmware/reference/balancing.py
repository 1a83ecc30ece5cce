"""Passive balancing: which cells bleed through their resistors."""

import numpy as np

from bms_emulator.firmware.contract import Action
from bms_emulator.jit import kernel, scalar

_STOP = float(Action.STOP)
_HALVINGS = 12
"""How often a range of voltage is halved to find the highest cells: a range of 0.5 V down to 0.1 mV."""


@scalar
def count_above(row, level):
    """How many values of a row lie above a level."""
    count = 0
    for k in range(row.shape[0]):
        if row[k] > level:
            count += 1
    return count


@scalar
def rank_level(row, lowest, highest, largest):
    """Levels above which no more than `largest` values of a row lie, and more than that: (upper, lower).

    Between them lie values that differ by less than a converter tells.
    """
    if count_above(row, lowest) <= largest:
        return lowest, lowest
    upper, lower = highest, lowest
    for _ in range(_HALVINGS):
        middle = 0.5 * (upper + lower)
        if count_above(row, middle) > largest:
            lower = middle
        else:
            upper = middle
    return upper, lower


@scalar
def choose_cells(voltage, level, highest, largest, chosen):
    """Choose the cells of a pack [V] above a level, the highest first and at most `largest`; (count, changed)."""
    upper, lower = rank_level(voltage, level, highest, largest)
    room = largest - count_above(voltage, upper)
    count = 0.0
    changed = False
    for k in range(voltage.shape[0]):
        bled = 1.0 if voltage[k] > upper else 0.0
        if room > 0 and lower < voltage[k] <= upper:
            bled = 1.0
            room -= 1
        changed |= bled != chosen[k]
        chosen[k] = bled
        count += bled
    return count, changed


@scalar
def all_fresh(ages, limit):
    """Whether no age of a row exceeds a limit [s]; what has no age is not fresh."""
    fresh = True
    for k in range(ages.shape[0]):
        fresh &= ages[k] <= limit
    return fresh


@scalar
def revise(revision):
    """The next number of a balancing mask."""
    return (revision + 1.0) % 65536.0


@kernel
def stop_balancing(
    # inputs
    permitted,
    alarm_action,
    # state
    active,
    # out
    balancing,
    balancing_count,
    balancing_revision,
):
    """End balancing at once where the permission is gone or alarms stop the rack; (rack,), the mask (rack, cell)."""
    for r in range(balancing_count.shape[0]):
        if balancing_count[r] != 0.0 and (permitted[r] == 0.0 or alarm_action[r] >= _STOP):
            active[r] = 0.0
            balancing_count[r] = 0.0
            balancing_revision[r] = revise(balancing_revision[r])
            for k in range(balancing.shape[1]):
                balancing[r, k] = 0.0


@kernel
def decide_balancing(
    # model
    start_voltage,
    start_spread,
    stop_spread,
    largest,
    temperature_low,
    temperature_high,
    rest_current,
    age_limit,
    # inputs
    permitted,
    alarm_action,
    current,
    cell_voltage,
    cell_voltage_age,
    cell_voltage_max,
    cell_voltage_min,
    invalid_count,
    drop,
    temperature_max,
    temperature_min,
    # state
    active,
    # out
    balancing,
    balancing_count,
    balancing_revision,
    first,
    stride,
):
    """Decide which cells of every stride-th rack bleed; (rack,), cells (rack, cell), ages (rack, pack).

    Cells bleed down to `stop_spread` above the lowest [V], once the spread has reached `start_spread` [V], as long as
    the rack charges or rests where differences of voltage are such of charge. At most `largest` cells of a pack do.
    """
    pack_count = cell_voltage_age.shape[1]
    per_pack = cell_voltage.shape[1] // pack_count
    for r in range(first[0], cell_voltage.shape[0], stride):
        spread = cell_voltage_max[r] - cell_voltage_min[r]
        wanted = spread > (stop_spread if active[r] != 0.0 else start_spread)
        wanted &= permitted[r] != 0.0 and alarm_action[r] < _STOP
        wanted &= current[r] <= rest_current and cell_voltage_max[r] + drop[r] > start_voltage
        wanted &= temperature_min[r] >= temperature_low and temperature_max[r] <= temperature_high
        wanted = wanted and invalid_count[r] == 0.0 and all_fresh(cell_voltage_age[r], age_limit)
        active[r] = 1.0 if wanted else 0.0
        if not wanted and balancing_count[r] == 0.0:
            continue
        level = cell_voltage_min[r] + stop_spread if wanted else np.inf
        total = 0.0
        changed = False
        for p in range(pack_count):
            start, end = p * per_pack, (p + 1) * per_pack
            count, differs = choose_cells(
                cell_voltage[r, start:end], level, cell_voltage_max[r], largest, balancing[r, start:end]
            )
            total += count
            changed |= differs
        balancing_count[r] = total
        if changed:
            balancing_revision[r] = revise(balancing_revision[r])
