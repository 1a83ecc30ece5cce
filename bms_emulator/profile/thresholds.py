"""Thresholds of alarms as a master sees them: in SI, for the whole rack, and with wide limits.

A level of a profile stands per cell, per ampere or per volt of the rating, so that it holds for any rack. What a master
reads and writes are volts of the string, amperes and ohms.
"""

from dataclasses import dataclass
from typing import Self

from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.signals import Rating
from bms_emulator.profile.site import SiteProfile

_RATED_UNITS = {Rating.CELL_COUNT: "V", Rating.RATED_CURRENT: "A", Rating.RATED_VOLTAGE: "Ohm"}
"""Unit of a signal times the rating that it is divided by."""


@dataclass(frozen=True)
class Ratings:
    """What signals are divided by: cells in series, rated current [A] and rated voltage [V] of a rack."""

    cell_count: float = 1.0
    rated_current: float = 1.0
    rated_voltage: float = 1.0

    @classmethod
    def of(cls, site: SiteProfile) -> Self:
        """Those of the racks of a site."""
        rack = site.container.rack
        return cls(float(rack.cell_count), rack.rated_current_a, site.container.operating_voltage_max_v)


@dataclass(frozen=True)
class Threshold:
    """Values at which an alarm sets and clears.

    Attributes:
        factor: Threshold for each unit of the signal.
        unit: SI unit.
        limits: Lowest and highest value that makes any physical sense.
        set: Value at which each level sets, None where it is not used.
        clear: Value at which each level clears.
    """

    factor: float
    unit: str
    limits: tuple[float, float]
    set: tuple[float | None, ...]
    clear: tuple[float | None, ...]

    @classmethod
    def of(cls, row: AlarmRow, ratings: Ratings) -> Self:
        """Those of an alarm row."""
        signal = row.watched
        unit = signal.unit.value
        factor = 1.0 if signal.per is None else getattr(ratings, signal.per)
        low, high = unit.range

        def shown(level: float | None) -> float | None:
            return None if level is None else factor * signal.si(level)

        return cls(
            factor,
            unit.si if signal.per is None else _RATED_UNITS[signal.per],
            (factor * low, factor * high),
            tuple(map(shown, row.set)),
            tuple(map(shown, row.clear)),
        )
