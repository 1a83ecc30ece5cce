"""Protection: alarm rows over signals, in up to three levels, set and cleared by value and time.

One kernel serves racks and containers alike. A level that latches stands until its cause has been gone for its clearing
time and a master has reset it, in whichever order: a reset that comes while the cause is gone, but not yet for long
enough, is kept until it is, and forgotten if the cause comes back. A reset that comes while the cause is there is in
vain. What locks takes a service reset.
"""

import numpy as np

from bms_emulator.firmware.contract import Action
from bms_emulator.firmware.reference.timing import has_lasted
from bms_emulator.jit import kernel, scalar

LEVELS = 3
SET, SET_TIME, CLEAR, CLEAR_TIME, LATCHES, ACTION = range(6)
"""Columns of a row's levels; values are signed so that higher is worse, infinite where a level is not used."""
LEVEL_COLUMNS = 6

_ACTIVE, _RESET = 1.0, 2.0
"""A level that is active, and one whose reset waits for the end of its clearing time."""

_OPEN = float(Action.OPEN)
_LOCK = float(Action.LOCK)


@scalar
def advance_level(level, active, elapsed, severity, may_set, resetting, servicing, dt):
    """One level after one step at a severity: what it is now, and the time for which it has been due to change."""
    beyond = severity >= level[SET]
    if active == 0.0:
        if not (beyond and may_set):
            return 0.0, 0.0
        elapsed += dt
        return (_ACTIVE, 0.0) if has_lasted(elapsed, level[SET_TIME], dt) else (0.0, elapsed)
    if beyond or not severity <= level[CLEAR]:
        return _ACTIVE, 0.0
    elapsed += dt
    if servicing or (resetting and level[ACTION] < _LOCK):
        active = _RESET
    released = level[LATCHES] == 0.0 or active == _RESET
    return (0.0, 0.0) if released and has_lasted(elapsed, level[CLEAR_TIME], dt) else (active, elapsed)


@kernel
def evaluate_alarms(
    # model
    row_signal,
    row_sign,
    row_first,
    row_level,
    row_blocks_charge,
    row_blocks_discharge,
    row_direction,
    # state
    wake,
    active,
    elapsed,
    # inputs
    signals,
    sources,
    direction,
    alarm_reset,
    service_reset,
    asked_action,
    asked_charge_action,
    asked_discharge_action,
    # out
    alarm,
    alarm_source,
    alarm_first_time,
    alarm_last_time,
    alarm_count,
    highest_level,
    latched,
    action,
    charge_action,
    discharge_action,
    now,
    dt,
):
    """Set and clear all levels of all rows of all units, and find what follows from them and from what is asked.

    Rows: row_signal (place among the unit's signals), row_sign (1 above, -1 below), row_first (mildest level, signed),
    row_blocks_* (1 where the row concerns the direction), row_direction (current at which the third level may set: 1
    discharge, -1 charge, 0 any) (alarm,); row_level (alarm, level, column). State: wake (unit, alarm), the severity
    below which the row sleeps, -inf while anything of it is active or due; active, elapsed (unit, alarm, level).
    signals, sources (unit, signal); alarm_* (unit, alarm); now (1,) [s]; the others (unit,). A signal that is NaN
    neither sets nor clears.
    """
    unit_count, row_count = alarm.shape
    for u in range(unit_count):
        signal = signals[u]
        resetting = alarm_reset[u] != 0.0
        servicing = service_reset[u] != 0.0
        top = 0.0
        waiting = 0.0
        both = asked_action[u]
        charge = asked_charge_action[u]
        discharge = asked_discharge_action[u]
        for a in range(row_count):
            severity = row_sign[a] * signal[row_signal[a]]
            if severity < wake[u, a] or (np.isnan(severity) and wake[u, a] == row_first[a]):
                continue
            reached = 0
            busy = False
            for n in range(LEVELS):
                may_set = n < LEVELS - 1 or row_direction[a] == 0.0 or row_direction[a] == direction[u]
                active[u, a, n], elapsed[u, a, n] = advance_level(
                    row_level[a, n], active[u, a, n], elapsed[u, a, n], severity, may_set, resetting, servicing, dt
                )
                if active[u, a, n] != 0.0:
                    reached = n + 1
                    waiting = max(waiting, row_level[a, n, LATCHES])
                busy = busy or active[u, a, n] != 0.0 or elapsed[u, a, n] != 0.0
            wake[u, a] = -np.inf if busy else row_first[a]

            if reached > alarm[u, a]:
                alarm_source[u, a] = sources[u, row_signal[a]]
                alarm_last_time[u, a] = now[0]
                alarm_count[u, a] += 1.0 if alarm[u, a] == 0.0 else 0.0
                if np.isnan(alarm_first_time[u, a]):
                    alarm_first_time[u, a] = now[0]
            alarm[u, a] = reached
            if reached == 0:
                continue
            top = max(top, reached)
            effect = row_level[a, reached - 1, ACTION]
            both = max(both, effect)
            if row_blocks_charge[a] != 0.0 or effect >= _OPEN:
                charge = max(charge, effect)
            if row_blocks_discharge[a] != 0.0 or effect >= _OPEN:
                discharge = max(discharge, effect)
        highest_level[u] = top
        latched[u] = waiting
        action[u] = both
        charge_action[u] = charge
        discharge_action[u] = discharge


@kernel
def ask_racks(
    # inputs
    bank_action,
    bank_charge_action,
    bank_discharge_action,
    # out
    action,
    charge_action,
    discharge_action,
):
    """What the alarms of a container do, they do to all of its racks; bank_* (container,), the others (rack,)."""
    racks_per_container = action.shape[0] // bank_action.shape[0]
    for r in range(action.shape[0]):
        c = r // racks_per_container
        action[r] = bank_action[c]
        charge_action[r] = bank_charge_action[c]
        discharge_action[r] = bank_discharge_action[c]
