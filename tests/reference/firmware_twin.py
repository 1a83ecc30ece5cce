"""Slow, obvious twins of the firmware kernels."""

import math
from collections.abc import Sequence

import numpy as np


def extremes(row):  # type: ignore[no-untyped-def]
    """Highest and lowest valid value of a row with positions counted from 1, their sum and number."""
    valid = [(quantity, n + 1) for n, quantity in enumerate(row) if not math.isnan(quantity)]
    if not valid:
        return math.nan, 0, math.nan, 0, 0.0, 0
    highest = max(quantity for quantity, _ in valid)
    lowest = min(quantity for quantity, _ in valid)
    return (
        highest,
        next(n for quantity, n in valid if quantity == highest),
        lowest,
        next(n for quantity, n in valid if quantity == lowest),
        math.fsum(quantity for quantity, _ in valid),
        len(valid),
    )


class AlarmLevel:
    """One level of one alarm row, on the clock of the wall."""

    def __init__(self, sign: float, set_level: float, set_time: float, clear_level: float, clear_time: float) -> None:
        self.sign, self.set_level, self.clear_level = sign, set_level, clear_level
        self.set_time, self.clear_time = set_time, clear_time
        self.active = False
        self.since: float | None = None

    def see(self, quantity: float, start: float, end: float, may_clear: bool = True) -> bool:
        """Whether it is active at the end of a period in which the quantity was seen."""
        beyond = self.sign * quantity >= self.sign * self.set_level
        back = self.sign * quantity <= self.sign * self.clear_level and not beyond
        due = back if self.active else beyond
        if not due:
            self.since = None
            return self.active
        self.since = start if self.since is None else self.since
        lasted = end - self.since >= (self.clear_time if self.active else self.set_time) - 1e-6
        if lasted and (may_clear or not self.active):
            self.active = not self.active
            self.since = None
        return self.active


def interpolate(quantity: float, grid: Sequence[float], column: Sequence[float]) -> float:
    """Linear interpolation, constant beyond the ends."""
    return float(np.interp(quantity, grid, column))
