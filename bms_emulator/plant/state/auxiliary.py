"""State of the auxiliary supply and of the input and output module of a container."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


class Output(IntEnum):
    """Digital outputs of an input and output module: bits of what it drives."""

    LAMP_GREEN = 0
    LAMP_YELLOW = 1
    LAMP_RED = 2
    SIREN = 3
    VENTILATION = 4
    DC_BREAKER_TRIP = 5


OUTPUTS = {int(o): o.name.lower() for o in Output}


@dataclass
class SupplyState:
    """Auxiliary supply of controllers and coils, with the battery that stands in for it."""

    GROUP: ClassVar = Group(root="container", source="plant")
    voltage: Array = array(
        "container", "V", "Auxiliary supply as it reaches controllers and coils.", 24.0, point="supply.bus_voltage"
    )
    failed: Array = array(
        "container", "", "1 while nothing feeds it but the battery.", kind="boolean", point="supply.feed_failed"
    )
    on_battery: Array = array(
        "container", "", "1 while the battery carries the load.", kind="boolean", point="ups.on_battery"
    )
    soc: Array = array("container", "1", "State of charge of the battery.", 1.0, point="ups.soc")
    charge_power: Array = array("container", "W", "Drawn from the supply to charge it.", point="ups.charge_power")
    load_power: Array = array("container", "W", "Given to the load by the battery.", point="ups.battery_power")


@dataclass
class IoState:
    """Outputs of an input and output module as they are driven."""

    GROUP: ClassVar = Group(root="container", source="plant")
    outputs: Array = array(
        "container", "", "Outputs that are on.", kind="bitfield", choices=OUTPUTS, point="io.outputs"
    )


@dataclass
class IoCommands:
    """Outputs of an input and output module as masters ask for them, in the order of :class:`Output`."""

    GROUP: ClassVar = Group(root="container", source="command")
    lamp_green: Array = array(
        "container", "", "1 lights the green lamp.", kind="boolean", limits=(0, 1), point="io.lamp_green"
    )
    lamp_yellow: Array = array(
        "container", "", "1 lights the yellow lamp.", kind="boolean", limits=(0, 1), point="io.lamp_yellow"
    )
    lamp_red: Array = array(
        "container", "", "1 lights the red lamp.", kind="boolean", limits=(0, 1), point="io.lamp_red"
    )
    siren: Array = array("container", "", "1 sounds the siren.", kind="boolean", limits=(0, 1), point="io.siren")
    ventilation: Array = array(
        "container",
        "",
        "1 opens the louvers and lets the gas fan run.",
        kind="boolean",
        limits=(0, 1),
        point="io.ventilation_enable",
    )
    dc_breaker_trip: Array = array(
        "container", "", "1 trips the breakers of all racks.", kind="boolean", limits=(0, 1), point="io.dc_breaker_trip"
    )
