"""Binary frames of all measured cell voltages and temperatures of a container.

A frame is little-endian: a header (``HEADER``: magic ``BMSC``, version, header size, container, rack count, cells per
rack, cells per pack, tick, simulated time [s]), then the voltages [V] and then the temperatures [K] of all cells as
float32, rack by rack. NaN is an invalid reading. All values are of one tick.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.link import Link

HEADER = struct.Struct("<4sHHIIIIQd")
MAGIC = b"BMSC"
VERSION = 1


class CellFrames:
    """The frames of a site; one that several clients want in one tick is made once.

    Args:
        link: The running emulator.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._offsets: dict[int, NDArray[np.int64]] = {}
        self._made: dict[int, tuple[int, bytes]] = {}

    def frame(self, container: int) -> bytes:
        """The frame of a container, counted from 1."""
        if container not in self._offsets:
            cells = f"container[{container}].rack[*].cell[*]"
            select = self._link.catalogue.select
            self._offsets[container] = np.concatenate(
                [select(f"{cells}.{quantity}")[0].offsets() for quantity in ("voltage", "temperature")]
            )
        values, tick, time = self._link.values(self._offsets[container])
        made = self._made.get(container)
        if made is None or made[0] != tick:
            profile = self._link.catalogue.site.container
            rack = profile.rack
            counts = (profile.rack_count, rack.cell_count, rack.pack.cell_count)
            header = HEADER.pack(MAGIC, VERSION, HEADER.size, container, *counts, tick, time)
            made = tick, header + values.astype("<f4").tobytes()
            self._made[container] = made
        return made[1]
