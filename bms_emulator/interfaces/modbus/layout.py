"""What a register map looks like on a site: rows with their addresses, and the address spaces that they make."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.formats import Format
from bms_emulator.interfaces.modbus.map import Axis, Row, Table, Unit
from bms_emulator.profile.container import ContainerProfile

KeyPath = tuple[str | int, ...]
Complaint = tuple[KeyPath, str]
"""A key path of the map and what is wrong there."""
Extent = tuple[int, int]
"""First address, and the one behind the last."""


@dataclass(frozen=True)
class Dim:
    """A repetition around a row.

    Attributes:
        axis: What it repeats over.
        count: How often.
        stride: Registers from one to the next; 0 for the repetition of a unit.
        spare: Repetitions behind these that are not there, and to which writes are accepted without effect.
    """

    axis: Axis
    count: int
    stride: int
    spare: int = 0


@dataclass(frozen=True)
class Place:
    """A row with its address.

    Attributes:
        row: The row.
        path: Its key path in the map.
        block: Name of the block it stands in.
        address: Address of its first repetition.
        dims: Repetitions around it, outermost first; that of the unit included.
        rest: Registers of its block behind it.
        scales: Scale-factor rows that it may name.
        words: Registers of one repetition.
        format: Format of its value, with its own word order and its own way to say that there is none.
        tables: Tables that it stands in.
    """

    row: Row
    path: KeyPath
    block: str
    address: int
    dims: tuple[Dim, ...]
    rest: int
    scales: Mapping[str, Row]
    words: int
    format: Format
    tables: tuple[Table, ...]

    @property
    def label(self) -> str:
        """Block and row by name."""
        return f"{self.block}.{self.row.name}"

    def repetition(self, index: tuple[int, ...]) -> int:
        """Which repetition of the unit a repetition of the row belongs to, counted from 0."""
        return index[0] if self.dims and self.dims[0].stride == 0 else 0

    def addresses(self, *, spare: bool = False) -> NDArray[np.int64]:
        """Address of each repetition, with or without spare ones, shape of the repetitions."""
        counts = [dim.count + (dim.spare if spare else 0) for dim in self.dims]
        grid = np.full(counts, self.address, np.int64)
        for n, dim in enumerate(self.dims):
            steps = np.arange(counts[n]) * dim.stride
            grid += steps.reshape([-1 if n == m else 1 for m in range(len(self.dims))])
        return grid


@dataclass(frozen=True)
class Plane:
    """Addresses that stand for the same words, whichever table they are read from.

    Attributes:
        places: Its rows.
        extents: Addresses that are defined, rising, not touching each other.
        ranges: The same of each table.
    """

    places: tuple[Place, ...]
    extents: tuple[Extent, ...]
    ranges: Mapping[Table, tuple[Extent, ...]]


class PlacedBlock(NamedTuple):
    """A block of a unit: its tables, its rows, and addresses (first, behind last) of each repetition."""

    tables: tuple[Table, ...]
    places: tuple[Place, ...]
    extents: tuple[Extent, ...]


@dataclass(frozen=True)
class PlacedUnit:
    """A unit with all of its rows.

    Attributes:
        unit: The unit.
        path: Its key path in the map.
        count: How often it repeats.
        planes: Its rows by address spaces; tables that show the same registers share one.
    """

    unit: Unit
    path: KeyPath
    count: int
    planes: tuple[Plane, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """All rows; a row that stands in several planes is there once for each."""
        return tuple(place for plane in self.planes for place in plane.places)


class LayoutError(Exception):
    """A map that does not fit the site.

    Attributes:
        complaints: All that is wrong.
        units: Its rows as they would stand, so that what else is wrong with them can be told too.
    """

    def __init__(self, complaints: list[Complaint], units: tuple[PlacedUnit, ...]) -> None:
        super().__init__(f"{len(complaints)} problems")
        self.complaints = complaints
        self.units = units


def axis_count(axis: Axis, around: tuple[Axis, ...], container: ContainerProfile) -> int:
    """How many of an axis there are in what stands around.

    Raises:
        ValueError: It needs a rack or pack around it that is not there.
    """
    if axis == "rack":
        return container.rack_count
    if "rack" not in around:
        raise ValueError(f"{axis}: needs a unit or block over racks around it")
    if axis == "pack":
        return container.rack.pack_count
    rack, pack = container.rack, container.rack.pack
    if "pack" in around:
        return pack.cell_count if axis == "cell" else pack.temperature_sensor_count
    return rack.cell_count if axis == "cell" else rack.sensor_count


def planes_of(blocks: Sequence[PlacedBlock]) -> tuple[Plane, ...]:
    """The address spaces of a unit.

    Tables share one where a block stands in both, unless blocks of different tables stand at the same addresses: then
    each table has its own, and what stands in several is there several times.
    """
    groups: list[set[Table]] = []
    for block in blocks:
        joined = set(block.tables).union(*(group for group in groups if group & set(block.tables)))
        groups = [group for group in groups if not group & joined] + [joined]
    planes = []
    for group in groups:
        members = [block for block in blocks if group & set(block.tables)]
        parts = [{table} for table in sorted(group)] if _collide(members) else [group]
        planes += [_plane(members, part) for part in parts]
    return tuple(planes)


def _collide(blocks: Sequence[PlacedBlock]) -> bool:
    """Whether blocks of different tables have an address in common."""
    spans = sorted((*extent, sorted(block.tables)) for block in blocks for extent in block.extents)
    reached: dict[tuple[Table, ...], int] = {}
    for start, stop, tables in spans:
        if any(start < end for others, end in reached.items() if others != tuple(tables)):
            return True
        reached[tuple(tables)] = max(stop, reached.get(tuple(tables), 0))
    return False


def _plane(blocks: Sequence[PlacedBlock], tables: set[Table]) -> Plane:
    """The address space of some tables."""
    own = [block for block in blocks if tables & set(block.tables)]
    places = tuple(
        replace(place, tables=tuple(table for table in block.tables if table in tables))
        for block in own
        for place in block.places
    )
    ranges = {
        table: _merged(extent for block in own if table in block.tables for extent in block.extents)
        for table in sorted(tables)
    }
    return Plane(places, _merged(extent for block in own for extent in block.extents), ranges)


def _merged(extents: Iterable[Extent]) -> tuple[Extent, ...]:
    """Addresses without what they have in common or only a seam between them."""
    merged: list[Extent] = []
    for start, stop in sorted(extents):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        elif stop > start:
            merged.append((start, stop))
    return tuple(merged)
