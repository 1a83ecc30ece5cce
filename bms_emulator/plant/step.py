"""One tick of the plant, in the order of cause and effect."""

from bms_emulator.plant.ageing import step_ageing
from bms_emulator.plant.cell import ARRAY_COUNT
from bms_emulator.plant.cell_step import step_cells
from bms_emulator.plant.cooling import step_cooling
from bms_emulator.plant.electrical import step_bus
from bms_emulator.plant.metering import read_meters
from bms_emulator.plant.model import PlantModel
from bms_emulator.plant.runaway import step_runaway
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.units import step_units


def step(
    model: PlantModel,
    state: PlantState,
    inputs: PlantInputs,
    overlay: PlantOverlay,
    time: float,
    tick: int,
    dt: float,
    refresh: bool = False,
) -> None:
    """Advance the plant by dt [s] from `time` [s] since the start, `tick` ticks since the start.

    Args:
        model: Constants.
        state: What varies.
        inputs: What firmware and devices ask of the actuators.
        overlay: How active faults bend the plant.
        time: Time since the start [s].
        tick: Ticks since the start.
        dt: Step [s], the same in every call.
        refresh: Whether all cells take up their slowly moving parameters now, as after a change of the overlay, and not
            only those whose turn it is.
    """
    step_electrical(model, state, inputs, overlay, tick, dt, refresh)
    step_runaway(model.runaway, state, overlay, tick, dt, refresh)
    step_cooling(model.cooling, state, inputs, overlay, time, tick, dt, refresh)
    step_units(model.units, state, inputs, overlay)
    read_meters(model.meters, state, tick, dt)
    step_ageing(model.ageing, model.cells, state, tick, dt)


def step_electrical(
    model: PlantModel,
    state: PlantState,
    inputs: PlantInputs,
    overlay: PlantOverlay,
    tick: int,
    dt: float,
    refresh: bool = False,
) -> None:
    """Advance contactors, breakers, PCS, bus and cells by dt [s]; arguments as for :func:`step`."""
    solve_bus(model, state, inputs, overlay, dt)
    advance_cells(model, state, inputs, overlay, tick, 1 if refresh else slow_ticks(dt), dt)


def solve_bus(model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float) -> None:
    """Move the contacts, let the PCS draw its demand from the racks, and settle the energies."""
    racks, containers, pcs = state.racks, state.containers, state.pcs
    step_bus(
        # model
        model.bus_constants,
        model.pcs_constants,
        # state
        racks.contactor_closed,
        racks.contactor_travel,
        racks.fuse_closed,
        racks.fuse_heat,
        racks.breaker_closed,
        racks.precharge_temperature,
        racks.terminal_temperature,
        racks.current,
        containers.bus_voltage,
        containers.bus_current,
        pcs.dc_power,
        pcs.state,
        pcs.start_time,
        pcs.power_target,
        pcs.limited,
        pcs.feasible_charge_power,
        pcs.feasible_discharge_power,
        pcs.power,
        pcs.loss,
        pcs.energy_exported,
        pcs.energy_imported,
        containers.energy_discharged,
        containers.energy_charged,
        # inputs
        inputs.contactor_command,
        inputs.breaker_trip,
        state.surroundings.breaker_close,
        state.surroundings.supply_voltage,
        state.surroundings.terminal_resistance,
        racks.discharge_source_voltage,
        racks.discharge_resistance,
        racks.charge_source_voltage,
        racks.charge_resistance,
        containers.air_temperature,
        inputs.pcs_enable,
        inputs.control_mode,
        inputs.power_setpoint,
        inputs.current_setpoint,
        inputs.voltage_setpoint,
        inputs.current_limit,
        inputs.power_limit,
        inputs.charge_power_limit,
        inputs.discharge_power_limit,
        inputs.charge_current_limit,
        inputs.discharge_current_limit,
        # overlay
        overlay.contactor_hold,
        dt,
    )


def advance_cells(
    model: PlantModel,
    state: PlantState,
    inputs: PlantInputs,
    overlay: PlantOverlay,
    tick: int,
    slow_ticks: int,
    dt: float,
) -> None:
    """Advance all cells with the string currents; every pack is brought up to date once in `slow_ticks` ticks."""
    cells, circuits, racks = state.cells, state.circuits, state.racks
    step_cells(
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
        cells.capacity,
        cells.resistance_growth,
        cells.voltage_gain,
        cells.temperature_core,
        inputs.balancing,
        inputs.balancing_count,
        # overlay
        overlay.cell_resistance_gain,
        overlay.cell_short_conductance,
        tick,
        slow_ticks,
        dt,
    )


def settle_cells(model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay) -> None:
    """Let all that follows from the state of the cells agree with it, in steps of no time.

    The first brings the cells up to date, the second shows their voltages.
    """
    for _ in range(2):
        advance_cells(model, state, inputs, overlay, tick=0, slow_ticks=1, dt=0.0)
