"""One tick of the plant, in the order of cause and effect."""

from bms_emulator.plant.cell import step_cells
from bms_emulator.plant.contactor import step_contactors
from bms_emulator.plant.cooling import step_cooling
from bms_emulator.plant.model import PlantModel
from bms_emulator.plant.pcs import demand_power, meter_power
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.string import split_current


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
    step_cooling(model.cooling, state, inputs, overlay, time, tick, dt)


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
    """Ask the PCS for its power, share the current out among the racks, and settle the energies."""
    racks, containers, pcs = state.racks, state.containers, state.pcs
    demand_power(
        # model
        model.pcs,
        model.bus.racks_per_container,
        # state
        pcs.state,
        pcs.start_time,
        pcs.power_target,
        pcs.dc_power,
        pcs.limited,
        # inputs
        racks.contactor_closed,
        racks.fuse_closed,
        containers.bus_voltage,
        inputs.pcs_enable,
        inputs.power_setpoint,
        inputs.charge_power_limit,
        inputs.discharge_power_limit,
        dt,
    )
    split_current(
        # model
        model.bus,
        # state
        racks.current,
        racks.fuse_heat,
        racks.fuse_closed,
        racks.precharge_energy,
        containers.bus_voltage,
        containers.bus_current,
        pcs.dc_power,
        pcs.limited,
        # inputs
        racks.source_voltage,
        racks.resistance,
        racks.contactor_closed,
        inputs.charge_current_limit,
        inputs.discharge_current_limit,
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
        circuits.fall_per_charge,
        circuits.fall_per_turnover,
        circuits.r0,
        circuits.ratio1,
        circuits.ratio2,
        circuits.reference1,
        circuits.reference2,
        circuits.elapsed,
        circuits.charge,
        circuits.turnover,
        circuits.taken,
        circuits.taken_charge,
        circuits.taken_turnover,
        circuits.taken_current,
        racks.relaxed1,
        racks.relaxed2,
        racks.voltage,
        racks.source_voltage,
        racks.resistance,
        # inputs
        racks.current,
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
