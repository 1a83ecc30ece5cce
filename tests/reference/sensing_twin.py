"""Slow, obvious twins of the sensing kernels."""

import math

import numpy as np

WORD = 1 << 64


def gaussian(key: int, tick: int, channel: int) -> float:
    """Noise of a channel at a tick, with Python's whole numbers."""
    h = (key + tick * 0x9E3779B97F4A7C15 + channel) * 0xBF58476D1CE4E5B9 % WORD
    h ^= h >> 29
    h = h * 0x94D049BB133111EB % WORD
    h ^= h >> 32
    lanes = sum((h >> shift) % 65536 for shift in (0, 16, 32, 48))
    return (lanes - 4 * 65535 / 2) / math.sqrt(4 * (65536**2 - 1) / 12)


def reading(quantity: float, resolution: float, origin: float, lowest: float, highest: float) -> float:
    """What a scale shows of a quantity."""
    steps_per_unit = 1 / resolution
    shown = math.floor((quantity - origin) * steps_per_unit + 0.5) / steps_per_unit
    return origin + min(max(shown, lowest), highest)


def serving_sensor(cell: int, cell_count: int, sensor_count: int) -> int:
    """Sensor that serves a cell, both counted from 0 within the pack."""
    return cell * sensor_count // cell_count


def middle_cell(sensor: int, cell_count: int, sensor_count: int) -> int:
    """Cell on which a sensor sits: the middle of those that it serves, the lower of two."""
    served = [k for k in range(cell_count) if serving_sensor(k, cell_count, sensor_count) == sensor]
    return served[(len(served) - 1) // 2]


def lagged(truth: float, previous: float, elapsed: float, lag: float) -> float:
    """First-order lag, integrated in many small explicit steps."""
    steps = 200_000
    body = previous
    for _ in range(steps):
        body += (truth - body) * elapsed / steps / lag
    return body


def bend(readings, faults, scale, fresh):  # type: ignore[no-untyped-def]
    """Readings after faults, channel by channel; fresh: whether each channel was sampled."""
    bent = np.array(readings, float)
    flat = bent.reshape(-1)
    for index, gain, offset, hold, lost in zip(*faults, strict=True):
        if not fresh[index]:
            continue
        flat[index] = reading(gain * flat[index] + offset, *scale) if math.isnan(hold) else hold
        if lost:
            flat[index] = math.nan
    return bent
