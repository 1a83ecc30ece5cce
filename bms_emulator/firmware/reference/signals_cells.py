"""Signals of cells and packs: extremes, rates, ages, signs of thermal runaway, and what monitoring units report."""

import numpy as np

from bms_emulator.firmware.contract import CmuFault
from bms_emulator.firmware.reference.filters import follow, ramp_gain
from bms_emulator.jit import kernel, scalar
from bms_emulator.profile.signals import RACK_SIGNALS

_VOLTAGE_MAX = RACK_SIGNALS.index("cell_voltage_max_v")
_VOLTAGE_MIN = RACK_SIGNALS.index("cell_voltage_min_v")
_VOLTAGE_SPREAD = RACK_SIGNALS.index("cell_voltage_spread_v")
_VOLTAGE_RATE = RACK_SIGNALS.index("cell_voltage_rate_v_per_s")
_TEMPERATURE_MAX = RACK_SIGNALS.index("temperature_max_degc")
_TEMPERATURE_MIN = RACK_SIGNALS.index("temperature_min_degc")
_TEMPERATURE_SPREAD = RACK_SIGNALS.index("temperature_spread_k")
_TEMPERATURE_RISE = RACK_SIGNALS.index("temperature_rise_k_per_min")
_RUNAWAY_SIGNS = RACK_SIGNALS.index("thermal_runaway_signs")
_VOLTAGE_AGE = RACK_SIGNALS.index("voltage_age_ratio")
_TEMPERATURE_AGE = RACK_SIGNALS.index("temperature_age_ratio")
_CMU_COMMUNICATION = RACK_SIGNALS.index("cmu_communication")
_CMU_INTEGRITY = RACK_SIGNALS.index("cmu_integrity")
_CMU_OPEN_WIRE = RACK_SIGNALS.index("cmu_open_wire")

_COMMUNICATION_BIT = 1 << CmuFault.COMMUNICATION
_INTEGRITY_BIT = 1 << CmuFault.INTEGRITY
_OPEN_WIRE_BIT = 1 << CmuFault.OPEN_WIRE


@scalar
def first_lost(channels, pack_count):
    """Pack of the first channel that reads invalid, counted from 1; 0 where none does."""
    for k in range(channels.shape[0]):
        if np.isnan(channels[k]):
            return k * pack_count // channels.shape[0] + 1
    return 0


