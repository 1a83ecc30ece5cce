"""Enumerations that a firmware shares with its masters."""

from enum import IntEnum


class RackMode(IntEnum):
    """State of a rack's controller."""

    INIT = 0
    SELF_TEST = 1
    STANDBY = 2
    PRECHARGE = 3
    CONNECTED = 4
    OPENING = 5
    FAULT = 6
    EMERGENCY = 7
    SAFE_LOCK = 8
    MAINTENANCE = 9
    SHUTDOWN = 10


class Request(IntEnum):
    """A master's request to connect or disconnect."""

    NONE = 0
    CONNECT = 1
    DISCONNECT = 2


class Operation(IntEnum):
    """A master's request as SunSpec 715 numbers it; it reads back what holds."""

    STOP = 0
    START = 1
    ENTER_STANDBY = 2
    EXIT_STANDBY = 3


class Control(IntEnum):
    """Who may connect and disconnect, numbered as SunSpec 802 does."""

    REMOTE = 0
    LOCAL = 1


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


class Action(IntEnum):
    """What a level of an alarm does to the rack, or to all racks of the container; a higher one counts."""

    NONE = 0
    """It is shown and logged."""
    DERATE = 1
    """Limits are multiplied by the warning factor."""
    STOP = 2
    """Limits fall to 0 in the directions that the alarm concerns."""
    OPEN = 3
    """The rack opens once its current is gone or the wait for that is over: mode FAULT."""
    EMERGENCY = 4
    """The rack opens at once, under whatever load: mode EMERGENCY."""
    LOCK = 5
    """The rack opens and stays locked, over a power cycle too, until a service reset: mode SAFE_LOCK."""


class ChillerRequest(IntEnum):
    """What a controller asks of the chiller; the chiller reports what it does in the same numbers."""

    STANDBY = 0
    CIRCULATION = 1
    COOLING = 2
    HEATING = 3


class CmuFault(IntEnum):
    """Bits of what a cell-monitoring unit says of itself."""

    COMMUNICATION = 0
    INTEGRITY = 1
    OPEN_WIRE = 2


class ControllerFault(IntEnum):
    """Bits of what a rack's controller finds wrong with itself."""

    CONFIGURATION = 0
    PERSISTENT_MEMORY = 1
    CLOCK = 2
    WATCHDOG = 3
    DUPLICATE_ID = 4
    COMMUNICATION = 5
    INSULATION_MONITOR = 6


class Direction(IntEnum):
    """Where the current flows."""

    STANDBY = 0
    DISCHARGE = 1
    CHARGE = 2


class ChargeStatus(IntEnum):
    """What a battery does, numbered as SunSpec 802 does."""

    OFF = 1
    EMPTY = 2
    DISCHARGING = 3
    CHARGING = 4
    FULL = 5
    HOLDING = 6


class Status(IntEnum):
    """How a battery is, in one word."""

    INITIAL = 0
    NORMAL = 1
    FULL = 2
    EMPTY = 3
    WARNING = 4
    FAULT = 5


class PowerState(IntEnum):
    """Whether the voltage of a battery is on its bus, and whether a fault stands."""

    OFF_READY = 0
    ON_READY = 1
    ON_FAULT = 2
    OFF_FAULT = 3


class OperatingState(IntEnum):
    """What a rack permits."""

    NORMAL = 0
    CHARGE_FORBIDDEN = 1
    DISCHARGE_FORBIDDEN = 2
    STANDBY = 3
    STOPPED = 4


class DisabledReason(IntEnum):
    """Why a rack is out of use, numbered as SunSpec 803 does."""

    NONE = 0
    FAULT = 1
    MAINTENANCE = 2
    EXTERNAL = 3
    """A master does not permit it."""


class PrechargeStage(IntEnum):
    """How far a rack has got onto the bus."""

    IDLE = 0
    CLOSING = 1
    PRECHARGING = 2
    SUCCEEDED = 3
    FAILED = 4


class InsulationStatus(IntEnum):
    """Whether insulation is measured."""

    INVALID = 0
    OFF = 1
    MEASURING = 2


class InverterRequest(IntEnum):
    """What a battery asks of its inverter, numbered as SunSpec 802 does."""

    NONE = 0
    START = 1
    STOP = 2


class LogKind(IntEnum):
    """What an entry of a container's event log tells."""

    EMPTY = 0
    ALARM = 1
    """Code: place of the alarm among the rack's alarms; value: its new level."""
    BANK_ALARM = 2
    """Code: place of the alarm among the container's alarms; value: its new level."""
    MODE = 3
    """Code: mode of the rack that it left; value: mode that it entered."""
    POWER = 4
    """Value: 1 the controllers were switched on, 0 they lost their supply."""
    RESET = 5
    """Value: 1 an alarm reset, 2 a service reset."""
    OPENED_UNDER_LOAD = 6
    """Value: the current that flowed [A]."""


def names(enum: type[IntEnum]) -> dict[int, str]:
    """Names of an enumeration's values in lower case."""
    return {int(member): member.name.lower() for member in enum}
