"""And nothing else tripped: alarms that a test did not mean to raise."""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bms_emulator.faults.spec import near
from bms_emulator.interfaces.link import Event
from bms_emulator.profile.site import SiteProfile
from bms_emulator.testing.record import Check, Verdict

_FORM: Final = re.compile(r"^(?:(?P<place>\S+)\.)?(?P<alarm>[a-z0-9_*]+)$")
PCS_FAULTS: Final = "pcs_faults"
"""What a fault of a PCS is called among alarms."""


def tripped(events: Iterable[Event]) -> list[tuple[float, str]]:
    """What has tripped, in order: time [s], and name, such as ``rack[3].cell_overvoltage``."""
    rises = ((event.time, rise_of(event.kind, event.source, event.data)) for event in events)
    return [(time, rise[0]) for time, rise in rises if rise is not None]


def rise_of(kind: str, source: str, data: Mapping[str, Any]) -> tuple[str, int] | None:
    """Name and level of the alarm that an event tells has risen; None where it tells of none."""
    if kind == "alarm" and data["level"] > data["previous"]:
        return f"{_short(source)}.{data['alarm']}".removeprefix("container[1]."), data["level"]
    if kind == "state" and data["point"] == "faults" and data["value"]:
        return f"{_short(source)}.{PCS_FAULTS}", 1
    return None


def unknown_alarms(site: SiteProfile, names: Iterable[str]) -> list[str]:
    """What is wrong with names of alarms, one message each."""
    known = [row.id for row in (*site.firmware.rack_alarms, *site.firmware.container_alarms)] + [PCS_FAULTS]
    messages = []
    for name in names:
        match = _FORM.match(name)
        if match is None:
            messages.append(f"{name!r}: write an alarm, such as cell_overvoltage, or rack[3].cell_overvoltage")
        elif not fnmatch.filter(known, match["alarm"]):
            messages.append(f"{match['alarm']!r} is no alarm{near(match['alarm'], known)}")
    return messages


def nothing_else_tripped(
    events: Iterable[Event], named: Iterable[str] = (), begin: float = 0.0, end: float = float("inf")
) -> Check:
    """Whether no alarm rose but those named.

    Args:
        events: What happened.
        named: Alarms that may rise: ``cell_overvoltage`` anywhere, ``rack[3].cell_overvoltage`` or
            ``rack[*].cell_overvoltage`` at a place, ``stale_*`` by pattern; ``pcs_faults`` are those of a PCS.
        begin: Beginning of the window [s].
        end: End of the window [s].
    """
    named = list(named)
    others = [
        (time, what)
        for time, what in tripped(events)
        if begin <= time <= end and not any(means(name, what) for name in named)
    ]
    last = max((time for time, _ in others), default=begin)
    what = f"nothing tripped but {', '.join(named)}" if named else "nothing tripped"
    told = ", ".join(f"{name} at {time:g} s" for name, time in _firsts(others).items())
    return Check(
        time=last if end == float("inf") else end,
        what=what,
        high=0.0,
        begin=begin,
        end=None if end == float("inf") else end,
        measured=float(len(others)),
        margin=float(-len(others)),
        verdict=Verdict.FAILED if others else Verdict.PASSED,
        reason=told,
    )


def _firsts(found: list[tuple[float, str]]) -> dict[str, float]:
    return {name: time for time, name in reversed(found)}


def means(name: str, what: str) -> bool:
    """Whether a name, as people write it, means what has tripped, as :func:`tripped` names it."""
    place, _, alarm = what.rpartition(".")
    wanted_place, _, wanted = name.rpartition(".")
    pattern = _short(wanted_place).replace("[", "[[]")
    return fnmatch.fnmatchcase(alarm, wanted) and (not wanted_place or fnmatch.fnmatchcase(place, pattern))


def _short(source: str) -> str:
    """A place without the only container's name; with several containers it stays unless it is the first."""
    return source.removeprefix("container[1].")
