"""What the controllers of chillers tell."""

import numpy as np

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.sensing.devices_model import DeviceModel
from bms_emulator.sensing.devices_state import ChillerMeasured
from bms_emulator.sensing.devices_truth import DeviceTruth

HEATING = 3.0
SENSOR_BROKEN = 1 << 5
"""Bit of a chiller's alarms."""


def bind_chillers(model: DeviceModel, reported: ChillerMeasured, truth: DeviceTruth) -> Bound:
    """What takes over what the controller of each chiller tells."""
    circuit, unit = truth.containers, truth.chillers
    return bind(
        report_chillers,
        # model
        model,
        # inputs
        circuit.chiller_mode,
        circuit.compressor_on,
        circuit.chiller_heat,
        circuit.chiller_power,
        circuit.pump_power,
        circuit.pump_speed,
        circuit.coolant_supply_temperature,
        circuit.coolant_return_temperature,
        circuit.coolant_flow,
        circuit.coolant_pressure,
        circuit.ambient_temperature,
        unit.source,
        unit.setpoint,
        unit.master_age,
        unit.vessel,
        unit.tank,
        unit.make_up_on,
        unit.operating_time,
        unit.compressor_operating_time,
        unit.compressor_starts,
        unit.alarms,
        unit.fault_code,
        unit.fault_level,
        # out
        reported.mode,
        reported.source,
        reported.setpoint,
        reported.master_age,
        reported.supply_temperature,
        reported.return_temperature,
        reported.ambient_temperature,
        reported.supply_pressure,
        reported.return_pressure,
        reported.flow,
        reported.pump_running,
        reported.compressor_running,
        reported.heater_running,
        reported.fan_running,
        reported.make_up_running,
        reported.compressor_load,
        reported.power,
        reported.operating_time,
        reported.compressor_operating_time,
        reported.compressor_starts,
        reported.coolant_level,
        reported.alarms,
        reported.fault_code,
        reported.fault_level,
    )


@kernel
def report_chillers(
    # model
    model,
    # inputs
    mode,
    compressor_on,
    heat,
    power,
    pump_power,
    pump_speed,
    supply_temperature,
    return_temperature,
    flow,
    pump_pressure,
    ambient_temperature,
    source,
    setpoint,
    master_age,
    vessel,
    tank,
    make_up_on,
    operating_time,
    compressor_operating_time,
    compressor_starts,
    alarms,
    fault_code,
    fault_level,
    # out
    mode_told,
    source_told,
    setpoint_told,
    master_age_told,
    supply_temperature_told,
    return_temperature_told,
    ambient_temperature_told,
    supply_pressure_told,
    return_pressure_told,
    flow_told,
    pump_running,
    compressor_running,
    heater_running,
    fan_running,
    make_up_running,
    compressor_load,
    power_told,
    operating_time_told,
    compressor_operating_time_told,
    compressor_starts_told,
    coolant_level,
    alarms_told,
    fault_code_told,
    fault_level_told,
):
    """Reports of the chiller of every container, all (container,)."""
    for c in range(mode.size):
        mode_told[c] = mode[c]
        source_told[c] = source[c]
        setpoint_told[c] = setpoint[c]
        master_age_told[c] = master_age[c]
        supply_temperature_told[c] = np.nan if int(alarms[c]) & SENSOR_BROKEN else supply_temperature[c]
        return_temperature_told[c] = return_temperature[c]
        ambient_temperature_told[c] = ambient_temperature[c]
        return_pressure_told[c] = model.static_pressure * vessel[c]
        supply_pressure_told[c] = return_pressure_told[c] + pump_pressure[c]
        flow_told[c] = flow[c]
        pump_running[c] = 1.0 if pump_speed[c] > 0.0 else 0.0
        compressor_running[c] = fan_running[c] = compressor_on[c]
        heater_running[c] = 1.0 if mode[c] == HEATING else 0.0
        make_up_running[c] = make_up_on[c]
        compressor_load[c] = -heat[c] / model.rated_cooling if heat[c] < 0.0 else 0.0
        power_told[c] = power[c] + pump_power[c]
        operating_time_told[c] = operating_time[c]
        compressor_operating_time_told[c] = compressor_operating_time[c]
        compressor_starts_told[c] = compressor_starts[c]
        coolant_level[c] = tank[c]
        alarms_told[c] = alarms[c]
        fault_code_told[c] = fault_code[c]
        fault_level_told[c] = fault_level[c]
