"""Chiller: what it does about a request, what heat it moves and what power that takes.

A compressor holds the supply temperature by a proportional band, runs and rests for minimum times, and needs flow, a
chiller that is not tripped, and air that its condenser can give its heat to. A resistance heater does the same from
below. Without compressor or heater at work, the coolant only circulates.
"""

from typing import Final, NamedTuple

from bms_emulator.jit import fields_of, kernel, scalar
from bms_emulator.plant.relaxation import mean_decay
from bms_emulator.plant.state import ChillerFault, ChillerMode
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import kelvin

STANDBY = float(ChillerMode.STANDBY)
CIRCULATION = float(ChillerMode.CIRCULATION)
COOLING = float(ChillerMode.COOLING)
HEATING = float(ChillerMode.HEATING)

FAN: Final = 1 << int(ChillerFault.CONDENSER_FAN)

HEATER_CUT_OUT = kelvin(90.0)
"""Supply temperature from which the heater's safety thermostat lets nothing through. Grade [U]."""

START_SHARE = 0.5
"""Supply error at which the compressor starts, relative to the control band; it stops at no error. Grade [U]."""


class ChillerModel(NamedTuple):
    """Constants of a chiller.

    Attributes:
        rated_cooling: Capacity at rated ambient [W].
        capacity_slope: Loss of capacity above rated ambient [1/K].
        capacity_supply_slope: Gain of capacity with warmer supply [1/K].
        capacity_max: Cap of the capacity with warm supply, relative to rated [1].
        rated_ambient: Ambient temperature of the rating [K].
        rated_supply: Supply temperature of the rating [K].
        cut_out_ambient: Ambient temperature above which the compressor stops [K].
        rated_cop: Coefficient of performance at rated lift [1].
        cop_slope: Gain of COP per kelvin of smaller lift [1/K].
        cop_min: Floor of COP [1].
        cop_max: Cap of COP [1].
        rated_heating: Heater [W].
        minimum_on: Shortest run of the compressor [s].
        minimum_off: Shortest rest of the compressor [s].
        control_band: Supply error of full capacity [K].
        standby_power: Controls [W].
        coolant_mass: Of the coolant in the chiller [kg].
    """

    rated_cooling: float
    capacity_slope: float
    capacity_supply_slope: float
    capacity_max: float
    rated_ambient: float
    rated_supply: float
    cut_out_ambient: float
    rated_cop: float
    cop_slope: float
    cop_min: float
    cop_max: float
    rated_heating: float
    minimum_on: float
    minimum_off: float
    control_band: float
    standby_power: float
    coolant_mass: float


FIELD_COUNT: Final = len(ChillerModel._fields)


def build_chiller_model(site: SiteProfile, coolant_mass: float) -> ChillerModel:
    """Constants of the chillers of a site, given the mass of the coolant in a chiller [kg]."""
    chiller = site.container.chiller
    return ChillerModel(
        rated_cooling=chiller.rated_cooling_kw * 1e3,
        capacity_slope=chiller.capacity_slope_percent_per_k / 100.0,
        capacity_supply_slope=chiller.capacity_supply_slope_percent_per_k / 100.0,
        capacity_max=chiller.capacity_max_percent / 100.0,
        rated_ambient=kelvin(chiller.rated_ambient_degc),
        rated_supply=kelvin(chiller.rated_supply_degc),
        cut_out_ambient=kelvin(chiller.cut_out_ambient_degc),
        rated_cop=chiller.rated_cop,
        cop_slope=chiller.cop_slope_percent_per_k / 100.0,
        cop_min=chiller.cop_min,
        cop_max=chiller.cop_max,
        rated_heating=chiller.heating_kw * 1e3,
        minimum_on=chiller.compressor_min_on_s,
        minimum_off=chiller.compressor_min_off_s,
        control_band=chiller.control_band_k,
        standby_power=chiller.standby_w,
        coolant_mass=coolant_mass,
    )


@scalar
def cooling_capacity(model, ambient_temperature, supply_temperature):
    """Largest cooling power [W]: less above the rated ambient, and with a colder supply, whose gas is thinner."""
    by_ambient = 1.0 - model.capacity_slope * max(ambient_temperature - model.rated_ambient, 0.0)
    by_supply = 1.0 + model.capacity_supply_slope * (supply_temperature - model.rated_supply)
    return model.rated_cooling * max(by_ambient, 0.0) * min(max(by_supply, 0.0), model.capacity_max)


