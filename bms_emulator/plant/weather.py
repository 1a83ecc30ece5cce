"""Air outside and inside the enclosure."""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR, kelvin

HOURS_PER_DAY = 24.0


class WeatherModel(NamedTuple):
    """Constants of weather and enclosure.

    Outside temperature is a series of hourly values plus a daily swing: a single value without a swing is constant
    weather, a single value with a swing a sine, and a longer series comes from a file.

    Attributes:
        racks_per_container: Racks in one enclosure.
        hourly: Temperature outside at every full hour from midnight [K], shape (hour,); repeats after its end.
        swing: Half of the difference between the warmest and the coldest hour [K].
        warmest_hour: Of the day [h].
        start_hour: Time of day at the start [h].
        wall: Conductance of the enclosure's walls [W/K].
        heat_capacity: Of air and walls [J/K].
        base_load: Electrical load that heats the air: controllers, fans, lights [W].
    """

    racks_per_container: int
    hourly: Array
    swing: float
    warmest_hour: float
    start_hour: float
    wall: float
    heat_capacity: float
    base_load: float


def build_weather_model(site: SiteProfile) -> WeatherModel:
    """Constants of weather and enclosures of a site."""
    weather, enclosure = site.weather, site.container.enclosure
    return WeatherModel(
        racks_per_container=site.container.rack_count,
        hourly=np.array([kelvin(degc) for degc in weather.series_degc]),
        swing=weather.swing_k,
        warmest_hour=weather.warmest_hour,
        start_hour=site.initial.time_of_day_h,
        wall=enclosure.wall_w_per_k,
        heat_capacity=enclosure.heat_capacity_j_per_k,
        base_load=enclosure.base_load_w,
    )


@scalar
def outside_temperature(model, time):
    """Air temperature outside [K] at `time` [s] since the start: linear between full hours, highest at the warmest."""
    hour = model.start_hour + time / SECONDS_PER_HOUR
    count = model.hourly.size
    position = hour % count
    i = min(int(position), count - 1)
    before, after = model.hourly[i], model.hourly[(i + 1) % count]
    swing = model.swing * math.cos(2.0 * math.pi * (hour - model.warmest_hour) / HOURS_PER_DAY)
    return before + (position - i) * (after - before) + swing


@kernel
def step_enclosure(
    # model
    model,
    # state
    ambient_temperature,
    air_temperature,
    # inputs
    pack_heat,
    # overlay
    ambient_shift,
    enclosure_heat,
    time,
    dt,
):
    """Advance the air of every enclosure by dt [s], exactly for constant heat and weather.

    Shapes: ambient_temperature, air_temperature [K], enclosure_heat [W] (container); pack_heat [W] (rack, pack);
    ambient_shift [K] has none.
    """
    ambient = outside_temperature(model, time) + ambient_shift[()]
    decay = math.exp(-dt * model.wall / model.heat_capacity)
    racks = model.racks_per_container
    for c in range(air_temperature.size):
        heat = model.base_load + enclosure_heat[c]
        for r in range(c * racks, (c + 1) * racks):
            for p in range(pack_heat.shape[1]):
                heat += pack_heat[r, p]
        steady = ambient + heat / model.wall
        air_temperature[c] = steady + decay * (air_temperature[c] - steady)
        ambient_temperature[c] = ambient
