"""Events on their way to the broker: kept while it is away, in order, up to a bound; what is lost is declared."""

import asyncio
from collections import deque

from bms_emulator.interfaces.link import Event, Link
from bms_emulator.interfaces.values import dumps

KEPT_MAX = 10_000
"""Events kept while the broker is away."""
PERIOD = 0.1
"""Time between two looks for new events [s]."""

Gap = tuple[int, int]
"""First and last sequence number of events that are lost."""


class EventQueue:
    """Events in order, a bounded number of them; where the oldest had to go, a gap stands in their place.

    Args:
        limit: Most events to keep.
    """

    def __init__(self, limit: int = KEPT_MAX) -> None:
        self._limit = limit
        self._waiting: deque[Event] = deque()
        self._gaps: dict[int, Gap] = {}
        """Gaps by the sequence number of the event that follows."""
        self._seen = 0
        self._filled = asyncio.Event()

    def collect(self, link: Link) -> None:
        """Take over what has happened since the last call."""
        for event in link.events(self._seen):
            if event.sequence > self._seen + 1:
                self._gaps[event.sequence] = (self._seen + 1, event.sequence - 1)
            self._seen = event.sequence
            self._waiting.append(event)
        while len(self._waiting) > self._limit:
            lost = self._waiting.popleft()
            first, _ = self._gaps.pop(lost.sequence, (lost.sequence, 0))
            self._gaps[self._waiting[0].sequence] = (first, self._waiting[0].sequence - 1)
        if self._waiting:
            self._filled.set()

    async def next(self) -> str:
        """The next message, a gap before the event that follows it; waits until there is one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        gap = self._gaps.pop(self._waiting[0].sequence, None)
        return _gap(gap, self._waiting[0]) if gap is not None else _message(self._waiting.popleft())


async def watch(link: Link, queue: EventQueue) -> None:
    """Collect events until cancelled, whether the broker is there or not."""
    while True:
        queue.collect(link)
        await asyncio.sleep(PERIOD)


def _message(event: Event) -> str:
    return dumps(
        {
            "sequence": event.sequence,
            "tick": event.tick,
            "time_s": round(event.time, 6),
            "kind": event.kind,
            "source": event.source,
            "data": event.data,
        }
    )


def _gap(gap: Gap, following: Event) -> str:
    first, last = gap
    return dumps(
        {
            "sequence": last,
            "tick": following.tick,
            "time_s": round(following.time, 6),
            "kind": "gap",
            "source": "mqtt",
            "data": {"first": first, "last": last, "message": f"{last - first + 1} events were lost"},
        }
    )
