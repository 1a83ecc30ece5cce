"""What is not measured by the rack's own analogue channels: contacts, and reports of the container's devices.

Chiller, weather and humidity sensors and meters digitise for themselves and report over links of their own: their
values are taken as they are, but for faults. While the chiller is silent its last report stands and grows older.
"""

import numpy as np

from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.sensing.state import Measured
from bms_emulator.sensing.truth import Truth
from bms_emulator.units import MAGNUS_SHIFT, MAGNUS_SLOPE, ZERO_CELSIUS

_DRIEST = 0.01
"""Relative humidity at which the range of the humidity sensor begins [1]."""


def bind_contacts(measured: Measured, truth: Truth) -> Bound:
    """What reads contacts and interlock of the racks, and what their controllers find wrong with themselves."""
    racks, around = truth.racks, truth.conditions
    return bind(
        copy_contacts,
        racks.contactor_closed,
        racks.fuse_closed,
        racks.breaker_closed,
        around.interlock_open,
        around.controller_faults,
        measured.contactor_feedback,
        measured.fuse_feedback,
        measured.breaker_feedback,
        measured.interlock_closed,
        measured.controller_faults,
    )


def bind_reports(measured: Measured, truth: Truth, dt: float) -> Bound:
    """What takes over reports of chiller, weather and humidity sensors, meters, and inputs of the bank controller."""
    containers, units, around = truth.containers, truth.units, truth.conditions
    return bind(
        copy_reports,
        containers.coolant_supply_temperature,
        containers.coolant_return_temperature,
        containers.coolant_flow,
        containers.coolant_pressure,
        containers.chiller_mode,
        containers.ambient_temperature,
        containers.auxiliary_power,
        containers.air_temperature,
        units.chiller_tripped,
        units.chiller_silent,
        around.humidity,
        truth.supply.voltage,
        around.emergency_stop,
        around.door_open,
        around.water,
        measured.coolant_supply_temperature,
        measured.coolant_return_temperature,
        measured.coolant_flow,
        measured.coolant_pressure,
        measured.chiller_mode,
        measured.ambient_temperature,
        measured.auxiliary_power,
        measured.chiller_fault,
        measured.chiller_age,
        measured.dew_point,
        measured.supply_voltage,
        measured.emergency_stop,
        measured.door_open,
        measured.water,
        dt,
    )


@kernel
def copy_reports(
    # inputs
    coolant_supply_temperature,
    coolant_return_temperature,
    coolant_flow,
    coolant_pressure,
    chiller_mode,
    ambient_temperature,
    auxiliary_power,
    air_temperature,
    chiller_tripped,
    chiller_silent,
    humidity,
    supply_voltage,
    emergency_stop,
    door_open,
    water,
    # out
    supply_temperature_reported,
    return_temperature_reported,
    flow_reported,
    pressure_reported,
    chiller_mode_reported,
    ambient_temperature_reported,
    auxiliary_power_reported,
    chiller_fault,
    chiller_age,
    dew_point_reported,
    supply_voltage_reported,
    emergency_stop_reported,
    door_open_reported,
    water_reported,
    dt,
):
    """Reports of the devices and inputs of every container, all (container,)."""
    for c in range(coolant_flow.shape[0]):
        ambient_temperature_reported[c] = ambient_temperature[c]
        auxiliary_power_reported[c] = auxiliary_power[c]
        dew_point_reported[c] = dew_point(air_temperature[c], humidity[c])
        supply_voltage_reported[c] = supply_voltage[c]
        emergency_stop_reported[c] = emergency_stop[c]
        door_open_reported[c] = door_open[c]
        water_reported[c] = water[c]
        if chiller_silent[c] != 0.0:
            chiller_age[c] += dt
            continue
        supply_temperature_reported[c] = coolant_supply_temperature[c]
        return_temperature_reported[c] = coolant_return_temperature[c]
        flow_reported[c] = coolant_flow[c]
        pressure_reported[c] = coolant_pressure[c]
        chiller_mode_reported[c] = chiller_mode[c]
        chiller_fault[c] = chiller_tripped[c]
        chiller_age[c] = 0.0


@scalar
def dew_point(temperature, humidity):
    """Dew point [K] of air at a temperature [K] and relative humidity [1], after Magnus."""
    celsius = temperature - ZERO_CELSIUS
    x = np.log(max(humidity, _DRIEST)) + MAGNUS_SLOPE * celsius / (MAGNUS_SHIFT + celsius)
    return ZERO_CELSIUS + MAGNUS_SHIFT * x / (MAGNUS_SLOPE - x)


@kernel
def copy_contacts(
    # inputs
    contactor_closed,
    fuse_closed,
    breaker_closed,
    interlock_open,
    controller_faults,
    # out
    contactor_feedback,
    fuse_feedback,
    breaker_feedback,
    interlock_closed,
    controller_faults_reported,
):
    """Contacts of every rack; contactor_closed, contactor_feedback (rack, contactor), the others (rack,)."""
    for r in range(fuse_closed.size):
        for k in range(contactor_closed.shape[1]):
            contactor_feedback[r, k] = contactor_closed[r, k]
        fuse_feedback[r] = fuse_closed[r]
        breaker_feedback[r] = breaker_closed[r]
        interlock_closed[r] = 1.0 - interlock_open[r]
        controller_faults_reported[r] = controller_faults[r]
