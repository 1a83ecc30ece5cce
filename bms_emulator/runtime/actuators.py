"""From decisions to actuators: what the firmware and the PCS's own controller ask of the plant in the coming tick."""

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import BankOutputs, PcsCommands, RackOutputs
from bms_emulator.jit import bind, kernel
from bms_emulator.plant.state import PcsControl, PlantInputs

POWER = float(PcsControl.POWER)
FRACTION = 0.0
"""Set-point mode in which the power is given relative to rated power."""


class Actuators:
    """What carries outputs of the firmware and commands to the PCS over to the plant.

    Args:
        racks: Outputs for the racks.
        bank: Outputs for the containers.
        commands: To the PCS.
        rated_power: Of each PCS [W], shape (container,).
        inputs: What is asked of the plant, written.
    """

    def __init__(
        self, racks: RackOutputs, bank: BankOutputs, commands: PcsCommands, rated_power: Array, inputs: PlantInputs
    ) -> None:
        self._racks = bind(
            order_racks,
            # inputs
            racks.contactor_command,
            racks.breaker_trip,
            racks.insulation_monitor_enabled,
            racks.balancing,
            racks.balancing_revision,
            # out
            inputs.contactor_command,
            inputs.breaker_trip,
            inputs.insulation_monitor_enabled,
            inputs.balancing,
            inputs.balancing_count,
            inputs.balancing_revision,
        )
        self._containers = bind(
            order_containers,
            # model
            rated_power,
            # inputs
            bank.chiller_request,
            bank.chiller_setpoint,
            bank.charge_power_limit,
            bank.discharge_power_limit,
            bank.charge_current_limit,
            bank.discharge_current_limit,
            commands.enable,
            commands.setpoint_enabled,
            commands.control_mode,
            commands.setpoint_mode,
            commands.power_setpoint,
            commands.power_setpoint_fraction,
            commands.power_limit_enabled,
            commands.power_limit_fraction,
            commands.current_setpoint,
            commands.voltage_setpoint,
            commands.current_limit,
            # out
            inputs.chiller_request,
            inputs.chiller_setpoint,
            inputs.charge_power_limit,
            inputs.discharge_power_limit,
            inputs.charge_current_limit,
            inputs.discharge_current_limit,
            inputs.pcs_enable,
            inputs.control_mode,
            inputs.power_setpoint,
            inputs.power_limit,
            inputs.current_setpoint,
            inputs.voltage_setpoint,
            inputs.current_limit,
        )

    def step(self) -> None:
        """Ask the plant what is wanted now."""
        self._racks.call()
        self._containers.call()


@kernel
def order_racks(  # type: ignore[no-untyped-def]
    # inputs
    wanted_command,
    wanted_trip,
    wanted_monitor,
    mask,
    revision,
    # out
    contactor_command,
    breaker_trip,
    insulation_monitor_enabled,
    balancing,
    balancing_count,
    balancing_revision,
):
    """What the plant is asked in every rack; a row of the balancing mask is carried over when its revision changes.

    Shapes: (rack, contactor) for commands; mask, balancing (rack, cell); balancing_count (rack, pack); else (rack,).
    """
    cells_per_pack = balancing.shape[1] // balancing_count.shape[1]
    for r in range(breaker_trip.size):
        for k in range(contactor_command.shape[1]):
            contactor_command[r, k] = wanted_command[r, k]
        breaker_trip[r] = wanted_trip[r]
        insulation_monitor_enabled[r] = wanted_monitor[r]
        if revision[r] == balancing_revision[r]:
            continue
        balancing_revision[r] = revision[r]
        for p in range(balancing_count.shape[1]):
            count = 0.0
            for k in range(p * cells_per_pack, (p + 1) * cells_per_pack):
                balancing[r, k] = 1.0 if mask[r, k] > 0.0 else 0.0
                count += balancing[r, k]
            balancing_count[r, p] = count


@kernel
def order_containers(  # type: ignore[no-untyped-def]
    # model
    rated_power,
    # inputs
    wanted_chiller,
    wanted_chiller_setpoint,
    most_charge_power,
    most_discharge_power,
    most_charge_current,
    most_discharge_current,
    wanted_enable,
    setpoint_enabled,
    wanted_mode,
    setpoint_mode,
    wanted_power,
    wanted_fraction,
    limit_enabled,
    limit_fraction,
    wanted_current,
    wanted_voltage,
    wanted_current_limit,
    # out
    chiller_request,
    chiller_setpoint,
    charge_power_limit,
    discharge_power_limit,
    charge_current_limit,
    discharge_current_limit,
    pcs_enable,
    control_mode,
    power_setpoint,
    power_limit,
    current_setpoint,
    voltage_setpoint,
    current_limit,
):
    """What chiller and PCS of each container are asked; all arrays (container).

    Without an effective set point a PCS controls a power of 0 [W].
    """
    for c in range(rated_power.size):
        chiller_request[c] = wanted_chiller[c]
        chiller_setpoint[c] = wanted_chiller_setpoint[c]
        charge_power_limit[c] = most_charge_power[c]
        discharge_power_limit[c] = most_discharge_power[c]
        charge_current_limit[c] = most_charge_current[c]
        discharge_current_limit[c] = most_discharge_current[c]
        pcs_enable[c] = wanted_enable[c]
        power = wanted_fraction[c] * rated_power[c] if setpoint_mode[c] == FRACTION else wanted_power[c]
        control_mode[c] = wanted_mode[c] if setpoint_enabled[c] else POWER
        power_setpoint[c] = power if setpoint_enabled[c] else 0.0
        power_limit[c] = rated_power[c] * (limit_fraction[c] if limit_enabled[c] else 1.0)
        current_setpoint[c] = wanted_current[c]
        voltage_setpoint[c] = wanted_voltage[c]
        current_limit[c] = wanted_current_limit[c]
