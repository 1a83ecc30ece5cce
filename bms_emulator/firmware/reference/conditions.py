"""What holds for every rack in this period: the conditions of its sequence, as bits."""

import numpy as np

from bms_emulator.firmware.contract import Action, Request
from bms_emulator.firmware.reference.sequence import Condition
from bms_emulator.jit import kernel
from bms_emulator.timing import has_lasted

_CONNECT = float(Request.CONNECT)
_DISCONNECT = float(Request.DISCONNECT)
_OPEN, _EMERGENCY, _LOCK = float(Action.OPEN), float(Action.EMERGENCY), float(Action.LOCK)

_ALWAYS = 1 << Condition.ALWAYS
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
_ENDANGERED = 1 << Condition.ENDANGERED
_LOCKED = 1 << Condition.LOCKED
_RELEASED = 1 << Condition.RELEASED
_WITHDRAWN = 1 << Condition.WITHDRAWN
_OVERLOADED = 1 << Condition.OVERLOADED
_COOLED = 1 << Condition.COOLED
_MAINTAINED = 1 << Condition.MAINTAINED
_RETURNED = 1 << Condition.RETURNED
_UNSUPPLIED = 1 << Condition.UNSUPPLIED
_SUPPLIED = 1 << Condition.SUPPLIED


@kernel
def observe_conditions(
    # model
    self_test,
    contactor_feedback_time,
    precharge_timeout,
    precharge_tries_max,
    precharge_cool,
    opening_wait,
    reset_wait,
    precharge_voltage,
    precharge_share,
    precharge_current,
    precharge_current_max_ratio,
    precharge_resistance,
    open_current,
    # state
    step_time,
    feedback_time,
    precharge_tries,
    reset_age,
    service_age,
    # inputs
    command,
    feedback,
    fuse_feedback,
    current,
    string_voltage,
    link_voltage,
    cell_voltage_max,
    temperature_max,
    alarm_action,
    locked,
    powered,
    ready,
    request,
    enabled,
    maintenance,
    join_permitted,
    master_gone,
    alarm_reset,
    service_reset,
    # out
    conditions,
    dt,
):
    """Conditions of every rack, as bits, int64 (rack,).

    command and ready are those of the last period; command, which contactors have had time to follow, and feedback are
    (rack, contactor), powered (container,), the others (rack,). A reset waits so long [s] for alarms to end their
    clearing times; one that finds a contactor or the fuse wrong is in vain. Comparisons with NaN fail: nothing is done
    on a reading that is not there, but for opening, which then waits out its time.
    """
    rack_count, contactor_count = command.shape
    racks_per_container = rack_count // powered.shape[0]
    for r in range(rack_count):
        step_time[r] += dt
        time = step_time[r]

        followed = True
        for n in range(contactor_count):
            if feedback[r, n] != command[r, n]:
                followed = False
        feedback_time[r] = 0.0 if followed else feedback_time[r] + dt
        late = not followed and has_lasted(feedback_time[r], contactor_feedback_time, dt)
        fuse_open = fuse_feedback[r] == 0.0
        tripped = alarm_action[r] >= _OPEN
        closed_right = followed and not fuse_open
        reset_age[r] += dt
        service_age[r] += dt
        if closed_right and (alarm_reset[r] != 0.0 or service_reset[r] != 0.0):
            reset_age[r] = 0.0
        if closed_right and service_reset[r] != 0.0:
            service_age[r] = 0.0
        sound = closed_right and not tripped

        readable = not np.isnan(cell_voltage_max[r] + temperature_max[r] + current[r] + string_voltage[r])
        allowed_difference = max(precharge_voltage, precharge_share * string_voltage[r])
        near = abs(link_voltage[r] - string_voltage[r]) < allowed_difference
        overloaded = abs(current[r]) * precharge_resistance > precharge_current_max_ratio * string_voltage[r]
        timed_out = has_lasted(time, precharge_timeout, dt)
        last_try = precharge_tries[r] >= precharge_tries_max
        maintained = maintenance[r] != 0.0
        unwanted = request[r] == _DISCONNECT or enabled[r] == 0.0 or maintained or master_gone[r] != 0.0
        permitted = join_permitted[r] != 0.0
        supplied = powered[r // racks_per_container] != 0.0

        bits = _ALWAYS
        bits |= _TRIPPED if tripped else 0
        bits |= _ENDANGERED if alarm_action[r] >= _EMERGENCY else 0
        bits |= _LOCKED if alarm_action[r] >= _LOCK or locked[r] != 0.0 else 0
        bits |= _FUSE_OPEN if fuse_open else 0
        bits |= _FEEDBACK_WRONG if late else 0
        bits |= _FEEDBACK_RIGHT if followed else 0
        bits |= _TESTED if readable and has_lasted(time, self_test, dt) else 0
        bits |= _GRANTED if permitted and ready[r] != 0.0 and request[r] == _CONNECT and not unwanted else 0
        bits |= _WITHDRAWN if not permitted else 0
        bits |= _LEAVING if unwanted else 0
        bits |= _PRECHARGED if near and abs(current[r]) < precharge_current else 0
        bits |= _OVERLOADED if overloaded else 0
        bits |= _TRIED_IN_VAIN if timed_out and not last_try else 0
        bits |= _TRIED_OUT if timed_out and last_try else 0
        bits |= _COOLED if has_lasted(time, precharge_cool, dt) else 0
        bits |= _UNLOADED if abs(current[r]) < open_current else 0
        bits |= _WAITED if has_lasted(time, opening_wait, dt) else 0
        bits |= _RESET if sound and reset_age[r] <= reset_wait else 0
        bits |= _RELEASED if sound and service_age[r] <= reset_wait else 0
        bits |= _MAINTAINED if maintained else _RETURNED
        bits |= _SUPPLIED if supplied else _UNSUPPLIED
        conditions[r] = bits
