"""The sequencer of every rack: the step that follows, what it commands, and whether the rack is ready to join."""

import numpy as np

from bms_emulator.firmware.contract import Action, ConnectFailure, Request
from bms_emulator.firmware.reference.sequence import Condition, Step
from bms_emulator.firmware.reference.state import LONG_AGO
from bms_emulator.jit import kernel
from bms_emulator.timing import has_lasted

_CONNECT = float(Request.CONNECT)
_STANDBY = float(Step.STANDBY)
_PAUSING = float(Step.PAUSING)
_FEEDBACK_WRONG = 1 << Condition.FEEDBACK_WRONG
_STOP = float(Action.STOP)

_NO_FAILURE = float(ConnectFailure.NO_FAILURE)
_NOT_ENABLED = float(ConnectFailure.NOT_ENABLED)
_FAULT = float(ConnectFailure.FAULT)

_NEGATIVE, _POSITIVE = 0, 2
"""Main contactors of a rack."""


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
    step_locked,
    step_breaks,
    open_current,
    # state
    step,
    step_time,
    feedback_time,
    precharge_tries,
    reset_age,
    service_age,
    locked,
    # inputs
    conditions,
    current,
    feedback,
    # out
    command,
    mode,
    connected,
    connect_failure,
    openings_under_load,
    breaker_trip,
):
    """Take the first edge whose condition holds and command what the step that follows asks for.

    Edges of step s stand from first_edge[s] to first_edge[s + 1]; edge_failure is NaN where an edge leaves the record
    as it is, step_locked where a step leaves the lock as it is; step_command (step, contactor). command and feedback
    (rack, contactor), the others (rack,).
    """
    rack_count, contactor_count = command.shape
    for r in range(rack_count):
        at = int(step[r])
        for edge in range(first_edge[at], first_edge[at + 1]):
            if not (conditions[r] >> edge_condition[edge]) & 1:
                continue
            target = edge_target[edge]
            if step_on_bus[at] != 0.0 and step_on_bus[target] == 0.0 and not abs(current[r]) < open_current:
                openings_under_load[r] += 1.0
            if not np.isnan(edge_failure[edge]):
                connect_failure[r] = edge_failure[edge]
            if not np.isnan(step_locked[target]):
                locked[r] = step_locked[target]
            precharge_tries[r] = precharge_tries[r] * step_tries_kept[target] + step_tries_added[target]
            step[r] = target
            step_time[r] = 0.0
            feedback_time[r] = 0.0
            reset_age[r] = LONG_AGO
            service_age[r] = LONG_AGO
            break

        stayed = at == int(step[r])
        at = int(step[r])
        mode[r] = step_mode[at]
        connected[r] = step_on_bus[at]
        for n in range(contactor_count):
            command[r, n] = step_command[at, n]
        breaker_trip[r] = 0.0
        if step_breaks[at] != 0.0 and stayed and conditions[r] & _FEEDBACK_WRONG:
            breaker_trip[r] = max(feedback[r, _NEGATIVE], feedback[r, _POSITIVE])


@kernel
def tell_readiness(
    # model
    precharge_pause,
    # inputs
    step,
    step_time,
    request,
    enabled,
    maintenance,
    master_gone,
    charge_action,
    discharge_action,
    # out
    ready,
    connect_failure,
    dt,
):
    """Whether every rack could join the bus, and why one that stands by and is asked to connect could not, (rack,)."""
    for r in range(step.shape[0]):
        obstacle = _NO_FAILURE
        if enabled[r] == 0.0:
            obstacle = _NOT_ENABLED
        elif charge_action[r] >= _STOP and discharge_action[r] >= _STOP:
            obstacle = _FAULT
        rested = step[r] == _PAUSING and has_lasted(step_time[r], precharge_pause, dt)
        free = maintenance[r] == 0.0 and master_gone[r] == 0.0 and obstacle == _NO_FAILURE
        ready[r] = 1.0 if free and (step[r] == _STANDBY or rested) else 0.0
        if step[r] == _STANDBY:
            connect_failure[r] = obstacle if request[r] == _CONNECT else _NO_FAILURE
