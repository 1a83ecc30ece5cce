"""The event log of every bank controller: a ring in persistent memory, appended to where something has changed."""

from bms_emulator.firmware.contract import LogKind
from bms_emulator.jit import kernel, scalar

_ALARM, _BANK_ALARM, _MODE, _POWER, _RESET, _OPENED_UNDER_LOAD = (
    float(LogKind.ALARM),
    float(LogKind.BANK_ALARM),
    float(LogKind.MODE),
    float(LogKind.POWER),
    float(LogKind.RESET),
    float(LogKind.OPENED_UNDER_LOAD),
)
_ALARM_RESET, _SERVICE_RESET = 1.0, 2.0


@scalar
def differs(row, other):
    """Whether two rows of equal length differ anywhere."""
    changed = False
    for n in range(row.shape[0]):
        changed |= row[n] != other[n]
    return changed


@kernel
def record_events(
    # state
    mode_seen,
    alarm_seen,
    bank_alarm_seen,
    openings_told,
    powered_seen,
    # inputs
    powered,
    mode,
    alarm,
    alarm_source,
    bank_alarm,
    bank_alarm_source,
    openings_under_load,
    current,
    alarm_reset,
    service_reset,
    time,
    # out
    log_count,
    log_time,
    log_kind,
    log_rack,
    log_code,
    log_value,
    log_source,
):
    """Append what has changed since the last period: supply, resets, alarms, then rack by rack.

    alarm, alarm_source, alarm_seen (rack, alarm), bank_alarm* (container, alarm), powered*, *_reset, log_count
    (container,), log_* (container, log), the others (rack,); time (1,): since the start [s]. Without supply nothing is
    written but that it has gone.
    """
    racks_per_container = mode.shape[0] // powered.shape[0]
    log = (log_count, log_time, log_kind, log_rack, log_code, log_value, log_source)
    now = time[0]
    for c in range(powered.shape[0]):
        if powered[c] != powered_seen[c]:
            append(log, c, now, _POWER, 0.0, 0.0, powered[c], 0.0)
            powered_seen[c] = powered[c]
        if powered[c] == 0.0:
            continue
        if alarm_reset[c] != 0.0:
            append(log, c, now, _RESET, 0.0, 0.0, _ALARM_RESET, 0.0)
        if service_reset[c] != 0.0:
            append(log, c, now, _RESET, 0.0, 0.0, _SERVICE_RESET, 0.0)
        if differs(bank_alarm[c], bank_alarm_seen[c]):
            append_alarms(log, c, now, _BANK_ALARM, 0.0, bank_alarm[c], bank_alarm_source[c], bank_alarm_seen[c])

        for n in range(racks_per_container):
            r = c * racks_per_container + n
            if differs(alarm[r], alarm_seen[r]):
                append_alarms(log, c, now, _ALARM, n + 1.0, alarm[r], alarm_source[r], alarm_seen[r])
            if openings_under_load[r] != openings_told[r]:
                if openings_under_load[r] > openings_told[r]:
                    append(log, c, now, _OPENED_UNDER_LOAD, n + 1.0, 0.0, current[r], 0.0)
                openings_told[r] = openings_under_load[r]
            if mode[r] != mode_seen[r]:
                append(log, c, now, _MODE, n + 1.0, mode_seen[r], mode[r], 0.0)
                mode_seen[r] = mode[r]


@scalar
def append_alarms(log, c, time, kind, rack, level, source, seen):
    """Append an entry for every alarm whose level has changed; level, source, seen (alarm,)."""
    for a in range(level.shape[0]):
        if level[a] != seen[a]:
            append(log, c, time, kind, rack, float(a), level[a], source[a])
            seen[a] = level[a]


@scalar
def append(log, c, time, kind, rack, code, value, source):
    """Write an entry over the oldest of a container."""
    log_count, log_time, log_kind, log_rack, log_code, log_value, log_source = log
    at = int(log_count[c]) % log_time.shape[1]
    log_time[c, at] = time
    log_kind[c, at] = kind
    log_rack[c, at] = rack
    log_code[c, at] = code
    log_value[c, at] = value
    log_source[c, at] = source
    log_count[c] += 1.0
