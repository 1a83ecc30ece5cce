"""Air outside and inside the enclosure."""

import math
from typing import NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR, kelvin

SECONDS_PER_DAY = 24.0 * SECONDS_PER_HOUR


class WeatherModel(NamedTuple):
    """Constants of weather and enclosure.

    Attributes:
        racks_per_container: Racks in one enclosure.
        mean_temperature: Daily mean outside [K].
        swing: Half of the difference between the warmest and the coldest hour [K].
        warmest_time: Of day [s].
        start_time: Time of day at the start [s].
        wall: Conductance of the enclosure's walls [W/K].
        heat_capacity: Of air and walls [J/K].
        base_load: Electrical load that heats the air: controllers, fans, lights [W].
    """

    racks_per_container: int
    mean_temperature: float
    swing: float
    warmest_time: float
    start_time: float
    wall: float
    heat_capacity: float
    base_load: float


def build_weather_model(site: SiteProfile) -> WeatherModel:
    """Constants of weather and enclosures of a site."""
    weather, enclosure = site.weather, site.container.enclosure
    return WeatherModel(
        racks_per_container=site.container.rack_count,
        mean_temperature=kelvin(weather.mean_degc),
        swing=weather.swing_k,
        warmest_time=weather.warmest_hour * SECONDS_PER_HOUR,
        start_time=site.initial.time_of_day_h * SECONDS_PER_HOUR,
        wall=enclosure.wall_w_per_k,
        heat_capacity=enclosure.heat_capacity_j_per_k,
        base_load=enclosure.base_load_w,
    )


@scalar
def outside_temperature(model, time):
    """Air temperature outside [K] at `time` [s] since the start: a sine of one day, highest at the warmest hour."""
    phase = (model.start_time + time - model.warmest_time) / SECONDS_PER_DAY
    return model.mean_temperature + model.swing * math.cos(2.0 * math.pi * phase)


@kernel
def step_enclosure(
    # model
    model,
    # state
    ambient_temperature,
    air_temperature,
    # inputs
    pack_heat,
    time,
    dt,
):
    """Advance the air of every enclosure by dt [s], exactly for constant heat.

    Shapes: ambient_temperature, air_temperature [K] (container); pack_heat [W] (rack, pack).
    """
    ambient = outside_temperature(model, time)
    decay = math.exp(-dt * model.wall / model.heat_capacity)
    racks = model.racks_per_container
    for c in range(air_temperature.size):
        heat = model.base_load
        for r in range(c * racks, (c + 1) * racks):
            for p in range(pack_heat.shape[1]):
                heat += pack_heat[r, p]
        steady = ambient + heat / model.wall
        air_temperature[c] = steady + decay * (air_temperature[c] - steady)
        ambient_temperature[c] = ambient
