"""The weather station: temperature, humidity and irradiance, once a second, with the errors of such sensors."""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.sensing.channel import gaussian, noise_counter
from bms_emulator.sensing.site_state import WeatherMeasured
from bms_emulator.sensing.site_truth import SiteTruth

TEMPERATURE_OFFSET, TEMPERATURE_NOISE = 0.2, 0.02
"""Largest fixed error of the temperature, and its noise [K]. Grade [U]."""
HUMIDITY_OFFSET, HUMIDITY_NOISE = 0.02, 0.002
"""Largest fixed error of the humidity, and its noise [1]. Grade [U]."""
IRRADIANCE_GAIN, IRRADIANCE_NOISE = 0.02, 1.0
"""Largest fixed error of the irradiance, relative [1], and its noise [W/m2]. Grade [U]."""

_STATION_STREAM = 17
_CUT = 3.0
"""Fixed errors lie within this many standard deviations, and these within the largest."""


class StationModel(NamedTuple):
    """The weather station as built.

    Attributes:
        temperature_offset: Fixed error of the temperature [K].
        humidity_offset: Fixed error of the humidity [1].
        irradiance_gain: Fixed gain of the irradiance [1].
        key: Number of its noise sequence.
    """

    temperature_offset: float
    humidity_offset: float
    irradiance_gain: float
    key: np.uint64


def build_station(seed: int) -> StationModel:
    """The weather station of a site; the same seed gives the same station."""
    entropy = np.random.SeedSequence(seed, spawn_key=(_STATION_STREAM,))
    temperature, humidity, irradiance = np.clip(np.random.default_rng(entropy).standard_normal(3) / _CUT, -1.0, 1.0)
    return StationModel(
        temperature_offset=float(TEMPERATURE_OFFSET * temperature),
        humidity_offset=float(HUMIDITY_OFFSET * humidity),
        irradiance_gain=float(1.0 + IRRADIANCE_GAIN * irradiance),
        key=entropy.generate_state(1, np.uint64)[0],
    )


def bind_station(model: StationModel, measured: WeatherMeasured, truth: SiteTruth) -> Bound:
    """What lets the station read where it is its turn."""
    weather = truth.weather
    return bind(
        read_station,
        # model
        model,
        # inputs
        weather.temperature,
        weather.humidity,
        weather.irradiance,
        weather.silent,
        # out
        measured.age,
        measured.ambient_temperature,
        measured.humidity,
        measured.irradiance,
    )


@kernel
def read_station(
    # model
    model,
    # inputs
    true_temperature,
    true_humidity,
    true_irradiance,
    silent,
    # out
    age,
    temperature,
    humidity,
    irradiance,
    is_sample,
    tick,
    dt,
):
    """Read the weather where it is a sample and the station is not silent; arrays without axes."""
    age[()] += dt
    if not is_sample or silent[()] != 0.0:
        return
    age[()] = 0.0
    drawn = TEMPERATURE_NOISE * gaussian(noise_counter(model.key, tick, 0))
    temperature[()] = true_temperature[()] + model.temperature_offset + drawn
    drawn = HUMIDITY_NOISE * gaussian(noise_counter(model.key, tick, 1))
    humidity[()] = min(max(true_humidity[()] + model.humidity_offset + drawn, 0.0), 1.0)
    drawn = IRRADIANCE_NOISE * gaussian(noise_counter(model.key, tick, 2))
    sun = model.irradiance_gain * true_irradiance[()] + drawn
    irradiance[()] = math.nan if math.isnan(sun) else max(sun, 0.0)
