"""Chiller: what it does about a request, what heat it moves and what power that takes.

A compressor holds the supply temperature by a proportional band, runs and rests for minimum times, and needs flow and a
chiller that is not tripped. A resistance heater does the same from below. Without compressor or heater at work, the
coolant only circulates.
"""

from typing import NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.relaxation import mean_decay
from bms_emulator.plant.state import ChillerMode
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import kelvin

STANDBY = float(ChillerMode.STANDBY)
CIRCULATION = float(ChillerMode.CIRCULATION)
COOLING = float(ChillerMode.COOLING)
HEATING = float(ChillerMode.HEATING)

START_SHARE = 0.5
"""Supply error at which the compressor starts, relative to the control band; it stops at no error. Grade [U]."""


class ChillerModel(NamedTuple):
    """Constants of a chiller.

    Attributes:
        rated_cooling: Capacity at rated ambient [W].
        capacity_slope: Loss of capacity above rated ambient [1/K].
        rated_ambient: Ambient temperature of the rating [K].
        rated_cop: Coefficient of performance at rated lift [1].
        cop_slope: Gain of COP per kelvin of smaller lift [1/K].
        cop_min: Floor of COP [1].
        cop_max: Cap of COP [1].
        rated_lift: Ambient less supply temperature of the rating [K].
        rated_heating: Heater [W].
        minimum_on: Shortest run of the compressor [s].
        minimum_off: Shortest rest of the compressor [s].
        control_band: Supply error of full capacity [K].
        standby_power: Controls [W].
        coolant_heat_capacity: Of the coolant between chiller and packs [J/K].
    """

    rated_cooling: float
    capacity_slope: float
    rated_ambient: float
    rated_cop: float
    cop_slope: float
    cop_min: float
    cop_max: float
    rated_lift: float
    rated_heating: float
    minimum_on: float
    minimum_off: float
    control_band: float
    standby_power: float
    coolant_heat_capacity: float


def build_chiller_model(site: SiteProfile, coolant_heat_capacity: float) -> ChillerModel:
    """Constants of the chillers of a site, given the heat capacity of the coolant they act upon [J/K]."""
    chiller = site.container.chiller
    return ChillerModel(
        rated_cooling=chiller.rated_cooling_kw * 1e3,
        capacity_slope=chiller.capacity_slope_percent_per_k / 100.0,
        rated_ambient=kelvin(chiller.rated_ambient_degc),
        rated_cop=chiller.rated_cop,
        cop_slope=chiller.cop_slope_percent_per_k / 100.0,
        cop_min=chiller.cop_min,
        cop_max=chiller.cop_max,
        rated_lift=chiller.rated_ambient_degc - chiller.rated_supply_degc,
        rated_heating=chiller.heating_kw * 1e3,
        minimum_on=chiller.compressor_min_on_s,
        minimum_off=chiller.compressor_min_off_s,
        control_band=chiller.control_band_k,
        standby_power=chiller.standby_w,
        coolant_heat_capacity=coolant_heat_capacity,
    )


@scalar
def cooling_capacity(model, ambient_temperature):
    """Largest cooling power [W]: rated up to the rated ambient, less above it."""
    above = max(ambient_temperature - model.rated_ambient, 0.0)
    return model.rated_cooling * max(1.0 - model.capacity_slope * above, 0.0)


@scalar
def performance(model, ambient_temperature, supply_temperature):
    """Coefficient of performance [1]: linear in the lift, between floor and cap."""
    relief = model.rated_lift - (ambient_temperature - supply_temperature)
    return min(max(model.rated_cop * (1.0 + model.cop_slope * relief), model.cop_min), model.cop_max)


@scalar
def controlled_heat(capacity, error, control_band, coolant_heat_capacity, dt):
    """Heat moved by proportional control [W], for an error >= 0 where there is something to do.

    The mean over a step in which the error dies away as the heat acts on the coolant, so that no step overshoots.
    """
    gain = capacity / control_band
    return min(max(gain * error * mean_decay(gain * dt / coolant_heat_capacity), 0.0), capacity)


@scalar
def compressor_runs(model, running, time, wanted, able):
    """Whether the compressor runs now, `time` [s] after its last start or stop; a trip overrides the minimum run."""
    if running:
        return able and (wanted or time < model.minimum_on)
    return able and wanted and time >= model.minimum_off


@kernel
def step_chiller(
    # model
    model,
    # state
    mode,
    compressor_on,
    compressor_time,
    heat,
    power,
    pump_speed,
    flow,
    supply_temperature,
    ambient_temperature,
    # inputs
    request,
    setpoint,
    # overlay
    chiller_gain,
    pump_gain,
    dt,
):
    """Advance the chillers and pumps by dt [s]; all shapes are (container,)."""
    for c in range(mode.size):
        # a flow switch: compressor and heater wait for the pump
        able = chiller_gain[c] > 0.0 and flow[c] > 0.0
        running = compressor_on[c] > 0.0
        error = supply_temperature[c] - setpoint[c]
        start = 0.0 if running else START_SHARE * model.control_band
        wanted = request[c] == COOLING and error > start

        compressor_time[c] += dt
        cools = compressor_runs(model, running, compressor_time[c], wanted, able)
        if cools != running:
            compressor_on[c] = 1.0 if cools else 0.0
            compressor_time[c] = 0.0
        heats = able and not cools and request[c] == HEATING and error < 0.0

        heat[c] = 0.0
        power[c] = model.standby_power
        if cools:
            mode[c] = COOLING
            capacity = chiller_gain[c] * cooling_capacity(model, ambient_temperature[c])
            heat[c] = -controlled_heat(capacity, error, model.control_band, model.coolant_heat_capacity, dt)
            power[c] -= heat[c] / performance(model, ambient_temperature[c], supply_temperature[c])
        elif heats:
            mode[c] = HEATING
            capacity = chiller_gain[c] * model.rated_heating
            heat[c] = controlled_heat(capacity, -error, model.control_band, model.coolant_heat_capacity, dt)
            power[c] += heat[c]
        else:
            mode[c] = STANDBY if request[c] == STANDBY else CIRCULATION
        pump_speed[c] = 0.0 if mode[c] == STANDBY else pump_gain[c]


@kernel
def meter_auxiliary(
    # model
    base_load,
    # state
    power,
    energy,
    chiller_power,
    pump_power,
    dt,
):
    """Auxiliary power [W] and energy [J] of every container; all shapes are (container,)."""
    for c in range(power.size):
        power[c] = chiller_power[c] + pump_power[c] + base_load
        energy[c] += power[c] * dt
