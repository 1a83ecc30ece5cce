"""What the controller of a PCS reports of it."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array

STATES = {1: "off", 2: "starting", 3: "running", 4: "fault", 5: "standby", 6: "stopping"}
FAULTS = {
    0: "dc_overvoltage",
    1: "dc_undervoltage",
    2: "overtemperature",
    3: "grid_overvoltage",
    4: "grid_undervoltage",
    5: "grid_overfrequency",
    6: "grid_underfrequency",
    7: "watchdog",
    8: "dc_breaker",
    9: "ac_breaker",
    10: "precharge",
    11: "external",
}
LIMITS = {
    0: "power_limit",
    1: "rating",
    2: "bms",
    3: "temperature",
    4: "dc_voltage",
    5: "grid_voltage",
    6: "reactive_power",
    7: "external",
}
DC_STATES = {0: "off", 1: "on", 2: "warning", 3: "error"}


@dataclass
class PcsMeasured:
    """What the controller of a PCS reports of it; its phases carry like currents."""

    GROUP: ClassVar = Group(root="pcs", source="measured")
    state: Array = array("container", "", "Operating state.", 1.0, choices=STATES)
    faults: Array = array("container", "", "What is wrong.", kind="bitfield", choices=FAULTS)
    limited: Array = array("container", "", "1 while a limit holds the power back from its set point.", kind="boolean")
    limits: Array = array("container", "", "What holds it back.", kind="bitfield", choices=LIMITS)
    power: Array = array("container", "W", "AC active power, positive in discharge.")
    reactive_power: Array = array("container", "var", "Reactive power, positive where delivered (over-excited).")
    apparent_power: Array = array("container", "VA", "Apparent power.")
    power_factor: Array = array("container", "1", "Power factor, with the sign of the active power.", 1.0)
    available_power: Array = array("container", "W", "Active power that temperature, voltages and faults leave.")
    ac_current: Array = array("container", "A", "Sum of the currents of the phases.")
    ac_voltage: Array = array("container", "V", "Voltage of the grid from line to line, mean of the three.")
    ac_phase_voltage: Array = array("container", "V", "Voltage of the grid from line to neutral, mean of the three.")
    frequency: Array = array("container", "Hz", "Frequency of the grid.")
    energy_exported: Array = array("container", "J", "AC energy delivered to the grid since the start.")
    energy_imported: Array = array("container", "J", "AC energy taken from the grid since the start.")
    reactive_energy_delivered: Array = array("container", "var s", "Reactive energy delivered since the start.")
    reactive_energy_absorbed: Array = array("container", "var s", "Reactive energy absorbed since the start.")
    phase_voltage: Array = array("container phase", "V", "Voltage from line to neutral.", point="phase.voltage")
    line_voltage: Array = array(
        "container phase",
        "V",
        "Voltage from this line to the next: a to b, b to c, c to a.",
        point="phase.line_voltage",
    )
    phase_current: Array = array("container phase", "A", "Current of the phase.", point="phase.current")
    phase_power: Array = array("container phase", "W", "Active power of the phase.", point="phase.power")
    phase_reactive_power: Array = array(
        "container phase", "var", "Reactive power of the phase.", point="phase.reactive_power"
    )
    phase_apparent_power: Array = array(
        "container phase", "VA", "Apparent power of the phase.", point="phase.apparent_power"
    )
    dc_power: Array = array("container", "W", "DC power, positive in discharge.")
    dc_voltage: Array = array("container", "V", "Voltage of the DC link.")
    dc_current: Array = array("container", "A", "Current drawn from the DC bus, positive in discharge.")
    dc_state: Array = array("container", "", "State of the DC port.", choices=DC_STATES)
    battery_voltage: Array = array("container", "V", "Voltage before the DC breaker, that of the racks' bus.")
    dc_energy_discharged: Array = array("container", "J", "DC energy taken from the bus since the start.")
    dc_energy_charged: Array = array("container", "J", "DC energy given to the bus since the start.")
    dc_breaker_closed: Array = array(
        "container",
        "",
        "Auxiliary contact of the DC breaker, 1 closed.",
        1.0,
        kind="boolean",
        point="dc_breaker.closed",
    )
    dc_precharge_closed: Array = array(
        "container", "", "1 while the PCS charges its DC link.", kind="boolean", point="dc_precharge.closed"
    )
    ac_breaker_closed: Array = array(
        "container",
        "",
        "Auxiliary contact of the AC breaker, 1 closed.",
        1.0,
        kind="boolean",
        point="ac_breaker.closed",
    )
    in_service: Array = array(
        "container",
        "",
        "1 while the grid lets the PCS be connected: 0 from a trip until it is back.",
        1.0,
        kind="boolean",
    )
    service_time: Array = array(
        "container", "s", "For how long the grid has been fit to connect to, after a trip.", public=False
    )
    heatsink_temperature: Array = array("container", "K", "Temperature of the heat sink.", 298.15)
    stack_temperature: Array = array("container", "K", "Temperature of the semiconductors.", 298.15)
