"""Which rack may join the bus: one of a container at a time, each in its turn.

On a dead bus the first to go precharges the link of the PCS. On a live bus a rack may join only where its string
voltage is near the bus. The permit stays with a rack until it is on the bus, gives up or does not get there in time; so
a rack that never moves does not hold up the others.

Nothing but the racks' outputs and measurements tells how far a rack is: its controller may be anybody's.
"""

from bms_emulator.firmware.contract import ConnectFailure, RackMode, Request
from bms_emulator.jit import kernel, scalar
from bms_emulator.timing import has_lasted

_CONNECT = float(Request.CONNECT)
_PRECHARGE = float(RackMode.PRECHARGE)
_NO_FAILURE = float(ConnectFailure.NO_FAILURE)
_OUTSIDE_VOLTAGE_RANGE = float(ConnectFailure.OUTSIDE_VOLTAGE_RANGE)


@scalar
def is_wanted(request, enabled, maintenance, master_gone):
    """Whether a rack is asked to be on the bus."""
    return request == _CONNECT and enabled != 0.0 and maintenance == 0.0 and master_gone == 0.0


@kernel
def permit_joins(
    # model
    join_interval,
    join_timeout,
    join_voltage_difference,
    # state
    join_time,
    permit_rack,
    permit_time,
    # inputs
    mode,
    ready,
    connected,
    string_voltage,
    link_voltage,
    request,
    enabled,
    maintenance,
    master_gone,
    # out
    join_permitted,
    refused,
    dt,
):
    """Permit at most one rack of each container to join the bus; refused is 1 where its voltage forbids it, (rack,).

    join_time, since a rack last joined [s], permit_rack, the last with a permit, counted from 1, and permit_time, since
    it got that [s], are (container,), the others (rack,). Between periods join_permitted tells whether it still holds.
    """
    racks_per_container = mode.shape[0] // join_time.shape[0]
    for c in range(join_time.shape[0]):
        first = c * racks_per_container
        end = first + racks_per_container
        join_time[c] += dt
        permit_time[c] += dt
        live = False
        for r in range(first, end):
            live |= connected[r] != 0.0

        taken = False
        for r in range(first, end):
            wanted = is_wanted(request[r], enabled[r], maintenance[r], master_gone[r])
            apart = live and not abs(string_voltage[r] - link_voltage[r]) <= join_voltage_difference
            refused[r] = 1.0 if wanted and ready[r] != 0.0 and apart else 0.0
            if join_permitted[r] == 0.0:
                continue
            if connected[r] != 0.0:
                join_time[c] = 0.0
            comes = mode[r] == _PRECHARGE or (ready[r] != 0.0 and not apart)
            in_time = not has_lasted(permit_time[c], join_timeout, dt)
            keeps = wanted and comes and in_time and connected[r] == 0.0
            join_permitted[r] = 1.0 if keeps else 0.0
            taken |= keeps

        if taken or not has_lasted(join_time[c], join_interval, dt):
            continue
        last = int(permit_rack[c])
        for n in range(racks_per_container):
            place = (last + n) % racks_per_container
            r = first + place
            wanted = is_wanted(request[r], enabled[r], maintenance[r], master_gone[r])
            if wanted and ready[r] != 0.0 and connected[r] == 0.0 and refused[r] == 0.0:
                join_permitted[r] = 1.0
                permit_rack[c] = place + 1.0
                permit_time[c] = 0.0
                break


@kernel
def show_refusals(
    # inputs
    refused,
    # out
    connect_failure,
):
    """Name the bank controller's reason where a rack knows none of its own, (rack,)."""
    for r in range(refused.shape[0]):
        if refused[r] != 0.0 and connect_failure[r] == _NO_FAILURE:
            connect_failure[r] = _OUTSIDE_VOLTAGE_RANGE
