"""Arrays of all cells of a rack: asked for one rack at a time, or shown for all at a chosen period."""

import asyncio

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.values import dumps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.units import ZERO_CELSIUS

_ARRAYS = (
    ("container.rack.cell.voltage", "voltage_v", 0.0, 5),
    ("container.rack.cell.temperature", "temperature_degc", -ZERO_CELSIUS, 3),
)
"""Points, key in the message, what is added to SI, decimals."""


class CellArrays:
    """The cell arrays of a site, and who waits for them.

    Args:
        catalogue: The points of the site.
        base: Topic under which they are published, e.g. ``bms/demo``.
    """

    def __init__(self, catalogue: Catalogue, base: str) -> None:
        racks = catalogue.site.container.rack_count
        self.rack_count = catalogue.site.container_count * racks
        self.request_topic = f"{base}/container/+/rack/+/cells/get"
        self._topics = [f"{base}/container/{n // racks + 1}/rack/{n % racks + 1}/cells" for n in range(self.rack_count)]
        self._racks = {f"{topic}/get": n for n, topic in enumerate(self._topics)}
        families = [catalogue.families[name] for name, *_ in _ARRAYS]
        self._offsets = [
            np.concatenate(
                [
                    [family.offset((n // racks, n % racks, k)) for k in range(family.axes[-1].count)]
                    for family in families
                ]
            )
            for n in range(self.rack_count)
        ]
        self._ends = np.cumsum([family.axes[-1].count for family in families])[:-1]
        self._wanted: dict[int, None] = {}
        self._is_wanted = asyncio.Event()

    def ask(self, topic: str) -> None:
        """Take a request; those of one rack that wait are one, and those of racks that do not exist are none."""
        rack = self._racks.get(topic)
        if rack is not None:
            self._wanted[rack] = None
            self._is_wanted.set()

    async def asked_for(self) -> int:
        """The rack, counted from 0, that was asked for first; waits until there is one."""
        await self._is_wanted.wait()
        rack = next(iter(self._wanted))
        del self._wanted[rack]
        if not self._wanted:
            self._is_wanted.clear()
        return rack

    def message(self, link: Link, rack: int) -> tuple[str, str]:
        """Topic and payload that show the cells of a rack, counted from 0."""
        values, tick, time = link.values(self._offsets[rack])
        told = {
            key: _plain(part + offset, decimals)
            for (_, key, offset, decimals), part in zip(_ARRAYS, np.split(values, self._ends), strict=True)
        }
        return self._topics[rack], dumps({"tick": tick, "time_s": round(time, 6), **told})


def _plain(values: Array, decimals: int) -> list[float | None]:
    rounded: list[float | None] = values.round(decimals).tolist()
    for n in np.nonzero(np.isnan(values))[0].tolist():
        rounded[n] = None
    return rounded
