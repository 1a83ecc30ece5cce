"""What the live page shows of a container: key figures of one tick, and what happened since the last look."""

from typing import Any

import numpy as np

from bms_emulator.interfaces.components import Components
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
        self._containers = Components(link.catalogue, ("container",))
        self._racks = Components(link.catalogue, ("container", "rack"))
        self._pcs = Components(link.catalogue, ("pcs",))

    def figures(self, container: int) -> dict[str, Any]:
        """Container, racks and PCS with unit-suffixed keys, container counted from 1."""
        count = self._link.catalogue.site.container.rack_count
        n = container - 1
        parts = (
            (self._containers, self._containers.offsets[n : n + 1]),
            (self._racks, self._racks.offsets[n * count : (n + 1) * count]),
            (self._pcs, self._pcs.offsets[n : n + 1]),
        )
        values, tick, time = self._link.values(np.concatenate([offsets.ravel() for _, offsets in parts]))
        reports, at = [], 0
        for components, offsets in parts:
            rows = values[at : at + offsets.size].reshape(offsets.shape)
            reports.append([components.report(row.tolist()) for row in rows])
            at += offsets.size
        return {
            "tick": tick,
            "time_s": time,
            "index": container,
            "container": reports[0][0],
            "racks": reports[1],
            "pcs": reports[2][0],
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
