"""From decisions to actuators: what the firmware and the PCS's own controller ask of the plant in the coming tick."""

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import BankOutputs, PcsCommands, RackOutputs
from bms_emulator.jit import kernel
from bms_emulator.plant.state import PlantInputs

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
    demand_power(
        commands.setpoint_enabled,
        commands.setpoint_mode,
        commands.power_setpoint,
        commands.power_setpoint_fraction,
        commands.power_limit_enabled,
        commands.power_limit_fraction,
        rated_power,
        inputs.power_setpoint,
    )


@kernel
def demand_power(  # type: ignore[no-untyped-def]
    # inputs
    setpoint_enabled,
    setpoint_mode,
    power_setpoint,
    power_setpoint_fraction,
    power_limit_enabled,
    power_limit_fraction,
    # model
    rated_power,
    # out
    demand,
):
    """AC power asked of each PCS [W]: the set point in its mode, held within the active-power limit; (container,)."""
    for c in range(demand.shape[0]):
        power = power_setpoint_fraction[c] * rated_power[c] if setpoint_mode[c] == FRACTION else power_setpoint[c]
        limit = rated_power[c] * (power_limit_fraction[c] if power_limit_enabled[c] else 1.0)
        demand[c] = min(max(power, -limit), limit) if setpoint_enabled[c] else 0.0
