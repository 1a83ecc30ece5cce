"""Signals of a container: coolant, fire, auxiliary devices, masters, and its racks beside each other.

Of racks it takes what they publish and what is measured of them; nothing else is known of a rack that runs a firmware
of its own.
"""

import numpy as np

from bms_emulator.jit import kernel, scalar
from bms_emulator.profile.signals import CONTAINER_SIGNALS

_SUPPLY_TEMPERATURE = CONTAINER_SIGNALS.index("coolant_supply_temperature_degc")
_RETURN_TEMPERATURE = CONTAINER_SIGNALS.index("coolant_return_temperature_degc")
_FLOW = CONTAINER_SIGNALS.index("coolant_flow_ratio")
_PRESSURE = CONTAINER_SIGNALS.index("coolant_pressure_ratio")
_LEAK = CONTAINER_SIGNALS.index("coolant_leak_signs")
_CHILLER_AGE = CONTAINER_SIGNALS.index("chiller_age_s")
_CONDENSATION = CONTAINER_SIGNALS.index("condensation_margin_k")
_HYDROGEN = CONTAINER_SIGNALS.index("hydrogen_ppm")
_CARBON_MONOXIDE = CONTAINER_SIGNALS.index("carbon_monoxide_ppm")
_SMOKE = CONTAINER_SIGNALS.index("smoke_per_m")
_FIRE = CONTAINER_SIGNALS.index("fire_level")
_SUPPLY_VOLTAGE = CONTAINER_SIGNALS.index("supply_voltage_v")
_MASTER = CONTAINER_SIGNALS.index("master_silence")
_RACK_SILENCE = CONTAINER_SIGNALS.index("rack_silence_s")
_SOC_SPREAD = CONTAINER_SIGNALS.index("rack_soc_spread_percent")
_CURRENT_SPREAD = CONTAINER_SIGNALS.index("rack_current_spread_ratio")
_INSULATION_POSITIVE = CONTAINER_SIGNALS.index("bus_insulation_positive_ohm_per_v")
_INSULATION_NEGATIVE = CONTAINER_SIGNALS.index("bus_insulation_negative_ohm_per_v")
_CHILLER_FAULT = CONTAINER_SIGNALS.index("chiller_fault")
_GAS = CONTAINER_SIGNALS.index("gas_alarm")
_HEAT = CONTAINER_SIGNALS.index("heat_alarm")
_WATER = CONTAINER_SIGNALS.index("water")
_EMERGENCY_STOP = CONTAINER_SIGNALS.index("emergency_stop")
_DOOR = CONTAINER_SIGNALS.index("door_open")

_HEAT_DETECTORS = (1 << 3) | (1 << 4)
"""Bits of the heat detectors among those that have tripped."""


