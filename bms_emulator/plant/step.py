"""One tick of the plant, in the order of cause and effect."""

from bms_emulator.plant.ageing import step_ageing
from bms_emulator.plant.bus import split_current
from bms_emulator.plant.cell_step import step_cells
from bms_emulator.plant.contactor import step_contactors
from bms_emulator.plant.cooling import step_cooling
from bms_emulator.plant.metering import read_meters
from bms_emulator.plant.model import PlantModel
from bms_emulator.plant.pcs import meter_power, step_pcs
from bms_emulator.plant.runaway import step_runaway
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState


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
    """Advance contactors, PCS, bus and cells by dt [s]; arguments as for :func:`step`."""
    close_contactors(model, state, inputs, overlay, dt)
    solve_bus(model, state, inputs, dt)
    advance_cells(model, state, overlay, tick, 1 if refresh else slow_ticks(dt), dt)


def close_contactors(
    model: PlantModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay, dt: float
) -> None:
    """Let the contacts follow their coils."""
    step_contactors(
        # model
        model.bus.contactor_travel_time,
        # state
        state.racks.contactor_closed,
        state.racks.contactor_travel,
        # inputs
        inputs.contactor_command,
        # overlay
        overlay.contactor_hold,
        dt,
    )


def solve_bus(model: PlantModel, state: PlantState, inputs: PlantInputs, dt: float) -> None:
    """Ask the PCS for its demand, share the current out among the racks, and settle the energies."""
    racks, containers, pcs = state.racks, state.containers, state.pcs
    step_pcs(
        # model
        model.pcs,
        model.bus.racks_per_container,
        # state
        pcs.state,
        pcs.start_time,
        pcs.power_target,
        pcs.limited,
        # inputs
        racks.contactor_closed,
        racks.fuse_closed,
        containers.bus_voltage,
        containers.bus_current,
        pcs.dc_power,
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
        # out
        pcs.control,
        pcs.demand,
        pcs.current_min,
        pcs.current_max,
        pcs.current_change,
        pcs.power_min,
        pcs.power_max,
        dt,
    )
    split_current(
        # model
        model.bus,
        # state
        racks.current,
        racks.fuse_heat,
        racks.fuse_closed,
        racks.precharge_temperature,
        containers.bus_voltage,
        containers.bus_current,
        pcs.dc_power,
        pcs.limited,
        pcs.feasible_charge_power,
        pcs.feasible_discharge_power,
        # inputs
        racks.discharge_source_voltage,
        racks.discharge_resistance,
        racks.charge_source_voltage,
        racks.charge_resistance,
        racks.contactor_closed,
        containers.air_temperature,
        pcs.control,
        pcs.demand,
        pcs.current_min,
        pcs.current_max,
        pcs.current_change,
        pcs.power_min,
        pcs.power_max,
        dt,
    )
    meter_power(
        # model
        model.pcs,
        # state
        pcs.power,
        pcs.loss,
        pcs.energy_exported,
        pcs.energy_imported,
        containers.energy_charged,
        containers.energy_discharged,
        # inputs
        pcs.state,
        pcs.dc_power,
        dt,
    )


def advance_cells(
    model: PlantModel, state: PlantState, overlay: PlantOverlay, tick: int, slow_ticks: int, dt: float
) -> None:
    """Advance all cells with the string currents; every pack is brought up to date once in `slow_ticks` ticks."""
    cells, circuits, racks = state.cells, state.circuits, state.racks
    step_cells(
        # model
        model.cells,
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
        cells.fall_per_turnover,
        circuits.source_voltage,
        circuits.turned_source_voltage,
        circuits.fall_per_charge,
        circuits.fall_per_turnover,
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
        circuits.turnover,
        circuits.taken,
        circuits.taken_charge,
        circuits.taken_turnover,
        circuits.taken_current,
        state.packs.stored_energy,
        racks.direction,
        racks.voltage,
        racks.discharge_source_voltage,
        racks.discharge_resistance,
        racks.charge_source_voltage,
        racks.charge_resistance,
        racks.source_voltage,
        racks.resistance,
        # inputs
        racks.current,
        cells.capacity,
        cells.resistance_growth,
        cells.voltage_gain,
        cells.temperature_core,
        # overlay
        overlay.cell_resistance_gain,
        overlay.cell_short_conductance,
        tick,
        slow_ticks,
        dt,
    )


def settle_cells(model: PlantModel, state: PlantState, overlay: PlantOverlay) -> None:
    """Let all that follows from the state of the cells agree with it, in steps of no time.

    The first brings the cells up to date, the second shows their voltages.
    """
    for _ in range(2):
        advance_cells(model, state, overlay, tick=0, slow_ticks=1, dt=0.0)
