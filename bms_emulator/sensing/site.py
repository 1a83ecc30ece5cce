"""The devices that a site has once: grid meter, sub-meter of the load, PV inverter, weather station."""

from dataclasses import dataclass

from bms_emulator.arrays import Arena
from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.channel import period_ticks
from bms_emulator.sensing.faulty import FRESH, Channels, FaultyChannels
from bms_emulator.sensing.meter import MeterModel, bind_meter, build_meter
from bms_emulator.sensing.modifier import SensorOverlay
from bms_emulator.sensing.periods import WEATHER_PERIOD
from bms_emulator.sensing.site_state import LoadMeasured, MeterCounters, MeterMeasured, PvMeasured, WeatherMeasured
from bms_emulator.sensing.site_truth import SiteTruth
from bms_emulator.sensing.weather_station import StationModel, bind_station, build_station

READINGS = {
    "meter": (
        "power",
        "reactive_power",
        "voltage",
        "current",
        "frequency",
        "power_factor",
        "phase_voltage",
        "phase_current",
        "phase_power",
        "energy_exported",
        "energy_imported",
    ),
    "weather": ("ambient_temperature", "humidity", "irradiance"),
    "load": ("power", "reactive_power", "energy"),
    "pv": ("power", "reactive_power", "energy"),
}
"""Readings that faults may bend, by device."""


@dataclass(frozen=True)
class SiteSensingModel:
    """The devices that a site has once, as built.

    Attributes:
        meter: Grid meter.
        meter_period: Between two of its samples [s].
        station: Weather station.
    """

    meter: MeterModel
    meter_period: float
    station: StationModel


def build_site_sensing(site: SiteProfile, seed: int) -> SiteSensingModel:
    """The devices that a site has once; the same seed gives the same devices."""
    return SiteSensingModel(build_meter(site, seed), site.meter.period_s, build_station(seed))


class SiteSensors:
    """The devices that a site has once, read tick by tick.

    Args:
        model: Devices as built.
        arena: All arrays of the site.
        truth: The plant.
        dt: Step [s].
    """

    def __init__(self, model: SiteSensingModel, arena: Arena, truth: SiteTruth, dt: float) -> None:
        meter = arena.group("measured.meter", MeterMeasured)
        weather = arena.group("measured.weather", WeatherMeasured)
        self._dt = dt
        self._meter = bind_meter(model.meter, arena.group("sensors.meter", MeterCounters), meter, truth)
        self._meter_ticks = period_ticks(model.meter_period, dt)
        self._station = bind_station(model.station, weather, truth)
        self._station_ticks = period_ticks(WEATHER_PERIOD, dt)
        load, pv = arena.group("measured.load", LoadMeasured), arena.group("measured.pv", PvMeasured)
        self._reports = bind_reports(load, pv, truth)
        self._faulty = FaultyChannels(channels_of(meter, weather, load, pv), dt)

    def step(self, overlay: SensorOverlay, tick: int) -> None:
        """Let every device read whose turn it is.

        Args:
            overlay: What faults do to readings.
            tick: Number of the tick; the first is 0, in which every device reads.
        """
        self._reports.call()
        self._meter.call(tick % self._meter_ticks == 0, tick, self._dt)
        self._station.call(tick % self._station_ticks == 0, tick, self._dt)
        if overlay.samples:
            self._faulty.bend_samples(overlay, tick)


def channels_of(
    meter: MeterMeasured, weather: WeatherMeasured, load: LoadMeasured, pv: PvMeasured
) -> dict[str, Channels]:
    """All channels that faults may bend, by full name."""
    devices = {"meter": (meter, meter.age), "weather": (weather, weather.age), "load": (load, FRESH), "pv": (pv, FRESH)}
    return {
        f"measured.{device}.{name}": Channels(getattr(devices[device][0], name), devices[device][1])
        for device, names in READINGS.items()
        for name in names
    }


def bind_reports(load: LoadMeasured, pv: PvMeasured, truth: SiteTruth) -> Bound:
    """What takes over the reports of load and PV inverter."""
    return bind(
        copy_reports,
        # inputs
        (truth.load.power, truth.load.reactive_power, truth.load.energy),
        (truth.pv.power, truth.pv.reactive_power, truth.pv.energy, truth.pv.connected, truth.pv.limited),
        # out
        (load.power, load.reactive_power, load.energy),
        (pv.power, pv.reactive_power, pv.energy, pv.connected, pv.limited),
    )


@kernel
def copy_reports(
    # inputs
    load,
    pv,
    # out
    load_reported,
    pv_reported,
):
    """Reports of load and PV, tuples of arrays without axes."""
    for n in range(len(load)):
        load_reported[n][()] = load[n][()]
    for n in range(len(pv)):
        pv_reported[n][()] = pv[n][()]
