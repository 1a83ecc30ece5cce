"""How often each measured array is sampled."""

from typing import Final

from bms_emulator.profile.site import SiteProfile

WEATHER_PERIOD: Final = 1.0
"""Between two samples of a weather station [s]."""

_SENSORS: Final = {
    "cell_voltage": "cell_voltage_v",
    "temperature": "temperature_k",
    "terminal_temperature": "temperature_k",
    "current": "current_a",
    "current_second": "current_a",
    "string_voltage": "rack_voltage_v",
    "fuse_voltage": "rack_voltage_v",
    "link_voltage": "rack_voltage_v",
    "insulation_resistance": "insulation_ohm",
    "insulation_positive": "insulation_ohm",
    "insulation_negative": "insulation_ohm",
}
"""Sensor of the profile of each measured array of a rack."""


def sample_period(site: SiteProfile, array: str) -> float:
    """Time between two samples of a measured array, by its full name [s]; whole ticks, one at least."""
    dt = site.step_ms / 1000.0
    name = array.removeprefix("measured.")
    if name.startswith("meter."):
        period = site.meter.period_s
    elif name.startswith("weather."):
        period = WEATHER_PERIOD
    elif name in _SENSORS:
        period = getattr(site.container.rack.sensors, _SENSORS[name]).period_s
    else:
        period = dt
    return max(1, round(period / dt)) * dt
