"""The structs and numbers of ``bms_firmware.h`` in ctypes; the worker process imports this, so it needs no numpy."""

import ctypes
from enum import IntEnum, IntFlag

ABI_MAJOR = 1
ABI_MINOR = 0
LONG_AGO = 0xFFFFFFFF
"""An age [ms] that is longer than can be told."""
NO_SOURCE = 0xFFFFFFFF
"""Source of an alarm that concerns the rack."""
NO_CHILLER_REQUEST = 255
"""Request to the chiller that leaves it to the bank controller."""

REQUIRED = (
    "bms_abi_version",
    "bms_describe",
    "bms_create",
    "bms_reset",
    "bms_step",
    "bms_persistent",
    "bms_destroy",
)
OPTIONAL = ("bms_snapshot_save", "bms_snapshot_load")


class Contactor(IntFlag):
    """Bits of feedback and command."""

    NEGATIVE = 1 << 0
    PRECHARGE = 1 << 1
    POSITIVE = 1 << 2


class DigitalInput(IntFlag):
    """Bits of the digital inputs."""

    FUSE_INTACT = 1 << 0
    BREAKER_CLOSED = 1 << 1
    INTERLOCK_CLOSED = 1 << 2
    EMERGENCY_STOP = 1 << 3
    DOOR_OPEN = 1 << 4
    WATER = 1 << 5
    SMOKE = 1 << 6
    HEAT = 1 << 7
    GAS = 1 << 8
    FIRE = 1 << 9
    CHILLER_FAULT = 1 << 10


class CommandFlag(IntFlag):
    """Bits of the flags of a command."""

    ENABLED = 1 << 0
    JOIN_PERMITTED = 1 << 1
    MAINTENANCE = 1 << 2
    ALARM_RESET = 1 << 3
    SERVICE_RESET = 1 << 4
    BALANCING_ENABLED = 1 << 5
    MASTER_LOST = 1 << 6
    MASTER_GONE = 1 << 7


PULSES = CommandFlag.ALARM_RESET | CommandFlag.SERVICE_RESET
"""Flags that stand for one period."""


class OutputFlag(IntFlag):
    """Bits of the flags of the outputs."""

    READY = 1 << 0
    BREAKER_TRIP = 1 << 1
    INSULATION_MONITOR = 1 << 2
    LATCHED = 1 << 3


class Reset(IntEnum):
    """Kinds of reset."""

    POWER_ON = 0
    WATCHDOG = 1
    SOFT = 2


class Measurement(ctypes.Structure):
    """One measured value."""

    _fields_ = (("value", ctypes.c_double), ("age_ms", ctypes.c_uint32), ("valid", ctypes.c_uint32))


class Command(ctypes.Structure):
    """What the bank controller and its masters ask of the rack."""

    _fields_ = (
        ("sequence", ctypes.c_uint32),
        ("age_ms", ctypes.c_uint32),
        ("request", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("heartbeat", ctypes.c_uint32),
        ("bank_action", ctypes.c_uint32),
        ("soc_min", ctypes.c_double),
        ("soc_max", ctypes.c_double),
    )


class Inputs(ctypes.Structure):
    """What a firmware knows in one period."""

    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("cell_count", ctypes.c_uint32),
        ("temperature_count", ctypes.c_uint32),
        ("pack_count", ctypes.c_uint32),
        ("cell_voltages", ctypes.c_void_p),
        ("temperatures", ctypes.c_void_p),
        ("cmu_faults", ctypes.c_void_p),
        ("current", Measurement),
        ("current_second", Measurement),
        ("string_voltage", Measurement),
        ("fuse_voltage", Measurement),
        ("link_voltage", Measurement),
        ("insulation_positive", Measurement),
        ("insulation_negative", Measurement),
        ("terminal_temperature", Measurement),
        ("coolant_supply_temperature", Measurement),
        ("coolant_return_temperature", Measurement),
        ("coolant_flow", Measurement),
        ("coolant_pressure", Measurement),
        ("ambient_temperature", Measurement),
        ("dew_point", Measurement),
        ("supply_voltage", Measurement),
        ("contactor_feedback", ctypes.c_uint32),
        ("digital_inputs", ctypes.c_uint32),
        ("chiller_mode", ctypes.c_uint32),
        ("controller_faults", ctypes.c_uint32),
        ("command", Command),
    )


class Alarm(ctypes.Structure):
    """An active alarm."""

    _fields_ = (
        ("id", ctypes.c_uint32),
        ("level", ctypes.c_uint32),
        ("source", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


class Outputs(ctypes.Structure):
    """What a firmware decides in one period."""

    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("cell_count", ctypes.c_uint32),
        ("alarm_capacity", ctypes.c_uint32),
        ("log_capacity", ctypes.c_uint32),
        ("balancing", ctypes.c_void_p),
        ("alarms", ctypes.c_void_p),
        ("log", ctypes.c_void_p),
        ("alarm_count", ctypes.c_uint32),
        ("log_length", ctypes.c_uint32),
        ("contactor_command", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("state", ctypes.c_uint32),
        ("heartbeat", ctypes.c_uint32),
        ("chiller_request", ctypes.c_uint32),
        ("connect_failure", ctypes.c_uint32),
        ("charge_current_limit", ctypes.c_double),
        ("discharge_current_limit", ctypes.c_double),
        ("charge_current_limit_60s", ctypes.c_double),
        ("discharge_current_limit_60s", ctypes.c_double),
        ("charge_power_limit", ctypes.c_double),
        ("discharge_power_limit", ctypes.c_double),
        ("charge_power_limit_60s", ctypes.c_double),
        ("discharge_power_limit_60s", ctypes.c_double),
        ("soc", ctypes.c_double),
        ("soh", ctypes.c_double),
        ("soe_charge", ctypes.c_double),
        ("soe_discharge", ctypes.c_double),
    )
