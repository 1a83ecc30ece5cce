"""Limits of current and power of every rack as a chain of deratings, and what the bank may carry with its racks."""

import numpy as np

from bms_emulator.firmware.contract import Action, RackMode
from bms_emulator.firmware.reference.estimator import interpolate
from bms_emulator.jit import kernel, scalar

_CONNECTED = float(RackMode.CONNECTED)
_DERATE, _STOP = float(Action.DERATE), float(Action.STOP)


@scalar
def taper(quantity, start, end):
    """Factor that falls linearly from 1 at the start to 0 at the end, whichever of them is higher [1]; 0 for NaN."""
    share = (quantity - end) / (start - end)
    return min(share, 1.0) if share > 0.0 else 0.0


@scalar
def mean_share(mean, start, end, end_set, cell_count):
    """Factor that falls with the mean cell [V] towards an end that was set for the string [V], in the profile's width.

    It is 1 where that end does not lie before the profile's own, which the extreme cell decides on.
    """
    is_before = end_set < cell_count * end if end > start else end_set > cell_count * end
    if not is_before:
        return 1.0
    return taper(mean, end_set / cell_count + start - end, end_set / cell_count)


@scalar
def action_factor(action, warning_factor):
    """Factor of a direction at the most severe action of its alarms: derated, or nothing from a stop on [1]."""
    if action >= _STOP:
        return 0.0
    return warning_factor if action >= _DERATE else 1.0


@scalar
def cooling_factor(coolant_temperature, chiller_fault, hot_start, hot_end, lowest):
    """Factor while the coolant is hot [K] or the chiller has tripped [1]; what is not known does not derate."""
    if chiller_fault != 0.0:
        return lowest
    if np.isnan(coolant_temperature):
        return 1.0
    return lowest + (1.0 - lowest) * taper(coolant_temperature, hot_start, hot_end)


@scalar
def rise(limit, target, step):
    """A limit that falls to its target at once and rises by no more than a step."""
    return min(target, limit + step)


@kernel
def limit_racks(
    # model
    rated_current,
    charge_voltage_start,
    charge_voltage_end,
    discharge_voltage_start,
    discharge_voltage_end,
    charge_temperature,
    charge_temperature_current,
    discharge_temperature,
    discharge_temperature_current,
    peak_factor,
    hot_start,
    hot_end,
    hot_factor,
    warning_factor,
    ramp,
    soc_taper,
    cell_count,
    # inputs
    mode,
    current,
    string_voltage,
    cell_voltage_avg,
    cell_voltage_max,
    cell_voltage_min,
    temperature_max,
    temperature_min,
    soc,
    resistance,
    pulse_resistance,
    charge_pulse,
    discharge_pulse,
    charge_action,
    discharge_action,
    coolant_temperature,
    chiller_fault,
    soc_reserve_min,
    soc_reserve_max,
    charge_voltage_max,
    discharge_voltage_min,
    master_lost,
    # state
    charge_headroom,
    discharge_headroom,
    charge_headroom_60s,
    discharge_headroom_60s,
    # out
    charge_limit,
    discharge_limit,
    charge_limit_60s,
    discharge_limit_60s,
    charge_power_limit,
    discharge_power_limit,
    charge_power_limit_60s,
    discharge_power_limit_60s,
    dt,
):
    """Largest charge and discharge current [A] and power [W] of every rack, (rack,).

    Coolant, reserves and the ends that are set for the string voltage are (container,), the ramp is in A/s. Coldest and
    hottest cell both ask the temperature map. A reserve at its end, 0 or 1, is none: then cell voltage alone ends
    charge and discharge, so that an estimate that has drifted cannot keep a rack from being filled.

    For the next 60 s cells may leave more of the temperature map behind, but not pass their end voltages before the
    minute is over. Never less than the continuous limit, which follows the voltage down as it rises.

    The ramp holds for what the deratings allow, connected or not: a rack that joins brings its limit along, and does
    not pull the bank down until it has ramped up.
    """
    racks_per_container = mode.shape[0] // chiller_fault.shape[0]
    step = ramp * dt
    for c in range(chiller_fault.shape[0]):
        cooled = cooling_factor(coolant_temperature[c], chiller_fault[c], hot_start, hot_end, hot_factor)
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            connected = 1.0 if mode[r] == _CONNECTED else 0.0
            permitted = cooled if master_lost[r] == 0.0 else 0.0

            factor = permitted * action_factor(charge_action[r], warning_factor)
            if soc_reserve_max[c] < 1.0:
                factor *= taper(soc[r], soc_reserve_max[c] - soc_taper, soc_reserve_max[c])
            warm = min(
                interpolate(temperature_min[r], charge_temperature, charge_temperature_current),
                interpolate(temperature_max[r], charge_temperature, charge_temperature_current),
            )
            share = mean_share(
                cell_voltage_avg[r], charge_voltage_start, charge_voltage_end, charge_voltage_max[c], cell_count
            )
            charge = min(rated_current, warm)
            charge *= factor * min(share, taper(cell_voltage_max[r], charge_voltage_start, charge_voltage_end))
            peak = share * factor * min(rated_current, warm * peak_factor)
            peak = max(charge, min(peak, charge_pulse[r])) if cell_voltage_max[r] > 0.0 else 0.0
            charge_headroom[r] = rise(charge_headroom[r], charge, step)
            charge_headroom_60s[r] = max(charge_headroom[r], rise(charge_headroom_60s[r], peak, step))

            factor = permitted * action_factor(discharge_action[r], warning_factor)
            if soc_reserve_min[c] > 0.0:
                factor *= taper(soc[r], soc_reserve_min[c] + soc_taper, soc_reserve_min[c])
            warm = min(
                interpolate(temperature_min[r], discharge_temperature, discharge_temperature_current),
                interpolate(temperature_max[r], discharge_temperature, discharge_temperature_current),
            )
            share = mean_share(
                cell_voltage_avg[r],
                discharge_voltage_start,
                discharge_voltage_end,
                discharge_voltage_min[c],
                cell_count,
            )
            discharge = min(rated_current, warm)
            discharge *= factor * min(share, taper(cell_voltage_min[r], discharge_voltage_start, discharge_voltage_end))
            peak = share * factor * min(rated_current, warm * peak_factor)
            peak = max(discharge, min(peak, discharge_pulse[r])) if cell_voltage_min[r] > 0.0 else 0.0
            discharge_headroom[r] = rise(discharge_headroom[r], discharge, step)
            discharge_headroom_60s[r] = max(discharge_headroom[r], rise(discharge_headroom_60s[r], peak, step))

            charge_limit[r] = connected * charge_headroom[r]
            discharge_limit[r] = connected * discharge_headroom[r]
            charge_limit_60s[r] = connected * charge_headroom_60s[r]
            discharge_limit_60s[r] = connected * discharge_headroom_60s[r]

            flowing = 0.0 if np.isnan(current[r]) else current[r]
            voltage = cell_count * cell_voltage_avg[r] if np.isnan(string_voltage[r]) else string_voltage[r]
            ohmic = cell_count * resistance[r]
            pulsed = cell_count * pulse_resistance[r]
            charge_power_limit[r] = power_at(-charge_limit[r], flowing, voltage, ohmic)
            discharge_power_limit[r] = power_at(discharge_limit[r], flowing, voltage, ohmic)
            charge_power_limit_60s[r] = max(
                charge_power_limit[r], power_at(-charge_limit_60s[r], flowing, voltage, ohmic)
            )
            discharge_power_limit_60s[r] = max(
                discharge_power_limit[r], power_at(discharge_limit_60s[r], flowing, voltage, pulsed)
            )


