"""Events as a timeline of alarms and states, as it is kept in a record."""

from collections.abc import Iterable

from bms_emulator.interfaces.link import Event
from bms_emulator.testing.record import AlarmChange


def alarm_changes(events: Iterable[Event]) -> list[AlarmChange]:
    """Changes of alarms and states among events: ``cell_overvoltage 0 -> 2``, ``mode standby -> fault``."""
    return [
        AlarmChange(event.time, event.source, event.kind, _change(event))
        for event in events
        if event.kind in ("alarm", "state")
    ]


def _change(event: Event) -> str:
    data = event.data
    if event.kind == "alarm":
        return f"{data['alarm']} {data['previous']} -> {data['level']}"
    before, now = data.get("previous_text", data["previous"]), data.get("text", data["value"])
    return f"{data['point']} {before} -> {now}"
