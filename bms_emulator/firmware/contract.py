"""The wall between the plant and its firmware: what a firmware receives and what it gives.

A firmware sees :class:`Measurements` and :class:`Commands` and writes :class:`RackOutputs` and :class:`BankOutputs`. It
never sees the plant. All arrays have a leading rack or container axis; NaN marks an invalid measurement; ages are in
seconds.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Protocol

from bms_emulator.arrays import Array, Group, array


class RackMode(IntEnum):
    """State of a rack's sequencer."""

    INIT = 0
    SELF_TEST = 1
    STANDBY = 2
    PRECHARGE = 3
    CONNECTED = 4
    OPENING = 5
    FAULT = 6


class Request(IntEnum):
    """A master's request to connect or disconnect."""

    NONE = 0
    CONNECT = 1
    DISCONNECT = 2


class BankMode(IntEnum):
    """State of a container's bank controller, numbered as SunSpec 802 does."""

    DISCONNECTED = 1
    INITIALIZING = 2
    CONNECTED = 3
    STANDBY = 4
    SOC_PROTECTION = 5
    SUSPENDING = 6
    FAULT = 99


class ConnectFailure(IntEnum):
    """Why a rack could not connect, numbered as SunSpec 803 does."""

    NO_FAILURE = 0
    BUTTON_PUSHED = 1
    GROUND_FAULT = 2
    OUTSIDE_VOLTAGE_RANGE = 3
    NOT_ENABLED = 4
    FUSE_OPEN = 5
    CONTACTOR_FAILURE = 6
    PRECHARGE_FAILURE = 7
    FAULT = 8


def names(enum: type[IntEnum]) -> dict[int, str]:
    """Names of an enumeration's values in lower case."""
    return {int(member): member.name.lower() for member in enum}


class Measurements(Protocol):
    """What a firmware may know of the plant. Shapes as declared by the sensing state."""

    cell_voltage: Array
    cell_voltage_age: Array
    temperature: Array
    temperature_age: Array
    current: Array
    current_age: Array
    string_voltage: Array
    link_voltage: Array
    contactor_feedback: Array
    fuse_feedback: Array
    coolant_supply_temperature: Array
    coolant_return_temperature: Array
    coolant_flow: Array
    coolant_pressure: Array
    chiller_mode: Array
    ambient_temperature: Array


@dataclass
class Commands:
    """The mailbox of a container's bank controller, written by masters.

    Pulses (``alarm_reset``, ``rack_alarm_reset``) are set to 1 by the master and cleared by the firmware when done.
    """

    GROUP: ClassVar = Group(root="container", source="command")
    request: Array = array("container", "", "Connect or disconnect all enabled racks.", choices=names(Request))
    alarm_reset: Array = array(
        "container", "", "1 resets latched alarms; returns to 0 when done.", kind="boolean", limits=(0, 1)
    )
    heartbeat_master: Array = array(
        "container", "", "Heartbeat counter of the master.", kind="integer", limits=(0, 65535)
    )
    inverter_state: Array = array(
        "container",
        "",
        "What the master says of the inverter; for information, nothing follows from it.",
        choices={0: "unknown", 1: "stopped", 2: "standby", 3: "started"},
    )
    soc_reserve_min: Array = array("container", "1", "Lowest state of charge to discharge to.", 0.0, limits=(0.0, 1.0))
    soc_reserve_max: Array = array("container", "1", "Highest state of charge to charge to.", 1.0, limits=(0.0, 1.0))
    rack_request: Array = array("rack", "", "Connect or disconnect this rack.", choices=names(Request), point="request")
    rack_enabled: Array = array(
        "rack", "", "1 where the rack may be connected.", 1.0, kind="boolean", limits=(0, 1), point="enabled"
    )


