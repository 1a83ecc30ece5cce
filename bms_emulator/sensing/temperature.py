"""Temperature sensors on the cells: slow, sampled rarely, one pack after another."""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.sensing.channel import bend, gaussian, is_due, noise_counter, period_ticks, quantise
from bms_emulator.sensing.model import ChannelModel, SensingModel
from bms_emulator.sensing.state import ChannelFaults, Measured, SensorState
from bms_emulator.sensing.units import COMMUNICATION


def measure_temperatures(
    model: SensingModel,
    state: SensorState,
    measured: Measured,
    surface: Array,
    faults: ChannelFaults,
    tick: int,
    dt: float,
) -> None:
    """Read the packs whose turn it is; at tick 0 all. surface: surface temperature of the cells [K], (rack, cell)."""
    channels = model.temperature
    read_temperatures(
        *channels.errors,
        channels.lag,
        period_ticks(channels.period, dt),
        model.sensor_cell,
        state.temperature_lagged,
        surface,
        measured.cmu_faults,
        tick,
        measured.temperature,
        measured.temperature_age,
        dt,
    )
    bend(channels.scale, faults, measured.temperature, measured.temperature_age)


def measure_terminals(
    model: ChannelModel,
    state: SensorState,
    measured: Measured,
    terminal: Array,
    faults: ChannelFaults,
    tick: int,
    dt: float,
) -> None:
    """Read the terminals of all racks every period, as the rack's own controller does. terminal: [K], (rack,)."""
    if is_due(tick, model.period, dt):
        read_terminals(
            *model.errors,
            model.lag,
            state.terminal_lagged,
            terminal,
            tick,
            measured.terminal_temperature,
            max(model.period, dt),
        )
        bend(model.scale, faults, measured.terminal_temperature)


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
    # inputs
    surface,
    cmu_faults,
    tick,
    # out
    reading,
    age,
    dt,
):
    """Temperatures as read [K], (rack, sensor), and their ages [s], (rack, pack).

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
    first, end = turn(tick, period, rack_count * pack_count)
    for n in range(first, end):
        r, p = n // pack_count, n % pack_count
        if int(cmu_faults[r, p]) & COMMUNICATION:
            continue
        decay = np.exp(-age[r, p] / lag) if tick > 0 else 0.0
        for j in range(p * sensors_per_pack, (p + 1) * sensors_per_pack):
            lagged[r, j] = decay * lagged[r, j] + (1.0 - decay) * surface[r, sensor_cell[j]]
            sensed = gain[r, j] * lagged[r, j] + offset[r, j]
            sensed += noise * gaussian(noise_counter(key, tick, r * sensor_count + j))
            reading[r, j] = quantise(sensed, resolution, origin, range_min, range_max)
        age[r, p] = 0.0


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
    tick,
    # out
    reading,
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
