"""From decisions to actuators: what the firmware asks of the plant in the coming tick."""

from bms_emulator.firmware.contract import BankOutputs, RackOutputs
from bms_emulator.jit import bind, kernel
from bms_emulator.plant.state import PlantInputs, PlantOverlay
from bms_emulator.program import Program

_NEVER = -1.0
"""Revision of a mask that no firmware has written."""


class Actuators:
    """What carries outputs of the firmware over to the plant.

    Args:
        racks: Outputs for the racks.
        bank: Outputs for the containers.
        inputs: What is asked of the plant, written.
        overlay: How faults bend the plant.
        dt: Step [s].
    """

    def __init__(
        self, racks: RackOutputs, bank: BankOutputs, inputs: PlantInputs, overlay: PlantOverlay, dt: float
    ) -> None:
        rack_orders = bind(
            order_racks,
            # inputs
            racks.contactor_command,
            racks.breaker_trip,
            racks.insulation_monitor_enabled,
            racks.balancing,
            racks.balancing_revision,
            # overlay
            overlay.balancing_hold,
            # out
            inputs.contactor_command,
            inputs.breaker_trip,
            inputs.insulation_monitor_enabled,
            inputs.balancing,
            inputs.balancing_count,
            inputs.balancing_revision,
            racks.balancing_age,
            dt,
        )
        container_orders = bind(
            order_containers,
            # inputs
            bank.chiller_request,
            bank.chiller_setpoint,
            bank.charge_power_limit,
            bank.discharge_power_limit,
            bank.charge_current_limit,
            bank.discharge_current_limit,
            # out
            inputs.chiller_request,
            inputs.chiller_setpoint,
            inputs.charge_power_limit,
            inputs.discharge_power_limit,
            inputs.charge_current_limit,
            inputs.discharge_current_limit,
        )
        self._orders = Program(rack_orders, container_orders)

        self._balancing_revision = inputs.balancing_revision

    def step(self, refresh: bool = False) -> None:
        """Ask the plant what is wanted now.

        Args:
            refresh: Whether the overlay has changed, so that all balancing masks have to be carried over anew.
        """
        if refresh:
            self._balancing_revision[...] = _NEVER
        self._orders()


@kernel
def order_racks(  # type: ignore[no-untyped-def]
    # inputs
    wanted_command,
    wanted_trip,
    wanted_monitor,
    mask,
    revision,
    # overlay
    hold,
    # out
    contactor_command,
    breaker_trip,
    insulation_monitor_enabled,
    balancing,
    balancing_count,
    balancing_revision,
    balancing_age,
    dt,
):
    """What the plant is asked in every rack; a row of the balancing mask is carried over when its revision changes.

    How long ago that was, by steps dt [s], tells others what to take over.

    Shapes: (rack, contactor) for commands; mask, hold, balancing (rack, cell); balancing_count (rack, pack); all
    else (rack,). A switch that is stuck (hold) does what it does.
    """
    cells_per_pack = balancing.shape[1] // balancing_count.shape[1]
    for r in range(breaker_trip.size):
        for k in range(contactor_command.shape[1]):
            contactor_command[r, k] = wanted_command[r, k]
        breaker_trip[r] = wanted_trip[r]
        insulation_monitor_enabled[r] = wanted_monitor[r]
        if revision[r] == balancing_revision[r]:
            balancing_age[r] += dt
            continue
        balancing_age[r] = 0.0
        balancing_revision[r] = revision[r]
        for p in range(balancing_count.shape[1]):
            count = 0.0
            for k in range(p * cells_per_pack, (p + 1) * cells_per_pack):
                wanted = mask[r, k] if hold[r, k] == 0.0 else hold[r, k]
                balancing[r, k] = 1.0 if wanted > 0.0 else 0.0
                count += balancing[r, k]
            balancing_count[r, p] = count


@kernel
def order_containers(  # type: ignore[no-untyped-def]
    # inputs
    wanted_chiller,
    wanted_chiller_setpoint,
    most_charge_power,
    most_discharge_power,
    most_charge_current,
    most_discharge_current,
    # out
    chiller_request,
    chiller_setpoint,
    charge_power_limit,
    discharge_power_limit,
    charge_current_limit,
    discharge_current_limit,
):
    """What the chiller of each container is asked, and what its PCS may take; all arrays (container)."""
    for c in range(chiller_request.size):
        chiller_request[c] = wanted_chiller[c]
        chiller_setpoint[c] = wanted_chiller_setpoint[c]
        charge_power_limit[c] = most_charge_power[c]
        discharge_power_limit[c] = most_discharge_power[c]
        charge_current_limit[c] = most_charge_current[c]
        discharge_current_limit[c] = most_discharge_current[c]
