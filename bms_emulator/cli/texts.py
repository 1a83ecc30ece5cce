"""Values as people read them."""

import math

NOTHING = "-"
"""Where a measurement is invalid."""


def number(value: float | None, digits: int = 0, unit: str = "") -> str:
    """A number with its unit; never a negative zero."""
    return NOTHING if value is None else f"{value:z,.{digits}f} {unit}".rstrip()


def kilowatts(watts: float | None) -> str:
    """Power in kW."""
    return number(None if watts is None else watts / 1e3, 0, "kW")


def elapsed(seconds: float) -> str:
    """A duration as days and hours:minutes:seconds."""
    minutes, second = divmod(math.floor(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return (f"{days} d " if days else "") + f"{hour:02d}:{minute:02d}:{second:02d}"
