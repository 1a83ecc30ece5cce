"""Signals of the string: voltage, currents, insulation, charge, contacts, and what the controller finds of itself."""

import numpy as np

from bms_emulator.firmware.contract import ControllerFault
from bms_emulator.firmware.reference.filters import follow
from bms_emulator.jit import kernel, scalar
from bms_emulator.profile.signals import RACK_SIGNALS

_VOLTAGE_PER_CELL = RACK_SIGNALS.index("string_voltage_per_cell_v")
_SUM_MISMATCH = RACK_SIGNALS.index("sum_of_cells_mismatch_ratio")
_CHARGE_CURRENT = RACK_SIGNALS.index("charge_current_ratio")
_DISCHARGE_CURRENT = RACK_SIGNALS.index("discharge_current_ratio")
_CHARGE_MEAN = RACK_SIGNALS.index("charge_current_mean_ratio")
_DISCHARGE_MEAN = RACK_SIGNALS.index("discharge_current_mean_ratio")
_CURRENT_MISMATCH = RACK_SIGNALS.index("current_mismatch_ratio")
_CURRENT_AGE = RACK_SIGNALS.index("current_age_ratio")
_OPEN_CURRENT = RACK_SIGNALS.index("open_string_current_a")
_TERMINAL = RACK_SIGNALS.index("terminal_temperature_degc")
_INSULATION_POSITIVE = RACK_SIGNALS.index("insulation_positive_ohm_per_v")
_INSULATION_NEGATIVE = RACK_SIGNALS.index("insulation_negative_ohm_per_v")
_SOC_BELOW = RACK_SIGNALS.index("soc_below_reserve_percent")
_SOC_ABOVE = RACK_SIGNALS.index("soc_above_reserve_percent")
_SOC_JUMP = RACK_SIGNALS.index("soc_jump_percent")
_SOH = RACK_SIGNALS.index("soh_percent")
_FUSE = RACK_SIGNALS.index("fuse_open")
_BREAKER = RACK_SIGNALS.index("breaker_open")
_INTERLOCK = RACK_SIGNALS.index("interlock_open")
_CONFIGURATION = RACK_SIGNALS.index("configuration_fault")
_PERSISTENT_MEMORY = RACK_SIGNALS.index("persistent_memory_fault")
_CLOCK = RACK_SIGNALS.index("clock_fault")
_WATCHDOG = RACK_SIGNALS.index("watchdog_fault")
_DUPLICATE_ID = RACK_SIGNALS.index("duplicate_id")
_COMMUNICATION = RACK_SIGNALS.index("controller_communication")
_INSULATION_MONITOR = RACK_SIGNALS.index("insulation_monitor_failed")

_CONFIGURATION_BIT = 1 << ControllerFault.CONFIGURATION
_PERSISTENT_MEMORY_BIT = 1 << ControllerFault.PERSISTENT_MEMORY
_CLOCK_BIT = 1 << ControllerFault.CLOCK
_WATCHDOG_BIT = 1 << ControllerFault.WATCHDOG
_DUPLICATE_ID_BIT = 1 << ControllerFault.DUPLICATE_ID
_COMMUNICATION_BIT = 1 << ControllerFault.COMMUNICATION
_INSULATION_MONITOR_BIT = 1 << ControllerFault.INSULATION_MONITOR


@scalar
def flag(bits, bit):
    """1 where a bit is set."""
    return 1.0 if bits & bit else 0.0


