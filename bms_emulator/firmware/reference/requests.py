"""Requests of masters, and heartbeats.

A request is an event, the change of its mailbox, and stands until a newer one:

- CONNECT or DISCONNECT on the container holds for all of its racks.
- CONNECT or DISCONNECT on a rack holds for this rack, until the container's request changes again.
- NONE on a rack takes its own request back: the container's holds again. NONE on the container changes nothing.
- Where both change at once, the rack's counts, but a container's DISCONNECT opens all.
"""

from bms_emulator.firmware.contract import Request
from bms_emulator.firmware.reference.timing import has_lasted
from bms_emulator.jit import kernel

_NONE = float(Request.NONE)
_DISCONNECT = float(Request.DISCONNECT)
_HEARTBEATS = 65536.0


@kernel
def take_requests(
    # state
    request_seen,
    rack_request_seen,
    # inputs
    request,
    rack_request,
    # out
    standing_request,
):
    """The request that holds for every rack, (rack,); request, request_seen (container,), the others (rack,)."""
    racks_per_container = rack_request.shape[0] // request.shape[0]
    for c in range(request.shape[0]):
        asked = request[c] != request_seen[c] and request[c] != _NONE
        opens_all = asked and request[c] == _DISCONNECT
        request_seen[c] = request[c]
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            if asked:
                standing_request[r] = request[c]
            if rack_request[r] != rack_request_seen[r]:
                rack_request_seen[r] = rack_request[r]
                newest = request[c] if rack_request[r] == _NONE else rack_request[r]
                if newest != _NONE and not opens_all:
                    standing_request[r] = newest


@kernel
def take_back_pulses(
    # out
    alarm_reset,
    service_reset,
):
    """Take back the pulses of masters, which all have seen, (container,)."""
    for c in range(alarm_reset.shape[0]):
        alarm_reset[c] = 0.0
        service_reset[c] = 0.0


@kernel
def count_heartbeats(
    # state
    heartbeat_time,
    # out
    heartbeat,
    dt,
):
    """Count up every second, for every controller."""
    for n in range(heartbeat.shape[0]):
        heartbeat_time[n] += dt
        while has_lasted(heartbeat_time[n], 1.0, dt):
            heartbeat_time[n] -= 1.0
            heartbeat[n] = (heartbeat[n] + 1.0) % _HEARTBEATS


@kernel
def supervise_masters(
    # model
    timeout,
    open_after,
    # state
    heartbeat_seen,
    heartbeat_silence,
    master_supervised,
    # inputs
    heartbeat_master,
    # out
    master_lost,
    master_gone,
    dt,
):
    """Supervise the heartbeats of masters, all (container,).

    A master is supervised from the first change of its heartbeat on; it is lost after a silence of timeout [s], gone
    after open_after [s]; 0 is never. Any change brings it back.
    """
    for c in range(master_lost.shape[0]):
        heartbeat_silence[c] += dt
        if heartbeat_master[c] != heartbeat_seen[c]:
            heartbeat_seen[c] = heartbeat_master[c]
            heartbeat_silence[c] = 0.0
            master_supervised[c] = 1.0
        silent = heartbeat_silence[c] if master_supervised[c] != 0.0 else 0.0
        master_lost[c] = 1.0 if timeout > 0.0 and has_lasted(silent, timeout, dt) else 0.0
        master_gone[c] = 1.0 if open_after > 0.0 and has_lasted(silent, open_after, dt) else 0.0
