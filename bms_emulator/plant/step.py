"""One tick of the plant, in the order of cause and effect."""

from collections.abc import Mapping

from bms_emulator.jit import Bound, bind
from bms_emulator.plant.ageing import Ageing
from bms_emulator.plant.cell import ARRAY_COUNT
from bms_emulator.plant.cell_step import step_cells
from bms_emulator.plant.cooling import Cooling
from bms_emulator.plant.coupling import bind_coupling, build_coupling_model
from bms_emulator.plant.electrical import step_bus
from bms_emulator.plant.grid import bind_supply
from bms_emulator.plant.io_module import bind_outputs
from bms_emulator.plant.metering import Meters
from bms_emulator.plant.model import PlantModel
from bms_emulator.plant.parts import Index, Parts
from bms_emulator.plant.runaway import Runaway
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.supply import bind_auxiliary_supply
from bms_emulator.plant.switching import step_switching
from bms_emulator.plant.units import bind_units
from bms_emulator.program import Program


class Plant:
    """All that a site consists of, advanced tick by tick.

    Its arrays are bound to the kernels once: they are written in place and never replaced.

    Args:
        model: Constants.
        state: What varies.
        inputs: What firmware and devices ask of the actuators.
        overlay: How active faults bend the plant.
        dt: Step [s].
    """

    def __init__(
        self, model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float
    ) -> None:
        self._parts = Parts(model.cells, state, overlay)
        self._is_struck = False
        self.supply = bind_supply(model.grid, state, overlay, dt)
        self.electrical = Electrical(model, state, inputs, overlay, dt)
        self.runaway = Runaway(model.runaway, state, overlay, dt)
        self.cooling = Cooling(model.cooling, state, inputs, overlay, dt)
        self.units = bind_units(model.units, state, inputs, overlay)
        self.meters = Meters(model.meters, state, dt)
        self.coupling = bind_coupling(build_coupling_model(model.grid), state, dt)
        self.ageing = Ageing(model.ageing, model.cells, state, dt)

    def step(self, time: float, tick: int, refresh: bool = False) -> None:
        """Advance by one step from `time` [s] since the start, `tick` ticks since the start.

        Args:
            time: Time since the start [s].
            tick: Ticks since the start.
            refresh: Whether all cells take up their slowly moving parameters now, as after a change of the overlay, and
                not only those whose turn it is.
        """
        refresh = refresh or self._is_struck
        if refresh:
            self._parts.settle()
            self._is_struck = False
        self.supply.call(time)
        self.electrical.step(tick, refresh)
        self.runaway.step(tick, refresh)
        self.cooling.step(time, tick, refresh)
        self.units.call()
        self.meters.step(tick)
        self.coupling.call()
        self.ageing.step(tick)

    def strike(self, kind: str, settings: Mapping[str, float | str], index: Index, count: int) -> None:
        """Let a blow of a kind fall on things, by their places among `count` of them; the next step shows it."""
        self._parts.strike(kind, settings, index, count)
        self._is_struck = True


class Electrical:
    """Auxiliary supply, contactors, breakers, PCS, bus and cells; arguments as for :class:`Plant`."""

    def __init__(
        self, model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float
    ) -> None:
        self._dt = dt
        self._slow_ticks = slow_ticks(dt)
        self._exchange = Program(
            bind_auxiliary_supply(model.supply, state, overlay, dt),
            bind_outputs(model.io, state),
            bind_switching(model, state, inputs, overlay, dt),
            bind_bus(model, state, inputs, overlay, dt),
        )
        self._cells = bind_cells(model, state, inputs, overlay)

    def step(self, tick: int, refresh: bool = False) -> None:
        """Move the contacts, let the PCS draw its demand from the racks, settle the energies, advance the cells."""
        self._exchange()
        self.advance_cells(tick, refresh)

    def advance_cells(self, tick: int, refresh: bool = False) -> None:
        """Advance all cells with the string currents; each pack is brought up to date once a second, or at once."""
        self._cells.call(tick, 1 if refresh else self._slow_ticks, self._dt)


def bind_switching(
    model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float
) -> Bound:
    """What moves contactors, breakers and operating states by a step dt [s]."""
    racks, containers, pcs, asked = state.racks, state.containers, state.pcs, state.pcs_inputs
    return bind(
        step_switching,
        # model
        model.bus_constants,
        model.pcs_constants,
        model.guard_constants,
        # state
        racks.contactor_closed,
        racks.contactor_travel,
        racks.contactor_phase,
        racks.breaker_closed,
        pcs.state,
        pcs.start_time,
        pcs.faults,
        pcs.in_service,
        pcs.service_time,
        pcs.disturbed_time,
        pcs.dc_breaker_closed,
        pcs.dc_breaker_wait,
        pcs.dc_precharge_closed,
        pcs.dc_precharge_time,
        pcs.ac_breaker_closed,
        pcs.ac_breaker_wait,
        containers.bus_voltage,
        # inputs
        inputs.contactor_command,
        inputs.breaker_trip,
        state.surroundings.breaker_close,
        state.supply.voltage,
        racks.fuse_closed,
        pcs.link_voltage,
        pcs.power_target,
        pcs.reactive_power,
        pcs.stack_temperature,
        inputs.pcs_enable,
        asked.standby,
        asked.reset,
        asked.watchdog_expired,
        asked.dc_breaker,
        asked.ac_breaker,
        asked.service_permitted,
        asked.service_voltage_min,
        asked.service_voltage_max,
        asked.service_frequency_min,
        asked.service_frequency_max,
        asked.service_delay,
        state.grid.voltage_fraction,
        state.grid.frequency,
        # overlay
        overlay.contactor_hold,
        overlay.contactor_delay,
        overlay.contactor_chatter,
        overlay.coil_gain,
        overlay.rack_breaker_trip,
        overlay.dc_breaker_hold,
        overlay.ac_breaker_hold,
        overlay.pcs_trip,
        dt,
    )


