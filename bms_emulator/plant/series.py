"""Values over time: straight lines between given times, repeating after their end."""

from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import scalar


class SeriesModel(NamedTuple):
    """Values over time.

    After the last time comes a step as long as the one before it, at whose end the first values return.

    Attributes:
        time: Times after midnight [s], increasing, shape (n,).
        period: From the first values to their return [s]; 1 where there is one time only.
        values: Values at these times in SI, shape (n, columns).
    """

    time: Array
    period: float
    values: Array


def build_series_model(time: Array, *columns: Array) -> SeriesModel:
    """Values over time from columns of them, each (n,)."""
    last_step = float(time[-1] - time[-2]) if time.size > 1 else 1.0
    return SeriesModel(time, float(time[-1] - time[0]) + last_step, np.column_stack(columns))


@scalar
def find_segment(series, time):
    """Where a time after midnight [s] stands: position before it, position after it, share of the way between [1]."""
    times = series.time
    position = times[0] + (time - times[0]) % series.period
    low, high = 0, times.size
    while high - low > 1:
        middle = (low + high) // 2
        if times[middle] <= position:
            low = middle
        else:
            high = middle
    if low + 1 < times.size:
        return low, low + 1, (position - times[low]) / (times[low + 1] - times[low])
    return low, 0, (position - times[low]) / (times[0] + series.period - times[low])


@scalar
def value_at(series, segment, column):
    """Value of a column in a segment that `find_segment` found, in SI."""
    before, after, share = segment
    first = series.values[before, column]
    return first + share * (series.values[after, column] - first)
