"""From decisions to actuators: what the firmware and the PCS's own controller ask of the plant in the coming tick."""

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import BankOutputs, PcsCommands, RackOutputs
from bms_emulator.jit import kernel
from bms_emulator.plant.state import PcsControl, PlantInputs

POWER = float(PcsControl.POWER)
FRACTION = 0.0
"""Set-point mode in which the power is given relative to rated power."""


def actuate(
    racks: RackOutputs, bank: BankOutputs, commands: PcsCommands, rated_power: Array, inputs: PlantInputs
) -> None:
    """Carry outputs of the firmware and commands to the PCS over to the plant. rated_power: [W], shape (container,)."""
    inputs.contactor_command[...] = racks.contactor_command
    inputs.chiller_request[...] = bank.chiller_request
    inputs.chiller_setpoint[...] = bank.chiller_setpoint
    inputs.charge_power_limit[...] = bank.charge_power_limit
    inputs.discharge_power_limit[...] = bank.discharge_power_limit
    inputs.charge_current_limit[...] = bank.charge_current_limit
    inputs.discharge_current_limit[...] = bank.discharge_current_limit
    inputs.pcs_enable[...] = commands.enable
    inputs.current_setpoint[...] = commands.current_setpoint
    inputs.voltage_setpoint[...] = commands.voltage_setpoint
    inputs.current_limit[...] = commands.current_limit
    demand(
        # inputs
        commands.setpoint_enabled,
        commands.control_mode,
        commands.setpoint_mode,
        commands.power_setpoint,
        commands.power_setpoint_fraction,
        commands.power_limit_enabled,
        commands.power_limit_fraction,
        # model
        rated_power,
        # out
        inputs.control_mode,
        inputs.power_setpoint,
        inputs.power_limit,
    )


@kernel
def demand(  # type: ignore[no-untyped-def]
    # inputs
    setpoint_enabled,
    wanted_mode,
    setpoint_mode,
    wanted_power,
    wanted_fraction,
    limit_enabled,
    limit_fraction,
    # model
    rated_power,
    # out
    control_mode,
    power_setpoint,
    power_limit,
):
    """What each PCS controls, its set point of AC power [W] and the limit of it [W]; all arrays (container).

    Without an effective set point it controls a power of 0.
    """
    for c in range(rated_power.shape[0]):
        power = wanted_fraction[c] * rated_power[c] if setpoint_mode[c] == FRACTION else wanted_power[c]
        control_mode[c] = wanted_mode[c] if setpoint_enabled[c] else POWER
        power_setpoint[c] = power if setpoint_enabled[c] else 0.0
        power_limit[c] = rated_power[c] * (limit_fraction[c] if limit_enabled[c] else 1.0)
