"""What the maps of a site compile to, before like devices are folded into one."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.runs import BITFIELD, RUN, TERM


@dataclass
class Images:
    """What all maps of a site share; it grows map by map.

    Attributes:
        template: Words of all images with the constants in place.
        size: How many they are.
        table: Entries of all enumeration tables.
    """

    template: list[NDArray[np.uint16]] = field(default_factory=list)
    size: int = 0
    table: list[int] = field(default_factory=list)
    _tables: dict[tuple[int, ...], int] = field(default_factory=dict)

    def add_image(self, words: int) -> tuple[int, NDArray[np.uint16]]:
        """Room for one more image: its first word, and its words, big-endian."""
        start, image = self.size, np.zeros(words, ">u2")
        self.template.append(image)
        self.size += words
        return start, image

    def add_table(self, entries: tuple[int, ...]) -> tuple[int, int]:
        """First entry of an enumeration table, and how many there are; equal tables stand once."""
        if entries not in self._tables:
            self._tables[entries] = len(self.table)
            self.table += [entry - (1 << 64) * (entry >> 63 == 1) for entry in entries]  # as signed numbers of 64 bits
        return self._tables[entries], len(entries)


class Records(NamedTuple):
    """Records of :data:`RUN`, :data:`BITFIELD` and :data:`TERM`."""

    runs: NDArray[np.void]
    bitfields: NDArray[np.void]
    terms: NDArray[np.void]


@dataclass
class DeviceRecords:
    """What the map of one device compiles to.

    Attributes:
        container: Which container it shows, counted from 1.
        start: First word of its images.
        runs: Records of runs.
        bitfields: Records of bitfields; their terms are counted from the first of the device.
        terms: Records of terms.
    """

    container: int
    start: int
    runs: list[tuple[float, ...]] = field(default_factory=list)
    bitfields: list[tuple[float, ...]] = field(default_factory=list)
    terms: list[tuple[float, ...]] = field(default_factory=list)

    @cached_property
    def arrays(self) -> Records:
        """All of them, once there are no more to come."""
        return Records(np.array(self.runs, RUN), np.array(self.bitfields, BITFIELD), np.array(self.terms, TERM))