@kernel
def derive_cell_signals(
    # model
    voltage_age_limit,
    temperature_age_limit,
    voltage_rate_window,
    temperature_rise_window,
    runaway_rise,
    runaway_fall,
    runaway_hold,
    # state
    voltage_lost_time,
    temperature_lost_time,
    voltage_max_followed,
    voltage_min_followed,
    temperature_followed,
    rise_age,
    fall_age,
    # inputs
    cell_voltage,
    cell_voltage_age,
    temperature,
    temperature_age,
    cmu_faults,
    cell_voltage_max,
    cell_voltage_max_cell,
    cell_voltage_min,
    cell_voltage_min_cell,
    cell_voltage_avg,
    voltage_invalid_count,
    temperature_max,
    temperature_max_pack,
    temperature_min,
    temperature_min_pack,
    temperature_invalid_count,
    gas_alarm,
    # out
    signals,
    sources,
    dt,
):
    """Signals and sources of cells and packs, (rack, signal), in the order of RACK_SIGNALS.

    Limits and windows [s], runaway_rise [K/s], runaway_fall [V/s]; cell_voltage (rack, cell), temperature (rack,
    sensor), ages and cmu_faults (rack, pack), gas_alarm (container,), the others (rack,). The age of a channel that
    reads invalid is the time since all were last valid.
    """
    rack_count, pack_count = cell_voltage_age.shape
    racks_per_container = rack_count // gas_alarm.shape[0]
    voltage_decay = np.exp(-dt / voltage_rate_window)
    voltage_gain = ramp_gain(voltage_decay, dt)
    temperature_decay = np.exp(-dt / temperature_rise_window)
    temperature_gain = ramp_gain(temperature_decay, dt)
    for r in range(rack_count):
        signal = signals[r]
        source = sources[r]
        top = cell_voltage_max[r]
        bottom = cell_voltage_min[r]
        top_cell = cell_voltage_max_cell[r]
        bottom_cell = cell_voltage_min_cell[r]
        signal[_VOLTAGE_MAX] = top
        source[_VOLTAGE_MAX] = top_cell
        signal[_VOLTAGE_MIN] = bottom
        source[_VOLTAGE_MIN] = bottom_cell
        signal[_VOLTAGE_SPREAD] = top - bottom
        source[_VOLTAGE_SPREAD] = top_cell if top - cell_voltage_avg[r] > cell_voltage_avg[r] - bottom else bottom_cell

        voltage_max_followed[r] = follow(voltage_max_followed[r], top, voltage_decay)
        voltage_min_followed[r] = follow(voltage_min_followed[r], bottom, voltage_decay)
        top_rate = voltage_gain * (top - voltage_max_followed[r])
        bottom_rate = voltage_gain * (bottom - voltage_min_followed[r])
        signal[_VOLTAGE_RATE] = max(abs(top_rate), abs(bottom_rate))
        source[_VOLTAGE_RATE] = top_cell if abs(top_rate) > abs(bottom_rate) else bottom_cell

        hottest = temperature_max[r]
        signal[_TEMPERATURE_MAX] = hottest
        source[_TEMPERATURE_MAX] = temperature_max_pack[r]
        signal[_TEMPERATURE_MIN] = temperature_min[r]
        source[_TEMPERATURE_MIN] = temperature_min_pack[r]
        signal[_TEMPERATURE_SPREAD] = hottest - temperature_min[r]
        source[_TEMPERATURE_SPREAD] = temperature_max_pack[r]
        temperature_followed[r] = follow(temperature_followed[r], hottest, temperature_decay)
        rise = temperature_gain * (hottest - temperature_followed[r])
        signal[_TEMPERATURE_RISE] = rise
        source[_TEMPERATURE_RISE] = temperature_max_pack[r]

        rise_age[r] = 0.0 if rise >= runaway_rise else rise_age[r] + dt
        fall_age[r] = 0.0 if -bottom_rate >= runaway_fall else fall_age[r] + dt
        signs = 1.0 if rise_age[r] <= runaway_hold else 0.0
        signs += 1.0 if fall_age[r] <= runaway_hold else 0.0
        signs += 1.0 if gas_alarm[r // racks_per_container] != 0.0 else 0.0
        signal[_RUNAWAY_SIGNS] = signs
        source[_RUNAWAY_SIGNS] = temperature_max_pack[r]

        voltage_age = 0.0
        voltage_pack = 0
        temperature_age_max = 0.0
        temperature_pack = 0
        faults = 0.0
        for p in range(pack_count):
            if cell_voltage_age[r, p] > voltage_age:
                voltage_age = cell_voltage_age[r, p]
                voltage_pack = p + 1
            if temperature_age[r, p] > temperature_age_max:
                temperature_age_max = temperature_age[r, p]
                temperature_pack = p + 1
            faults += cmu_faults[r, p]
        voltage_lost_time[r] = voltage_lost_time[r] + dt if voltage_invalid_count[r] > 0.0 else 0.0
        if voltage_lost_time[r] > voltage_age:
            voltage_age = voltage_lost_time[r]
            voltage_pack = first_lost(cell_voltage[r], pack_count)
        temperature_lost_time[r] = temperature_lost_time[r] + dt if temperature_invalid_count[r] > 0.0 else 0.0
        if temperature_lost_time[r] > temperature_age_max:
            temperature_age_max = temperature_lost_time[r]
            temperature_pack = first_lost(temperature[r], pack_count)
        signal[_VOLTAGE_AGE] = voltage_age / voltage_age_limit
        source[_VOLTAGE_AGE] = voltage_pack
        signal[_TEMPERATURE_AGE] = temperature_age_max / temperature_age_limit
        source[_TEMPERATURE_AGE] = temperature_pack

        signal[_CMU_COMMUNICATION] = 0.0
        signal[_CMU_INTEGRITY] = 0.0
        signal[_CMU_OPEN_WIRE] = 0.0
        if faults != 0.0:
            flag_units(cmu_faults[r], signal, source)


@scalar
def flag_units(cmu_faults, signal, source):
    """Flags and sources of what the monitoring units of a rack report, as bits (pack,)."""
    for p in range(cmu_faults.shape[0] - 1, -1, -1):  # so that the first pack is the source
        bits = int(cmu_faults[p])
        if bits & _COMMUNICATION_BIT:
            signal[_CMU_COMMUNICATION] = 1.0
            source[_CMU_COMMUNICATION] = p + 1
        if bits & _INTEGRITY_BIT:
            signal[_CMU_INTEGRITY] = 1.0
            source[_CMU_INTEGRITY] = p + 1
        if bits & _OPEN_WIRE_BIT:
            signal[_CMU_OPEN_WIRE] = 1.0
            source[_CMU_OPEN_WIRE] = p + 1
