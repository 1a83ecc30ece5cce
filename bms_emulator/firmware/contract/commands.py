"""Mailboxes: what masters ask of bank controllers, and bank controllers of their racks."""

import math
from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array
from bms_emulator.firmware.contract.modes import Action, Control, Operation, Request, names


@dataclass
class Commands:
    """The mailbox of a container's bank controller, written by masters.

    Pulses (``alarm_reset``, ``service_reset``) are set to 1 by the master and cleared by the firmware when done.
    """

    GROUP: ClassVar = Group(root="container", source="command")
    request: Array = array("container", "", "Connect or disconnect all enabled racks.", choices=names(Request))
    operation: Array = array(
        "container",
        "",
        "The same, and standby: on the bus, but without a limit to use; shows what holds.",
        choices=names(Operation),
    )
    control: Array = array(
        "container",
        "",
        "Who may connect and disconnect; while it is local, masters' requests are refused and they are not supervised.",
        choices=names(Control),
    )
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
        "container", "", "Heartbeat counter of the master.", kind="integer", limits=(0, math.inf)
    )
    balancing_enabled: Array = array(
        "container", "", "1 where the cells may be balanced.", 1.0, kind="boolean", limits=(0, 1)
    )
    insulation_enabled: Array = array(
        "container",
        "",
        "1 where the racks may measure insulation, 0 where something else on the bus does.",
        1.0,
        kind="boolean",
        limits=(0, 1),
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
