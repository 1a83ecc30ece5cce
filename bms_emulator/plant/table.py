"""Curves resampled on a uniform grid, so that a kernel finds its segment by one multiplication.

A table holds two columns for each curve: the value at the beginning of a segment, and the rise over the segment. Value
and slope belong to one straight line, so that what is integrated over the slope is what is read from the value.
"""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import scalar


def monotone_curve(x: Array, y: Array, at: Array) -> Array:
    """Cubic Hermite curve through points that neither overshoots nor turns between them.

    Source: Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300: the slope in a point is the weighted harmonic
    mean of the slopes on both sides, or 0 where they differ in sign.

    Args:
        x: Increasing abscissae, at least two, shape (n,).
        y: Ordinates, shape (n,).
        at: Where the curve is wanted, within `x`, any shape.
    """
    width = np.diff(x)
    secant = np.diff(y) / width
    slope = np.zeros_like(y)
    if x.size == 2:
        slope[:] = secant
    else:
        left, right = secant[:-1], secant[1:]
        weight_left = 2.0 * width[1:] + width[:-1]
        weight_right = width[1:] + 2.0 * width[:-1]
        same = left * right > 0.0
        harmonic = (weight_left + weight_right)[same] / (
            weight_left[same] / left[same] + weight_right[same] / right[same]
        )
        slope[1:-1][same] = harmonic
        slope[0] = _end_slope(width[0], width[1], secant[0], secant[1])
        slope[-1] = _end_slope(width[-1], width[-2], secant[-1], secant[-2])
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    t = (at - x[i]) / width[i]
    result: Array = (
        y[i]
        + width[i] * slope[i] * t * (1.0 - t) ** 2
        + (y[i + 1] - y[i]) * t**2 * (3.0 - 2.0 * t)
        - width[i] * slope[i + 1] * t**2 * (1.0 - t)
    )
    return result


def _end_slope(width: float, next_width: float, secant: float, next_secant: float) -> float:
    """Slope at an end by the three-point formula, held within what keeps the first piece monotone."""
    slope = ((2.0 * width + next_width) * secant - width * next_secant) / (width + next_width)
    if slope * secant <= 0.0:
        return 0.0
    return float(np.sign(secant) * min(abs(slope), 3.0 * abs(secant)))


def tabulate(*curves: Array) -> Array:
    """Table of curves that are given on one uniform grid, shape (segment, 2 * curves)."""
    return np.ascontiguousarray(np.stack([c for curve in curves for c in (curve[:-1], np.diff(curve))], axis=1))


@scalar
def segment(position, count):
    """Segment that holds a position counted in segments, and the way into it [1].

    A position outside the table belongs to the first or last segment and lies outside 0..1 in it, so that a curve goes
    on straight. The index is unsigned, which spares the check for counting from the end; it is in range even for NaN.
    """
    index = np.uint64(min(count - 1.0, max(0.0, position)))
    return index, position - index
