"""The current that the extreme cells can carry for a minute before they reach the end of charge or discharge."""

import numpy as np

from bms_emulator.firmware.reference.estimator import interpolate, relax_hysteresis
from bms_emulator.jit import kernel, scalar

PULSE = 60.0
"""Length of the pulse [s]."""


@scalar
def pulse_current(
    direction,
    largest,
    end_voltage,
    start_voltage,
    start_soc,
    hysteresis,
    resistance,
    memory,
    soc_per_current,
    hysteresis_rate,
    table_soc,
    table_voltage,
    table_hysteresis,
):
    """Largest current [A] at which a cell has not passed its end voltage when the pulse ends, at most `largest`.

    V(J) = U(z - d k J) + h' M(z - d k J) + rest - d R J - memory, taken as a straight line between the nodes of the
    open-circuit table, where it falls towards the end voltage for a cell that is led towards it.

    Args:
        direction: d, 1 in discharge, -1 in charge.
        largest: Current beyond which it is not asked for [A].
        end_voltage: Voltage that may be reached [V].
        start_voltage: Open-circuit voltage with hysteresis, now [V].
        start_soc: State of charge that the table gives for it [1].
        hysteresis: Hysteresis state now [1].
        resistance: Pulse response R, voltage per current at the pulse's end [Ohm].
        memory: What is then left of the branch voltages of now [V].
        soc_per_current: k, state of charge moved by the pulse per current [1/A].
        hysteresis_rate: Rate of the hysteresis state [1].
        table_soc: States of charge of the open-circuit table [1].
        table_voltage: Its voltages [V].
        table_hysteresis: Its half hysteresis gaps [V].
    """
    voltage = interpolate(start_soc, table_soc, table_voltage)
    gap = interpolate(start_soc, table_soc, table_hysteresis)
    beyond_table = start_voltage - voltage - hysteresis * gap
    margin = direction * (start_voltage - memory - end_voltage)
    if not margin > 0.0:
        return 0.0
    count = table_soc.shape[0]
    ahead = int(-direction)
    node = 0
    while node < count - 1 and table_soc[node + 1] <= start_soc:
        node += 1
    if ahead > 0:
        node += 1
    elif table_soc[node] >= start_soc:
        node -= 1
    reached = 0.0
    while 0 <= node < count:
        soc = table_soc[node]
        current = abs(soc - start_soc) / soc_per_current
        if current >= largest:
            current = largest
            soc = start_soc - direction * largest * soc_per_current
            voltage = interpolate(soc, table_soc, table_voltage)
            gap = interpolate(soc, table_soc, table_hysteresis)
        else:
            voltage = table_voltage[node]
            gap = table_hysteresis[node]
        turned = relax_hysteresis(hysteresis, hysteresis_rate, start_soc - soc)
        predicted = voltage + turned * gap + beyond_table - direction * resistance * current - memory
        left = direction * (predicted - end_voltage)
        if left <= 0.0:
            return reached + (current - reached) * margin / (margin - left)
        if current >= largest:
            return largest
        reached = current
        margin = left
        node += ahead
    return reached


@kernel
def predict_pulses(
    # model
    table_soc,
    table_voltage,
    table_hysteresis,
    shape_soc,
    shape_charge,
    shape_discharge,
    tau1,
    tau2,
    hysteresis_rate,
    rated_current,
    charge_end_voltage,
    discharge_end_voltage,
    # inputs
    capacity,
    hysteresis,
    relaxed_current1,
    relaxed_current2,
    resistance0,
    resistance1,
    resistance2,
    cell_voltage_max,
    cell_voltage_min,
    drop,
    soc_highest,
    soc_lowest,
    # out
    pulse_resistance,
    charge_pulse,
    discharge_pulse,
    first,
    stride,
):
    """Currents [A] of a minute that lead the highest and the lowest cell of every stride-th rack to its end voltage.

    All (rack,). Where voltage, current or temperature is unknown, nothing is allowed. `pulse_resistance` is the
    response to the pulse before its shape over the state of charge [Ohm].
    """
    decay1 = np.exp(-PULSE / tau1)
    decay2 = np.exp(-PULSE / tau2)
    for r in range(first[0], capacity.shape[0], stride):
        response = resistance0[r] + (1.0 - decay1) * resistance1[r] + (1.0 - decay2) * resistance2[r]
        pulse_resistance[r] = response
        charge_pulse[r] = 0.0
        discharge_pulse[r] = 0.0
        if np.isnan(soc_highest[r]) or np.isnan(soc_lowest[r]):
            continue
        memory = decay1 * resistance1[r] * relaxed_current1[r] + decay2 * resistance2[r] * relaxed_current2[r]
        shape = interpolate(soc_highest[r], shape_soc, shape_charge)
        charge_pulse[r] = pulse_current(
            -1.0,
            rated_current,
            charge_end_voltage,
            cell_voltage_max[r] + drop[r],
            soc_highest[r],
            hysteresis[r],
            shape * response,
            shape * memory,
            PULSE / capacity[r],
            hysteresis_rate,
            table_soc,
            table_voltage,
            table_hysteresis,
        )
        shape = interpolate(soc_lowest[r], shape_soc, shape_discharge)
        discharge_pulse[r] = pulse_current(
            1.0,
            rated_current,
            discharge_end_voltage,
            cell_voltage_min[r] + drop[r],
            soc_lowest[r],
            hysteresis[r],
            shape * response,
            shape * memory,
            PULSE / capacity[r],
            hysteresis_rate,
            table_soc,
            table_voltage,
            table_hysteresis,
        )
