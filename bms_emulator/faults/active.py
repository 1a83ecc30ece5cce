"""One accepted fault and where it stands."""

from dataclasses import dataclass
from typing import Any

from bms_emulator.arrays import Array
from bms_emulator.faults.condition import Condition
from bms_emulator.faults.kind import Blow, ClockFault, Kind, LinkFault, MasterFault, Written
from bms_emulator.faults.shape import MICROSECONDS, Ramp, Step, microseconds
from bms_emulator.faults.spec import FaultSpec
from bms_emulator.faults.target import Hits


@dataclass
class ActiveFault:
    """An accepted fault and where it stands. All times in simulated microseconds since the start of the emulator.

    Attributes:
        spec: What was asked for.
        kind: The kind with its settings.
        hits: What it hits.
        condition: What it waits for; None where it begins by time alone.
        length: Time from its beginning to its end, None for never.
        name: Its name.
        number: Counts up from 1 with every fault accepted.
        accepted: When it was accepted.
        begin: When it begins; None while it waits for its condition.
        end: When it is over, None for never.
        leased: When its lease runs out, None for never.
        met: Since when its condition is met; None while it is not.
        spent: Whether it has ended and its condition has been met ever since.
        strength: Strength now, 0 to 1.
        moving: Whether its effect changes with every tick.
        upcoming: When it next begins, jumps, stops moving or is over, None for never.
        memory: What it remembers since it last became active; None where it has not been.
        written: Time since its beginning up to which it has written.
    """

    spec: FaultSpec
    kind: Kind
    hits: Hits
    condition: Condition | None
    length: int | None
    name: str = ""
    number: int = 0
    accepted: int = 0
    begin: int | None = None
    end: int | None = None
    leased: int | None = None
    met: int | None = None
    spent: bool = False
    strength: float = 0.0
    moving: bool = False
    upcoming: int | None = None
    memory: tuple[Array, ...] | None = None
    written: int = -1

    @property
    def seed(self) -> int:
        """Seed of its random numbers."""
        return self.number if self.spec.seed is None else self.spec.seed

    @property
    def over(self) -> int | None:
        """When it ends or its lease runs out, None for never."""
        return earliest(self.end, self.leased)

    def start(self, now: int) -> None:
        """Begin, a delay from now."""
        self.begin = now + microseconds(self.spec.at)
        self.end = None if self.length is None else self.begin + self.length

    @property
    def restless(self) -> bool:
        """Whether every tick must see to it."""
        return self.moving or self.begin is None

    def look(self, now: int, buffer: Array) -> bool:
        """Look at the condition that it waits for, and start where that is met for long enough; whether it starts."""
        if self.condition is None or self.begin is not None:
            return False
        if not self.condition.holds(buffer):
            self.met, self.spent = None, False
        elif not self.spent:
            self.met = now if self.met is None else self.met
            if now - self.met >= self.condition.held:
                self.start(now)
                return True
        return False

    def rise(self, now: int, memory: tuple[Array, ...]) -> None:
        """Take note that it has become active, with what it remembers from now on."""
        began = now if self.begin is None else self.begin
        self.written = -1 if self.memory is None else now - began - 1
        self.memory = memory
        if isinstance(self.kind, Blow) and isinstance(self.spec.shape, Step):
            self.end = self.upcoming = now + 1

    def write(self, now: int) -> list[Written]:
        """What the master that it makes wrong writes up to now, for each container that it hits."""
        if not isinstance(self.kind, MasterFault) or self.begin is None:
            return []
        since, self.written = self.written, now - self.begin
        times = since / MICROSECONDS, self.written / MICROSECONDS
        return [Written(self.name, each) for c in self.hits.index for each in self.kind.writes(_container(c), *times)]

    def rearm(self) -> None:
        """Wait for the condition anew."""
        self.begin = self.end = self.met = self.memory = None
        self.spent, self.strength, self.moving = True, 0.0, False

    def advance(self, now: int) -> None:
        """Set strength and next change for a time at which the fault is not over."""
        if self.begin is None or now < self.begin:
            self.strength, self.moving, self.upcoming = 0.0, False, earliest(self.begin, self.leased)
            return
        self.strength, until = self.spec.shape.at(now - self.begin, self.seed)
        self.moving = self.phase(now) == "rising" or (self.kind.moving and self.strength > 0.0)
        self.upcoming = earliest(None if until is None else self.begin + until, self.over)

    def phase(self, now: int) -> str:
        """``waiting`` (for its condition), ``pending``, ``rising``, ``active`` or ``resting`` (between two pulses)."""
        if self.begin is None:
            return "waiting"
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
            "when": None if self.condition is None else self.condition.text,
            "lease_end": seconds(self.leased),
            "phase": self.phase(now),
            "strength": self.strength,
            "next_change": seconds(self.upcoming),
            "count": len(self.hits),
            "hits": list(self.hits.names),
        }
        if isinstance(self.kind, LinkFault | ClockFault):
            data |= self.kind.bend(self.strength) | {"seed": self.seed}
        return data


def _container(c: int) -> str:
    return f"container[{c + 1}]"


def earliest(*times: int | None) -> int | None:
    """The first of some times, None being never."""
    return min((time for time in times if time is not None), default=None)


def seconds(time: int | None) -> float | None:
    """A time in seconds from one in microseconds."""
    return None if time is None else time / MICROSECONDS