def bind_bus(model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float) -> Bound:
    """What lets PCS and racks exchange power over the bus for a step dt [s]."""
    racks, containers, pcs, asked = state.racks, state.containers, state.pcs, state.pcs_inputs
    return bind(
        step_bus,
        # model
        model.bus_constants,
        model.pcs_constants,
        model.stack_constants,
        # state
        racks.fuse_closed,
        racks.fuse_heat,
        racks.precharge_temperature,
        racks.terminal_temperature,
        racks.current,
        racks.floating_voltage,
        containers.bus_voltage,
        containers.bus_current,
        pcs.link_voltage,
        pcs.dc_power,
        pcs.power_target,
        pcs.limited,
        pcs.limits,
        pcs.available_power,
        pcs.feasible_charge_power,
        pcs.feasible_discharge_power,
        pcs.power,
        pcs.reactive_power,
        pcs.loss,
        pcs.energy_exported,
        pcs.energy_imported,
        pcs.reactive_energy_delivered,
        pcs.reactive_energy_absorbed,
        containers.energy_discharged,
        containers.energy_charged,
        pcs.heatsink_temperature,
        pcs.stack_temperature,
        # inputs
        racks.contactor_closed,
        racks.breaker_closed,
        racks.string_closed,
        pcs.state,
        pcs.dc_breaker_closed,
        pcs.dc_precharge_closed,
        state.surroundings.terminal_resistance,
        racks.discharge_source_voltage,
        racks.discharge_resistance,
        racks.charge_source_voltage,
        racks.charge_resistance,
        containers.air_temperature,
        containers.ambient_temperature,
        state.grid.voltage_fraction,
        inputs.control_mode,
        inputs.power_setpoint,
        inputs.current_setpoint,
        inputs.voltage_setpoint,
        inputs.current_limit,
        inputs.power_limit,
        asked.charge_limit,
        asked.discharge_limit,
        asked.apparent_limit,
        inputs.charge_power_limit,
        inputs.discharge_power_limit,
        inputs.charge_current_limit,
        inputs.discharge_current_limit,
        asked.power_ramp,
        asked.reactive_control,
        asked.reactive_setpoint,
        asked.reactive_slope_discharge,
        asked.reactive_slope_charge,
        asked.reactive_priority,
        asked.delivered_limit,
        asked.absorbed_limit,
        asked.reactive_ramp,
        # overlay
        overlay.pcs_gain,
        overlay.pcs_fan_gain,
        overlay.precharge_gain,
        overlay.precharge_heat,
        overlay.bus_short_conductance,
        overlay.link_capacitance,
        dt,
    )


def bind_cells(model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay) -> Bound:
    """What advances all cells with the string currents: at a tick, each pack once in so many, by a step dt [s]."""
    cells, circuits, racks = state.cells, state.circuits, state.racks
    return bind(
        step_cells,
        # model
        *model.cells[:ARRAY_COUNT],
        model.cell_numbers,
        # state
        cells.soc,
        cells.v_rc1,
        cells.v_rc2,
        cells.hysteresis,
        cells.voltage,
        cells.heat,
        cells.r0,
        cells.r1,
        cells.r2,
        cells.bypass_current,
        cells.source_voltage,
        cells.fall_per_charge,
        cells.balancing_current,
        circuits.source_voltage,
        circuits.turned_source_voltage,
        circuits.fall_per_charge,
        circuits.turned_fall_per_charge,
        circuits.r0,
        circuits.turned_r0,
        circuits.steepest,
        circuits.ratio1,
        circuits.ratio2,
        circuits.relaxed1,
        circuits.relaxed2,
        circuits.reference1,
        circuits.reference2,
        circuits.elapsed,
        circuits.charge,
        circuits.taken,
        circuits.taken_charge,
        circuits.taken_current,
        state.packs.stored_energy,
        state.packs.balancing,
        state.packs.balancing_heat,
        racks.direction,
        racks.voltage,
        racks.discharge_source_voltage,
        racks.discharge_resistance,
        racks.charge_source_voltage,
        racks.charge_resistance,
        # inputs
        racks.current,
        racks.string_closed,
        racks.floating_voltage,
        cells.capacity,
        cells.resistance_growth,
        cells.voltage_gain,
        cells.temperature_core,
        inputs.balancing,
        inputs.balancing_count,
        # overlay
        overlay.cell_resistance_gain,
        overlay.cell_short_conductance,
        overlay.module_joint_resistance,
    )


def settle_cells(model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay) -> None:
    """Let all that follows from the state of the cells agree with it, in steps of no time.

    The first brings the cells up to date, the second shows their voltages.
    """
    cells = bind_cells(model, state, inputs, overlay)
    for _ in range(2):
        cells.call(0, 1, 0.0)
