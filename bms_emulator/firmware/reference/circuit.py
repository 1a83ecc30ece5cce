"""What the estimator knows of the cells' circuit: resistances, relaxed currents, and charge by voltage under current.

Resistance is that of a fresh cell at the measured temperature times the learnt growth; two RC branches follow the
measured current. What the voltage lies below its open-circuit value is added back, and the open-circuit table then
tells the state of charge of the mean, the highest and the lowest cell, as though they rested.
"""

import numpy as np

from bms_emulator.firmware.reference.estimator import interpolate, relax_hysteresis, rest_soc
from bms_emulator.jit import kernel, scalar


@scalar
def at_temperature(temperature, first, step, table, column):
    """Value of a column over a uniform grid of temperature [K]; constant beyond its ends."""
    position = (temperature - first) / step
    position = min(max(position, 0.0), table.shape[0] - 1.001)
    j = int(position)
    return table[j, column] + (position - j) * (table[j + 1, column] - table[j, column])


@kernel
def observe_circuit(
    # model
    table_soc,
    table_voltage,
    table_hysteresis,
    shape_soc,
    shape_charge,
    shape_discharge,
    resistance_first,
    resistance_step,
    resistance_table,
    tau1,
    tau2,
    hysteresis_rate,
    rest_current,
    # state
    capacity,
    hysteresis,
    charge_moved,
    direction,
    relaxed_current1,
    relaxed_current2,
    resistance0,
    resistance1,
    resistance2,
    # inputs
    current,
    cell_voltage_avg,
    cell_voltage_max,
    cell_voltage_min,
    temperature_avg,
    soc,
    growth,
    # out
    drop,
    soc_mean,
    soc_highest,
    soc_lowest,
    first,
    stride,
    dt,
):
    """Bring the circuit of every stride-th rack up to date, all (rack,); the table of resistances [Ohm] is (node, 3).

    Without a valid temperature resistances stand; without a valid current `drop` [V] is NaN, and so are the charges.
    """
    period = stride * dt
    decay1 = np.exp(-period / tau1)
    decay2 = np.exp(-period / tau2)
    for r in range(first[0], current.shape[0], stride):
        mean_current = charge_moved[r] / period
        if not np.isnan(mean_current):
            relaxed_current1[r] = decay1 * relaxed_current1[r] + (1.0 - decay1) * mean_current
            relaxed_current2[r] = decay2 * relaxed_current2[r] + (1.0 - decay2) * mean_current
            if abs(mean_current) >= rest_current:
                hysteresis[r] = relax_hysteresis(hysteresis[r], hysteresis_rate, charge_moved[r] / capacity[r])
        if abs(current[r]) >= rest_current:
            direction[r] = np.sign(current[r])

        warm = temperature_avg[r]
        if not np.isnan(warm):
            resistance0[r] = growth[r] * at_temperature(warm, resistance_first, resistance_step, resistance_table, 0)
            resistance1[r] = growth[r] * at_temperature(warm, resistance_first, resistance_step, resistance_table, 1)
            resistance2[r] = growth[r] * at_temperature(warm, resistance_first, resistance_step, resistance_table, 2)
        shape = interpolate(soc[r], shape_soc, shape_discharge if direction[r] > 0.0 else shape_charge)
        drop[r] = shape * (
            resistance0[r] * current[r] + resistance1[r] * relaxed_current1[r] + resistance2[r] * relaxed_current2[r]
        )
        soc_mean[r] = charge_by_voltage(
            cell_voltage_avg[r] + drop[r], hysteresis[r], table_soc, table_voltage, table_hysteresis
        )
        soc_highest[r] = charge_by_voltage(
            cell_voltage_max[r] + drop[r], hysteresis[r], table_soc, table_voltage, table_hysteresis
        )
        soc_lowest[r] = charge_by_voltage(
            cell_voltage_min[r] + drop[r], hysteresis[r], table_soc, table_voltage, table_hysteresis
        )


@scalar
def charge_by_voltage(voltage, hysteresis, table_soc, table_voltage, table_hysteresis):
    """State of charge [1] of an open-circuit voltage [V]; NaN for NaN."""
    if np.isnan(voltage):
        return np.nan
    return rest_soc(voltage, hysteresis, table_soc, table_voltage, table_hysteresis)
