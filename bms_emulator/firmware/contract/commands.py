"""Mailboxes: what masters ask of bank controllers and PCS, and bank controllers of their racks."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array
from bms_emulator.firmware.contract.modes import Action, Request, names


@dataclass
class Commands:
    """The mailbox of a container's bank controller, written by masters.

    Pulses (``alarm_reset``, ``service_reset``) are set to 1 by the master and cleared by the firmware when done.
    """

    GROUP: ClassVar = Group(root="container", source="command")
    request: Array = array("container", "", "Connect or disconnect all enabled racks.", choices=names(Request))
    alarm_reset: Array = array(
        "container", "", "1 resets latched alarms; returns to 0 when done.", kind="boolean", limits=(0, 1)
    )
    service_reset: Array = array(
        "container",
        "",
        "1 resets what only service personnel may: locks and emergencies too; returns to 0 when done.",
        kind="boolean",
        limits=(0, 1),
    )
    heartbeat_master: Array = array(
        "container", "", "Heartbeat counter of the master.", kind="integer", limits=(0, 65535)
    )
    balancing_enabled: Array = array(
        "container", "", "1 where the cells may be balanced.", 1.0, kind="boolean", limits=(0, 1)
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
    rack_maintenance: Array = array(
        "rack",
        "",
        "1 takes the rack into maintenance: it opens, and connects only afterwards.",
        kind="boolean",
        limits=(0, 1),
        point="maintenance",
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


@dataclass
class MasterLink:
    """What the communication stack of a container knows of its masters' writes to :class:`Commands`."""

    GROUP: ClassVar = Group(root="container", source="measured")
    sequence: Array = array(
        "container", "", "Number of the last command of a master.", kind="integer", point="master.sequence"
    )
    age: Array = array("container", "s", "Time since the last command of a master.", point="master.age")


@dataclass
class RackOrders:
    """What the bank controller asks of the controllers of its racks, whoever made them; written in every period."""

    GROUP: ClassVar = Group(root="container", source="firmware", public=False)
    request: Array = array("rack", "", "The request that holds for the rack.", choices=names(Request))
    join_permitted: Array = array("rack", "", "1 while this rack, and no other, may join the bus.")
    enabled: Array = array("rack", "", "1 where the rack may be connected.", 1.0)
    maintenance: Array = array("rack", "", "1 while the rack is asked into maintenance.")
    alarm_reset: Array = array("rack", "", "1 in the period in which a master resets alarms.")
    service_reset: Array = array("rack", "", "1 in the period in which service personnel resets locks.")
    balancing_enabled: Array = array("rack", "", "1 where the cells may be balanced.", 1.0)
    insulation_enabled: Array = array("rack", "", "1 where the rack's insulation monitor may measure.")
    action: Array = array(
        "rack", "", "Action that alarms of the container ask of all its racks.", choices=names(Action)
    )
    charge_action: Array = array("rack", "", "The same, of the alarms that concern charging.", choices=names(Action))
    discharge_action: Array = array(
        "rack", "", "The same, of the alarms that concern discharging.", choices=names(Action)
    )
    master_lost: Array = array("rack", "", "1 while the supervised master heartbeat is missing.")
    master_gone: Array = array("rack", "", "1 while the master has been silent so long that racks open.")
