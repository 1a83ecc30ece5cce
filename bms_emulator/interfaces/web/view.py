"""What the live page shows of a container and of the site around it, and what has happened since the last look."""

from typing import Any

import numpy as np

from bms_emulator.interfaces.components import RACK, SORTS, Components
from bms_emulator.interfaces.link import Event, Link

EVENTS_MAX = 200
"""Most events in one message; older ones are counted only."""


class ContainerView:
    """Key figures of the containers of a site.

    Args:
        link: The running emulator.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._components = {sort: Components(link.catalogue, sort) for sort in SORTS}

    def figures(self, container: int) -> dict[str, Any]:
        """Container counted from 1, its racks and its PCS, and what the site has once, with unit-suffixed keys."""
        count = self._link.catalogue.site.container.rack_count
        n = container - 1
        own = {RACK: slice(n * count, n * count + count)}
        parts = [
            (components, components.offsets[own.get(sort, slice(n, n + 1)) if sort.counted else slice(None)])
            for sort, components in self._components.items()
        ]
        values, tick, time = self._link.values(np.concatenate([offsets.ravel() for _, offsets in parts]))
        reports, at = {}, 0
        for (components, offsets), sort in zip(parts, self._components, strict=True):
            rows = values[at : at + offsets.size].reshape(offsets.shape)
            reports[sort] = [components.report(row.tolist()) for row in rows]
            at += offsets.size
        return {
            "tick": tick,
            "time_s": time,
            "index": container,
            **{sort.path[-1]: told[0] for sort, told in reports.items() if sort is not RACK},
            "racks": reports[RACK],
            "status": self._link.status(),
        }

    def events(self, after: int) -> dict[str, Any]:
        """The latest events after a sequence number, oldest first, and how many before them are not given."""
        found = self._link.events(after)
        given = found[-EVENTS_MAX:]
        missed = max(0, given[0].sequence - after - 1) if given else 0
        return {"events": [event_data(event) for event in given], "events_missed": missed}


def event_data(event: Event) -> dict[str, Any]:
    """An event as plain data."""
    return {
        "sequence": event.sequence,
        "tick": event.tick,
        "time_s": round(event.time, 6),
        "kind": event.kind,
        "source": event.source,
        "data": event.data,
    }
