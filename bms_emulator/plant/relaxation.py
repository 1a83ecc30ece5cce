"""First-order relaxation, exact for any step."""

import math

from bms_emulator.jit import scalar


@scalar
def mean_decay(x):
    """Mean of exp(-t) over 0 to x [1]: (1 - exp(-x)) / x, and 1 where nothing decays."""
    return -math.expm1(-x) / x if x > 0.0 else 1.0
