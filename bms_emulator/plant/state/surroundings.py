"""What people and the surroundings do to a site, and what the plant makes of it."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class Surroundings:
    """Hands and accidents; a rig or a test writes them."""

    GROUP: ClassVar = Group(root="container", source="command")
    emergency_stop: Array = array(
        "container",
        "",
        "1 while the emergency-stop button is pressed.",
        kind="boolean",
        limits=(0, 1),
        point="emergency_stop.pressed",
    )
    door_open: Array = array(
        "container", "", "1 while a door stands open.", kind="boolean", limits=(0, 1), point="door.opened"
    )
    water: Array = array(
        "container", "", "1 while water stands on the floor.", kind="boolean", limits=(0, 1), point="floor.water"
    )
    supply_voltage: Array = array(
        "container",
        "V",
        "Auxiliary supply of controllers and contactor coils.",
        24.0,
        limits=(0.0, 36.0),
        point="supply.voltage",
    )
    supply_failed: Array = array(
        "container",
        "",
        "1 while what feeds the auxiliary supply has failed, and its battery carries the load.",
        kind="boolean",
        limits=(0, 1),
        point="supply.failed",
    )
    surge_protection: Array = array(
        "container",
        "",
        "1 while the surge protection device is spent.",
        kind="boolean",
        limits=(0, 1),
        point="surge_protection.spent",
    )
    coolant_refill: Array = array(
        "container",
        "",
        "1 fills the coolant loop and its make-up tank; returns to 0 when done.",
        kind="boolean",
        limits=(0, 1),
        point="coolant.refill",
    )
    agent_refill: Array = array(
        "container",
        "",
        "1 puts a full container of extinguishing agent in place; returns to 0 when done.",
        kind="boolean",
        limits=(0, 1),
        point="fire.agent_refill",
    )
    humidity: Array = array(
        "container",
        "1",
        "Relative humidity of the air in the enclosure.",
        0.4,
        limits=(0.0, 1.0),
        point="enclosure.humidity",
    )
    interlock_open: Array = array(
        "rack",
        "",
        "1 while a connector or cover of the rack's interlock is open.",
        kind="boolean",
        limits=(0, 1),
        point="interlock.opened",
    )
    breaker_close: Array = array(
        "rack",
        "",
        "1 closes the rack's breaker by hand; returns to 0 when done.",
        kind="boolean",
        limits=(0, 1),
        point="breaker.close",
    )
    terminal_resistance: Array = array(
        "rack",
        "Ohm",
        "Resistance of a loose terminal, in addition to that of a sound one; it heats the terminal.",
        limits=(0.0, 1.0),
        point="terminal.resistance",
    )
    controller_faults: Array = array(
        "rack",
        "",
        "Bits of what is wrong with the rack's controller: 0 configuration, 1 persistent memory, 2 clock, 3 watchdog, "
        "4 duplicate id, 5 communication, 6 insulation monitor.",
        kind="integer",
        limits=(0, 127),
        point="controller.damage",
    )
    cmu_faults: Array = array(
        "rack pack",
        "",
        "Bits of what is wrong with the pack's monitoring unit: 0 communication, 1 integrity, 2 open wire.",
        kind="integer",
        limits=(0, 7),
        point="cmu_damage",
    )
