"""What a site finds: voltage and frequency of the grid, weather, and what load and sun would take and give.

Voltage and frequency wander in the course of minutes, as sums of sines whose phases come from the seed: so they are the
same whatever the step, at any time, without memory.
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.plant.series import SeriesModel, build_series_model, find_segment, value_at
from bms_emulator.plant.state import PHASES, PlantOverlay, PlantState
from bms_emulator.plant.weather import WeatherModel, build_weather_model, outside_temperature
from bms_emulator.profile.site import SiteProfile
from bms_emulator.timing import has_lasted
from bms_emulator.units import MAGNUS_SHIFT, MAGNUS_SLOPE, SECONDS_PER_HOUR, ZERO_CELSIUS, kelvin

WANDER_PERIODS = np.array([1571.0, 467.0, 127.0, 43.0])
"""Periods of the sines that voltage and frequency wander by [s]."""
WANDER_AMPLITUDES = np.sqrt(2.0 * np.array([0.4, 0.3, 0.2, 0.1]))
"""Their amplitudes [1]; their sum has a root mean square of 1."""

DEAD_VOLTAGE = 0.01
"""Mean voltage, relative to nominal, below which nothing can be drawn from the grid or fed into it [1]."""
PV_VOLTAGE_MAX = 1.2
"""Voltage of a phase, relative to nominal, above which a PV inverter leaves the grid [1]. Grade [U]."""
PV_FREQUENCY_FALL, PV_FREQUENCY_RISE = 2.5, 1.5
"""Deviations of the frequency beyond which it does [Hz]: 47.5 to 51.5 Hz of EN 50549-1. Grade [U]."""

POWER, REACTIVE_POWER, IRRADIANCE = 0, 1, 2
"""Columns of the series of load and PV."""

_GRID_STREAM = 3


class GridModel(NamedTuple):
    """Constants of grid, load, PV and weather.

    Attributes:
        voltage: Nominal, from line to line [V].
        frequency: Nominal [Hz].
        voltage_mean: Mean voltage relative to nominal [1].
        voltage_wander: Of the voltage about its mean, root mean square, relative to nominal [1].
        frequency_wander: Of the frequency about nominal, root mean square [Hz].
        wander_phases: Phases of the sines of voltage and frequency [rad], shape (2, sine).
        start: Time of day at the start [s].
        load: Active [W] and reactive power [var] of the load.
        load_shares: Share of each phase in the load [1], shape (phase,).
        pv: Active [W] and reactive power [var] of the PV generator, irradiance [W/m2].
        pv_rated_power: What a limit of the PV generator is relative to [W].
        pv_voltage_min: Voltage of a phase, relative to nominal, below which the PV inverter leaves the grid [1].
        pv_reconnect_time: For how long the grid must be sound before it comes back [s].
        weather: Outside air.
        dew_point: Of the outside air [K].
    """

    voltage: float
    frequency: float
    voltage_mean: float
    voltage_wander: float
    frequency_wander: float
    wander_phases: Array
    start: float
    load: SeriesModel
    load_shares: Array
    pv: SeriesModel
    pv_rated_power: float
    pv_voltage_min: float
    pv_reconnect_time: float
    weather: WeatherModel
    dew_point: float


def build_grid_model(site: SiteProfile, seed: int) -> GridModel:
    """Constants of grid, load, PV and weather of a site; equal sites and seeds give equal bits."""
    grid, load, pv = site.grid, site.load, site.pv
    rng = np.random.default_rng((seed, _GRID_STREAM))
    shares = load.phase_shares_percent or (100.0 / len(PHASES),) * len(PHASES)
    return GridModel(
        voltage=grid.voltage_v or site.pcs.ac_voltage_v,
        frequency=grid.frequency_hz or site.pcs.frequency_hz,
        voltage_mean=grid.voltage_percent * 1e-2,
        voltage_wander=grid.voltage_wander_percent * 1e-2,
        frequency_wander=grid.frequency_wander_hz,
        wander_phases=rng.uniform(0.0, 2.0 * math.pi, (2, WANDER_PERIODS.size)),
        start=site.initial.time_of_day_h * SECONDS_PER_HOUR,
        load=_series(load.values.time_s, load.scale, load.values.power_kw, load.values.reactive_kvar),
        load_shares=np.array(shares) / sum(shares),
        pv=_series(
            pv.values.time_s,
            pv.scale,
            pv.values.power_kw,
            pv.values.reactive_kvar,
            irradiance=pv.values.irradiance_w_per_m2,
        ),
        pv_rated_power=pv.rating_kw * 1e3,
        pv_voltage_min=pv.voltage_min_percent * 1e-2,
        pv_reconnect_time=pv.reconnect_s,
        weather=build_weather_model(site),
        dew_point=kelvin(site.weather.dew_point_degc),
    )


def _series(
    time: tuple[float, ...],
    scale: float,
    power_kw: tuple[float, ...],
    reactive_kvar: tuple[float, ...],
    irradiance: tuple[float, ...] = (),
) -> SeriesModel:
    count = len(time)
    return build_series_model(
        np.array(time),
        1e3 * scale * np.array(power_kw),
        1e3 * scale * np.array(reactive_kvar or (0.0,) * count),
        np.array(irradiance or (math.nan,) * count),
    )


def bind_supply(model: GridModel, state: PlantState, overlay: PlantOverlay, dt: float) -> Bound:
    """What brings grid, weather, demand of the load and power of the sun to a time [s] since the start."""
    grid, load, pv, weather, meter = state.grid, state.load, state.pv, state.weather, state.meter
    return bind(
        supply_site,
        # model
        model,
        # state
        grid.voltage,
        grid.voltage_fraction,
        grid.frequency,
        grid.phase_voltage,
        grid.line_voltage,
        load.demand,
        load.reactive_demand,
        pv.available_power,
        pv.available_reactive_power,
        pv.connected,
        pv.wait,
        weather.temperature,
        weather.humidity,
        weather.irradiance,
        weather.silent,
        meter.silent,
        meter.failed,
        # inputs
        state.load_commands.override_enabled,
        state.load_commands.override_power,
        state.load_commands.override_reactive_power,
        # overlay
        overlay.grid_voltage_gain,
        overlay.grid_phase_gain,
        overlay.grid_frequency_shift,
        overlay.meter_silent,
        overlay.meter_failed,
        overlay.weather_silent,
        overlay.ambient_shift,
        dt,
    )


@scalar
def wander(phases, time):
    """Where something that wanders stands [1], root mean square 1, at a time [s]; phases of its sines (sine,) [rad]."""
    total = 0.0
    for n in range(WANDER_PERIODS.size):
        total += WANDER_AMPLITUDES[n] * math.sin(2.0 * math.pi * time / WANDER_PERIODS[n] + phases[n])
    return total


@scalar
def relative_humidity(temperature, dew_point):
    """Relative humidity [1] of air at a temperature with a dew point [K], after Magnus; 1 where it is colder."""
    t, d = temperature - ZERO_CELSIUS, dew_point - ZERO_CELSIUS
    return min(1.0, math.exp(MAGNUS_SLOPE * (d / (MAGNUS_SHIFT + d) - t / (MAGNUS_SHIFT + t))))


@scalar
def line_to_line(first, second):
    """Voltage between two lines [V] whose voltages to neutral [V] stand 120 degrees apart."""
    return math.sqrt(first * first + first * second + second * second)


@scalar
def is_sound_for_pv(model, phase_voltage, frequency):
    """Whether a PV inverter stays on a grid of these voltages from line to neutral [V] (phase,) and frequency [Hz]."""
    neutral = model.voltage / math.sqrt(3.0)
    for k in range(phase_voltage.size):
        if not model.pv_voltage_min * neutral <= phase_voltage[k] <= PV_VOLTAGE_MAX * neutral:
            return False
    return -PV_FREQUENCY_FALL <= frequency - model.frequency <= PV_FREQUENCY_RISE


@kernel
def supply_site(
    # model
    model,
    # state
    voltage,
    voltage_fraction,
    frequency,
    phase_voltage,
    line_voltage,
    demand,
    reactive_demand,
    available_power,
    available_reactive_power,
    pv_connected,
    pv_wait,
    temperature,
    humidity,
    irradiance,
    weather_silent,
    meter_silent,
    meter_failed,
    # inputs
    override_enabled,
    override_power,
    override_reactive_power,
    # overlay
    voltage_gain,
    phase_gain,
    frequency_shift,
    meter_silenced,
    meter_broken,
    weather_silenced,
    ambient_shift,
    dt,
    time,
):
    """Bring grid, weather, demand of the load and power of the sun to a time [s].

    Shapes: phase_voltage, line_voltage, phase_gain (phase); all others have none.
    """
    relative = model.voltage_mean + model.voltage_wander * wander(model.wander_phases[0], time)
    relative *= voltage_gain[()]
    count = phase_voltage.size
    for k in range(count):
        phase_voltage[k] = model.voltage / math.sqrt(3.0) * relative * phase_gain[k]
    total = 0.0
    for k in range(count):
        line_voltage[k] = line_to_line(phase_voltage[k], phase_voltage[(k + 1) % count])
        total += line_voltage[k]
    voltage[()] = total / count
    voltage_fraction[()] = voltage[()] / model.voltage
    frequency[()] = 0.0
    if voltage_fraction[()] >= DEAD_VOLTAGE:
        shift = model.frequency_wander * wander(model.wander_phases[1], time) + frequency_shift[()]
        frequency[()] = model.frequency + shift

    clock = model.start + time
    segment = find_segment(model.load, clock)
    if override_enabled[()] != 0.0:
        demand[()], reactive_demand[()] = override_power[()], override_reactive_power[()]
    else:
        demand[()] = value_at(model.load, segment, POWER)
        reactive_demand[()] = value_at(model.load, segment, REACTIVE_POWER)
    segment = find_segment(model.pv, clock)
    available_power[()] = value_at(model.pv, segment, POWER)
    available_reactive_power[()] = value_at(model.pv, segment, REACTIVE_POWER)
    irradiance[()] = value_at(model.pv, segment, IRRADIANCE)
    if not is_sound_for_pv(model, phase_voltage, frequency[()]):
        pv_connected[()], pv_wait[()] = 0.0, 0.0
    elif pv_connected[()] == 0.0:
        pv_wait[()] += dt
        pv_connected[()] = 1.0 if has_lasted(pv_wait[()], model.pv_reconnect_time, dt) else 0.0

    temperature[()] = outside_temperature(model.weather, time) + ambient_shift[()]
    humidity[()] = relative_humidity(temperature[()], model.dew_point)
    weather_silent[()] = weather_silenced[()]
    meter_silent[()], meter_failed[()] = meter_silenced[()], meter_broken[()]
