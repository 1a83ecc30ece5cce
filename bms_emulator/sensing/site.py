"""The devices that a site has once: grid meter, sub-meter of the load, PV inverter, weather station."""

from dataclasses import dataclass

from bms_emulator.arrays import Arena, Array
from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.channel import EXACT, Channels, period_ticks
from bms_emulator.sensing.meter import MeterModel, bind_meter, build_meter
from bms_emulator.sensing.site_state import LoadMeasured, MeterCounters, MeterMeasured, PvMeasured, WeatherMeasured
from bms_emulator.sensing.site_truth import SiteTruth
from bms_emulator.sensing.state import SensorOverlay
from bms_emulator.sensing.weather_station import PERIOD, StationModel, bind_station, build_station


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
        self._station_ticks = period_ticks(PERIOD, dt)
        self._reports = bind_reports(
            arena.group("measured.load", LoadMeasured), arena.group("measured.pv", PvMeasured), truth
        )
        self._channels = channels_of(meter, weather)

    def step(self, overlay: SensorOverlay, tick: int) -> None:
        """Let every device read whose turn it is.

        Args:
            overlay: Faulty channels.
            tick: Number of the tick; the first is 0, in which every device reads.
        """
        self._reports.call()
        self._meter.call(tick % self._meter_ticks == 0, tick, self._dt)
        self._station.call(tick % self._station_ticks == 0, tick, self._dt)
        for name, faults in overlay.acting.items():
            if name in self._channels:
                self._channels[name].bend(faults, tick)


def channels_of(meter: MeterMeasured, weather: WeatherMeasured) -> dict[str, Channels]:
    """All channels that faults may bend, by their name in the overlay."""

    def sampled(reading: Array, age: Array) -> Channels:
        return Channels(EXACT, reading, age)

    return {
        "meter_power": sampled(meter.power, meter.age),
        "meter_voltage": sampled(meter.voltage, meter.age),
        "meter_current": sampled(meter.current, meter.age),
        "meter_frequency": sampled(meter.frequency, meter.age),
        "weather_ambient_temperature": sampled(weather.ambient_temperature, weather.age),
        "weather_humidity": sampled(weather.humidity, weather.age),
        "weather_irradiance": sampled(weather.irradiance, weather.age),
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
