"""Requests of masters, and heartbeats.

A request is an event, the change of its mailbox, and stands until a newer one:

- CONNECT or DISCONNECT on the container holds for all of its racks.
- CONNECT or DISCONNECT on a rack holds for this rack, until the container's request changes again.
- NONE on a rack takes its own request back: the container's holds again. NONE on the container changes nothing.
- Where both change at once, the rack's counts, but a container's DISCONNECT opens all.
- The container's operation asks for the same, START or STOP, and for standby besides; it and the request show what was
  last asked by either. Any of them but ENTER_STANDBY ends standby.
- While control is local, a change is not taken but taken back, so that the same may be asked for again later.
"""

from bms_emulator.firmware.contract import Control, Operation, Request
from bms_emulator.jit import kernel, scalar
from bms_emulator.timing import has_lasted

_NONE = float(Request.NONE)
_CONNECT, _DISCONNECT = float(Request.CONNECT), float(Request.DISCONNECT)
_STOP, _START, _ENTER_STANDBY = float(Operation.STOP), float(Operation.START), float(Operation.ENTER_STANDBY)
_LOCAL = float(Control.LOCAL)
_HEARTBEATS = 65536.0


@scalar
def request_of(operation):
    """The request that an operation amounts to."""
    if operation == _START:
        return _CONNECT
    return _DISCONNECT if operation == _STOP else _NONE


@kernel
def take_requests(
    # state
    request_seen,
    operation_seen,
    rack_request_seen,
    # inputs
    control,
    # out
    rack_request,
    request,
    operation,
    standby,
    standing_request,
):
    """The request that holds for every rack, (rack,); request, operation, standby, control (container,).

    What was seen of them last has the same shape as what masters write.
    """
    racks_per_container = rack_request.shape[0] // request.shape[0]
    for c in range(request.shape[0]):
        first = c * racks_per_container
        end = first + racks_per_container
        if control[c] == _LOCAL:
            request[c] = request_seen[c]
            operation[c] = operation_seen[c]
            for r in range(first, end):
                rack_request[r] = rack_request_seen[r]
        asked = request[c] != request_seen[c] and request[c] != _NONE
        if operation[c] != operation_seen[c]:
            standby[c] = 1.0 if operation[c] == _ENTER_STANDBY else 0.0
            if request_of(operation[c]) != _NONE:
                request[c] = request_of(operation[c])
                asked = True
        elif asked:
            operation[c] = _START if request[c] == _CONNECT else _STOP
            standby[c] = 0.0
        opens_all = asked and request[c] == _DISCONNECT
        request_seen[c] = request[c]
        operation_seen[c] = operation[c]
        for r in range(first, end):
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
    # state
    heartbeat_seen,
    heartbeat_silence,
    master_supervised,
    # inputs
    timeout,
    open_after,
    control,
    heartbeat_master,
    # out
    master_lost,
    master_gone,
    dt,
):
    """Supervise the heartbeats of masters, all (container,).

    A master is supervised from the first change of its heartbeat on; it is lost after a silence of timeout [s], gone
    after open_after [s], but not before it is lost; 0 is never. Any change brings it back. While control is local it is
    not missed, and afterwards it is supervised from its next change on.
    """
    for c in range(master_lost.shape[0]):
        heartbeat_silence[c] += dt
        if heartbeat_master[c] != heartbeat_seen[c]:
            heartbeat_seen[c] = heartbeat_master[c]
            heartbeat_silence[c] = 0.0
            master_supervised[c] = 1.0
        if control[c] == _LOCAL:
            master_supervised[c] = 0.0
        silent = heartbeat_silence[c] if master_supervised[c] != 0.0 else 0.0
        master_lost[c] = 1.0 if timeout[c] > 0.0 and has_lasted(silent, timeout[c], dt) else 0.0
        master_gone[c] = 1.0 if open_after[c] > 0.0 and has_lasted(silent, max(timeout[c], open_after[c]), dt) else 0.0