@scalar
def performance(model, ambient_temperature, supply_temperature):
    """Coefficient of performance [1]: linear in the lift, between floor and cap."""
    relief = (model.rated_ambient - model.rated_supply) - (ambient_temperature - supply_temperature)
    return min(max(model.rated_cop * (1.0 + model.cop_slope * relief), model.cop_min), model.cop_max)


@scalar
def controlled_heat(capacity, error, entering_error, control_band, flow_capacity, heat_capacity, dt):
    """Heat moved by proportional control [W], the mean over a step.

    Control and coolant that flows in both act on the coolant in the chiller, which relaxes towards where they balance.

    Args:
        capacity: Largest heat [W].
        error: Supply temperature less set point when cooling, the opposite when heating [K].
        entering_error: The same of the coolant that flows in [K].
        control_band: Error of full capacity [K].
        flow_capacity: Mass flow times heat capacity [W/K].
        heat_capacity: Of the coolant in the chiller [J/K].
        dt: Step [s].
    """
    gain = capacity / control_band
    rate = gain + flow_capacity
    settled = entering_error * flow_capacity / rate
    mean_error = settled + (error - settled) * mean_decay(rate * dt / heat_capacity)
    return min(max(gain * mean_error, 0.0), capacity)


@scalar
def compressor_runs(model, running, time, wanted, able):
    """Whether the compressor runs now, `time` [s] after its last start or stop; a trip overrides the minimum run."""
    if running:
        return able and (wanted or time < model.minimum_on)
    return able and wanted and time >= model.minimum_off


@kernel
def step_chiller(
    # model
    constants,
    # state
    mode,
    compressor_on,
    compressor_time,
    heat,
    power,
    pump_speed,
    # inputs
    flow,
    supply_temperature,
    return_temperature,
    heat_capacity,
    ambient_temperature,
    request,
    setpoint,
    # overlay
    chiller_gain,
    pump_gain,
    heater_stuck,
    faults,
    dt,
):
    """Advance the chillers and pumps by dt [s]; all shapes are (container,), but (field,) for those of the model.

    Returns:
        Whether any pump has changed its speed.
    """
    model = ChillerModel(*fields_of(constants, FIELD_COUNT))
    pump_changed = False
    for c in range(mode.size):
        # a flow switch: compressor and heater wait for the pump
        able = chiller_gain[c] > 0.0 and flow[c] > 0.0
        cool_air = ambient_temperature[c] <= model.cut_out_ambient and int(faults[c]) & FAN == 0
        running = compressor_on[c] > 0.0
        error = supply_temperature[c] - setpoint[c]
        entering_error = return_temperature[c] - setpoint[c]
        flow_capacity = flow[c] * heat_capacity[c]
        held = model.coolant_mass * heat_capacity[c]
        start = 0.0 if running else START_SHARE * model.control_band
        wanted = request[c] == COOLING and error > start

        compressor_time[c] += dt
        cools = compressor_runs(model, running, compressor_time[c], wanted, able and cool_air)
        if cools != running:
            compressor_on[c] = 1.0 if cools else 0.0
            compressor_time[c] = 0.0
        heats = able and not cools and request[c] == HEATING and error < 0.0

        heat[c] = 0.0
        power[c] = model.standby_power
        if cools:
            mode[c] = COOLING
            capacity = chiller_gain[c] * cooling_capacity(model, ambient_temperature[c], supply_temperature[c])
            heat[c] = -controlled_heat(capacity, error, entering_error, model.control_band, flow_capacity, held, dt)
            power[c] -= heat[c] / performance(model, ambient_temperature[c], supply_temperature[c])
        elif heats:
            mode[c] = HEATING
            capacity = chiller_gain[c] * model.rated_heating
            heat[c] = controlled_heat(capacity, -error, -entering_error, model.control_band, flow_capacity, held, dt)
            power[c] += heat[c]
        else:
            mode[c] = STANDBY if request[c] == STANDBY else CIRCULATION
        stuck = heater_stuck[c] * model.rated_heating if supply_temperature[c] < HEATER_CUT_OUT else 0.0
        heat[c] += stuck
        power[c] += stuck
        speed = 0.0 if mode[c] == STANDBY else pump_gain[c]
        pump_changed = pump_changed or speed != pump_speed[c]
        pump_speed[c] = speed
    return pump_changed
