"""First-order filters of signals, exact for any step; a reading that is not there is passed over."""

import numpy as np

from bms_emulator.jit import scalar


@scalar
def follow(followed, reading, decay):
    """A low-pass after one step at a reading (decay = exp(-dt / window)); it starts at the first valid one."""
    if np.isnan(reading):
        return followed
    if np.isnan(followed):
        return reading
    return reading + decay * (followed - reading)


@scalar
def ramp_gain(decay, dt):
    """What the lag of a low-pass behind its reading is to be multiplied by to give the rate of a ramp [1/s].

    In steps of dt a ramp of rate a leads its low-pass by a * dt * decay / (1 - decay).
    """
    return (1.0 - decay) / (decay * dt)
