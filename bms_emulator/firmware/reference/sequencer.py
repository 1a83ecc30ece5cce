"""The sequencer: conditions of every rack, who may join the bus, and the step that follows.

Racks join one at a time. On a dead bus the first to go is the first rack in order that may; it precharges the link of
the PCS. On a live bus a rack may join only where its string voltage is near the bus. Each goes through the same
precharge.
"""

import numpy as np

from bms_emulator.firmware.contract import ConnectFailure, Request
from bms_emulator.firmware.reference.sequence import Condition, Step
from bms_emulator.firmware.reference.timing import has_lasted
from bms_emulator.jit import kernel

_CONNECT = float(Request.CONNECT)
_DISCONNECT = float(Request.DISCONNECT)

_STANDBY = float(Step.STANDBY)
_CLOSING_NEGATIVE = float(Step.CLOSING_NEGATIVE)
_CLOSING_POSITIVE = float(Step.CLOSING_POSITIVE)
_PAUSING = float(Step.PAUSING)
_CONNECTED = float(Step.CONNECTED)
_UNLOADING = float(Step.UNLOADING)

_TRIPPED = 1 << Condition.TRIPPED
_FUSE_OPEN = 1 << Condition.FUSE_OPEN
_FEEDBACK_WRONG = 1 << Condition.FEEDBACK_WRONG
_FEEDBACK_RIGHT = 1 << Condition.FEEDBACK_RIGHT
_TESTED = 1 << Condition.TESTED
_GRANTED = 1 << Condition.GRANTED
_LEAVING = 1 << Condition.LEAVING
_PRECHARGED = 1 << Condition.PRECHARGED
_TRIED_IN_VAIN = 1 << Condition.TRIED_IN_VAIN
_TRIED_OUT = 1 << Condition.TRIED_OUT
_UNLOADED = 1 << Condition.UNLOADED
_WAITED = 1 << Condition.WAITED
_RESET = 1 << Condition.RESET
_ALWAYS = 1 << Condition.ALWAYS

_NO_FAILURE = float(ConnectFailure.NO_FAILURE)
_OUTSIDE_VOLTAGE_RANGE = float(ConnectFailure.OUTSIDE_VOLTAGE_RANGE)
_NOT_ENABLED = float(ConnectFailure.NOT_ENABLED)
_FAULT = float(ConnectFailure.FAULT)

_BLOCKED = 2.0
"""Alarm level from which a direction is blocked."""


@kernel
def observe_conditions(
    # model
    self_test,
    contactor_feedback_time,
    precharge_timeout,
    precharge_tries_max,
    opening_wait,
    precharge_voltage,
    precharge_share,
    precharge_current,
    open_current,
    # state
    step_time,
    feedback_time,
    precharge_tries,
    # inputs
    command,
    feedback,
    fuse_feedback,
    current,
    string_voltage,
    link_voltage,
    cell_voltage_max,
    temperature_max,
    alarm_latched,
    standing_request,
    rack_enabled,
    master_gone,
    reset,
    # out
    conditions,
    dt,
):
    """Conditions of every rack but GRANTED, as bits, int64 (rack,).

    command is that of the last period, which the contactors have had time to follow; command and feedback (rack,
    contactor), master_gone and reset (container,), the others (rack,). Comparisons with NaN fail: nothing is done on a
    reading that is not there, but for opening, which then waits out its time.
    """
    rack_count, contactor_count = command.shape
    racks_per_container = rack_count // reset.shape[0]
    for r in range(rack_count):
        c = r // racks_per_container
        step_time[r] += dt

        followed = True
        for n in range(contactor_count):
            if feedback[r, n] != command[r, n]:
                followed = False
        feedback_time[r] = 0.0 if followed else feedback_time[r] + dt
        late = not followed and has_lasted(feedback_time[r], contactor_feedback_time, dt)
        fuse_open = fuse_feedback[r] == 0.0
        latched = alarm_latched[r] != 0.0

        readable = not np.isnan(cell_voltage_max[r] + temperature_max[r] + current[r] + string_voltage[r])
        allowed_difference = max(precharge_voltage, precharge_share * string_voltage[r])
        near = abs(link_voltage[r] - string_voltage[r]) < allowed_difference
        timed_out = has_lasted(step_time[r], precharge_timeout, dt)
        last_try = precharge_tries[r] >= precharge_tries_max
        unwanted = standing_request[r] == _DISCONNECT or rack_enabled[r] == 0.0 or master_gone[c] != 0.0

        bits = _ALWAYS
        bits |= _TRIPPED if latched else 0
        bits |= _FUSE_OPEN if fuse_open else 0
        bits |= _FEEDBACK_WRONG if late else 0
        bits |= _FEEDBACK_RIGHT if followed else 0
        bits |= _TESTED if readable and has_lasted(step_time[r], self_test, dt) else 0
        bits |= _LEAVING if unwanted else 0
        bits |= _PRECHARGED if near and abs(current[r]) < precharge_current else 0
        bits |= _TRIED_IN_VAIN if timed_out and not last_try else 0
        bits |= _TRIED_OUT if timed_out and last_try else 0
        bits |= _UNLOADED if abs(current[r]) < open_current else 0
        bits |= _WAITED if has_lasted(step_time[r], opening_wait, dt) else 0
        bits |= _RESET if reset[c] != 0.0 and followed and not latched and not fuse_open else 0
        conditions[r] = bits


