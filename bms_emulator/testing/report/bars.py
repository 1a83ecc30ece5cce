"""The timeline of alarms and states as bars."""

import re
from dataclasses import dataclass
from typing import Final

from bms_emulator.testing.record import Record

_CHANGE: Final = re.compile(r"(?P<name>\S+) (?P<before>.+) -> (?P<now>.+)")
_LEVELS: Final = 3


@dataclass(frozen=True)
class Bar:
    """A level of an alarm, or a state, from its beginning to its end.

    Attributes:
        begin: Since when [s]; minus infinity where it was so from the first.
        end: Until when [s]; None where it lasted.
        kind: ``level1`` to ``level3``, ``state``, or ``moment`` for what has no level.
        text: What stands in the bar.
        told: The same in full.
    """

    begin: float
    end: float | None
    kind: str
    text: str
    told: str


def alarm_bars(record: Record) -> list[tuple[str, list[Bar]]]:
    """Bars by name, alarms before states, each group in the order in which they came."""
    rows: dict[tuple[bool, str], list[tuple[float, str, str]]] = {}
    for change in sorted(record.alarms, key=lambda change: change.time):
        found = _CHANGE.fullmatch(change.what)
        name, before, now = (found["name"], found["before"], found["now"]) if found else (change.what, "", "")
        rows.setdefault((change.kind != "alarm", f"{change.source}.{name}"), []).append((change.time, before, now))
    return [
        (name, _bars(name, is_state, rows[is_state, name])) for is_state, name in sorted(rows, key=lambda row: row[0])
    ]


def _bars(name: str, is_state: bool, changes: list[tuple[float, str, str]]) -> list[Bar]:
    first = changes[0][1]
    course = [(float("-inf"), first), *((time, now) for time, _, now in changes)]
    ends = [*(time for time, _ in course[1:]), None]
    if not first:
        return [Bar(time, time, "moment", "", f"{name} at {time:g} s") for time, _, _ in changes]
    return [
        Bar(time, end, kind, text, f"{name} {text}" + (f" from {time:g} s" if time > float("-inf") else ""))
        for (time, text), end in zip(course, ends, strict=True)
        if (kind := "state" if is_state else _level(text))
    ]


def _level(text: str) -> str:
    """Class of an alarm's level; none where it is not raised."""
    number = int(text) if text.isdecimal() else _LEVELS
    return f"level{min(number, _LEVELS)}" if number else ""
