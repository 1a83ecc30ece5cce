"""What the bank controllers ask of their racks: their masters' wishes, and an all-rack stop."""

from bms_emulator.firmware.contract import RackMode, Request
from bms_emulator.jit import kernel, scalar

_DISCONNECT = float(Request.DISCONNECT)
_FAULT, _EMERGENCY, _SAFE_LOCK, _SHUTDOWN = (
    float(RackMode.FAULT),
    float(RackMode.EMERGENCY),
    float(RackMode.SAFE_LOCK),
    float(RackMode.SHUTDOWN),
)


@scalar
def too_few_are_sound(mode, enabled, sound_count_min):
    """Whether racks of a container have failed, and fewer than so many are left; mode, enabled (rack,)."""
    sound = 0
    failed = False
    for r in range(mode.shape[0]):
        if enabled[r] == 0.0:
            continue
        if mode[r] == _FAULT or mode[r] == _EMERGENCY or mode[r] == _SAFE_LOCK or mode[r] == _SHUTDOWN:
            failed = True
        else:
            sound += 1
    return failed and sound < sound_count_min


@kernel
def write_orders(
    # model
    sound_count_min,
    # inputs
    standing_request,
    rack_enabled,
    rack_maintenance,
    bank_alarm_reset,
    bank_service_reset,
    bank_balancing_enabled,
    bank_master_lost,
    bank_master_gone,
    mode,
    # out
    request,
    enabled,
    maintenance,
    alarm_reset,
    service_reset,
    balancing_enabled,
    master_lost,
    master_gone,
):
    """Orders for every rack, (rack,), from the requests of the masters; bank_* (container,)."""
    racks_per_container = mode.shape[0] // bank_alarm_reset.shape[0]
    for c in range(bank_alarm_reset.shape[0]):
        first = c * racks_per_container
        end = first + racks_per_container
        stops = too_few_are_sound(mode[first:end], rack_enabled[first:end], sound_count_min)
        for r in range(first, end):
            request[r] = _DISCONNECT if stops else standing_request[r]
            enabled[r] = rack_enabled[r]
            maintenance[r] = rack_maintenance[r]
            alarm_reset[r] = bank_alarm_reset[c]
            service_reset[r] = bank_service_reset[c]
            balancing_enabled[r] = bank_balancing_enabled[c]
            master_lost[r] = bank_master_lost[c]
            master_gone[r] = bank_master_gone[c]