@kernel
def grant_joins(
    # model
    precharge_pause,
    join_interval,
    join_voltage_difference,
    # state
    join_time,
    # inputs
    step,
    step_time,
    standing_request,
    rack_enabled,
    string_voltage,
    link_voltage,
    charge_alarm_level,
    discharge_alarm_level,
    master_gone,
    # out
    conditions,
    connect_failure,
    dt,
):
    """Grant at most one rack of each container to join the bus: the first in order that may.

    Racks in STANDBY that are asked to connect and may not show why. join_time, master_gone (container,), the others
    (rack,).
    """
    racks_per_container = step.shape[0] // join_time.shape[0]
    for c in range(join_time.shape[0]):
        join_time[c] += dt
        first = c * racks_per_container
        end = first + racks_per_container
        live = False
        free = has_lasted(join_time[c], join_interval, dt) and master_gone[c] == 0.0
        for r in range(first, end):
            if step[r] == _CONNECTED or step[r] == _UNLOADING:
                live = True
            if _CLOSING_NEGATIVE <= step[r] <= _CLOSING_POSITIVE:
                free = False

        for r in range(first, end):
            if standing_request[r] != _CONNECT:
                if step[r] == _STANDBY:
                    connect_failure[r] = _NO_FAILURE
                continue
            rested = step[r] == _PAUSING and has_lasted(step_time[r], precharge_pause, dt)
            if step[r] != _STANDBY and not rested:
                continue
            apart = live and not abs(string_voltage[r] - link_voltage[r]) <= join_voltage_difference
            blocked = charge_alarm_level[r] >= _BLOCKED and discharge_alarm_level[r] >= _BLOCKED
            obstacle = _NO_FAILURE
            if rack_enabled[r] == 0.0:
                obstacle = _NOT_ENABLED
            elif blocked:
                obstacle = _FAULT
            elif apart:
                obstacle = _OUTSIDE_VOLTAGE_RANGE
            if step[r] == _STANDBY:
                connect_failure[r] = obstacle
            if free and obstacle == _NO_FAILURE:
                conditions[r] |= _GRANTED
                free = False


@kernel
def advance_sequence(
    # model
    first_edge,
    edge_condition,
    edge_target,
    edge_failure,
    step_mode,
    step_command,
    step_on_bus,
    step_tries_kept,
    step_tries_added,
    open_current,
    # state
    step,
    step_time,
    feedback_time,
    precharge_tries,
    join_time,
    # inputs
    conditions,
    current,
    # out
    command,
    mode,
    connected,
    connect_failure,
    openings_under_load,
):
    """Take the first edge whose condition holds and command what the step that follows asks for.

    Edges of step s stand from first_edge[s] to first_edge[s + 1]; edge_failure is NaN where an edge leaves the record
    as it is; step_command (step, contactor). join_time (container,), command (rack, contactor), the others (rack,).
    """
    rack_count, contactor_count = command.shape
    racks_per_container = rack_count // join_time.shape[0]
    for r in range(rack_count):
        at = int(step[r])
        for edge in range(first_edge[at], first_edge[at + 1]):
            if not (conditions[r] >> edge_condition[edge]) & 1:
                continue
            target = edge_target[edge]
            was_on_bus = step_on_bus[at] != 0.0
            if was_on_bus and step_on_bus[target] == 0.0 and not abs(current[r]) < open_current:
                openings_under_load[r] += 1.0
            if not was_on_bus and step_on_bus[target] != 0.0:
                join_time[r // racks_per_container] = 0.0
            if not np.isnan(edge_failure[edge]):
                connect_failure[r] = edge_failure[edge]
            precharge_tries[r] = precharge_tries[r] * step_tries_kept[target] + step_tries_added[target]
            step[r] = target
            step_time[r] = 0.0
            feedback_time[r] = 0.0
            break

        at = int(step[r])
        mode[r] = step_mode[at]
        connected[r] = step_on_bus[at]
        for n in range(contactor_count):
            command[r, n] = step_command[at, n]
