"""State of charge by counting the measured current, corrected at the knees of the OCV curve after rest.

The estimate knows nothing but measurements: a sensor with an offset makes it drift, and only a rest in a knee brings it
back, as in a real system. Capacity and state of health are those of the last capacity test; they are not learnt in
operation.
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


@kernel
def estimate_charge(
    # model
    table_soc,
    table_voltage,
    table_hysteresis,
    hysteresis_rate,
    rest_current,
    rest_duration,
    correction_low,
    correction_high,
    # state
    capacity,
    known,
    hysteresis,
    rest_time,
    # inputs
    current,
    cell_voltage_avg,
    # out
    soc,
    cycle_count,
    dt,
):
    """State of charge [1] and equivalent full cycles of every rack, all (rack,); table [1] [V] [V], capacity [C].

    While no current is measured (NaN) the charge stands, and the rack does not count as resting.
    """
    for r in range(soc.shape[0]):
        measured = not np.isnan(current[r])
        moved = current[r] * dt / capacity[r] if measured else 0.0
        resting = measured and abs(current[r]) < rest_current
        charge = soc[r] - moved
        cycle_count[r] += 0.5 * abs(moved)
        if not resting:
            hysteresis[r] = relax_hysteresis(hysteresis[r], hysteresis_rate, moved)
        rest_time[r] = rest_time[r] + dt if resting else 0.0

        if not np.isnan(cell_voltage_avg[r]):
            if known[r] == 0.0:
                charge = rest_soc(cell_voltage_avg[r], 0.0, table_soc, table_voltage, table_hysteresis)
                known[r] = 1.0
            elif rest_time[r] >= rest_duration:
                rested = rest_soc(cell_voltage_avg[r], hysteresis[r], table_soc, table_voltage, table_hysteresis)
                if rested < correction_low or rested > correction_high:
                    charge = rested
        soc[r] = min(max(charge, 0.0), 1.0)
