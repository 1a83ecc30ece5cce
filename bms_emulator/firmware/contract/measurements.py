"""What a firmware may know of the plant."""

from typing import Protocol

from bms_emulator.arrays import Array


class Measurements(Protocol):
    """What sensors and contacts report: NaN marks an invalid value, ages are in seconds.

    Shapes and units are those of :class:`bms_emulator.sensing.state.Measured`.
    """

    cell_voltage: Array
    cell_voltage_age: Array
    temperature: Array
    temperature_age: Array
    cmu_faults: Array
    current: Array
    current_second: Array
    current_age: Array
    string_voltage: Array
    fuse_voltage: Array
    link_voltage: Array
    contactor_feedback: Array
    fuse_feedback: Array
    breaker_feedback: Array
    interlock_closed: Array
    terminal_temperature: Array
    insulation_resistance: Array
    insulation_positive: Array
    insulation_negative: Array
    controller_faults: Array
    coolant_supply_temperature: Array
    coolant_return_temperature: Array
    coolant_flow: Array
    coolant_pressure: Array
    chiller_mode: Array
    chiller_fault: Array
    chiller_age: Array
    ambient_temperature: Array
    dew_point: Array
    supply_voltage: Array
    emergency_stop: Array
    door_open: Array
    water: Array
    hydrogen: Array
    carbon_monoxide: Array
    smoke: Array
    fire_detectors: Array
    fire_level: Array
    gas_alarm: Array
