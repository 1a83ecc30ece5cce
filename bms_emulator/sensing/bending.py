"""What modifiers do to samples, one kernel a stage; see :class:`bms_emulator.sensing.modifier.Stage`.

All kernels take the same: channels, amounts (n, 3), partners (n,), memory (n, m) and key of the modifier; scale and
surroundings of the array; and its ages and readings, flat. A channel that was not sampled at this tick, whose age is
not 0, is passed over.
"""

import numpy as np

from bms_emulator.jit import kernel, scalar
from bms_emulator.sensing.channel import gaussian, noise_counter, quantise

_UNIT = 2.0**-53


@scalar
def is_fresh(ages, readings, channel):
    """Whether a channel was sampled at this tick; each age belongs to an equal share of the channels."""
    return ages[channel * ages.size // readings.size] == 0.0


@scalar
def uniform(counter):
    """A number from 0 to 1, a pure function of the counter (the finaliser of SplitMix64, Steele et al. 2014)."""
    h = np.uint64(counter)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.float64((h ^ (h >> np.uint64(31))) >> np.uint64(11)) * _UNIT


@kernel
def detach(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Sensors that have come off read, in part, what is around them."""
    for n in range(index.size):
        channel = index[n]
        if is_fresh(ages, readings, channel):
            around = surroundings[1] if amount[n, 1] == 1.0 else surroundings[0]
            elsewhere = around[channel * around.size // readings.size]
            readings[channel] += amount[n, 0] * (elsewhere - readings[channel])


@kernel
def rewire(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Channels read parts of others too; all change at once."""
    for n in range(index.size):
        memory[n, 0] = readings[partner[n]]
    for n in range(index.size):
        channel = index[n]
        if is_fresh(ages, readings, channel):
            own = amount[n, 0] * readings[channel] if amount[n, 0] != 0.0 else 0.0
            readings[channel] = own + amount[n, 1] * memory[n, 0]


@kernel
def scale_by(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Readings times a gain."""
    for n in range(index.size):
        if is_fresh(ages, readings, index[n]):
            readings[index[n]] *= amount[n, 0]


@kernel
def shift(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Readings plus an offset."""
    for n in range(index.size):
        if is_fresh(ages, readings, index[n]):
            readings[index[n]] += amount[n, 0]


@kernel
def invert(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """The opposite of what contacts say."""
    for n in range(index.size):
        if is_fresh(ages, readings, index[n]):
            readings[index[n]] = 1.0 - readings[index[n]]


@kernel
def follow(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """First-order low-pass, from sample to sample; a lost reading does not move it."""
    for n in range(index.size):
        channel = index[n]
        reading = readings[channel]
        if is_fresh(ages, readings, channel) and not np.isnan(reading):
            before = reading if np.isnan(memory[n, 0]) else memory[n, 0]
            memory[n, 0] = amount[n, 0] * before + (1.0 - amount[n, 0]) * reading
            readings[channel] = memory[n, 0]


@kernel
def delay(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Readings of some samples ago; the last column of the memory is the place of the oldest in the others."""
    places = memory.shape[1] - 1
    for n in range(index.size):
        channel = index[n]
        if is_fresh(ages, readings, channel):
            place = int(memory[n, places])
            oldest = memory[n, place]
            memory[n, place] = readings[channel]
            memory[n, places] = float((place + 1) % places)
            readings[channel] = oldest


@kernel
def add_noise(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Readings plus noise of a standard deviation."""
    for n in range(index.size):
        if is_fresh(ages, readings, index[n]):
            readings[index[n]] += amount[n, 0] * gaussian(noise_counter(key, tick, index[n]))


@kernel
def spike(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """A share of the readings plus or minus a height."""
    for n in range(index.size):
        if is_fresh(ages, readings, index[n]):
            drawn = uniform(noise_counter(key, tick, index[n]))
            if drawn < amount[n, 0]:
                readings[index[n]] += amount[n, 1] if drawn < 0.5 * amount[n, 0] else -amount[n, 1]


@kernel
def saturate(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Readings within a limit either way."""
    for n in range(index.size):
        channel = index[n]
        if is_fresh(ages, readings, channel) and abs(readings[channel]) > amount[n, 0]:
            readings[channel] = amount[n, 0] if readings[channel] > 0.0 else -amount[n, 0]


@kernel
def coarsen(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Readings in steps, counted from the origin of the channel's scale."""
    for n in range(index.size):
        channel = index[n]
        if is_fresh(ages, readings, channel):
            steps = np.floor((readings[channel] - scale[1]) / amount[n, 0] + 0.5)
            readings[channel] = scale[1] + steps * amount[n, 0]


@kernel
def wrap(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Counters that begin again at 0."""
    for n in range(index.size):
        channel = index[n]
        if is_fresh(ages, readings, channel):
            readings[channel] -= amount[n, 0] * np.floor(readings[channel] / amount[n, 0])


@kernel
def show(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Readings on the scale of their channels; lost ones stay lost."""
    for n in range(index.size):
        channel = index[n]
        if is_fresh(ages, readings, channel) and not np.isnan(readings[channel]):
            readings[channel] = quantise(readings[channel], scale[0], scale[1], scale[2], scale[3])


@kernel
def hold(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Fixed readings; an infinite one is an end of the channel's scale, NaN none."""
    for n in range(index.size):
        held = amount[n, 0]
        if is_fresh(ages, readings, index[n]) and not np.isnan(held):
            end = scale[1] + (scale[3] if held > 0.0 else scale[2])
            readings[index[n]] = end if np.isinf(held) else held


@kernel
def interrupt(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Fixed readings in some intervals, drawn for each channel."""
    for n in range(index.size):
        if is_fresh(ages, readings, index[n]):
            interval = tick // int(amount[n, 2])
            if uniform(noise_counter(key, interval, index[n])) < amount[n, 0]:
                readings[index[n]] = amount[n, 1]


@kernel
def lose(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """No valid reading, where the amount is not 0."""
    for n in range(index.size):
        if is_fresh(ages, readings, index[n]) and amount[n, 0] != 0.0:
            readings[index[n]] = np.nan


@kernel
def stand(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Messages that are lost: their age goes on, and their readings stand where they stand with it.

    The channels are all those of their messages, in order; memory: last reading taken, age shown [s].
    """
    message, taken = -1, False
    for n in range(index.size):
        channel = index[n]
        own = channel * ages.size // readings.size
        if own != message:
            message = own
            taken = ages[own] == 0.0 and uniform(noise_counter(key, tick, own)) >= amount[n, 0]
        if taken:
            memory[n, 0], memory[n, 1] = readings[channel], 0.0
            continue
        memory[n, 1] += dt
        ages[own] = memory[n, 1]
        if amount[n, 1] != 0.0:
            readings[channel] = memory[n, 0]


@kernel
def join(index, amount, partner, memory, key, scale, surroundings, ages, readings, tick, dt):
    """Bits that are set."""
    for n in range(index.size):
        readings[index[n]] = float(int(readings[index[n]]) | int(amount[n, 0]))
