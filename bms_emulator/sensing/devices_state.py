"""What the devices around the battery tell a master that asks them: chiller, fire panel, input and output module, UPS.

The bank controller has its own view of them in :class:`bms_emulator.sensing.state.Measured`; the link that brings it
may be broken while theirs is sound.
"""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class ChillerMeasured:
    """What the controller of a chiller tells of it; pressures are above atmosphere."""

    GROUP: ClassVar = Group(root="container", source="measured")
    mode: Array = array(
        "container",
        "",
        "What it does.",
        choices={0: "standby", 1: "circulation", 2: "cooling", 3: "heating"},
        point="chiller.actual_mode",
    )
    source: Array = array(
        "container",
        "",
        "Who commands it.",
        choices={0: "bms", 1: "ems", 2: "local"},
        point="chiller.control_source",
    )
    setpoint: Array = array("container", "K", "Set point in force.", 295.15, point="chiller.setpoint_in_force")
    master_age: Array = array("container", "s", "Time since the last write of a master.", point="chiller.master_age")
    supply_temperature: Array = array(
        "container",
        "K",
        "Coolant temperature at its outlet; NaN where its sensor is broken.",
        298.15,
        point="chiller.supply_temperature",
    )
    return_temperature: Array = array(
        "container", "K", "Coolant temperature at its inlet.", 298.15, point="chiller.return_temperature"
    )
    ambient_temperature: Array = array(
        "container", "K", "Air temperature at its condenser.", 298.15, point="chiller.ambient_temperature"
    )
    supply_pressure: Array = array(
        "container", "Pa", "Coolant pressure at its outlet.", point="chiller.supply_pressure"
    )
    return_pressure: Array = array("container", "Pa", "Coolant pressure at its inlet.", point="chiller.return_pressure")
    flow: Array = array("container", "kg/s", "Coolant flow.", point="chiller.flow")
    pump_running: Array = array("container", "", "1 while the pump runs.", kind="boolean", point="chiller.pump_running")
    compressor_running: Array = array(
        "container", "", "1 while the compressor runs.", kind="boolean", point="chiller.compressor_running"
    )
    heater_running: Array = array(
        "container", "", "1 while the heater works.", kind="boolean", point="chiller.heater_running"
    )
    fan_running: Array = array(
        "container", "", "1 while the condenser's fan runs.", kind="boolean", point="chiller.fan_running"
    )
    make_up_running: Array = array(
        "container", "", "1 while the make-up pump runs.", kind="boolean", point="chiller.make_up_running"
    )
    compressor_load: Array = array("container", "1", "Cooling relative to rated.", point="chiller.compressor_load")
    power: Array = array(
        "container",
        "W",
        "Electrical power of compressor, heater, controls and pump.",
        point="chiller.electrical_power",
    )
    operating_time: Array = array("container", "s", "Time for which the pump has run.", point="chiller.operating_time")
    compressor_operating_time: Array = array(
        "container", "s", "Time for which the compressor has run.", point="chiller.compressor_operating_time"
    )
    compressor_starts: Array = array(
        "container", "", "Starts of the compressor.", kind="integer", point="chiller.compressor_starts"
    )
    coolant_level: Array = array("container", "1", "Filling of the make-up tank.", 1.0, point="chiller.coolant_level")
    alarms: Array = array(
        "container",
        "",
        "What it finds wrong with itself.",
        kind="bitfield",
        choices={
            0: "trip",
            1: "condenser_pressure_high",
            2: "coolant_pressure_high",
            3: "coolant_pressure_low",
            4: "flow_low",
            5: "temperature_sensor",
            6: "temperature_high",
            7: "temperature_low",
            8: "communication_lost",
            9: "coolant_level_low",
        },
        point="chiller.alarms",
    )
    fault_code: Array = array(
        "container", "", "Worst alarm, counted from 1; 0 is none.", kind="integer", point="chiller.fault_code"
    )
    fault_level: Array = array(
        "container",
        "",
        "How bad it is.",
        choices={0: "none", 1: "alarm", 2: "stop"},
        point="chiller.fault_level",
    )


