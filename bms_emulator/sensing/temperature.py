"""Temperature sensors on the cells: slow, sampled rarely, one pack after another."""

import numpy as np

from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.sensing.channel import gaussian, noise_counter, period_ticks, quantise
from bms_emulator.sensing.model import ChannelModel, SensingModel
from bms_emulator.sensing.state import Measured, SensorState
from bms_emulator.sensing.truth import Truth
from bms_emulator.sensing.units import COMMUNICATION


def bind_temperatures(model: SensingModel, state: SensorState, measured: Measured, truth: Truth, dt: float) -> Bound:
    """What reads the packs whose turn it is, all at tick 0, at a tick of dt [s]."""
    channels = model.temperature
    return bind(
        read_temperatures,
        # model
        *channels.errors,
        channels.lag,
        period_ticks(channels.period, dt),
        model.sensor_cell,
        # state
        state.temperature_lagged,
        state.temperature_elapsed,
        # inputs
        truth.cells.temperature_surface,
        measured.cmu_faults,
        # out
        measured.temperature,
        measured.temperature_age,
    )


def bind_terminals(model: ChannelModel, state: SensorState, measured: Measured, truth: Truth) -> Bound:
    """What reads the terminals of all racks, as the rack's controller does, at a tick, a step [s] after the last."""
    return bind(
        read_terminals,
        # model
        *model.errors,
        model.lag,
        # state
        state.terminal_lagged,
        # inputs
        truth.racks.terminal_temperature,
        # out
        measured.terminal_temperature,
    )


@kernel
def read_temperatures(
    # model
    gain,
    offset,
    noise,
    resolution,
    origin,
    range_min,
    range_max,
    key,
    lag,
    period,
    sensor_cell,
    # state
    lagged,
    elapsed,
    # inputs
    surface,
    cmu_faults,
    # out
    reading,
    age,
    tick,
    dt,
):
    """Temperatures as read [K], (rack, sensor), and their ages [s], (rack, pack), as `elapsed`.

    The sensor's body follows the surface with a first-order lag [s], exact for a surface temperature that is constant
    between samples. The packs take turns over the period [ticks], so that every tick has the same work. A pack whose
    unit does not answer misses its turn.
    """
    rack_count, sensor_count = reading.shape
    pack_count = age.shape[1]
    sensors_per_pack = sensor_count // pack_count
    for r in range(rack_count):
        for p in range(pack_count):
            age[r, p] += dt
            elapsed[r, p] += dt
    first, end = turn(tick, period, rack_count * pack_count)
    for n in range(first, end):
        r, p = n // pack_count, n % pack_count
        if int(cmu_faults[r, p]) & COMMUNICATION:
            continue
        decay = np.exp(-elapsed[r, p] / lag) if tick > 0 else 0.0
        for j in range(p * sensors_per_pack, (p + 1) * sensors_per_pack):
            lagged[r, j] = decay * lagged[r, j] + (1.0 - decay) * surface[r, sensor_cell[j]]
            sensed = gain[r, j] * lagged[r, j] + offset[r, j]
            sensed += noise * gaussian(noise_counter(key, tick, r * sensor_count + j))
            reading[r, j] = quantise(sensed, resolution, origin, range_min, range_max)
        age[r, p] = elapsed[r, p] = 0.0


@kernel
def read_terminals(
    # model
    gain,
    offset,
    noise,
    resolution,
    origin,
    range_min,
    range_max,
    key,
    lag,
    # state
    lagged,
    # inputs
    terminal,
    # out
    reading,
    tick,
    step,
):
    """Temperatures of terminals as read after a `step` [s] since the last time [K], (rack,)."""
    decay = np.exp(-step / lag) if tick > 0 else 0.0
    for r in range(reading.shape[0]):
        lagged[r] = decay * lagged[r] + (1.0 - decay) * terminal[r]
        sensed = gain[r] * lagged[r] + offset[r] + noise * gaussian(noise_counter(key, tick, r))
        reading[r] = quantise(sensed, resolution, origin, range_min, range_max)


@scalar
def turn(tick, period, count):
    """Which of `count` packs are sampled at a tick: from the first to before the last; at tick 0 all.

    Packs that stand side by side in memory are sampled together: so few streams are read, and not many small pieces.
    """
    phase = tick % period
    return (-(-phase * count // period), -(-(phase + 1) * count // period)) if tick > 0 else (0, count)
