"""Events: changes of states and alarms, found by comparing watched points with their values one tick ago."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.values import plain, wording
from bms_emulator.jit import bind, kernel
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
    "pcs.faults",
    "pcs.dc_breaker.closed",
    "pcs.ac_breaker.closed",
)
"""Families whose every change is an event; all their values are small whole numbers."""

_CHUNK = 64
"""Values that are compared at once: hardly ever has any of them changed."""

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
        self._families = [catalogue.families[name] for name in WATCHED if name in catalogue.families]
        sizes = [family.slot.size for family in self._families]
        self._starts: NDArray[np.int64] = np.cumsum([0, *sizes], dtype=np.int64)
        self._previous: NDArray[np.float32] = np.concatenate([_now(buffer, family) for family in self._families])
        self._found: NDArray[np.int64] = np.zeros(self._previous.size, np.int64)
        self._before: Array = np.zeros(self._previous.size)
        self._find_changes = bind(
            find_changes,
            # model
            np.array([family.slot.offset for family in self._families], np.int64),
            self._starts,
            # inputs
            buffer,
            # state
            self._previous,
            # out
            self._found,
            self._before,
        )
        self._records: list[Record] = []

    def add(self, kind: str, source: str, data: dict[str, Any]) -> None:
        """Record an event that no watched point shows."""
        self._records.append((kind, source, data))

    def collect(self) -> None:
        """Record the changes of watched points since the last call."""
        for n in range(self._find_changes.call()):
            at = int(self._found[n])
            which = int(np.searchsorted(self._starts, at, side="right")) - 1
            family = self._families[which]
            position = at - int(self._starts[which])
            self._records.append(describe_change(family, position, float(self._before[n]), float(self._previous[at])))

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


def _now(buffer: Array, family: Family) -> NDArray[np.float32]:
    """The present values of a family; half as wide, as a large site has more of them than fit near the processor."""
    return buffer[family.slot.offset : family.slot.offset + family.slot.size].astype(np.float32)


def describe_change(family: Family, position: int, before: float, now: float) -> Record:
    """The event of a watched point that has changed; position: within the family's array."""
    index = tuple(int(i) for i in np.unravel_index(position, [axis.count for axis in family.axes]))
    component, _, last = family.point_name(index).rpartition(".")
    if family.name.endswith(".alarm.level"):
        rack, _, alarm = component.rpartition(".")
        return "alarm", rack, {"alarm": alarm[len("alarm[") : -1], "level": int(now), "previous": int(before)}
    data: dict[str, Any] = {"point": last, "value": plain(family, now), "previous": plain(family, before)}
    if family.slot.info.choices is not None:
        data |= {"text": wording(family, now) or "?", "previous_text": wording(family, before) or "?"}
    return "state", component, data


@kernel
def find_changes(  # type: ignore[no-untyped-def]
    # model
    offsets,
    starts,
    # inputs
    buffer,
    # state
    previous,
    # out
    found,
    before,
):
    """Count of watched values that changed: their numbers to found, old values to before; previous is updated.

    Family f has the numbers starts[f] to before starts[f + 1], and its values stand in the buffer from offsets[f] on.
    """
    count = 0
    for f in range(offsets.size):
        for first in range(starts[f], starts[f + 1], _CHUNK):
            size = min(_CHUNK, starts[f + 1] - first)
            begin = offsets[f] + first - starts[f]
            now, then = buffer[begin : begin + size], previous[first : first + size]
            changed = 0
            for n in range(size):
                changed += now[n] != then[n]
            if changed == 0:
                continue
            for n in range(size):
                if now[n] != then[n]:
                    found[count] = first + n
                    before[count] = then[n]
                    then[n] = now[n]
                    count += 1
    return count
