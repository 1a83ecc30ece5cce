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
