"""Events: changes of states and alarms, found by comparing watched points with their values one tick ago."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.values import plain
from bms_emulator.jit import kernel
from bms_emulator.points.catalogue import Catalogue, Family

WATCHED = (
    "container.mode",
    "container.alarm.level",
    "container.emergency_stop.active",
    "container.master_lost",
    "container.chiller.mode",
    "container.rack.mode",
    "container.rack.alarm_latched",
    "container.rack.alarm.level",
    "container.rack.fuse_feedback",
    "container.rack.breaker_feedback",
    "pcs.state",
)
"""Families whose every change is an event."""

_FREQUENT = ("log", "late", "answered")
"""Events of users' firmware that may come in every tick."""
_log = logging.getLogger(__name__)

Record = tuple[str, str, dict[str, Any]]
"""Kind, source, data of an event; the loop adds sequence, tick and time."""


class Events:
    """What happened since it was last asked.

    Args:
        catalogue: Points of the site.
        buffer: The arena's buffer.
    """

    def __init__(self, catalogue: Catalogue, buffer: Array) -> None:
        self._buffer = buffer
        self._families = [catalogue.families[name] for name in WATCHED if name in catalogue.families]
        blocks = [np.arange(f.slot.offset, f.slot.offset + f.slot.size) for f in self._families]
        self._starts = np.cumsum([0, *map(len, blocks)])
        self._watched: NDArray[np.int64] = np.concatenate(blocks).astype(np.int64)
        self._previous: Array = buffer[self._watched]
        self._found: NDArray[np.int64] = np.zeros(len(self._watched), np.int64)
        self._before: Array = np.zeros(len(self._watched))
        self._records: list[Record] = []

    def add(self, kind: str, source: str, data: dict[str, Any]) -> None:
        """Record an event that no watched point shows."""
        self._records.append((kind, source, data))

    def collect(self) -> None:
        """Record the changes of watched points since the last call."""
        count = find_changes(self._buffer, self._watched, self._previous, self._found, self._before)
        for n in range(count):
            at = int(self._found[n])
            which = int(np.searchsorted(self._starts, at, side="right")) - 1
            family = self._families[which]
            position = at - int(self._starts[which])
            self._records.append(_describe(family, position, float(self._before[n]), float(self._previous[at])))

    def take(self) -> list[Record]:
        """The events since the last call, oldest first."""
        records, self._records = self._records, []
        return records


def log_firmware(record: Record) -> None:
    """Log an event of a user's firmware: what it says, and every late answer, as information; the rest as a warning."""
    kind, source, data = record
    if kind == "firmware":
        level = logging.INFO if data["action"] in _FREQUENT else logging.WARNING
        _log.log(level, "%s: firmware: %s", source, data.get("text") or data.get("message"))


def _describe(family: Family, position: int, before: float, now: float) -> Record:
    index = tuple(int(i) for i in np.unravel_index(position, [axis.count for axis in family.axes]))
    component, _, last = family.point_name(index).rpartition(".")
    if family.name.endswith(".alarm.level"):
        rack, _, alarm = component.rpartition(".")
        return "alarm", rack, {"alarm": alarm[len("alarm[") : -1], "level": int(now), "previous": int(before)}
    choices = family.slot.info.choices
    data: dict[str, Any] = {"point": last, "value": plain(family, now), "previous": plain(family, before)}
    if choices is not None:
        data |= {"text": choices.get(int(now), "?"), "previous_text": choices.get(int(before), "?")}
    return "state", component, data


@kernel
def find_changes(buffer, watched, previous, found, before):  # type: ignore[no-untyped-def]
    """Count of watched positions that changed: numbers to found, old values to before; previous is updated."""
    count = 0
    for n in range(watched.shape[0]):
        value = buffer[watched[n]]
        if value != previous[n]:
            found[count] = n
            before[count] = previous[n]
            previous[n] = value
            count += 1
    return count
