"""Current sensors, two to a string, each with errors of its own."""

import numpy as np

from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.sensing.channel import gaussian, noise_counter, quantise
from bms_emulator.sensing.model import SensingModel
from bms_emulator.sensing.state import Measured, SensorState
from bms_emulator.sensing.truth import Truth


def bind_currents(model: SensingModel, state: SensorState, measured: Measured, truth: Truth) -> Bound:
    """What follows the string currents and reads them where they are due, at a tick of dt [s]."""
    first, second = model.current, model.current_second
    return bind(
        sense_currents,
        # model
        *first.errors,
        second.gain,
        second.offset,
        second.key,
        first.lag,
        # state
        state.current_lagged,
        state.current_second_lagged,
        # inputs
        truth.racks.current,
        # out
        measured.current,
        measured.current_second,
        measured.current_age,
    )


@scalar
def low_pass(lagged, quantity, decay):
    """What a first-order sensor shows after a step of a constant quantity; decay = exp(-dt / lag)."""
    return decay * lagged + (1.0 - decay) * quantity


@kernel
def sense_currents(
    # model
    gain,
    offset,
    noise,
    resolution,
    origin,
    range_min,
    range_max,
    key,
    second_gain,
    second_offset,
    second_key,
    lag,
    # state
    lagged,
    second_lagged,
    # inputs
    current,
    # out
    reading,
    second_reading,
    age,
    due,
    tick,
    dt,
):
    """String currents as both sensors read them where they are `due`, else their age [s]; all arrays (rack,)."""
    decay = np.exp(-dt / lag)
    for r in range(reading.shape[0]):
        lagged[r] = low_pass(lagged[r], current[r], decay)
        second_lagged[r] = low_pass(second_lagged[r], current[r], decay)
        if not due:
            age[r] += dt
            continue
        sensed = gain[r] * lagged[r] + offset[r] + noise * gaussian(noise_counter(key, tick, r))
        reading[r] = quantise(sensed, resolution, origin, range_min, range_max)
        sensed = second_gain[r] * second_lagged[r] + second_offset[r]
        sensed += noise * gaussian(noise_counter(second_key, tick, r))
        second_reading[r] = quantise(sensed, resolution, origin, range_min, range_max)
        age[r] = 0.0
