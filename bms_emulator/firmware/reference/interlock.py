"""The fire interlock of every container."""

from bms_emulator.firmware.contract import Action
from bms_emulator.jit import kernel

_EMERGENCY = float(Action.EMERGENCY)
_FIRE = 2.0
"""Level of the fire panel that means fire."""


@kernel
def keep_fire_interlock(
    # inputs
    rack_action,
    fire_level,
    gas_alarm,
    # out
    fire_interlock,
):
    """Tell whether fire or gas keeps all racks of a container open; rack_action (rack,), the others (container,).

    It begins when the container's alarms open its racks at once while the fire panel reports fire or gas, and lasts as
    long as they do so, the panel's own reset notwithstanding.
    """
    racks_per_container = rack_action.shape[0] // fire_interlock.shape[0]
    for c in range(fire_interlock.shape[0]):
        burns = fire_level[c] >= _FIRE or gas_alarm[c] != 0.0 or fire_interlock[c] != 0.0
        holds = rack_action[c * racks_per_container] >= _EMERGENCY
        fire_interlock[c] = 1.0 if holds and burns else 0.0
