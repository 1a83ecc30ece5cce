"""Cooling of a site: chiller, pump, packs and coolant loop every tick, weather and enclosure once a second."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import Bound, bind
from bms_emulator.plant.chiller import ChillerModel, build_chiller_model, step_chiller
from bms_emulator.plant.chiller_control import ControlModel, build_control_model, control_chillers
from bms_emulator.plant.chiller_watch import WatchModel, build_watch_model, watch_chillers
from bms_emulator.plant.coolant import CoolantModel, build_coolant_model, enthalpy_of, update_coolant
from bms_emulator.plant.coolant_loop import LoopModel, build_loop_model, step_loop
from bms_emulator.plant.hydraulics import HydraulicModel, build_hydraulic_model, split_flow
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.thermal import ThermalModel, build_thermal_model, step_packs
from bms_emulator.plant.weather import WeatherModel, build_weather_model, outside_temperature, step_enclosure
from bms_emulator.profile.site import SiteProfile
from bms_emulator.program import Program
from bms_emulator.units import kelvin


@dataclass(frozen=True)
class CoolingModel:
    """Constants of the cooling of a site, alike for all its containers."""

    weather: WeatherModel
    coolant: CoolantModel
    chiller: ChillerModel
    control: ControlModel
    watch: WatchModel
    hydraulics: HydraulicModel
    thermal: ThermalModel
    loop: LoopModel

    @cached_property
    def chiller_constants(self) -> Array:
        """Fields of the model of the chiller, as its kernel takes them."""
        return np.array(self.chiller)


def build_cooling_model(site: SiteProfile) -> CoolingModel:
    """Constants of the cooling of a site.

    Raises:
        ValueError: The profile asks for what cannot be, and says where.
    """
    coolant = build_coolant_model(site.container.coolant)
    loop = build_loop_model(site, coolant)
    return CoolingModel(
        weather=build_weather_model(site),
        coolant=coolant,
        chiller=build_chiller_model(site, loop.mass),
        control=build_control_model(site),
        watch=build_watch_model(site, coolant),
        hydraulics=build_hydraulic_model(site, coolant),
        thermal=build_thermal_model(site, coolant),
        loop=loop,
    )


def initialise_cooling(model: CoolingModel, state: PlantState, site: SiteProfile) -> None:
    """Set cells, packs and coolant to the initial temperature, chillers to standby, and the air to its balance."""
    temperature = kelvin(site.initial.temperature_degc)
    for array in (
        state.cells.temperature_core,
        state.cells.temperature_surface,
        state.packs.plate_temperature,
        state.packs.temperature_max,
        state.packs.segment_temperature,
        state.packs.coolant_outlet_temperature,
        state.containers.coolant_supply_temperature,
        state.containers.coolant_inlet_temperature,
        state.containers.coolant_return_temperature,
    ):
        array[...] = temperature
    state.containers.coolant_enthalpy[...] = enthalpy_of(model.coolant, temperature)
    state.cells.heat[...] = 0.0
    weather, rack = model.weather, site.container.rack
    ambient = outside_temperature(weather, 0.0)
    packs = site.container.rack_count * rack.pack_count * rack.pack.cold_plate.to_air_w_per_k
    air = (weather.wall * ambient + packs * temperature + weather.base_load) / (weather.wall + packs)
    state.containers.ambient_temperature[...] = ambient
    state.containers.air_temperature[...] = air
    state.packs.air_heat[...] = rack.pack.cold_plate.to_air_w_per_k * (temperature - air)
    bind_coolant(model, state).call()


class Cooling:
    """The cooling of a site, advanced tick by tick.

    Weather, enclosure and properties of the coolant take a slow step together at the first tick of each slow period.

    Args:
        model: Constants.
        state: What varies.
        inputs: What the firmware asks of the chillers.
        overlay: How active faults bend the plant.
        dt: Step [s].
    """

    def __init__(
        self, model: CoolingModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float
    ) -> None:
        cells, packs, containers = state.cells, state.packs, state.containers
        self._dt = dt
        self._slow_ticks = slow_ticks(dt)
        self._slow_step = self._slow_ticks * dt
        self._enclosure = bind(
            step_enclosure,
            # model
            model.weather,
            # state
            state.containers.ambient_temperature,
            state.containers.air_temperature,
            # inputs
            state.packs.air_heat,
            # overlay
            overlay.ambient_shift,
            overlay.enclosure_heat,
        )
        self._coolant = bind_coolant(model, state)
        self._chiller = bind(
            step_chiller,
            # model
            model.chiller_constants,
            # state
            containers.chiller_mode,
            containers.compressor_on,
            containers.compressor_time,
            containers.chiller_heat,
            containers.chiller_power,
            containers.pump_speed,
            # inputs
            containers.coolant_flow,
            containers.coolant_supply_temperature,
            containers.coolant_return_temperature,
            containers.coolant_heat_capacity,
            containers.ambient_temperature,
            state.chillers.request,
            state.chillers.setpoint,
            # overlay
            state.chillers.capacity_gain,
            overlay.pump_gain,
            overlay.heater_stuck,
            overlay.chiller_faults,
            dt,
        )
        self._control = bind_control(model.control, state, inputs, overlay, dt)
        self._flow = bind(
            split_flow,
            # model
            model.hydraulics,
            # state
            packs.coolant_flow,
            containers.coolant_flow,
            containers.coolant_pressure,
            containers.pump_power,
            # inputs
            containers.pump_speed,
            containers.coolant_density,
            containers.coolant_viscosity,
            # overlay
            overlay.branch_conductance_gain,
            overlay.pump_head_gain,
        )
        self._packs = bind(
            step_packs,
            # model
            model.thermal,
            model.loop.racks_per_container,
            # state
            cells.temperature_core,
            cells.temperature_surface,
            cells.heat,
            packs.segment_temperature,
            packs.plate_temperature,
            packs.temperature_max,
            packs.coolant_outlet_temperature,
            packs.coolant_heat,
            packs.air_heat,
            packs.balancing_heat,
            # inputs
            packs.coolant_flow,
            containers.coolant_inlet_temperature,
            containers.coolant_heat_capacity,
            containers.film_turbulent,
            containers.film_laminar,
            containers.air_temperature,
        )
        loop = bind(
            step_loop,
            # model
            *model.loop,
            # state
            containers.coolant_enthalpy,
            containers.coolant_supply_temperature,
            containers.coolant_inlet_temperature,
            containers.coolant_return_temperature,
            # inputs
            containers.coolant_flow,
            containers.coolant_pressure,
            containers.coolant_density,
            containers.chiller_heat,
            state.packs.coolant_heat,
            dt,
        )
        self._rest = Program(loop, bind_watch(model.watch, state, overlay, dt))

    def step(self, time: float, tick: int, refresh: bool = False) -> None:
        """Advance by one step at `time` [s] since the start; the packs whose turn it is by a whole slow step.

        The flow is found at the first tick of a slow period, when a pump has changed its speed, and on a `refresh`, as
        after a change of the overlay.
        """
        due = tick % self._slow_ticks == 0
        if due:
            self._enclosure.call(float(time), self._slow_step)
            self._coolant.call()
        self._control.call()
        if self._chiller.call() or due or refresh:
            self._flow.call()
        self._packs.call(tick, self._slow_ticks, self._dt)
        self._rest()


def bind_coolant(model: CoolingModel, state: PlantState) -> Bound:
    """What brings the properties of the coolant up to date."""
    containers = state.containers
    return bind(
        update_coolant,
        # model
        model.coolant,
        # state
        containers.coolant_density,
        containers.coolant_heat_capacity,
        containers.coolant_viscosity,
        containers.film_turbulent,
        containers.film_laminar,
        # inputs
        containers.coolant_supply_temperature,
        containers.coolant_return_temperature,
    )


def bind_control(
    model: ControlModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float
) -> Bound:
    """What decides what every chiller is to do in the coming dt [s]."""
    chillers, commands = state.chillers, state.chiller_commands
    return bind(
        control_chillers,
        # model
        model,
        # state
        chillers.source,
        chillers.request,
        chillers.setpoint,
        chillers.capacity_gain,
        chillers.thermostat,
        chillers.master_age,
        chillers.heard_request,
        chillers.heard_setpoint,
        # inputs
        commands.control,
        commands.enable,
        commands.mode,
        commands.cooling_setpoint,
        commands.heating_setpoint,
        commands.master_timeout,
        inputs.chiller_request,
        inputs.chiller_setpoint,
        state.containers.coolant_supply_temperature,
        chillers.alarms,
        # overlay
        overlay.chiller_gain,
        overlay.chiller_deaf,
        overlay.chiller_setpoint_shift,
        dt,
    )


def bind_watch(model: WatchModel, state: PlantState, overlay: PlantOverlay, dt: float) -> Bound:
    """What advances filling, alarms and counters of every chiller by dt [s]."""
    chillers, containers, commands = state.chillers, state.containers, state.chiller_commands
    return bind(
        watch_chillers,
        # model
        model,
        # state
        chillers.vessel,
        chillers.tank,
        chillers.leaked,
        chillers.make_up_on,
        chillers.alarm_time,
        chillers.alarms,
        chillers.fault_code,
        chillers.fault_level,
        chillers.operating_time,
        chillers.compressor_operating_time,
        chillers.compressor_starts,
        chillers.compressor_was_on,
        # inputs
        containers.chiller_mode,
        containers.compressor_on,
        containers.pump_speed,
        chillers.request,
        chillers.source,
        commands.control,
        containers.coolant_supply_temperature,
        containers.coolant_flow,
        containers.coolant_pressure,
        containers.ambient_temperature,
        commands.reset,
        state.surroundings.coolant_refill,
        # overlay
        overlay.chiller_gain,
        overlay.chiller_faults,
        overlay.coolant_leak,
        dt,
    )
