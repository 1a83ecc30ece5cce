"""State messages: one for each container, rack and PCS, all of one tick."""

from collections.abc import Iterator

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.components import Components
from bms_emulator.interfaces.values import dumps
from bms_emulator.points.catalogue import Catalogue


class Telemetry:
    """The state messages of a site.

    Args:
        catalogue: The points of the site.
        base: Topic under which the messages are published, e.g. ``bms/demo``.
    """

    def __init__(self, catalogue: Catalogue, base: str) -> None:
        containers = [f"{base}/container/{n + 1}" for n in range(catalogue.site.container_count)]
        racks = [f"{topic}/rack/{n + 1}" for topic in containers for n in range(catalogue.site.container.rack_count)]
        converters = [f"{base}/pcs/{n + 1}" for n in range(catalogue.site.container_count)]
        self._sorts = [
            (containers, Components(catalogue, ("container",))),
            (racks, Components(catalogue, ("container", "rack"))),
            (converters, Components(catalogue, ("pcs",))),
        ]
        self.offsets = np.concatenate([components.offsets.ravel() for _, components in self._sorts])
        """Arena offsets of all values of all messages, shape (values,)."""

    def messages(self, values: Array, tick: int, time: float) -> Iterator[tuple[str, str]]:
        """Topic and payload of each message, from the values at :attr:`offsets`, all of one tick."""
        at = 0
        for topics, components in self._sorts:
            width = len(components.columns)
            for topic in topics:
                told = components.report(values[at : at + width].tolist())
                at += width
                yield f"{topic}/state", dumps({"tick": tick, "time_s": round(time, 6), **told})
