"""What the bank controller of a container decides and publishes."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array
from bms_emulator.firmware.contract.modes import BankMode, ChillerRequest, LogKind, names

_RACK = "Rack of it, counted from 1."
_PACK = "Pack of it, counted from 1."


@dataclass
class BankOutputs:
    """What the bank controller decides and publishes for every container."""

    GROUP: ClassVar = Group(root="container", source="firmware")
    mode: Array = array("container", "", "State of the bank.", 2.0, choices=names(BankMode))
    heartbeat: Array = array("container", "", "Counts up every second, modulo 65536.", kind="integer")
    master_lost: Array = array("container", "", "1 while the supervised master heartbeat is missing.", kind="boolean")
    alarm_level: Array = array(
        "container", "", "Highest active level of its own and its racks' alarms, 0 to 3.", kind="integer"
    )
    alarm_latched: Array = array(
        "container", "", "1 while an alarm of the container that latches stands.", kind="boolean"
    )
    alarm: Array = array(
        "container bank_alarm", "", "Active level of the alarm, 0 to 3.", kind="integer", point="level"
    )
    alarm_source: Array = array(
        "container bank_alarm",
        "",
        "Where it was last raised: rack, counted from 1; 0 is the container, or never.",
        kind="integer",
        point="source",
    )
    alarm_first_time: Array = array(
        "container bank_alarm",
        "s",
        "Time at which it was first raised, since the start; NaN is never.",
        float("nan"),
        point="first_time",
    )
    alarm_last_time: Array = array(
        "container bank_alarm",
        "s",
        "Time at which it was last raised, since the start; NaN is never.",
        float("nan"),
        point="last_time",
    )
    alarm_count: Array = array("container bank_alarm", "", "How often it was raised.", kind="integer", point="count")
    racks_connected: Array = array("container", "", "Number of racks on the bus.", kind="integer")
    soc: Array = array("container", "1", "State of charge of the connected racks; of all racks while none is.", 0.5)
    soh: Array = array("container", "1", "State of health, mean of the racks.", 1.0)
    soe_discharge: Array = array("container", "J", "Energy that the connected racks can give until empty.")
    soe_charge: Array = array("container", "J", "Energy that the connected racks can take until full.")
    cycle_count: Array = array("container", "", "Equivalent full cycles, mean of the racks.")
    energy_available: Array = array(
        "container", "J", "Rated energy times soc times soh; NaN where unknown.", float("nan")
    )
    voltage: Array = array("container", "V", "DC bus voltage as measured.")
    current: Array = array("container", "A", "Sum of the rack currents, positive in discharge.")
    power: Array = array("container", "W", "DC power, positive in discharge.")
    charge_current_limit: Array = array("container", "A", "Largest charge current allowed, >= 0.")
    discharge_current_limit: Array = array("container", "A", "Largest discharge current allowed, >= 0.")
    charge_power_limit: Array = array("container", "W", "Largest charge power allowed, >= 0.")
    discharge_power_limit: Array = array("container", "W", "Largest discharge power allowed, >= 0.")
    charge_power_limit_60s: Array = array("container", "W", "Largest charge power allowed for the next 60 s, >= 0.")
    discharge_power_limit_60s: Array = array(
        "container", "W", "Largest discharge power allowed for the next 60 s, >= 0."
    )
    insulation_resistance: Array = array(
        "container", "Ohm", "Insulation of the bus as its active monitor reads it; NaN where none does.", float("nan")
    )
    insulation_monitor_rack: Array = array(
        "container", "", "Rack whose insulation monitor watches the bus, counted from 1; 0 is none.", kind="integer"
    )
    fire_interlock: Array = array("container", "", "1 while the fire interlock keeps all racks open.", kind="boolean")
    cell_voltage_max: Array = array("container", "V", "Highest cell voltage.")
    cell_voltage_max_rack: Array = array("container", "", _RACK, kind="integer")
    cell_voltage_max_pack: Array = array("container", "", _PACK, kind="integer")
    cell_voltage_max_cell: Array = array("container", "", "Position of it in the rack, counted from 1.", kind="integer")
    cell_voltage_max_pack_cell: Array = array("container", "", "The same, within the pack.", kind="integer")
    cell_voltage_min: Array = array("container", "V", "Lowest cell voltage.")
    cell_voltage_min_rack: Array = array("container", "", _RACK, kind="integer")
    cell_voltage_min_pack: Array = array("container", "", _PACK, kind="integer")
    cell_voltage_min_cell: Array = array("container", "", "Position of it in the rack, counted from 1.", kind="integer")
    cell_voltage_min_pack_cell: Array = array("container", "", "The same, within the pack.", kind="integer")
    cell_voltage_avg: Array = array("container", "V", "Mean cell voltage.")
    temperature_max: Array = array("container", "K", "Highest cell temperature.", 298.15)
    temperature_max_rack: Array = array("container", "", _RACK, kind="integer")
    temperature_max_pack: Array = array("container", "", _PACK, kind="integer")
    temperature_max_cell: Array = array(
        "container", "", "First cell of the rack that its sensor serves, counted from 1.", kind="integer"
    )
    temperature_max_pack_sensor: Array = array(
        "container", "", "Its sensor within the pack, counted from 1.", kind="integer"
    )
    temperature_min: Array = array("container", "K", "Lowest cell temperature.", 298.15)
    temperature_min_rack: Array = array("container", "", _RACK, kind="integer")
    temperature_min_pack: Array = array("container", "", _PACK, kind="integer")
    temperature_min_cell: Array = array(
        "container", "", "First cell of the rack that its sensor serves, counted from 1.", kind="integer"
    )
    temperature_min_pack_sensor: Array = array(
        "container", "", "Its sensor within the pack, counted from 1.", kind="integer"
    )
    temperature_avg: Array = array("container", "K", "Mean cell temperature.", 298.15)
    rack_voltage_max: Array = array("container", "V", "Highest string voltage.")
    rack_voltage_max_rack: Array = array("container", "", _RACK, kind="integer")
    rack_voltage_min: Array = array("container", "V", "Lowest string voltage.")
    rack_voltage_min_rack: Array = array("container", "", _RACK, kind="integer")
    rack_voltage_avg: Array = array("container", "V", "Mean string voltage.")
    rack_current_max: Array = array("container", "A", "Highest string current.")
    rack_current_max_rack: Array = array("container", "", _RACK, kind="integer")
    rack_current_min: Array = array("container", "A", "Lowest string current.")
    rack_current_min_rack: Array = array("container", "", _RACK, kind="integer")
    rack_current_avg: Array = array("container", "A", "Mean string current.")
    rack_soc_max: Array = array("container", "1", "Highest state of charge of a rack.", 0.5)
    rack_soc_max_rack: Array = array("container", "", _RACK, kind="integer")
    rack_soc_min: Array = array("container", "1", "Lowest state of charge of a rack.", 0.5)
    rack_soc_min_rack: Array = array("container", "", _RACK, kind="integer")
    rack_soc_avg: Array = array("container", "1", "Mean state of charge of the racks.", 0.5)
    chiller_request: Array = array(
        "container",
        "",
        "What the chiller is asked to do.",
        point="chiller.request",
        choices=names(ChillerRequest),
    )
    chiller_setpoint: Array = array(
        "container", "K", "Requested coolant supply temperature.", 295.15, point="chiller.setpoint"
    )


@dataclass
class BankLog:
    """Event log of a bank controller, a ring in its persistent memory; the newest entry is (count - 1) % length."""

    GROUP: ClassVar = Group(root="container", source="firmware")
    count: Array = array("container", "", "Entries written since the log was new.", kind="integer", point="log.count")
    time: Array = array("container log", "s", "Time of the entry, since the start.", point="log.time")
    kind: Array = array("container log", "", "What the entry tells.", choices=names(LogKind), point="log.kind")
    rack: Array = array(
        "container log", "", "Rack, counted from 1; 0 is the container.", kind="integer", point="log.rack"
    )
    code: Array = array("container log", "", "Code of the entry, as its kind says.", kind="integer", point="log.code")
    value: Array = array("container log", "", "Value of the entry, as its kind says.", point="log.value")
    source: Array = array(
        "container log",
        "",
        "Cell, pack or contactor of an alarm, counted from 1; 0 is the rack.",
        kind="integer",
        point="log.source",
    )
