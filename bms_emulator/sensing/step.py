"""From truth to measurements: one step of all sensors."""

from bms_emulator.sensing.auxiliary import collect_reports, observe_contacts
from bms_emulator.sensing.current import measure_currents
from bms_emulator.sensing.damage import lose_burnt_channels
from bms_emulator.sensing.fire import report_fire
from bms_emulator.sensing.insulation import measure_insulation
from bms_emulator.sensing.model import SensingModel
from bms_emulator.sensing.state import Measured, SensorOverlay, SensorState
from bms_emulator.sensing.temperature import measure_temperatures, measure_terminals
from bms_emulator.sensing.truth import Truth
from bms_emulator.sensing.units import lose_units, observe_units
from bms_emulator.sensing.voltage import measure_cell_voltages, measure_rack_voltages


def step(
    model: SensingModel,
    state: SensorState,
    measured: Measured,
    truth: Truth,
    overlay: SensorOverlay,
    tick: int,
    dt: float,
) -> None:
    """Read every channel whose turn it is.

    Args:
        model: Sensors as built.
        state: What the sensors remember, updated.
        measured: Measurements, updated.
        truth: The plant.
        overlay: Faulty channels.
        tick: Number of the tick; the first is 0 and reads every channel.
        dt: Step [s].
    """
    cells, racks = truth.cells, truth.racks
    broken = observe_units(measured, truth)
    measure_cell_voltages(model.cell_voltage, measured, cells.voltage, overlay.cell_voltage, tick, dt)
    measure_temperatures(model, state, measured, cells.temperature_surface, overlay.temperature, tick, dt)
    measure_terminals(
        model.terminal, state, measured, racks.terminal_temperature, overlay.terminal_temperature, tick, dt
    )
    measure_currents(model, state, measured, racks.current, overlay, tick, dt)
    measure_rack_voltages(model, measured, truth, overlay, tick, dt)
    observe_contacts(measured, truth, overlay)
    collect_reports(measured, truth, overlay, dt)
    measure_insulation(model, state, measured, truth, tick, dt)
    report_fire(measured, truth)
    lose_burnt_channels(model, measured, truth.runaway)
    if broken:
        lose_units(measured)
