"""State of charge by counting the measured current, and what voltage tells of it.

The estimate knows nothing but measurements: a sensor with an offset makes it drift, and only the ends of the
open-circuit curve bring it back, as in a real system (`correction.py`).
"""

import numpy as np

from bms_emulator.jit import kernel, scalar


@scalar
def relax_hysteresis(hysteresis, rate, moved):
    """Hysteresis [1] after a share of the capacity was moved, positive in discharge.

    One-state model after Plett (J. Power Sources 134, 2004): h decays towards -sign(I) with rate * |dz|.
    """
    decay = np.exp(-rate * abs(moved))
    return decay * hysteresis - (1.0 - decay) * np.sign(moved)


@scalar
def rest_soc(voltage, hysteresis, table_soc, table_voltage, table_hysteresis):
    """State of charge [1] at which OCV + hysteresis * half-gap gives a rest voltage [V]: the lowest such."""
    below = table_voltage[0] + hysteresis * table_hysteresis[0]
    if voltage <= below:
        return table_soc[0]
    for j in range(1, table_soc.shape[0]):
        above = table_voltage[j] + hysteresis * table_hysteresis[j]
        if voltage <= above:
            share = (voltage - below) / (above - below)
            return table_soc[j - 1] + share * (table_soc[j] - table_soc[j - 1])
        below = above
    return table_soc[-1]


@scalar
def interpolate(quantity, grid, column):
    """Linear interpolation, constant beyond the ends of the grid; 0 for NaN."""
    if np.isnan(quantity):
        return 0.0
    if quantity <= grid[0]:
        return column[0]
    for j in range(1, grid.shape[0]):
        if quantity <= grid[j]:
            share = (quantity - grid[j - 1]) / (grid[j] - grid[j - 1])
            return column[j - 1] + share * (column[j] - column[j - 1])
    return column[-1]


@scalar
def usable_soc(soc, empty, knee_low, knee_high, full):
    """State of charge as published [1], of that of the open-circuit table.

    Published, 0 is where discharge ends and 1 where charge ends; the table goes beyond. The difference is spread over
    the two knees, between them both agree.
    """
    if soc < knee_low:
        return max(0.0, (soc - empty) * knee_low / (knee_low - empty))
    if soc > knee_high:
        return min(1.0, knee_high + (soc - knee_high) * (1.0 - knee_high) / (full - knee_high))
    return soc


@scalar
def table_soc_of(usable, empty, knee_low, knee_high, full):
    """State of charge of the open-circuit table [1], of that published: the inverse of :func:`usable_soc`."""
    if usable < knee_low:
        return empty + usable * (knee_low - empty) / knee_low
    if usable > knee_high:
        return knee_high + (usable - knee_high) * (full - knee_high) / (1.0 - knee_high)
    return usable


@scalar
def middle_voltage(avg, highest, lowest, count):
    """Mean voltage [V] of `count` cells without the two extreme ones, of which a single wrong reading is one.

    On the plateau of LFP a millivolt is worth several percent of charge: one cell of 260 that is misread by 0.4 V would
    shift the mean by that much.
    """
    return (count * avg - highest - lowest) / (count - 2.0) if count > 2.0 else avg


@kernel
def count_charge(
    # model
    table_soc,
    table_voltage,
    table_hysteresis,
    empty,
    knee_low,
    knee_high,
    full,
    rest_current,
    cell_count,
    # state
    capacity,
    known,
    rest_time,
    settled_current,
    settled_time,
    charge_moved,
    # inputs
    current,
    cell_voltage_avg,
    cell_voltage_max,
    cell_voltage_min,
    cell_voltage_invalid_count,
    # out
    soc,
    cycle_count,
    dt,
):
    """State of charge [1] and equivalent full cycles of every rack, all (rack,); table [1] [V] [V], capacity [C].

    While no current is measured (NaN) the charge stands, the rack does not count as resting, and the charge moved
    since the last look at the circuit is NaN.
    """
    for r in range(soc.shape[0]):
        measured = not np.isnan(current[r])
        moved = current[r] * dt / capacity[r] if measured else 0.0
        charge_moved[r] += current[r] * dt
        cycle_count[r] += 0.5 * abs(moved)
        rest_time[r] = rest_time[r] + dt if measured and abs(current[r]) < rest_current else 0.0
        if abs(current[r] - settled_current[r]) <= rest_current:
            settled_time[r] += dt
        else:
            settled_current[r] = current[r]
            settled_time[r] = 0.0

        charge = soc[r] - moved
        if known[r] == 0.0 and not np.isnan(cell_voltage_avg[r]):
            valid = cell_count - cell_voltage_invalid_count[r]
            voltage = middle_voltage(cell_voltage_avg[r], cell_voltage_max[r], cell_voltage_min[r], valid)
            rested = rest_soc(voltage, 0.0, table_soc, table_voltage, table_hysteresis)
            charge = usable_soc(rested, empty, knee_low, knee_high, full)
            known[r] = 1.0
        soc[r] = min(max(charge, 0.0), 1.0)