@kernel
def derive_string_signals(
    # model
    cell_count,
    rated_current,
    flowing_current,
    current_age_limit,
    current_mean_window,
    soc_jump_window,
    rated_voltage,
    # state
    current_lost_time,
    current_mean,
    soc_seen,
    soc_jump,
    # inputs
    string_voltage,
    cell_voltage_sum,
    voltage_invalid_count,
    current,
    current_second,
    current_age,
    command,
    terminal_temperature,
    insulation_positive,
    insulation_negative,
    soc,
    soc_reserve_min,
    soc_reserve_max,
    soh,
    capacity,
    fuse_feedback,
    breaker_feedback,
    interlock_closed,
    controller_faults,
    # out
    signals,
    direction,
    dt,
):
    """Signals of strings, (rack, signal), in the order of RACK_SIGNALS; direction is 1 in discharge, -1 in charge.

    Currents [A], voltages [V], insulation [Ohm], capacity [A s]; command is that of the last period, (rack, contactor),
    soc_reserve_* (container,), the others (rack,).
    """
    racks_per_container = current.shape[0] // soc_reserve_min.shape[0]
    mean_decay = np.exp(-dt / current_mean_window)
    jump_decay = np.exp(-dt / soc_jump_window)
    per_rated = 1.0 / rated_current
    per_cell = 1.0 / cell_count
    per_volt = 1.0 / rated_voltage
    for r in range(current.shape[0]):
        signal = signals[r]
        amps = current[r]
        signal[_VOLTAGE_PER_CELL] = string_voltage[r] * per_cell
        mismatch = abs(string_voltage[r] - cell_voltage_sum[r]) / cell_voltage_sum[r]
        signal[_SUM_MISMATCH] = mismatch if voltage_invalid_count[r] == 0.0 else np.nan

        signal[_CHARGE_CURRENT] = -amps * per_rated
        signal[_DISCHARGE_CURRENT] = amps * per_rated
        current_mean[r] = follow(current_mean[r], amps, mean_decay)
        signal[_CHARGE_MEAN] = -current_mean[r] * per_rated
        signal[_DISCHARGE_MEAN] = current_mean[r] * per_rated
        signal[_CURRENT_MISMATCH] = abs(amps - current_second[r]) * per_rated
        current_lost_time[r] = current_lost_time[r] + dt if np.isnan(amps) else 0.0
        signal[_CURRENT_AGE] = max(current_age[r], current_lost_time[r]) / current_age_limit
        is_open = command[r, 0] == 0.0 and command[r, 1] == 0.0 and command[r, 2] == 0.0
        signal[_OPEN_CURRENT] = abs(amps) if is_open else 0.0
        direction[r] = 0.0
        if amps > flowing_current:
            direction[r] = 1.0
        elif amps < -flowing_current:
            direction[r] = -1.0

        signal[_TERMINAL] = terminal_temperature[r]
        signal[_INSULATION_POSITIVE] = insulation_positive[r] * per_volt if is_open else np.nan
        signal[_INSULATION_NEGATIVE] = insulation_negative[r] * per_volt if is_open else np.nan

        explained = 0.0 if np.isnan(amps) else -amps * dt / capacity[r]
        jump = 0.0 if np.isnan(soc_seen[r]) else soc[r] - soc_seen[r] - explained
        soc_seen[r] = soc[r]
        soc_jump[r] = jump_decay * soc_jump[r] + jump
        signal[_SOC_BELOW] = soc_reserve_min[r // racks_per_container] - soc[r]
        signal[_SOC_ABOVE] = soc[r] - soc_reserve_max[r // racks_per_container]
        signal[_SOC_JUMP] = abs(soc_jump[r])
        signal[_SOH] = soh[r]

        signal[_FUSE] = 1.0 - fuse_feedback[r]
        signal[_BREAKER] = 1.0 - breaker_feedback[r]
        signal[_INTERLOCK] = 1.0 - interlock_closed[r]
        bits = int(controller_faults[r])
        signal[_CONFIGURATION] = flag(bits, _CONFIGURATION_BIT)
        signal[_PERSISTENT_MEMORY] = flag(bits, _PERSISTENT_MEMORY_BIT)
        signal[_CLOCK] = flag(bits, _CLOCK_BIT)
        signal[_WATCHDOG] = flag(bits, _WATCHDOG_BIT)
        signal[_DUPLICATE_ID] = flag(bits, _DUPLICATE_ID_BIT)
        signal[_COMMUNICATION] = flag(bits, _COMMUNICATION_BIT)
        signal[_INSULATION_MONITOR] = flag(bits, _INSULATION_MONITOR_BIT)