@kernel
def derive_container_signals(
    # model
    rated_flow,
    rated_pressure,
    leak_pressure_share,
    rated_voltage,
    # inputs
    coolant_supply_temperature,
    coolant_return_temperature,
    coolant_flow,
    coolant_pressure,
    chiller_mode,
    chiller_fault,
    chiller_age,
    dew_point,
    hydrogen,
    carbon_monoxide,
    smoke,
    fire_detectors,
    fire_level,
    gas_alarm,
    supply_voltage,
    emergency_stop,
    door_open,
    water,
    master_lost,
    master_gone,
    insulation_monitor_rack,
    insulation_positive,
    insulation_negative,
    rack_connected,
    # out
    signals,
    sources,
):
    """Signals of what a container has one of, (container, signal), in the order of CONTAINER_SIGNALS.

    Rated flow [kg/s], pressure [Pa] and voltage [V]; insulation [Ohm] and connected (rack,), the others (container,),
    in SI units. A bus that no rack is on cannot leak from one: else a trip that opened all racks could not be reset.
    """
    racks_per_container = insulation_positive.shape[0] // water.shape[0]
    for c in range(water.shape[0]):
        signal = signals[c]
        signal[_SUPPLY_TEMPERATURE] = coolant_supply_temperature[c]
        signal[_RETURN_TEMPERATURE] = coolant_return_temperature[c]
        circulates = chiller_mode[c] != 0.0
        pressure = coolant_pressure[c] / rated_pressure if circulates else np.nan
        signal[_FLOW] = coolant_flow[c] / rated_flow if circulates else np.nan
        signal[_PRESSURE] = pressure
        wet = 1.0 if water[c] != 0.0 else 0.0
        signal[_LEAK] = 2.0 * wet if pressure < leak_pressure_share else wet
        signal[_CHILLER_AGE] = chiller_age[c]
        signal[_CHILLER_FAULT] = chiller_fault[c]
        signal[_CONDENSATION] = coolant_supply_temperature[c] - dew_point[c]

        signal[_HYDROGEN] = hydrogen[c]
        signal[_CARBON_MONOXIDE] = carbon_monoxide[c]
        signal[_SMOKE] = smoke[c]
        signal[_FIRE] = fire_level[c]
        signal[_GAS] = gas_alarm[c]
        signal[_HEAT] = 1.0 if int(fire_detectors[c]) & _HEAT_DETECTORS else 0.0
        signal[_WATER] = wet
        signal[_SUPPLY_VOLTAGE] = supply_voltage[c]
        signal[_EMERGENCY_STOP] = emergency_stop[c]
        signal[_DOOR] = door_open[c]
        signal[_MASTER] = master_lost[c] + master_gone[c]

        watching = int(insulation_monitor_rack[c])
        first = c * racks_per_container
        r = first + watching - 1
        unwatched = np.inf
        for n in range(racks_per_container):
            if rack_connected[first + n] != 0.0:
                unwatched = np.nan
        signal[_INSULATION_POSITIVE] = insulation_positive[r] / rated_voltage if watching else unwatched
        signal[_INSULATION_NEGATIVE] = insulation_negative[r] / rated_voltage if watching else unwatched
        sources[c, _INSULATION_POSITIVE] = watching
        sources[c, _INSULATION_NEGATIVE] = watching


@kernel
def compare_racks(
    # model
    rated_current,
    # state
    heartbeat_seen,
    heartbeat_silence,
    # inputs
    heartbeat,
    connected,
    soc,
    current,
    # out
    signals,
    sources,
    dt,
):
    """Signals of racks beside each other, (container, signal); the others (rack,).

    heartbeat_silence [s] is NaN until a rack's heartbeat has counted for the first time.
    """
    racks_per_container = heartbeat.shape[0] // signals.shape[0]
    for c in range(signals.shape[0]):
        first = c * racks_per_container
        longest = 0.0
        silent = 0
        for n in range(racks_per_container):
            r = first + n
            heartbeat_silence[r] = 0.0 if heartbeat[r] != heartbeat_seen[r] else heartbeat_silence[r] + dt
            heartbeat_seen[r] = heartbeat[r]
            if heartbeat_silence[r] > longest:
                longest = heartbeat_silence[r]
                silent = n + 1
        signals[c, _RACK_SILENCE] = longest
        sources[c, _RACK_SILENCE] = silent

        end = first + racks_per_container
        spread, odd = spread_of(soc[first:end], connected[first:end])
        signals[c, _SOC_SPREAD] = spread
        sources[c, _SOC_SPREAD] = odd
        spread, odd = spread_of(current[first:end], connected[first:end])
        signals[c, _CURRENT_SPREAD] = spread / rated_current
        sources[c, _CURRENT_SPREAD] = odd


@scalar
def spread_of(column, counts):
    """Highest less lowest valid value where counts is not 0, and which is the farther from the mean, from 1."""
    total = 0.0
    number = 0
    top, bottom = -np.inf, np.inf
    at_top, at_bottom = 0, 0
    for n in range(column.shape[0]):
        if counts[n] == 0.0 or np.isnan(column[n]):
            continue
        total += column[n]
        number += 1
        if column[n] > top:
            top, at_top = column[n], n + 1
        if column[n] < bottom:
            bottom, at_bottom = column[n], n + 1
    if number < 2:
        return 0.0, 0
    mean = total / number
    return top - bottom, at_top if top - mean > mean - bottom else at_bottom
