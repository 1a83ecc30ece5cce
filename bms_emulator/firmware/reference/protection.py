"""Protection: alarm rows over signals, in three levels, set and cleared by value and time.

Level 1 warns and derates, level 2 stops current in the directions that the row blocks, level 3 opens the rack and
latches: it ends only when the cause has been gone for its clearing time and a master resets it.
"""

import numpy as np

from bms_emulator.firmware.reference.timing import has_lasted
from bms_emulator.jit import kernel

(
    CELL_VOLTAGE_MAX,
    CELL_VOLTAGE_MIN,
    CELL_VOLTAGE_SPREAD,
    TEMPERATURE_MAX,
    TEMPERATURE_MIN_CHARGE,
    TEMPERATURE_MIN_DISCHARGE,
    TEMPERATURE_SPREAD,
    CHARGE_CURRENT,
    DISCHARGE_CURRENT,
    MEASUREMENT_AGE,
) = range(10)
"""Rows of the signal matrix, in the order of :data:`bms_emulator.profile.firmware.Signal`."""

SIGNAL_COUNT = 10
LEVELS = 3


@kernel
def derive_signals(
    # model
    rated_current,
    flowing_current,
    voltage_age_limit,
    current_age_limit,
    temperature_age_limit,
    # state
    voltage_lost_time,
    temperature_lost_time,
    current_lost_time,
    # inputs
    cell_voltage_max,
    cell_voltage_min,
    voltage_invalid_count,
    temperature_max,
    temperature_min,
    temperature_invalid_count,
    current,
    cell_voltage_age,
    temperature_age,
    current_age,
    # out
    signals,
    may_trip,
    dt,
):
    """What the alarm rows watch, (signal, rack): [V], [K], currents and ages relative to what is permitted.

    ``may_trip`` is 0 where level 3 must not set: cold cells damage nothing until current flows, so a cold rack is
    warned of and blocked, but opened only when it carries current all the same. The age of a channel that reads invalid
    is the time since it was last valid.
    """
    for r in range(current.shape[0]):
        voltage_lost_time[r] = voltage_lost_time[r] + dt if voltage_invalid_count[r] > 0.0 else 0.0
        temperature_lost_time[r] = temperature_lost_time[r] + dt if temperature_invalid_count[r] > 0.0 else 0.0
        current_lost_time[r] = current_lost_time[r] + dt if np.isnan(current[r]) else 0.0
        voltage_age = voltage_lost_time[r]
        temperature_age_max = temperature_lost_time[r]
        for p in range(cell_voltage_age.shape[1]):
            voltage_age = max(voltage_age, cell_voltage_age[r, p])
            temperature_age_max = max(temperature_age_max, temperature_age[r, p])

        signals[CELL_VOLTAGE_MAX, r] = cell_voltage_max[r]
        signals[CELL_VOLTAGE_MIN, r] = cell_voltage_min[r]
        signals[CELL_VOLTAGE_SPREAD, r] = cell_voltage_max[r] - cell_voltage_min[r]
        signals[TEMPERATURE_MAX, r] = temperature_max[r]
        signals[TEMPERATURE_MIN_CHARGE, r] = temperature_min[r]
        signals[TEMPERATURE_MIN_DISCHARGE, r] = temperature_min[r]
        signals[TEMPERATURE_SPREAD, r] = temperature_max[r] - temperature_min[r]
        signals[CHARGE_CURRENT, r] = -current[r] / rated_current
        signals[DISCHARGE_CURRENT, r] = current[r] / rated_current
        signals[MEASUREMENT_AGE, r] = max(
            voltage_age / voltage_age_limit,
            temperature_age_max / temperature_age_limit,
            max(current_age[r], current_lost_time[r]) / current_age_limit,
        )
        may_trip[TEMPERATURE_MIN_CHARGE, r] = 1.0 if current[r] < -flowing_current else 0.0
        may_trip[TEMPERATURE_MIN_DISCHARGE, r] = 1.0 if current[r] > flowing_current else 0.0


@kernel
def evaluate_alarms(
    # model
    row_signal,
    row_sign,
    set_level,
    set_time,
    clear_level,
    clear_time,
    concerns_charge,
    concerns_discharge,
    # state
    active,
    time,
    # inputs
    signals,
    may_trip,
    reset,
    # out
    alarm,
    alarm_level,
    alarm_latched,
    charge_alarm_level,
    discharge_alarm_level,
    dt,
):
    """Set and clear all levels of all rows of all racks.

    Rows: row_signal, row_sign (+1 above, -1 below), concerns_* (alarm,); set_*, clear_* (alarm, level). State (rack,
    alarm, level). signals, may_trip (signal, rack); reset (container,). A signal that is NaN neither sets nor clears.
    """
    rack_count, row_count = alarm.shape
    racks_per_container = rack_count // reset.shape[0]
    for r in range(rack_count):
        resetting = reset[r // racks_per_container] != 0.0
        alarm_level[r] = 0.0
        alarm_latched[r] = 0.0
        charge_alarm_level[r] = 0.0
        discharge_alarm_level[r] = 0.0
        for a in range(row_count):
            signal = row_signal[a]
            severity = row_sign[a] * signals[signal, r]
            alarm[r, a] = 0.0
            for n in range(LEVELS):
                trips = n == LEVELS - 1
                beyond = severity >= row_sign[a] * set_level[a, n]
                if active[r, a, n] == 0.0:
                    setting = beyond and not (trips and may_trip[signal, r] == 0.0)
                    time[r, a, n] = time[r, a, n] + dt if setting else 0.0
                    if setting and has_lasted(time[r, a, n], set_time[a, n], dt):
                        active[r, a, n] = 1.0
                        time[r, a, n] = 0.0
                else:
                    clearing = severity <= row_sign[a] * clear_level[a, n] and not beyond
                    time[r, a, n] = time[r, a, n] + dt if clearing else 0.0
                    released = resetting or not trips
                    if clearing and released and has_lasted(time[r, a, n], clear_time[a, n], dt):
                        active[r, a, n] = 0.0
                        time[r, a, n] = 0.0
                if active[r, a, n] != 0.0:
                    alarm[r, a] = n + 1.0
            alarm_level[r] = max(alarm_level[r], alarm[r, a])
            charge_alarm_level[r] = max(charge_alarm_level[r], alarm[r, a] * concerns_charge[a])
            discharge_alarm_level[r] = max(discharge_alarm_level[r], alarm[r, a] * concerns_discharge[a])
            if active[r, a, LEVELS - 1] != 0.0:
                alarm_latched[r] = 1.0