@scalar
def power_at(current, flowing, voltage, resistance):
    """Power at a current, without sign [W]: the voltage [V] moves with the step from the flowing current; 0 for NaN."""
    power = abs(current) * (voltage - resistance * (current - flowing))
    return power if power > 0.0 else 0.0


@scalar
def share_evenly(connected, rack_limit, first, end):
    """Limit of racks in parallel: they share evenly, so the smallest counts as often as there are connected racks."""
    count = 0.0
    smallest = np.inf
    for r in range(first, end):
        if connected[r] != 0.0:
            count += 1.0
            smallest = min(smallest, rack_limit[r])
    return count * smallest if count else 0.0


@scalar
def share_below(possible, most):
    """What of a possible current is left below the largest that is permitted [1]."""
    if possible <= most:
        return 1.0 if most > 0.0 else 0.0
    return most / possible


@kernel
def limit_banks(
    # inputs
    connected,
    rack_charge_limit,
    rack_discharge_limit,
    rack_charge_limit_60s,
    rack_discharge_limit_60s,
    rack_charge_power,
    rack_discharge_power,
    rack_charge_power_60s,
    rack_discharge_power_60s,
    charge_current_max,
    discharge_current_max,
    standby,
    # out
    charge_limit,
    discharge_limit,
    charge_power,
    discharge_power,
    charge_power_60s,
    discharge_power_60s,
):
    """Limits of every container [A], [W], (container,); racks (rack,).

    A rack that is about to open has limit 0 and so unloads the whole bank. Powers fall with the currents that a master
    has set as the largest [A]; on standby all is 0.
    """
    racks_per_container = connected.shape[0] // charge_limit.shape[0]
    for c in range(charge_limit.shape[0]):
        first = c * racks_per_container
        end = first + racks_per_container
        most = charge_current_max[c] if standby[c] == 0.0 else 0.0
        possible = share_evenly(connected, rack_charge_limit, first, end)
        charge_limit[c] = min(possible, most)
        charge_power[c] = share_below(possible, most) * share_evenly(connected, rack_charge_power, first, end)
        possible = share_evenly(connected, rack_charge_limit_60s, first, end)
        charge_power_60s[c] = share_below(possible, most) * share_evenly(connected, rack_charge_power_60s, first, end)

        most = discharge_current_max[c] if standby[c] == 0.0 else 0.0
        possible = share_evenly(connected, rack_discharge_limit, first, end)
        discharge_limit[c] = min(possible, most)
        discharge_power[c] = share_below(possible, most) * share_evenly(connected, rack_discharge_power, first, end)
        possible = share_evenly(connected, rack_discharge_limit_60s, first, end)
        share = share_below(possible, most)
        discharge_power_60s[c] = share * share_evenly(connected, rack_discharge_power_60s, first, end)