@dataclass
class PcsCommands:
    """The mailbox of a PCS."""

    GROUP: ClassVar = Group(root="pcs", source="command")
    enable: Array = array("container", "", "1 lets the PCS run.", 1.0, kind="boolean", limits=(0, 1))
    setpoint_enabled: Array = array("container", "", "1 makes the set point effective.", kind="boolean", limits=(0, 1))
    control_mode: Array = array(
        "container",
        "",
        "What the PCS holds at its set point: AC power, DC current or DC voltage.",
        choices={0: "power", 1: "current", 2: "voltage"},
    )
    setpoint_mode: Array = array(
        "container", "", "What the set point is given in.", 1.0, choices={0: "fraction", 1: "watts"}
    )
    power_setpoint: Array = array("container", "W", "Active-power set point, positive in discharge.")
    power_setpoint_fraction: Array = array(
        "container", "1", "Active-power set point relative to rated power, positive in discharge.", limits=(-1.0, 1.0)
    )
    current_setpoint: Array = array(
        "container", "A", "DC current set point in control mode current, positive in discharge."
    )
    voltage_setpoint: Array = array("container", "V", "DC voltage set point in control mode voltage.")
    current_limit: Array = array(
        "container", "A", "Largest DC current in control mode voltage, in either direction; at 0 none flows."
    )
    power_limit_enabled: Array = array(
        "container", "", "1 makes the active-power limit effective.", kind="boolean", limits=(0, 1)
    )
    power_limit_fraction: Array = array(
        "container", "1", "Largest active power relative to rated power.", 1.0, limits=(0.0, 1.0)
    )


_POSITION = "Position of it, counted from 1."


@dataclass
class RackOutputs:
    """What the firmware decides and publishes for every rack."""

    GROUP: ClassVar = Group(root="container", source="firmware")
    contactor_command: Array = array("rack contactor", "", "1 energises the coil.", kind="boolean", point="command")
    mode: Array = array("rack", "", "State of the sequencer.", choices=names(RackMode))
    connected: Array = array("rack", "", "1 while the rack is on the bus.", kind="boolean")
    connect_failure: Array = array("rack", "", "Why the rack could not connect.", choices=names(ConnectFailure))
    openings_under_load: Array = array(
        "rack", "", "How often the contactors opened while current was flowing.", kind="integer"
    )
    alarm_level: Array = array("rack", "", "Highest active alarm level, 0 to 3.", kind="integer")
    alarm_latched: Array = array("rack", "", "1 while a level-3 alarm awaits its reset.", kind="boolean")
    alarm: Array = array("rack alarm", "", "Active level of the alarm, 0 to 3.", kind="integer", point="level")
    soc: Array = array("rack", "1", "State of charge as estimated.", 0.5)
    soh: Array = array("rack", "1", "State of health: capacity of the last capacity test over rated.", 1.0)
    cycle_count: Array = array("rack", "", "Equivalent full cycles.", kind="float")
    cell_voltage_max: Array = array("rack", "V", "Highest cell voltage.")
    cell_voltage_max_cell: Array = array("rack", "", _POSITION, kind="integer")
    cell_voltage_max_pack: Array = array("rack", "", "Pack of it, counted from 1.", kind="integer")
    cell_voltage_min: Array = array("rack", "V", "Lowest cell voltage.")
    cell_voltage_min_cell: Array = array("rack", "", _POSITION, kind="integer")
    cell_voltage_min_pack: Array = array("rack", "", "Pack of it, counted from 1.", kind="integer")
    cell_voltage_avg: Array = array("rack", "V", "Mean cell voltage.")
    cell_voltage_sum: Array = array("rack", "V", "Sum of the cell voltages.")
    cell_voltage_invalid_count: Array = array("rack", "", "Cell voltages that read invalid.", kind="integer")
    temperature_max: Array = array("rack", "K", "Highest cell temperature.", 298.15)
    temperature_max_pack: Array = array("rack", "", "Pack of it, counted from 1.", kind="integer")
    temperature_min: Array = array("rack", "K", "Lowest cell temperature.", 298.15)
    temperature_min_pack: Array = array("rack", "", "Pack of it, counted from 1.", kind="integer")
    temperature_avg: Array = array("rack", "K", "Mean cell temperature.", 298.15)
    temperature_invalid_count: Array = array("rack", "", "Temperatures that read invalid.", kind="integer")
    charge_current_limit: Array = array("rack", "A", "Largest charge current allowed, >= 0.")
    discharge_current_limit: Array = array("rack", "A", "Largest discharge current allowed, >= 0.")
    pack_voltage: Array = array("rack pack", "V", "Sum of the pack's cell voltages.", point="voltage")
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
    pack_temperature_avg: Array = array(
        "rack pack", "K", "Mean temperature of the pack.", 298.15, point="temperature_avg"
    )


