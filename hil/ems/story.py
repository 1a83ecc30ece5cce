"""What goes wrong in the week of a test, and what must be seen of it. The EMS is told nothing of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hil.ems.controller import Event
from hil.ems.ledger import Check
from hil.ems.units import DAY, HOUR


@dataclass(frozen=True)
class Incident:
    """A fault, and the two events that an EMS must make of it.

    Attributes:
        at: Beginning, since the start of the run [s].
        lasts: How long the cause stands [s].
        kind: Kind of the fault.
        target: Where.
        parameters: How strongly.
        who: Whom the events are about.
        gone: Text that the first event ends or begins with: out of service.
        back: The same of the second: in service again.
        seen_in: Longest time until the first event [s].
        back_in: Longest time from the end of the cause to the second [s].
    """

    at: float
    lasts: float
    kind: str
    target: str
    who: str
    gone: str
    back: str
    parameters: tuple[tuple[str, str], ...] = ()
    seen_in: float = 60.0
    back_in: float = 600.0

    @property
    def fault(self) -> dict[str, Any]:
        """The fault as the emulator takes it."""
        return {
            "kind": self.kind,
            "target": self.target,
            "parameters": dict(self.parameters),
            "for": self.lasts,
            "name": f"ems-{self.kind}-{self.at:.0f}",
        }


OUT, IN = "running ->", "-> running"

INCIDENTS = (
    Incident(
        at=1 * DAY + 16.5 * HOUR,
        lasts=600.0,
        kind="stuck",
        target="container[1].rack[1].cell[5].voltage",
        parameters=(("value", "3.70V"),),
        who="container 1",
        gone=OUT,
        back=IN,
    ),
    Incident(
        at=2 * DAY + 17.0 * HOUR,
        lasts=300.0,
        kind="silence",
        target="modbus:container-mbmu",
        who="container 2",
        gone=OUT,
        back=IN,
        seen_in=180.0,  # five cycles, of 30 s at the most
    ),
    Incident(
        at=3 * DAY + 10.0 * HOUR,
        lasts=3600.0,
        kind="trip",
        target="container[1].chiller",
        who="container 1",
        gone="chiller stands still",
        back="chiller is back",
    ),
    Incident(
        at=4 * DAY + 17.25 * HOUR,
        lasts=60.0,
        kind="trip",
        target="pcs[2]",
        who="container 2",
        gone=OUT,
        back=IN,
    ),
    Incident(
        at=5 * DAY + 16.75 * HOUR,
        lasts=60.0,
        kind="outage",
        target="grid",
        who="site",
        gone="grid or meter is gone",
        back="grid is back",
    ),
)
"""A fault a day, from the second day on."""


def within_a_day(incidents: Sequence[Incident], start: float, interval: float) -> tuple[Incident, ...]:
    """The same faults one after the other, the first at a time since the start of the run [s]."""
    return tuple(replace(incident, at=start + n * interval) for n, incident in enumerate(incidents))


def judge(incidents: Iterable[Incident], events: Sequence[Event]) -> list[Check]:
    """Whether each incident was seen and overcome."""
    return [_judge(incident, events) for incident in incidents]


def _judge(incident: Incident, events: Sequence[Event]) -> Check:
    name = f"{incident.kind} of {incident.target}"
    end = incident.at + incident.lasts
    gone = _first(events, incident.who, incident.gone, incident.at)
    back = None if gone is None else _first(events, incident.who, incident.back, gone)
    if gone is None or back is None:
        return Check(name, "not seen" if gone is None else "never in service again", False)
    held = gone - incident.at <= incident.seen_in and back - end <= incident.back_in
    return Check(name, f"seen after {gone - incident.at:.0f} s, over {back - end:.0f} s after its cause", held)


def _first(events: Sequence[Event], who: str, text: str, after: float) -> float | None:
    return next((e.time for e in events if e.who == who and text in e.text and e.time >= after), None)
