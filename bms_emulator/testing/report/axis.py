"""Axes of plots: round numbers, and where they stand."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGEST: Final = 1e30
"""What is greater is a number gone wrong, and not drawn."""
_TIMES: Final = ((259_200.0, 86_400.0, "d"), (10_800.0, 3600.0, "h"), (300.0, 60.0, "min"), (0.0, 1.0, "s"))
"""Span from which on a unit of time is used [s], its length [s], its sign."""


@dataclass(frozen=True)
class Axis:
    """A straight scale.

    Attributes:
        low: Least value.
        high: Greatest value.
        start: Where the least stands on the paper.
        stop: Where the greatest stands.
    """

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> float:
        """Where a value stands; one beyond an end stands there."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)

    def ticks(self, count: int) -> list[float]:
        """About so many round values within the ends."""
        step = _round_up((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]


def spanning(values: Iterable[float], start: float, stop: float, margin: float = 0.06) -> Axis:
    """An axis that holds all values that can be drawn, with some room."""
    low, high = extent(values)
    room = margin * (high - low) or max(1e-3 * abs(high), 0.5 if high == 0.0 else 1e-9)
    return Axis(low - room, high + room, start, stop)


def extent(values: Iterable[float]) -> tuple[float, float]:
    """The least and the greatest value that can be drawn; 0 and 1 where there is none."""
    drawn = [value for value in values if abs(value) < _LARGEST]
    return (min(drawn), max(drawn)) if drawn else (0.0, 1.0)


def time_unit(span: float) -> tuple[float, str]:
    """Seconds and sign of the unit that suits a span of time [s]."""
    return next((factor, sign) for least, factor, sign in _TIMES if span > least or least == 0.0)


def _round_up(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in _ROUND if power * factor >= step * (1.0 - 1e-9))
