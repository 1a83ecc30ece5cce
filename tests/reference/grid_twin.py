"""Grid, load and meter the slow and obvious way."""

import cmath
import itertools
import math
from collections.abc import Sequence


def interpolated(times: Sequence[float], values: Sequence[float], time: float) -> float:
    """Value at a time: the table is laid out as often as it takes to reach it, then lines are drawn."""
    if len(times) == 1:
        return values[0]
    last_step = times[-1] - times[-2]
    period = times[-1] - times[0] + last_step
    turn = math.floor((time - times[0]) / period)
    laid = [(start * period + t, value) for start in (turn, turn + 1) for t, value in zip(times, values, strict=True)]
    for (t0, v0), (t1, v1) in itertools.pairwise(laid):
        if t0 <= time <= t1:
            return v0 + (v1 - v0) * (time - t0) / (t1 - t0)
    raise AssertionError(time)


def line_voltages(neutral: Sequence[float]) -> list[float]:
    """Voltages from line to line of three voltages to neutral, as phasors."""
    phasors = [cmath.rect(v, -2.0 * math.pi * k / 3.0) for k, v in enumerate(neutral)]
    return [abs(phasors[k] - phasors[(k + 1) % 3]) for k in range(3)]


def quadrant(power: float, reactive_power: float) -> int:
    """Quadrant of a meter that counts import as positive, of powers that are positive in export."""
    imported, reactive = -power, -reactive_power
    if imported >= 0.0:
        return 1 if reactive >= 0.0 else 4
    return 2 if reactive >= 0.0 else 3
