"""Protection: alarm rows over signals, in up to three levels, set and cleared by value and time.

One kernel serves racks and containers alike. A level that latches stands until its cause has been gone for its clearing
time and a master has reset it, in whichever order: a reset that comes while the cause is gone, but not yet for long
enough, is kept until it is, and forgotten if the cause comes back. A reset that comes while the cause is there is in
vain. What locks takes a service reset.
"""

import numpy as np

from bms_emulator.firmware.contract import Action
from bms_emulator.jit import kernel, scalar
from bms_emulator.timing import has_lasted

LEVELS = 3
SET_TIME, CLEAR_TIME, LATCHES, ACTION = range(4)
"""Columns of a row's levels."""
LEVEL_COLUMNS = 4

_ACTIVE, _RESET = 1.0, 2.0
"""A level that is active, and one whose reset waits for the end of its clearing time."""

_OPEN = float(Action.OPEN)
_LOCK = float(Action.LOCK)


@scalar
def advance_level(level, set_at, clear_at, active, elapsed, severity, may_set, resetting, servicing, dt):
    """One level after one step at a severity: what it is now, and the time for which it has been due to change.

    It sets from the severity set_at, and clears from clear_at down; both are infinite where it is not used.
    """
    beyond = severity >= set_at
    if active == 0.0:
        if not (beyond and may_set):
            return 0.0, 0.0
        elapsed += dt
        return (_ACTIVE, 0.0) if has_lasted(elapsed, level[SET_TIME], dt) else (0.0, elapsed)
    if beyond or not severity <= clear_at:
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
    row_severity,
    row_level,
    row_blocks_charge,
    row_blocks_discharge,
    row_direction,
    # state
    wake,
    active,
    elapsed,
    # inputs
    set_levels,
    clear_levels,
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

    Rows: row_signal (place among the unit's signals), row_severity (severity for each unit of a threshold: the sign is
    that of a signal that is worse when higher), row_blocks_* (1 where the row concerns the direction), row_direction
    (current at which the third level may set: 1 discharge, -1 charge, 0 any) (alarm,); row_level (alarm, level,
    column). State: wake (unit, alarm), the severity below which the row sleeps, -inf while it is to be looked at;
    active, elapsed (unit, alarm, level). Thresholds: set_levels, clear_levels (alarm, unit, level), either of them NaN
    where a level is not used. signals, sources (unit, signal); alarm_* (unit, alarm); now (1,) [s]; the others
    (unit,). A signal that is NaN neither sets nor clears.
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
            severity = signal[row_signal[a]] if row_severity[a] > 0.0 else -signal[row_signal[a]]
            if severity < wake[u, a] or (np.isnan(severity) and wake[u, a] > -np.inf):
                continue
            reached = 0
            busy = False
            mildest = np.inf
            for n in range(LEVELS):
                set_at = row_severity[a] * set_levels[a, u, n]
                clear_at = row_severity[a] * clear_levels[a, u, n]
                if np.isnan(set_at) or np.isnan(clear_at):
                    set_at, clear_at = np.inf, np.inf
                mildest = min(mildest, set_at)
                may_set = n < LEVELS - 1 or row_direction[a] == 0.0 or row_direction[a] == direction[u]
                active[u, a, n], elapsed[u, a, n] = advance_level(
                    row_level[a, n],
                    set_at,
                    clear_at,
                    active[u, a, n],
                    elapsed[u, a, n],
                    severity,
                    may_set,
                    resetting,
                    servicing,
                    dt,
                )
                if active[u, a, n] != 0.0:
                    reached = n + 1
                    waiting = max(waiting, row_level[a, n, LATCHES])
                busy = busy or active[u, a, n] != 0.0 or elapsed[u, a, n] != 0.0
            wake[u, a] = -np.inf if busy else mildest

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
