"""What all channels share: noise without memory, the scale of a reading, sampling."""

import numpy as np

from bms_emulator.jit import scalar

_TICK_STRIDE = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LANE = np.uint64(0xFFFF)
_LANES_MEAN = 4 * 65535 / 2.0
_LANES_SIGMA = np.sqrt(4 * (65536.0**2 - 1.0) / 12.0)

EXACT = (2.0**-32, 0.0, -np.inf, np.inf)
"""The neutral scale: resolution beyond notice, no offset of the origin, no limit of the range."""


@scalar
def noise_counter(key, tick, channel):
    """Where the noise of a channel stands in its sequence at a tick; the next channel follows at the next number."""
    return key + np.uint64(tick) * _TICK_STRIDE + np.uint64(channel)


@scalar
def gaussian(counter):
    """Near-Gaussian number with mean 0 and standard deviation 1 [1], a pure function of the counter.

    A counter-based generator: the counter is mixed by two multiplications and shifts (the finaliser of SplitMix64,
    Steele et al., OOPSLA 2014), then four lanes of 16 bits are summed (Irwin-Hall). It needs no state, so any tick can
    be computed without the ones before it. The cast is for signed counters, whose shifts would not be logical ones.
    """
    h = np.uint64(counter) * _MIX_1
    h ^= h >> np.uint64(29)
    h *= _MIX_2
    h ^= h >> np.uint64(32)
    lanes = (h & _LANE) + ((h >> np.uint64(16)) & _LANE) + ((h >> np.uint64(32)) & _LANE) + (h >> np.uint64(48))
    return (np.float64(np.int64(lanes)) - _LANES_MEAN) / _LANES_SIGMA


@scalar
def quantise(quantity, resolution, origin, range_min, range_max):
    """The reading that a scale of finite resolution and range shows of a quantity, in its unit.

    Steps are divided by steps per unit, not multiplied by the resolution: 2800 steps of 1 mV so read 2.8 V to the last
    bit, and a limit of 2.8 V is met.
    """
    steps_per_unit = 1.0 / resolution
    steps = np.floor((quantity - origin) * steps_per_unit + 0.5)
    return origin + min(max(steps / steps_per_unit, range_min), range_max)


def period_ticks(period: float, dt: float) -> int:
    """Ticks between two samples: the period in whole ticks, at least one."""
    return max(1, round(period / dt))
