"""Where the rows of a register map stand on a site: addresses, repetitions, and what overlaps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.map import Axis, Block, RegisterMap, Row, Unit
from bms_emulator.profile.container import ContainerProfile

KeyPath = tuple[str | int, ...]
Complaint = tuple[KeyPath, str]
"""A key path of the map and what is wrong there."""

ADDRESS_END = 65536


@dataclass(frozen=True)
class Dim:
    """A repetition around a row.

    Attributes:
        axis: What it repeats over.
        count: How often.
        stride: Registers from one to the next; 0 for the repetition of a unit.
    """

    axis: Axis
    count: int
    stride: int


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
    """

    row: Row
    path: KeyPath
    block: str
    address: int
    dims: tuple[Dim, ...]
    rest: int
    scales: Mapping[str, Row]

    @property
    def label(self) -> str:
        """Block and row by name."""
        return f"{self.block}.{self.row.name}"

    def addresses(self) -> NDArray[np.int64]:
        """Address of each repetition, shape of the repetitions."""
        grid = np.full([dim.count for dim in self.dims], self.address, np.int64)
        for n, dim in enumerate(self.dims):
            steps = np.arange(dim.count) * dim.stride
            grid += steps.reshape([-1 if n == m else 1 for m in range(len(self.dims))])
        return grid


@dataclass(frozen=True)
class PlacedUnit:
    """A unit with all of its rows.

    Attributes:
        unit: The unit.
        path: Its key path in the map.
        count: How often it repeats.
        places: Its rows.
        ranges: Addresses that are defined, (first, behind last), apart from each other and rising.
    """

    unit: Unit
    path: KeyPath
    count: int
    places: tuple[Place, ...]
    ranges: tuple[tuple[int, int], ...]


class LayoutError(Exception):
    """A map that does not fit the site.

    Attributes:
        complaints: All that is wrong.
    """

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__(f"{len(complaints)} problems")
        self.complaints = complaints


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


def place(registers: RegisterMap, container: ContainerProfile) -> tuple[PlacedUnit, ...]:
    """All rows of a map with their addresses.

    Raises:
        LayoutError: Rows overlap, leave the address space, or repeat over what is not there.
    """
    placer = _Placer(container)
    units = tuple(placer.unit(unit, ("units", n)) for n, unit in enumerate(registers.units))
    if placer.complaints:
        raise LayoutError(placer.complaints)
    return units


class _Placer:
    """Walks a map once; notes what is wrong and goes on."""

    def __init__(self, container: ContainerProfile) -> None:
        self.container = container
        self.complaints: list[Complaint] = []
        self.places: list[Place] = []

    def unit(self, unit: Unit, path: KeyPath) -> PlacedUnit:
        self.places = []
        dims = () if unit.over is None else (Dim(unit.over, self.container.rack_count, 0),)
        extents: list[tuple[int, int]] = []
        cursor = 0
        for n, block in enumerate(unit.blocks):
            start = cursor if block.at is None else block.at
            cursor = start + self.block(block, (*path, "blocks", n), start, dims, {})
            extents.append((start, cursor))
            if cursor > ADDRESS_END:
                last = cursor - 1
                self.complaints.append(((*path, "blocks", n), f"ends at address {last}; the last one is 65535"))
        self.complaints += _overlaps(self.places, repeated=bool(dims))
        return PlacedUnit(unit, path, dims[0].count if dims else 1, tuple(self.places), _merged(extents))

    def block(self, block: Block, path: KeyPath, start: int, dims: tuple[Dim, ...], scales: Mapping[str, Row]) -> int:
        """Place a block; the registers that it takes with all repetitions."""
        around = tuple(dim.axis for dim in dims)
        count = 1 if block.over is None else self.count(block.over, around, (*path, "over"))
        inner = around if block.over is None else (*around, block.over)
        size = self.size(block, inner, path)
        stride = block.stride or size
        if stride < size:
            self.complaints.append(((*path, "stride"), f"{stride} registers, but one repetition takes {size}"))
        if block.over is not None:
            dims = (*dims, Dim(block.over, count, stride))
        scales = {**scales, **{row.name: row for row in block.rows if row.type == "sunssf"}}
        cursor = 0
        for n, row in enumerate(block.rows):
            at = cursor if row.at is None else row.at
            cursor = at + row.words
            place = Place(row, (*path, "rows", n), block.name, start + at, dims, size - cursor, scales)
            self.places.append(place)
        for n, nested in enumerate(block.blocks):
            at = cursor if nested.at is None else nested.at
            cursor = at + self.block(nested, (*path, "blocks", n), start + at, dims, scales)
        return stride * (count - 1) + size if count else 0

    def size(self, block: Block, around: tuple[Axis, ...], path: KeyPath) -> int:
        """Registers of one repetition of a block."""
        cursor = end = 0
        for row in block.rows:
            cursor = (cursor if row.at is None else row.at) + row.words
            end = max(end, cursor)
        for n, nested in enumerate(block.blocks):
            here = (*path, "blocks", n)
            inner = around if nested.over is None else (*around, nested.over)
            count = 1 if nested.over is None else self.count(nested.over, around, None)
            one = self.size(nested, inner, here)
            at = cursor if nested.at is None else nested.at
            cursor = at + (nested.stride or one) * (count - 1) + one
            end = max(end, cursor)
        if block.size is not None and block.size < end:
            self.complaints.append(((*path, "size"), f"{block.size} registers, but its rows take {end}"))
        return max(block.size or 0, end)

    def count(self, axis: Axis, around: tuple[Axis, ...], path: KeyPath | None) -> int:
        """Length of an axis; complains under ``path``, or keeps quiet where None."""
        try:
            if axis in around:
                raise ValueError(f"{axis}: what stands around repeats over it already")
            return axis_count(axis, around, self.container)
        except ValueError as error:
            if path is not None:
                self.complaints.append((path, str(error)))
            return 1


def _overlaps(places: list[Place], *, repeated: bool) -> Iterator[Complaint]:
    """Rows that take a register of another row; of a repeated unit, the first is looked at."""
    starts = [(place.addresses()[0] if repeated else place.addresses()).ravel() for place in places]
    owner = np.repeat(np.arange(len(places)), [len(start) for start in starts])
    first = np.concatenate([*starts, np.zeros(0, np.int64)])
    stop = first + np.array([place.row.words for place in places], np.int64)[owner]
    order = np.lexsort((owner, first))
    owner, first, stop = owner[order], first[order], stop[order]
    told: set[tuple[int, int]] = set()
    for n in np.flatnonzero(first[1:] < np.maximum.accumulate(stop)[:-1]) + 1:
        pair = (int(owner[n]), int(owner[np.argmax(stop[:n])]))
        if pair not in told:
            told.add(pair)
            row, other = places[pair[0]], places[pair[1]]
            yield row.path, f"{row.label} at address {first[n]} overlaps {other.label}"


def _merged(extents: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ranges of addresses without what they have in common or only a seam between them."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(extents):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        elif stop > start:
            merged.append((start, stop))
    return tuple(merged)
