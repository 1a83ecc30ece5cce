"""Faults of masters: an emulated master that does wrong, beside the real ones, by the same way as they."""

import math
from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PRESENT, MasterFault, register
from bms_emulator.faults.quantity import FREQUENCY, TIME, Taken, Unit
from bms_emulator.faults.target import MASTER

Time = Annotated[float, Unit(TIME), Field(gt=0)]
Point = Annotated[str, Taken("point"), Field(min_length=1, max_length=200)]

_RATE_MAX = 10_000.0
"""Most writes per second: more would keep the engine from its ticks."""


@register("master-heartbeat-lost", "heartbeat-lost", MASTER)
class HeartbeatLost(MasterFault):
    """The master's heartbeat does not arrive any more; one that never came counts as if it had."""

    changes: ClassVar = "Heartbeat of the master as the bank controller sees it stands still."
    expected: ClassVar = "After the time-out limits fall to 0, later racks open; with the heartbeat they come back."

    def effects(self, strength: float) -> dict[str, float]:
        """No heartbeat is seen."""
        return {"heartbeat_deaf": 1.0} if strength > 0.0 else {}

    def writes(self, container: str, since: float, until: float) -> list[dict[str, object]]:
        """Nothing."""
        return []


@register("master-heartbeat-stale", "heartbeat-stale", MASTER)
class HeartbeatStale(MasterFault):
    """The master goes on writing its heartbeat, but always the same number."""

    changes: ClassVar = "Heartbeat seen stands still, while writes keep coming: sequence and age of commands move."
    expected: ClassVar = "As without heartbeat: it is the change that counts, not the write."

    every: Time = 1.0
    """Time between two writes."""

    def effects(self, strength: float) -> dict[str, float]:
        """No change of the heartbeat is seen."""
        return {"heartbeat_deaf": 1.0} if strength > 0.0 else {}

    def writes(self, container: str, since: float, until: float) -> list[dict[str, object]]:
        """The same number, once a period."""
        return [{f"{container}.heartbeat_master": PRESENT} for _ in _beats(self.every, since, until)]


@register("master-flood", "flood", MASTER)
class Flood(MasterFault):
    """A master writes far too often, each time the value that is there already."""

    changes: ClassVar = "Writes of one point, applied and counted as any other; several floods add."
    expected: ClassVar = "Nothing is lost and nothing is late: other masters are served, and protection goes on."

    point: Point = "request"
    """Point of the container that is written."""
    rate: Annotated[float, Unit(FREQUENCY), Field(gt=0, le=_RATE_MAX)] = 100.0
    """Writes over time."""

    def writes(self, container: str, since: float, until: float) -> list[dict[str, object]]:
        """As many as fall due."""
        return [{f"{container}.{self.point}": PRESENT} for _ in _beats(1.0 / self.rate, since, until)]


@register("master-contradiction", "contradiction", MASTER)
class Contradiction(MasterFault):
    """Two masters that know nothing of each other: one asks to connect, the other to disconnect."""

    changes: ClassVar = "Requests of the container and of all its racks, opposite to each other, changing every period."
    expected: ClassVar = "Disconnecting wins or the last one counts, as documented; contactors must not chatter."

    every: Time = 1.0
    """Time between two changes of mind."""

    def writes(self, container: str, since: float, until: float) -> list[dict[str, object]]:
        """Opposite requests in one write."""
        words = "connect", "disconnect"
        return [
            {f"{container}.request": words[n % 2], f"{container}.rack[*].request": words[1 - n % 2]}
            for n in _beats(self.every, since, until)
        ]


@register("master-out-of-range", "out-of-range", MASTER)
class OutOfRange(MasterFault):
    """A master writes a value that the point does not take."""

    changes: ClassVar = "Nothing, where the value is refused: an event tells of each. A value that is taken counts."
    expected: ClassVar = "Refused, told, and nothing else disturbed; a master must notice the refusal."

    point: Point = "soc_reserve_max"
    """Point of the container that is written."""
    value: Annotated[str | float, Taken("unit of the point")] = 1.5
    """Value, in SI or with a unit."""
    every: Time = 1.0
    """Time between two writes."""

    def writes(self, container: str, since: float, until: float) -> list[dict[str, object]]:
        """The value, once a period."""
        return [{f"{container}.{self.point}": self.value} for _ in _beats(self.every, since, until)]


def _beats(period: float, since: float, until: float) -> range:
    """Numbers n of the beats at n * period with since < n * period <= until, counted from 0."""
    first = 0 if since < 0.0 else math.floor(since / period + 1e-9) + 1
    return range(first, math.floor(until / period + 1e-9) + 1)
