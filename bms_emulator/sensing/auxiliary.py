"""What is not measured by the rack's own analogue channels: auxiliary contacts, and reports of the container's devices.

Chiller, weather sensor and meters digitise for themselves and report over links of their own: their values are taken
as they are, but for faults.
"""

from bms_emulator.jit import kernel
from bms_emulator.sensing.channel import EXACT, bend
from bms_emulator.sensing.state import Measured, PcsMeasured, SensorOverlay
from bms_emulator.sensing.truth import Truth


def observe_contacts(measured: Measured, truth: Truth) -> None:
    """Read the auxiliary contacts of contactors and fuses."""
    measured.contactor_feedback[...] = truth.racks.contactor_closed
    measured.fuse_feedback[...] = truth.racks.fuse_closed


def collect_reports(measured: Measured, truth: Truth, overlay: SensorOverlay) -> None:
    """Take over what chiller, weather sensor and meters report."""
    containers = truth.containers
    copy_reports(
        containers.coolant_supply_temperature,
        containers.coolant_return_temperature,
        containers.coolant_flow,
        containers.coolant_pressure,
        containers.chiller_mode,
        containers.ambient_temperature,
        containers.auxiliary_power,
        measured.coolant_supply_temperature,
        measured.coolant_return_temperature,
        measured.coolant_flow,
        measured.coolant_pressure,
        measured.chiller_mode,
        measured.ambient_temperature,
        measured.auxiliary_power,
    )
    bend(EXACT, overlay.coolant_supply_temperature, measured.coolant_supply_temperature)
    bend(EXACT, overlay.coolant_return_temperature, measured.coolant_return_temperature)
    bend(EXACT, overlay.coolant_flow, measured.coolant_flow)


def report_pcs(reported: PcsMeasured, truth: Truth) -> None:
    """Take over what the controller of each PCS reports of it."""
    copy_pcs(
        truth.pcs.state,
        truth.pcs.power,
        truth.pcs.dc_power,
        truth.containers.bus_voltage,
        truth.containers.bus_current,
        truth.pcs.energy_exported,
        truth.pcs.energy_imported,
        truth.pcs.limited,
        reported.state,
        reported.power,
        reported.dc_power,
        reported.dc_voltage,
        reported.dc_current,
        reported.energy_exported,
        reported.energy_imported,
        reported.limited,
    )


@kernel
def copy_pcs(
    # inputs
    state,
    power,
    dc_power,
    dc_voltage,
    dc_current,
    energy_exported,
    energy_imported,
    limited,
    # out
    state_reported,
    power_reported,
    dc_power_reported,
    dc_voltage_reported,
    dc_current_reported,
    energy_exported_reported,
    energy_imported_reported,
    limited_reported,
):
    """Reports of the PCS of every container, all (container,)."""
    for c in range(state.shape[0]):
        state_reported[c] = state[c]
        power_reported[c] = power[c]
        dc_power_reported[c] = dc_power[c]
        dc_voltage_reported[c] = dc_voltage[c]
        dc_current_reported[c] = dc_current[c]
        energy_exported_reported[c] = energy_exported[c]
        energy_imported_reported[c] = energy_imported[c]
        limited_reported[c] = limited[c]


@kernel
def copy_reports(
    # inputs
    coolant_supply_temperature,
    coolant_return_temperature,
    coolant_flow,
    coolant_pressure,
    chiller_mode,
    ambient_temperature,
    auxiliary_power,
    # out
    supply_temperature_reported,
    return_temperature_reported,
    flow_reported,
    pressure_reported,
    chiller_mode_reported,
    ambient_temperature_reported,
    auxiliary_power_reported,
):
    """Reports of the devices of every container, all (container,)."""
    for c in range(coolant_flow.shape[0]):
        supply_temperature_reported[c] = coolant_supply_temperature[c]
        return_temperature_reported[c] = coolant_return_temperature[c]
        flow_reported[c] = coolant_flow[c]
        pressure_reported[c] = coolant_pressure[c]
        chiller_mode_reported[c] = chiller_mode[c]
        ambient_temperature_reported[c] = ambient_temperature[c]
        auxiliary_power_reported[c] = auxiliary_power[c]
