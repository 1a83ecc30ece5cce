"""Cooling of a site: weather, chiller, pump, packs and coolant loop, in that order."""

from dataclasses import dataclass

from bms_emulator.plant.chiller import ChillerModel, build_chiller_model, meter_auxiliary, step_chiller
from bms_emulator.plant.coolant_loop import LoopModel, build_loop_model, step_loop
from bms_emulator.plant.hydraulics import HydraulicModel, build_hydraulic_model, split_flow
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.thermal import ThermalModel, build_thermal_model, step_packs
from bms_emulator.plant.weather import WeatherModel, build_weather_model, outside_temperature, step_enclosure
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import kelvin


@dataclass(frozen=True)
class CoolingModel:
    """Constants of the cooling of a site, alike for all its containers."""

    weather: WeatherModel
    chiller: ChillerModel
    hydraulics: HydraulicModel
    thermal: ThermalModel
    loop: LoopModel


def build_cooling_model(site: SiteProfile) -> CoolingModel:
    """Constants of the cooling of a site.

    Raises:
        ValueError: The profile asks for what cannot be, and says where.
    """
    loop = build_loop_model(site)
    return CoolingModel(
        weather=build_weather_model(site),
        chiller=build_chiller_model(site, loop.heat_capacity),
        hydraulics=build_hydraulic_model(site),
        thermal=build_thermal_model(site),
        loop=loop,
    )


def initialise_cooling(model: CoolingModel, state: PlantState, site: SiteProfile) -> None:
    """Set cells, packs and coolant to the initial temperature, chillers to standby, and the air to its balance."""
    temperature = kelvin(site.initial.temperature_degc)
    for array in (
        state.cells.temperature_core,
        state.cells.temperature_surface,
        state.packs.plate_temperature,
        state.packs.segment_temperature,
        state.packs.coolant_outlet_temperature,
        state.containers.coolant_supply_temperature,
        state.containers.coolant_return_temperature,
    ):
        array[...] = temperature
    state.cells.heat[...] = 0.0
    weather, rack = model.weather, site.container.rack
    ambient = outside_temperature(weather, 0.0)
    packs = site.container.rack_count * rack.pack_count * rack.pack.cold_plate.to_air_w_per_k
    air = (weather.wall * ambient + packs * temperature + weather.base_load) / (weather.wall + packs)
    state.containers.ambient_temperature[...] = ambient
    state.containers.air_temperature[...] = air
    state.packs.air_heat[...] = rack.pack.cold_plate.to_air_w_per_k * (temperature - air)


def step_cooling(
    model: CoolingModel,
    state: PlantState,
    inputs: PlantInputs,
    overlay: PlantOverlay,
    time: float,
    tick: int,
    dt: float,
) -> None:
    """Advance the cooling by dt [s] at `time` [s] since the start; the packs whose turn it is by a whole slow step."""
    cells, packs, containers = state.cells, state.packs, state.containers
    step_enclosure(
        # model
        model.weather,
        # state
        containers.ambient_temperature,
        containers.air_temperature,
        # inputs
        packs.air_heat,
        time,
        dt,
    )
    step_chiller(
        # model
        model.chiller,
        # state
        containers.chiller_mode,
        containers.compressor_on,
        containers.compressor_time,
        containers.chiller_heat,
        containers.chiller_power,
        containers.pump_speed,
        containers.coolant_flow,
        containers.coolant_supply_temperature,
        containers.ambient_temperature,
        # inputs
        inputs.chiller_request,
        inputs.chiller_setpoint,
        # overlay
        overlay.chiller_gain,
        overlay.pump_gain,
        dt,
    )
    split_flow(
        # model
        model.hydraulics,
        # state
        packs.coolant_flow,
        containers.coolant_flow,
        containers.coolant_pressure,
        containers.pump_power,
        # inputs
        containers.pump_speed,
        # overlay
        overlay.branch_conductance_gain,
    )
    step_packs(
        # model
        model.thermal,
        model.loop.racks_per_container,
        # state
        cells.temperature_core,
        cells.temperature_surface,
        cells.heat,
        packs.segment_temperature,
        packs.plate_temperature,
        packs.coolant_outlet_temperature,
        packs.coolant_heat,
        packs.air_heat,
        # inputs
        packs.coolant_flow,
        containers.coolant_supply_temperature,
        containers.air_temperature,
        tick,
        slow_ticks(dt),
        dt,
    )
    step_loop(
        # model
        model.loop,
        # state
        containers.coolant_supply_temperature,
        containers.coolant_return_temperature,
        # inputs
        containers.coolant_flow,
        containers.coolant_pressure,
        containers.chiller_heat,
        packs.coolant_heat,
        dt,
    )
    meter_auxiliary(
        # model
        model.weather.base_load,
        # state
        containers.auxiliary_power,
        containers.auxiliary_energy,
        containers.chiller_power,
        containers.pump_power,
        dt,
    )
