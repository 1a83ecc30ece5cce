"""Places the rows of a register map on a site: addresses, repetitions, and what overlaps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bms_emulator.interfaces.modbus.formats import FORMATS, REGISTER_BITS, Format, bit_format
from bms_emulator.interfaces.modbus.layout import (
    Complaint,
    Dim,
    KeyPath,
    LayoutError,
    Place,
    PlacedBlock,
    PlacedUnit,
    axis_count,
    planes_of,
)
from bms_emulator.interfaces.modbus.map import Axis, Block, RegisterMap, Row, Table, Unit
from bms_emulator.profile.container import ContainerProfile

ADDRESS_END = 65536
BIT_TABLES: tuple[Table, ...] = ("coil", "discrete_input")
"""Tables of bits, not of registers."""


@dataclass(frozen=True)
class Room:
    """Registers of one repetition, from one to the next; repetitions, and for how many there is room."""

    one: int
    stride: int
    count: int
    most: int

    @property
    def all(self) -> int:
        """Registers of all repetitions that there is room for."""
        return self.stride * (self.most - 1) + self.one


def place(registers: RegisterMap, container: ContainerProfile) -> tuple[PlacedUnit, ...]:
    """All rows of a map with their addresses.

    Raises:
        LayoutError: Rows overlap, leave the address space, or repeat over what is not there.
    """
    placer = _Placer(registers, container)
    units = tuple(placer.unit(unit, ("units", n)) for n, unit in enumerate(registers.units))
    if placer.complaints:
        raise LayoutError(list(dict.fromkeys(placer.complaints)), units)
    return units


class _Placer:
    """Walks a map once; notes what is wrong and goes on."""

    def __init__(self, registers: RegisterMap, container: ContainerProfile) -> None:
        self.registers = registers
        self.container = container
        self.complaints: list[Complaint] = []
        self.places: list[Place] = []
        self.tables: tuple[Table, ...] = ()

    def unit(self, unit: Unit, path: KeyPath) -> PlacedUnit:
        dims = () if unit.over is None else (Dim(unit.over, self.container.rack_count, 0),)
        blocks: list[PlacedBlock] = []
        cursor = 0
        for n, block in enumerate(unit.blocks):
            here = (*path, "blocks", n)
            start = cursor if block.at is None else block.at
            self.places, self.tables = [], tuple(dict.fromkeys(block.tables))
            room = self.block(block, here, start, dims, {})
            cursor = start + room.all
            extents = tuple((start + k * room.stride, start + k * room.stride + room.one) for k in range(room.count))
            blocks.append(PlacedBlock(self.tables, tuple(self.places), extents))
            if extents and extents[-1][1] > ADDRESS_END:
                self.complaints.append(
                    (here, f"ends at address {extents[-1][1] - 1}; the last one is {ADDRESS_END - 1}")
                )
        planes = planes_of(blocks)
        for plane in planes:
            self.complaints += _overlaps(plane.places, repeated=bool(dims))
        return PlacedUnit(unit, path, dims[0].count if dims else 1, planes)

    def block(self, block: Block, path: KeyPath, start: int, dims: tuple[Dim, ...], scales: Mapping[str, Row]) -> Room:
        """Place a block."""
        around = tuple(dim.axis for dim in dims)
        room = self.room(block, around, path)
        if block.over is not None:
            spare = room.most - room.count if block.spare == "ignore" else 0
            dims = (*dims, Dim(block.over, room.count, room.stride, spare))
            around = (*around, block.over)
        scales = {**scales, **{row.name: row for row in block.rows if row.type == "sunssf"}}
        cursor = 0
        for n, row in enumerate(block.rows):
            here = (*path, "rows", n)
            words = self.words(row, around, here)
            at = cursor if row.at is None else row.at
            cursor = at + words
            form, rest = self.format(row, here), room.one - cursor
            self.places.append(Place(row, here, block.name, start + at, dims, rest, scales, words, form, self.tables))
        for n, nested in enumerate(block.blocks):
            at = cursor if nested.at is None else nested.at
            cursor = at + self.block(nested, (*path, "blocks", n), start + at, dims, scales).all
        return room

    def room(self, block: Block, around: tuple[Axis, ...], path: KeyPath) -> Room:
        """What a block takes."""
        count = 1 if block.over is None else self.count(block.over, around, (*path, "over"))
        around = around if block.over is None else (*around, block.over)
        cursor = end = 0
        for n, row in enumerate(block.rows):
            cursor = (cursor if row.at is None else row.at) + self.words(row, around, (*path, "rows", n))
            end = max(end, cursor)
        for n, nested in enumerate(block.blocks):
            here = (*path, "blocks", n)
            if "tables" in nested.model_fields_set:
                self.complaints.append(((*here, "tables"), "a block within a block stands in the tables of that one"))
            at = cursor if nested.at is None else nested.at
            cursor = at + self.room(nested, around, here).all
            end = max(end, cursor)
        if block.size is not None and block.size < end:
            self.complaints.append(((*path, "size"), f"{block.size} registers, but its rows take {end}"))
        one = max(block.size or 0, end)
        stride = block.stride or one
        if stride < one:
            self.complaints.append(((*path, "stride"), f"{stride} registers, but one repetition takes {one}"))
        if block.most is not None and block.over is None:
            self.complaints.append(((*path, "most"), "goes with over"))
        elif block.most is not None and count > block.most:
            message = f"has room for {block.most}, but there are {count} of {block.over}"
            self.complaints.append(((*path, "most"), message))
        return Room(one, stride, count, max(block.most or 0, count))

    def count(self, axis: Axis, around: tuple[Axis, ...], path: KeyPath) -> int:
        """Length of an axis."""
        try:
            if axis in around:
                raise ValueError(f"{axis}: what stands around repeats over it already")
            return axis_count(axis, around, self.container)
        except ValueError as error:
            self.complaints.append((path, str(error)))
            return 1

    def words(self, row: Row, around: tuple[Axis, ...], path: KeyPath) -> int:
        """Registers of one repetition of a row."""
        if (row.type == "bit") != (self.tables[0] in BIT_TABLES):
            kind = "coils and discrete inputs have rows of type bit, and no other table has"
            self.complaints.append((path, f"{row.name}: type = {row.type!r}: {kind}"))
        if row.elements is None:
            return row.words
        count = self.count(row.elements.over, around, (*path, "elements", "over"))
        needed = -(-count * row.elements.width // REGISTER_BITS)
        if row.size is not None and needed > row.size:
            self.complaints.append((path, f"{row.name}: size = {row.size}: {count} elements need {needed} registers"))
        return max(needed, row.size or 0)

    def format(self, row: Row, path: KeyPath) -> Format:
        """Format of one value of a row."""
        form = FORMATS[row.type] if row.elements is None else bit_format(row.elements.width)
        form = replace(form, little=(row.word_order or self.registers.word_order) == "little")
        if row.missing is None:
            return form
        try:
            return form.with_missing(row.missing)
        except ValueError as error:
            self.complaints.append(((*path, "missing"), str(error)))
            return form


def _overlaps(places: Sequence[Place], *, repeated: bool) -> Iterator[Complaint]:
    """Rows that take a register of another row; of a repeated unit, the first is looked at."""
    starts = [(place.addresses()[0] if repeated else place.addresses()).ravel() for place in places]
    owner = np.repeat(np.arange(len(places)), [len(start) for start in starts])
    first = np.concatenate([*starts, np.zeros(0, np.int64)])
    stop = first + np.array([place.words for place in places], np.int64)[owner]
    order = np.lexsort((owner, first))
    owner, first, stop = owner[order], first[order], stop[order]
    told: set[tuple[int, int]] = set()
    for n in np.flatnonzero(first[1:] < np.maximum.accumulate(stop)[:-1]) + 1:
        pair = (int(owner[n]), int(owner[np.argmax(stop[:n])]))
        if pair not in told:
            told.add(pair)
            row, other = places[pair[0]], places[pair[1]]
            yield row.path, f"{row.label} at address {first[n]} overlaps {other.label}"