@dataclass
class BankOutputs:
    """What the bank controller decides and publishes for every container."""

    GROUP: ClassVar = Group(root="container", source="firmware")
    mode: Array = array("container", "", "State of the bank.", 2.0, choices=names(BankMode))
    heartbeat: Array = array("container", "", "Counts up every second, modulo 65536.", kind="integer")
    master_lost: Array = array("container", "", "1 while the supervised master heartbeat is missing.", kind="boolean")
    alarm_level: Array = array("container", "", "Highest active alarm level of its racks, 0 to 3.", kind="integer")
    racks_connected: Array = array("container", "", "Number of racks on the bus.", kind="integer")
    soc: Array = array("container", "1", "State of charge of the connected racks; of all racks while none is.", 0.5)
    soh: Array = array("container", "1", "State of health, mean of the racks.", 1.0)
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
    cell_voltage_max: Array = array("container", "V", "Highest cell voltage.")
    cell_voltage_max_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    cell_voltage_max_pack: Array = array("container", "", "Pack of it, counted from 1.", kind="integer")
    cell_voltage_min: Array = array("container", "V", "Lowest cell voltage.")
    cell_voltage_min_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    cell_voltage_min_pack: Array = array("container", "", "Pack of it, counted from 1.", kind="integer")
    cell_voltage_avg: Array = array("container", "V", "Mean cell voltage.")
    temperature_max: Array = array("container", "K", "Highest cell temperature.", 298.15)
    temperature_max_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    temperature_max_pack: Array = array("container", "", "Pack of it, counted from 1.", kind="integer")
    temperature_min: Array = array("container", "K", "Lowest cell temperature.", 298.15)
    temperature_min_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    temperature_min_pack: Array = array("container", "", "Pack of it, counted from 1.", kind="integer")
    temperature_avg: Array = array("container", "K", "Mean cell temperature.", 298.15)
    rack_voltage_max: Array = array("container", "V", "Highest string voltage.")
    rack_voltage_max_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    rack_voltage_min: Array = array("container", "V", "Lowest string voltage.")
    rack_voltage_min_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    rack_voltage_avg: Array = array("container", "V", "Mean string voltage.")
    rack_current_max: Array = array("container", "A", "Highest string current.")
    rack_current_max_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    rack_current_min: Array = array("container", "A", "Lowest string current.")
    rack_current_min_rack: Array = array("container", "", "Rack of it, counted from 1.", kind="integer")
    rack_current_avg: Array = array("container", "A", "Mean string current.")
    chiller_request: Array = array(
        "container",
        "",
        "What the chiller is asked to do.",
        point="chiller.request",
        choices={0: "standby", 1: "circulation", 2: "cooling", 3: "heating"},
    )
    chiller_setpoint: Array = array(
        "container", "K", "Requested coolant supply temperature.", 295.15, point="chiller.setpoint"
    )


class Firmware(Protocol):
    """Anything that can run the racks and containers of a site."""

    def step(self, measurements: Measurements, dt: float) -> None:
        """Read measurements and the command mailbox, write the outputs. dt: one firmware period [s]."""


GROUPS: dict[str, type] = {
    "commands": Commands,
    "pcs.commands": PcsCommands,
    "firmware.racks": RackOutputs,
    "firmware.bank": BankOutputs,
}
