"""Current sensors, one to a string."""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel
from bms_emulator.sensing.channel import bend, gaussian, is_due, noise_counter, quantise
from bms_emulator.sensing.model import ChannelModel
from bms_emulator.sensing.state import ChannelFaults, Measured, SensorState


def measure_currents(
    model: ChannelModel,
    state: SensorState,
    measured: Measured,
    current: Array,
    faults: ChannelFaults,
    tick: int,
    dt: float,
) -> None:
    """Follow the string currents with the sensor's low-pass and read them every period. current: [A], (rack,)."""
    follow_currents(model.lag, state.current_lagged, current, dt)
    if is_due(tick, model.period, dt):
        read_currents(*model.errors, state.current_lagged, tick, measured.current)
        measured.current_age.fill(0.0)
        bend(model.scale, faults, measured.current, measured.current_age)
    else:
        measured.current_age += dt


@kernel
def follow_currents(
    # model
    lag,
    # state
    lagged,
    # inputs
    current,
    dt,
):
    """First-order low-pass of the currents [A], (rack,); exact for currents that are constant over the step."""
    decay = np.exp(-dt / lag)
    for r in range(lagged.shape[0]):
        lagged[r] = decay * lagged[r] + (1.0 - decay) * current[r]


@kernel
def read_currents(
    # model
    gain,
    offset,
    noise,
    resolution,
    origin,
    range_min,
    range_max,
    key,
    # inputs
    current,
    tick,
    # out
    reading,
):
    """String currents as read [A], (rack,)."""
    for r in range(reading.shape[0]):
        sensed = gain[r] * current[r] + offset[r] + noise * gaussian(noise_counter(key, tick, r))
        reading[r] = quantise(sensed, resolution, origin, range_min, range_max)