@dataclass
class FireMeasured:
    """What a fire panel tells besides what the bank controller is wired to."""

    GROUP: ClassVar = Group(root="container", source="measured")
    state: Array = array(
        "container detector",
        "",
        "State of the detector.",
        choices={0: "normal", 1: "alarm", 2: "fault", 3: "test", 4: "test_alarm"},
    )
    heat_low: Array = array(
        "container", "K", "Reading of the heat detector with the lower set point.", 298.15, point="fire.heat_low"
    )
    heat_high: Array = array(
        "container", "K", "Reading of the heat detector with the higher set point.", 298.15, point="fire.heat_high"
    )
    detector_fault: Array = array(
        "container", "", "1 while any detector has failed.", kind="boolean", point="fire.detector_fault"
    )
    detector_test: Array = array(
        "container", "", "1 while any detector is tested.", kind="boolean", point="fire.detector_test"
    )
    sounder_on: Array = array("container", "", "1 while the sounder sounds.", kind="boolean", point="fire.sounder_on")
    beacon_on: Array = array("container", "", "1 while the beacon flashes.", kind="boolean", point="fire.beacon_on")
    manual_release: Array = array(
        "container",
        "",
        "1 after the manual release was pressed, latched.",
        kind="boolean",
        point="fire.manual_release_pressed",
    )
    inhibited: Array = array(
        "container", "", "1 while the release is held back.", kind="boolean", point="fire.inhibited"
    )
    release_running: Array = array(
        "container", "", "1 while the delay of the release runs.", kind="boolean", point="fire.release_running"
    )
    release_countdown: Array = array(
        "container",
        "s",
        "Time to the release while its delay runs, else 0.",
        point="fire.release_countdown",
    )
    discharging: Array = array(
        "container", "", "1 while the agent flows out.", kind="boolean", point="fire.discharging"
    )
    agent_pressure: Array = array(
        "container", "Pa", "Pressure of the agent above atmosphere.", point="fire.agent_pressure"
    )
    agent_low: Array = array(
        "container", "", "1 while there is too little agent.", kind="boolean", point="fire.agent_low"
    )
    power_fault: Array = array(
        "container",
        "",
        "1 while its supply is gone and its own battery carries it.",
        kind="boolean",
        point="fire.power_fault",
    )


INPUTS = {
    0: "door_open",
    1: "emergency_stop",
    2: "water",
    3: "surge_protection_spent",
    4: "ups_on_battery",
    5: "supply_ok",
    6: "smoke_relay",
    7: "fire_relay",
    8: "gas_relay",
    9: "dc_breaker_closed",
}
"""Digital inputs of an input and output module: bits of what it reads."""


@dataclass
class IoMeasured:
    """What the input and output module of a container reads, and reads back of its outputs."""

    GROUP: ClassVar = Group(root="container", source="measured")
    inputs: Array = array(
        "container", "", "Digital inputs that are on.", kind="bitfield", choices=INPUTS, point="io.inputs"
    )
    door_open: Array = array("container", "", "1 while a door stands open.", kind="boolean", point="io.door_open")
    emergency_stop: Array = array(
        "container", "", "1 while the emergency-stop loop is broken.", kind="boolean", point="io.emergency_stop"
    )
    water: Array = array("container", "", "1 while the water detector is wet.", kind="boolean", point="io.water")
    surge_protection_spent: Array = array(
        "container",
        "",
        "1 while the surge protection device is spent.",
        kind="boolean",
        point="io.surge_protection_spent",
    )
    ups_on_battery: Array = array(
        "container", "", "1 while the UPS is on battery.", kind="boolean", point="io.ups_on_battery"
    )
    supply_ok: Array = array(
        "container", "", "1 while the auxiliary supply is fed.", 1.0, kind="boolean", point="io.supply_ok"
    )
    smoke_relay: Array = array(
        "container", "", "Contact of the fire panel, 1 after smoke.", kind="boolean", point="io.smoke_relay"
    )
    fire_relay: Array = array(
        "container", "", "Contact of the fire panel, 1 in its second level.", kind="boolean", point="io.fire_relay"
    )
    gas_relay: Array = array(
        "container", "", "Contact of the fire panel, 1 after a gas alarm.", kind="boolean", point="io.gas_relay"
    )
    dc_breaker_closed: Array = array(
        "container",
        "",
        "Auxiliary contacts of the racks' breakers in series, 1 while all are closed.",
        1.0,
        kind="boolean",
        point="io.dc_breaker_closed",
    )
    humidity: Array = array("container", "1", "Relative humidity in the enclosure.", 0.4, point="io.humidity")
    enclosure_temperature: Array = array(
        "container", "K", "Air temperature in the enclosure.", 298.15, point="io.enclosure_temperature"
    )
    supply_voltage: Array = array("container", "V", "Auxiliary supply.", 24.0, point="io.supply_voltage")
    outputs: Array = array(
        "container",
        "",
        "Outputs that are on, read back.",
        kind="bitfield",
        choices={0: "lamp_green", 1: "lamp_yellow", 2: "lamp_red", 3: "siren", 4: "ventilation", 5: "dc_breaker_trip"},
        point="io.outputs",
    )


@dataclass
class UpsMeasured:
    """What the UPS behind the auxiliary supply of a container tells."""

    GROUP: ClassVar = Group(root="container", source="measured")
    on_battery: Array = array(
        "container", "", "1 while its battery carries the load.", kind="boolean", point="ups.on_battery"
    )
    charging: Array = array("container", "", "1 while its battery is charged.", kind="boolean", point="ups.charging")
    soc: Array = array("container", "1", "State of charge of its battery.", 1.0, point="ups.soc")
    runtime: Array = array("container", "s", "Time for which its battery can carry the load.", point="ups.runtime")
    output_voltage: Array = array("container", "V", "Voltage at its output.", 24.0, point="ups.output_voltage")
    load_power: Array = array("container", "W", "Load at its output.", point="ups.load_power")
    battery_low: Array = array(
        "container",
        "",
        "1 while less than a fifth of its energy is left.",
        kind="boolean",
        point="ups.battery_low",
    )


GROUPS: dict[str, type] = {
    "measured.chiller": ChillerMeasured,
    "measured.fire": FireMeasured,
    "measured.io": IoMeasured,
    "measured.ups": UpsMeasured,
}
