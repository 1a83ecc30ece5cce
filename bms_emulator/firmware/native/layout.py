"""How inputs and outputs of one worker lie in the memory that it shares with the emulator.

Every array, and each of the two structs, ends where a page ends, and behind it lies a page that the worker may not
touch. So a library that reads or writes beyond an end is caught in the act, and is told the name and the index.
"""

import ctypes
import mmap
from dataclasses import dataclass
from functools import cached_property

from bms_emulator.firmware.native.abi import Alarm, Inputs, Measurement, Outputs

ALARM_CAPACITY = 256
"""Alarms that a firmware may report at once."""
LOG_CAPACITY = 4096
"""Text for the log in one period [bytes]."""
MARGIN = 64
"""Bytes in front of an array of outputs that must stay as they are."""
PAGE = mmap.PAGESIZE


@dataclass(frozen=True)
class Counts:
    """How much a rack has of everything.

    Attributes:
        cells: Cells in series.
        temperatures: Measured cell temperatures.
        packs: Packs, with a cell-monitoring unit each.
    """

    cells: int
    temperatures: int
    packs: int

    def __post_init__(self) -> None:
        if min(self.cells, self.temperatures, self.packs) < 1:
            raise ValueError(f"{self}: counts must be 1 or more")


@dataclass(frozen=True)
class Region:
    """A struct or an array in the block.

    Attributes:
        name: As in the header.
        start: Offset of its first byte.
        item: Size of an element [bytes].
        count: Number of elements.
        is_output: Whether the firmware writes it.
    """

    name: str
    start: int
    item: int
    count: int
    is_output: bool

    @property
    def end(self) -> int:
        """Offset behind its last byte; a page begins there."""
        return self.start + self.item * self.count

    @property
    def page(self) -> int:
        """Offset of the page in which it begins."""
        return self.start // PAGE * PAGE


class Layout:
    """Where everything lies.

    Args:
        counts: Of the rack.

    Attributes:
        regions: By name: the structs ``inputs`` and ``outputs``, and the arrays that they point to.
        size: Of the whole block [bytes].
    """

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.regions: dict[str, Region] = {}
        measurement = ctypes.sizeof(Measurement)
        end = PAGE
        for name, item, count, is_output in (
            ("inputs", ctypes.sizeof(Inputs), 1, False),
            ("cell_voltages", measurement, counts.cells, False),
            ("temperatures", measurement, counts.temperatures, False),
            ("cmu_faults", ctypes.sizeof(ctypes.c_uint32), counts.packs, False),
            ("outputs", ctypes.sizeof(Outputs), 1, True),
            ("balancing", 1, counts.cells, True),
            ("alarms", ctypes.sizeof(Alarm), ALARM_CAPACITY, True),
            ("log", 1, LOG_CAPACITY, True),
        ):
            end += -(-(item * count + MARGIN) // PAGE) * PAGE
            self.regions[name] = Region(name, end - item * count, item, count, is_output)
            end += PAGE
        self.size = end

    @cached_property
    def outputs(self) -> list[Region]:
        """What the firmware writes."""
        return [region for region in self.regions.values() if region.is_output]
