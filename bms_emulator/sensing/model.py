"""The sensors of a site as built: errors of every channel, timing, and where the temperature sensors sit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.profile.rack import Channel
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import ZERO_CELSIUS

_CUT = 3.0
"""Fixed errors lie within this many standard deviations: a worse sensor fails its outgoing test."""


@dataclass(frozen=True)
class ChannelModel:
    """All channels of one kind of sensor: reading = quantise(gain * quantity + offset + noise).

    Attributes:
        gain: Fixed gain of each channel [1].
        offset: Fixed offset of each channel, in the channel's unit.
        noise: Standard deviation of the noise from sample to sample, in the channel's unit.
        resolution: Step of the reading, in the channel's unit.
        origin: Quantity at which the scale reads 0, e.g. 273.15 K, in the channel's unit.
        range_min: Lowest reading, relative to the origin.
        range_max: Highest reading, relative to the origin.
        lag: Time constant of the sensor [s].
        period: Time between samples [s].
        key: Number of the noise sequence of this kind of sensor.
    """

    gain: Array
    offset: Array
    noise: float
    resolution: float
    origin: float
    range_min: float
    range_max: float
    lag: float
    period: float
    key: np.uint64

    @cached_property
    def errors(self) -> tuple[Array, Array, float, float, float, float, float, np.uint64]:
        """What the kernels need to turn a quantity into a reading."""
        return (self.gain, self.offset, self.noise, *self.scale, self.key)

    @cached_property
    def scale(self) -> tuple[float, float, float, float]:
        """Resolution, origin and range of a reading."""
        return (self.resolution, self.origin, self.range_min, self.range_max)


@dataclass(frozen=True)
class SensingModel:
    """Everything about the sensors that never changes during a run.

    Attributes:
        cell_voltage: Cell voltages; offset (rack, cell), gain (rack, pack): the cells of a pack share one reference.
        temperature: Cell temperatures, (rack, sensor).
        current: String currents, (rack,).
        current_second: The same by second sensors, (rack,).
        string_voltage: String voltages, (rack,).
        fuse_voltage: Voltages between fuse and contactors, (rack,).
        link_voltage: Voltages outside the contactors, (rack,).
        terminal: Temperatures of power terminals, (rack,).
        insulation: Insulation resistances, (rack,).
        insulation_positive: Of the positive pole, (rack,).
        insulation_negative: Of the negative pole, (rack,).
        monitor_conductance: Of an insulation monitor that is on against earth [S].
        sensor_cell: Cell of the rack on which a temperature sensor sits, counted from 0, (sensor,).
    """

    cell_voltage: ChannelModel
    temperature: ChannelModel
    current: ChannelModel
    current_second: ChannelModel
    string_voltage: ChannelModel
    fuse_voltage: ChannelModel
    link_voltage: ChannelModel
    terminal: ChannelModel
    insulation: ChannelModel
    insulation_positive: ChannelModel
    insulation_negative: ChannelModel
    monitor_conductance: float
    sensor_cell: NDArray[np.int64]


def build_sensing_model(site: SiteProfile, seed: int) -> SensingModel:
    """The sensors of a site; the same seed gives the same sensors."""
    rack, counts = site.container.rack, site.counts
    racks, sensors = counts["rack"], rack.sensors
    whole_rack = (racks,)
    return SensingModel(
        cell_voltage=_channels(
            sensors.cell_voltage_v, (racks, counts["cell"]), seed, stream=0, gain_shape=(racks, counts["pack"])
        ),
        temperature=_channels(sensors.temperature_k, (racks, counts["sensor"]), seed, stream=1, origin=ZERO_CELSIUS),
        current=_channels(sensors.current_a, whole_rack, seed, stream=2),
        string_voltage=_channels(sensors.rack_voltage_v, whole_rack, seed, stream=3),
        link_voltage=_channels(sensors.rack_voltage_v, whole_rack, seed, stream=4),
        insulation=_channels(sensors.insulation_ohm, whole_rack, seed, stream=5),
        current_second=_channels(sensors.current_a, whole_rack, seed, stream=6),
        fuse_voltage=_channels(sensors.rack_voltage_v, whole_rack, seed, stream=7),
        terminal=_channels(sensors.temperature_k, whole_rack, seed, stream=8, origin=ZERO_CELSIUS),
        insulation_positive=_channels(sensors.insulation_ohm, whole_rack, seed, stream=9),
        insulation_negative=_channels(sensors.insulation_ohm, whole_rack, seed, stream=10),
        monitor_conductance=1e-3 / rack.insulation_monitor_kohm,
        sensor_cell=sensor_cells(rack.pack_count, rack.pack.cell_count, rack.pack.temperature_sensor_count),
    )


def sensor_cells(pack_count: int, cell_count: int, sensor_count: int) -> NDArray[np.int64]:
    """Cell of the rack on which each temperature sensor sits, counted from 0, shape (pack_count * sensor_count,).

    Sensor j of a pack serves the cells k with ``k * sensor_count // cell_count == j`` and sits on the middle one.

    Args:
        pack_count: Packs of the rack.
        cell_count: Cells of a pack.
        sensor_count: Temperature sensors of a pack.
    """
    edges = -(-np.arange(sensor_count + 1) * cell_count // sensor_count)
    middle = (edges[:-1] + edges[1:] - 1) // 2
    return (np.arange(pack_count)[:, np.newaxis] * cell_count + middle).reshape(-1)


def _channels(
    channel: Channel,
    shape: tuple[int, ...],
    seed: int,
    *,
    stream: int,
    origin: float = 0.0,
    gain_shape: tuple[int, ...] | None = None,
) -> ChannelModel:
    entropy = np.random.SeedSequence(seed, spawn_key=(stream,))
    random = np.random.default_rng(entropy)
    offset = channel.offset * _within(random.standard_normal(shape))
    gain = 1.0 + channel.gain_percent / 100.0 * _within(random.standard_normal(gain_shape or shape))
    return ChannelModel(
        gain=gain,
        offset=offset,
        noise=channel.noise,
        resolution=channel.resolution,
        origin=origin,
        range_min=channel.range_min,
        range_max=channel.range_max,
        lag=channel.lag_s,
        period=channel.period_s,
        key=entropy.generate_state(1, np.uint64)[0],
    )


def _within(deviation: Array) -> Array:
    return np.clip(deviation, -_CUT, _CUT)
