"""State of a chiller as a device: who commands it, what it finds wrong with itself, its filling and its counters."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array
from bms_emulator.plant.state.cooling import CHILLER_MODES, ChillerMode


class ChillerSource(IntEnum):
    """Who commands a chiller."""

    BMS = 0
    """The bank controller, by its request and set point."""
    EMS = 1
    """A master, by the commands below."""
    LOCAL = 2
    """The thermostat of its own panel."""


class ChillerCommand(IntEnum):
    """What a master may ask of a chiller; all but the last are modes."""

    OFF = 0
    CIRCULATE = 1
    COOL = 2
    HEAT = 3
    AUTO = 4
    """Its own thermostat decides."""


class ChillerAlarm(IntEnum):
    """What a chiller finds wrong with itself: last axis of its timers, and bits of its alarms."""

    TRIP = 0
    CONDENSER_PRESSURE_HIGH = 1
    COOLANT_PRESSURE_HIGH = 2
    COOLANT_PRESSURE_LOW = 3
    FLOW_LOW = 4
    TEMPERATURE_SENSOR = 5
    TEMPERATURE_HIGH = 6
    TEMPERATURE_LOW = 7
    COMMUNICATION_LOST = 8
    COOLANT_LEVEL_LOW = 9


class ChillerFault(IntEnum):
    """Bits of what faults break in a chiller."""

    TEMPERATURE_SENSOR = 0
    CONDENSER_FAN = 1


class FaultLevel(IntEnum):
    """How bad it is."""

    NONE = 0
    ALARM = 1
    """It goes on."""
    STOP = 2
    """Compressor and heater stand still."""


CHILLER_SOURCES = {int(s): s.name.lower() for s in ChillerSource}
CHILLER_COMMANDS = {int(c): c.name.lower() for c in ChillerCommand}
CHILLER_ALARMS = {int(a): a.name.lower() for a in ChillerAlarm}
FAULT_LEVELS = {int(level): level.name.lower() for level in FaultLevel}


@dataclass
class ChillerState:
    """Controller, filling and counters of the chiller of every container."""

    GROUP: ClassVar = Group(root="container", source="plant")
    source: Array = array(
        "container", "", "Who commands the chiller.", choices=CHILLER_SOURCES, point="chiller.control_source"
    )
    request: Array = array(
        "container", "", "Mode that its controller asks for.", choices=CHILLER_MODES, point="chiller.request"
    )
    setpoint: Array = array("container", "K", "Supply temperature that it holds.", 295.15, point="chiller.setpoint")
    capacity_gain: Array = array("container", "1", "Factor on capacity; 0 stops it.", 1.0, public=False)
    thermostat: Array = array(
        "container", "", "Mode that its thermostat asks for.", float(ChillerMode.CIRCULATION), public=False
    )
    master_age: Array = array("container", "s", "Time since the last write of a master.", point="chiller.master_age")
    alarm_time: Array = array(
        "container chiller_alarm",
        "s",
        "Time for which the cause of an alarm has stood; -1 where it does not.",
        -1.0,
        public=False,
    )
    alarms: Array = array(
        "container", "", "What it finds wrong.", kind="bitfield", choices=CHILLER_ALARMS, point="chiller.alarms"
    )
    fault_code: Array = array(
        "container", "", "Worst alarm, counted from 1; 0 is none.", kind="integer", point="chiller.fault_code"
    )
    fault_level: Array = array("container", "", "How bad it is.", choices=FAULT_LEVELS, point="chiller.fault_level")
    heard_request: Array = array("container", "", "What the bank controller last asked that it heard.", public=False)
    heard_setpoint: Array = array("container", "K", "At which set point.", 295.15, public=False)
    vessel: Array = array("container", "1", "Filling of the expansion vessel.", 1.0, point="chiller.vessel_filling")
    tank: Array = array("container", "1", "Filling of the make-up tank.", 1.0, point="chiller.coolant_level")
    leaked: Array = array("container", "kg", "Coolant lost since the start.", point="chiller.leaked")
    make_up_on: Array = array(
        "container", "", "1 while the make-up pump runs.", kind="boolean", point="chiller.make_up_running"
    )
    operating_time: Array = array(
        "container", "s", "Time for which the pump has run since the start.", point="chiller.operating_time"
    )
    compressor_operating_time: Array = array(
        "container",
        "s",
        "Time for which the compressor has run since the start.",
        point="chiller.compressor_operating_time",
    )
    compressor_starts: Array = array(
        "container", "", "Starts of the compressor.", kind="integer", point="chiller.compressor_starts"
    )
    compressor_was_on: Array = array("container", "", "1 where it ran a tick ago.", public=False)


@dataclass
class ChillerCommands:
    """What a master may ask of a chiller; modes and set points count while it is in control."""

    GROUP: ClassVar = Group(root="container", source="command")
    control: Array = array(
        "container", "", "Who is to command the chiller.", choices=CHILLER_SOURCES, point="chiller.control"
    )
    enable: Array = array(
        "container", "", "1 lets the chiller run.", 1.0, kind="boolean", limits=(0, 1), point="chiller.enable"
    )
    mode: Array = array(
        "container",
        "",
        "What the chiller is to do.",
        float(ChillerCommand.AUTO),
        choices=CHILLER_COMMANDS,
        point="chiller.mode_command",
    )
    cooling_setpoint: Array = array(
        "container", "K", "Supply temperature to cool to.", 293.15, point="chiller.cooling_setpoint"
    )
    heating_setpoint: Array = array(
        "container", "K", "Supply temperature to heat to.", 285.15, point="chiller.heating_setpoint"
    )
    master_timeout: Array = array(
        "container",
        "s",
        "Silence of a master after which the BMS commands instead; 0 is never.",
        limits=(0.0, 86400.0),
        point="chiller.master_timeout",
    )
    reset: Array = array(
        "container",
        "",
        "1 resets alarms whose cause is gone; returns to 0 when done.",
        kind="boolean",
        limits=(0, 1),
        point="chiller.reset",
    )
