"""One accepted fault and where it stands."""

from dataclasses import dataclass
from typing import Any

from bms_emulator.arrays import Array
from bms_emulator.faults.kind import Kind, LinkFault
from bms_emulator.faults.shape import MICROSECONDS, Ramp
from bms_emulator.faults.spec import FaultSpec
from bms_emulator.faults.target import Hits


@dataclass
class ActiveFault:
    """An accepted fault and where it stands. All times in simulated microseconds since the start of the emulator.

    Attributes:
        spec: What was asked for.
        kind: The kind with its settings.
        hits: What it hits.
        name: Its name.
        number: Counts up from 1 with every fault accepted.
        accepted: When it was accepted.
        begin: When it begins.
        end: When it is over, None for never.
        strength: Strength now, 0 to 1.
        moving: Whether its effect changes with every tick.
        upcoming: When it next begins, jumps, stops moving or is over, None for never.
        last: Readings of its channels at the moment when it last became active.
    """

    spec: FaultSpec
    kind: Kind
    hits: Hits
    name: str
    number: int
    accepted: int
    begin: int
    end: int | None
    strength: float = 0.0
    moving: bool = False
    upcoming: int | None = None
    last: Array | None = None

    @property
    def seed(self) -> int:
        """Seed of its random numbers."""
        return self.number if self.spec.seed is None else self.spec.seed

    def advance(self, now: int) -> None:
        """Set strength and next change for a time at which the fault is not over."""
        if now < self.begin:
            self.strength, self.moving, self.upcoming = 0.0, False, self.begin
            return
        self.strength, until = self.spec.shape.at(now - self.begin, self.seed)
        self.moving = self.phase(now) == "rising" or (self.kind.moving and self.strength > 0.0)
        self.upcoming = earliest(None if until is None else self.begin + until, self.end)

    def phase(self, now: int) -> str:
        """``pending``, ``rising``, ``active`` or ``resting`` (between two pulses)."""
        if now < self.begin:
            return "pending"
        if isinstance(self.spec.shape, Ramp) and self.strength < 1.0:
            return "rising"
        return "active" if self.strength > 0.0 else "resting"

    def listing(self, now: int) -> dict[str, Any]:
        """The fault as plain data; what a server applies to its links is among it, as numbers in effect now."""
        data: dict[str, Any] = {
            "id": self.number,
            "name": self.name,
            "kind": self.kind.kind,
            "target": self.spec.target,
            "parameters": self.kind.model_dump(),
            "shape": self.spec.shape.model_dump(exclude_none=True),
            "accepted": seconds(self.accepted),
            "begin": seconds(self.begin),
            "end": seconds(self.end),
            "phase": self.phase(now),
            "strength": self.strength,
            "next_change": seconds(self.upcoming),
            "count": len(self.hits),
            "hits": list(self.hits.names),
        }
        if isinstance(self.kind, LinkFault):
            data |= self.kind.bend(self.strength) | {"seed": self.seed}
        return data


def earliest(*times: int | None) -> int | None:
    """The first of some times, None being never."""
    return min((time for time in times if time is not None), default=None)


def seconds(time: int | None) -> float | None:
    """A time in seconds from one in microseconds."""
    return None if time is None else time / MICROSECONDS
