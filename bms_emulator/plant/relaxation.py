"""First-order relaxation, exact for any step."""

import math

from bms_emulator.jit import scalar

SERIES_END = 0.1
"""Below it, terms that cancel each other leave too few digits of a difference."""


@scalar
def mean_decay(x):
    """Mean of exp(-t) over 0 to x [1]: (1 - exp(-x)) / x, and 1 where nothing decays."""
    return -math.expm1(-x) / x if x > 0.0 else 1.0


@scalar
def mean_rise(x):
    """Mean of 1 - exp(-t) over 0 to x [1], to full precision also where little decays."""
    if x > SERIES_END:
        return 1.0 - mean_decay(x)
    rise = 1.0
    for n in range(10, 2, -1):
        rise = 1.0 - x / n * rise
    return 0.5 * x * rise
