"""What the controller of a rack decides and publishes."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array
from bms_emulator.firmware.contract.modes import Action, ChillerRequest, ConnectFailure, RackMode, names

_POSITION = "Position of it, counted from 1."
_PACK = "Pack of it, counted from 1."
_IN_PACK = "The same, within the pack."


@dataclass
class RackOutputs:
    """What the firmware decides and publishes for every rack."""

    GROUP: ClassVar = Group(root="container", source="firmware")
    contactor_command: Array = array("rack contactor", "", "1 energises the coil.", kind="boolean", point="command")
    mode: Array = array("rack", "", "State of the sequencer.", choices=names(RackMode))
    connected: Array = array("rack", "", "1 while the rack is on the bus.", kind="boolean")
    ready: Array = array("rack", "", "1 while the rack could join the bus if it were permitted to.", kind="boolean")
    connect_failure: Array = array("rack", "", "Why the rack could not connect.", choices=names(ConnectFailure))
    openings_under_load: Array = array(
        "rack", "", "How often the contactors opened while current was flowing.", kind="integer"
    )
    alarm_level: Array = array("rack", "", "Highest active alarm level, 0 to 3.", kind="integer")
    alarm_latched: Array = array("rack", "", "1 while an alarm that latches stands.", kind="boolean")
    alarm_action: Array = array(
        "rack", "", "What its alarms, and those of the container, do to the rack.", choices=names(Action)
    )
    alarm: Array = array("rack alarm", "", "Active level of the alarm, 0 to 3.", kind="integer", point="level")
    alarm_source: Array = array(
        "rack alarm",
        "",
        "Where the alarm was last raised: cell, pack or contactor, counted from 1; 0 is the rack, or never.",
        kind="integer",
        point="source",
    )
    alarm_first_time: Array = array(
        "rack alarm",
        "s",
        "Time at which it was first raised, since the start; NaN is never.",
        float("nan"),
        point="first_time",
    )
    alarm_last_time: Array = array(
        "rack alarm",
        "s",
        "Time at which it was last raised, since the start; NaN is never.",
        float("nan"),
        point="last_time",
    )
    alarm_count: Array = array("rack alarm", "", "How often it was raised.", kind="integer", point="count")
    soc: Array = array("rack", "1", "State of charge as estimated.", 0.5)
    soh: Array = array("rack", "1", "State of health: capacity as last tested or learnt, over rated.", 1.0)
    soh_resistance: Array = array("rack", "1", "Resistance as learnt, over that of a fresh rack.", 1.0)
    soe_discharge: Array = array("rack", "J", "Energy that can be taken out until empty, at rated power.")
    soe_charge: Array = array("rack", "J", "Energy that can be put in until full, at rated power.")
    cycle_count: Array = array("rack", "", "Equivalent full cycles.", kind="float")
    cell_voltage_max: Array = array("rack", "V", "Highest cell voltage.")
    cell_voltage_max_cell: Array = array("rack", "", _POSITION, kind="integer")
    cell_voltage_max_pack: Array = array("rack", "", _PACK, kind="integer")
    cell_voltage_max_pack_cell: Array = array("rack", "", _IN_PACK, kind="integer")
    cell_voltage_min: Array = array("rack", "V", "Lowest cell voltage.")
    cell_voltage_min_cell: Array = array("rack", "", _POSITION, kind="integer")
    cell_voltage_min_pack: Array = array("rack", "", _PACK, kind="integer")
    cell_voltage_min_pack_cell: Array = array("rack", "", _IN_PACK, kind="integer")
    cell_voltage_avg: Array = array("rack", "V", "Mean cell voltage.")
    cell_voltage_sum: Array = array("rack", "V", "Sum of the cell voltages; NaN while one is invalid.")
    cell_voltage_invalid_count: Array = array("rack", "", "Cell voltages that read invalid.", kind="integer")
    temperature_max: Array = array("rack", "K", "Highest cell temperature.", 298.15)
    temperature_max_pack: Array = array("rack", "", _PACK, kind="integer")
    temperature_max_sensor: Array = array("rack", "", "Its sensor, counted from 1.", kind="integer")
    temperature_max_pack_sensor: Array = array("rack", "", "The same, within the pack.", kind="integer")
    temperature_max_cell: Array = array(
        "rack", "", "First cell that its sensor serves, counted from 1.", kind="integer"
    )
    temperature_min: Array = array("rack", "K", "Lowest cell temperature.", 298.15)
    temperature_min_pack: Array = array("rack", "", _PACK, kind="integer")
    temperature_min_sensor: Array = array("rack", "", "Its sensor, counted from 1.", kind="integer")
    temperature_min_pack_sensor: Array = array("rack", "", "The same, within the pack.", kind="integer")
    temperature_min_cell: Array = array(
        "rack", "", "First cell that its sensor serves, counted from 1.", kind="integer"
    )
    temperature_avg: Array = array("rack", "K", "Mean cell temperature.", 298.15)
    rack_pack_voltage_max: Array = array("rack", "V", "Highest known voltage of a pack.", point="pack_voltage_max")
    rack_pack_voltage_max_pack: Array = array("rack", "", _PACK, kind="integer", point="pack_voltage_max_pack")
    rack_pack_voltage_min: Array = array("rack", "V", "Lowest known voltage of a pack.", point="pack_voltage_min")
    rack_pack_voltage_min_pack: Array = array("rack", "", _PACK, kind="integer", point="pack_voltage_min_pack")
    rack_pack_voltage_avg: Array = array("rack", "V", "Mean voltage of the packs.", point="pack_voltage_avg")
    rack_pack_temperature_max: Array = array(
        "rack", "K", "Highest mean temperature of a pack.", 298.15, point="pack_temperature_max"
    )
    rack_pack_temperature_max_pack: Array = array("rack", "", _PACK, kind="integer", point="pack_temperature_max_pack")
    rack_pack_temperature_min: Array = array(
        "rack", "K", "Lowest mean temperature of a pack.", 298.15, point="pack_temperature_min"
    )
    rack_pack_temperature_min_pack: Array = array("rack", "", _PACK, kind="integer", point="pack_temperature_min_pack")
    temperature_invalid_count: Array = array("rack", "", "Temperatures that read invalid.", kind="integer")
    charge_current_limit: Array = array("rack", "A", "Largest charge current allowed, >= 0.")
    discharge_current_limit: Array = array("rack", "A", "Largest discharge current allowed, >= 0.")
    charge_current_limit_60s: Array = array("rack", "A", "Largest charge current allowed for the next 60 s, >= 0.")
    discharge_current_limit_60s: Array = array(
        "rack", "A", "Largest discharge current allowed for the next 60 s, >= 0."
    )
    charge_power_limit: Array = array("rack", "W", "Largest charge power allowed, >= 0.")
    discharge_power_limit: Array = array("rack", "W", "Largest discharge power allowed, >= 0.")
    charge_power_limit_60s: Array = array("rack", "W", "Largest charge power allowed for the next 60 s, >= 0.")
    discharge_power_limit_60s: Array = array("rack", "W", "Largest discharge power allowed for the next 60 s, >= 0.")
    heartbeat: Array = array("rack", "", "Counts up while the rack's controller runs, modulo 65536.", kind="integer")
    breaker_trip: Array = array("rack", "", "1 trips the rack's breaker.", kind="boolean", point="breaker.trip")
    insulation_monitor_enabled: Array = array(
        "rack", "", "1 while the rack's insulation monitor is to measure.", kind="boolean"
    )
    chiller_request: Array = array(
        "rack",
        "",
        "What the rack's controller asks of the chiller; NaN leaves it to the bank controller.",
        float("nan"),
        choices=names(ChillerRequest),
    )
    balancing: Array = array(
        "rack cell",
        "",
        "1 while the cell is bled by its balancing resistor.",
        kind="boolean",
        point="cell.balancing",
        age="balancing_age",
    )
    balancing_count: Array = array("rack", "", "Number of cells that are bled.", kind="integer")
    balancing_revision: Array = array(
        "rack", "", "Counts the changes of the rack's balancing, modulo 65536.", public=False
    )
    balancing_age: Array = array(
        "rack", "s", "Since it was counted last; kept by the actuators, 1 s short at the start.", -1.0, public=False
    )
    pack_voltage: Array = array(
        "rack pack", "V", "Sum of the pack's cell voltages; NaN while one is invalid.", point="voltage"
    )
    pack_cell_voltage_max: Array = array(
        "rack pack", "V", "Highest cell voltage of the pack.", point="cell_voltage_max"
    )
    pack_cell_voltage_max_cell: Array = array(
        "rack pack", "", "Cell of it within the pack, counted from 1.", kind="integer", point="cell_voltage_max_cell"
    )
    pack_cell_voltage_min: Array = array("rack pack", "V", "Lowest cell voltage of the pack.", point="cell_voltage_min")
    pack_cell_voltage_min_cell: Array = array(
        "rack pack", "", "Cell of it within the pack, counted from 1.", kind="integer", point="cell_voltage_min_cell"
    )
    pack_cell_voltage_avg: Array = array("rack pack", "V", "Mean cell voltage of the pack.", point="cell_voltage_avg")
    pack_temperature_max: Array = array(
        "rack pack", "K", "Highest temperature of the pack.", 298.15, point="temperature_max"
    )
    pack_temperature_max_cell: Array = array(
        "rack pack",
        "",
        "First cell that its sensor serves, counted from 1.",
        kind="integer",
        point="temperature_max_cell",
    )
    pack_temperature_min: Array = array(
        "rack pack", "K", "Lowest temperature of the pack.", 298.15, point="temperature_min"
    )
    pack_temperature_min_cell: Array = array(
        "rack pack",
        "",
        "First cell that its sensor serves, counted from 1.",
        kind="integer",
        point="temperature_min_cell",
    )
    pack_temperature_max_sensor: Array = array(
        "rack pack", "", "Its sensor within the pack, counted from 1.", kind="integer", point="temperature_max_sensor"
    )
    pack_temperature_min_sensor: Array = array(
        "rack pack", "", "Its sensor within the pack, counted from 1.", kind="integer", point="temperature_min_sensor"
    )
    pack_temperature_avg: Array = array(
        "rack pack", "K", "Mean temperature of the pack.", 298.15, point="temperature_avg"
    )
