"""Devices that are alike but for their container: two are compiled, the others are copies.

In the arena like points of two containers lie as far apart as the containers do, so a copy is the first device with all
positions moved. The second device tells whether that is so: it is compiled as well, and compared with its copy.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.assembly import Assembly, Served
from bms_emulator.interfaces.modbus.constants import write_constant
from bms_emulator.interfaces.modbus.device import Range, UnitPlan, Writable
from bms_emulator.interfaces.modbus.kept import Kept
from bms_emulator.interfaces.modbus.layout import Complaint, PlacedUnit
from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.interfaces.modbus.meaning import Move
from bms_emulator.interfaces.modbus.records import DeviceRecords, Images, Records
from bms_emulator.interfaces.modbus.runs import NO_AGE
from bms_emulator.interfaces.modbus.writing import Writables
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import ModbusDevice


@dataclass
class Compiled:
    """A map for one container.

    Attributes:
        served: Its units.
        records: What the kernel reads of it.
        pages: The words of its images, unit by unit.
        complaints: What is wrong.
    """

    served: list[Served]
    records: DeviceRecords
    pages: list[NDArray[np.uint16]]
    complaints: list[Complaint]

    def equals(self, other: "Compiled") -> bool:
        """Whether the other is the same to the last bit."""
        own, others = ([*each.records.arrays, *each.pages] for each in (self, other))
        same = all(a.tobytes() == b.tobytes() for a, b in zip(own, others, strict=True))
        return same and (self.served, self.complaints) == (other.served, other.complaints)


class Compiler:
    """Compiles maps for containers.

    Args:
        catalogue: Points of the site.
        images: The images of the site, to which all are added.
        kept: Values that the maps of the site keep.
    """

    def __init__(self, catalogue: Catalogue, images: Images, kept: Kept) -> None:
        self._catalogue = catalogue
        self._images = images
        self._kept = kept
        self._distances = Distances(catalogue)
        self._first: dict[str, Assembly] = {}
        self._moves: dict[str, bool] = {}

    def compiled(self, registers: RegisterMap, placed: Iterable[PlacedUnit], device: ModbusDevice) -> Compiled:
        """A map for the container of a device."""
        name = device.map
        if self._moves.get(name) and self._keeps_alike(name, device):
            copy = self._copy(name, device, self._images.size)
            for page in copy.pages:
                self._images.add_image(len(page))[1][:] = page
            return copy
        assembly = Assembly(registers, device, self._catalogue, self._images, self._kept)
        for unit in placed:
            assembly.unit(unit)
        compiled = Compiled(assembly.served, assembly.records, assembly.pages, assembly.complaints)
        if name not in self._first:
            self._first[name] = assembly
        elif name not in self._moves and device.container != self._first[name].device.container:
            alike = self._keeps_alike(name, device)
            self._moves[name] = alike and self._copy(name, device, compiled.records.start).equals(compiled)
        return compiled

    def _by(self, name: str, device: ModbusDevice) -> int:
        """How many containers on from that of the first device of a map."""
        return device.container - self._first[name].device.container

    def _keeps_alike(self, name: str, device: ModbusDevice) -> bool:
        """Ask for the values that a device keeps; whether they are where those of the first are in its container."""
        first, by = self._first[name], self._by(name, device)
        try:
            return all(
                np.array_equal(
                    self._kept.offsets(device.container, first.registers.name, path, shape, initial),
                    self._distances.moved(offsets, by),
                )
                for path, (shape, initial, offsets) in first.writing.asked.items()
            )
        except ValueError:  # there is no room
            return False

    def _copy(self, name: str, device: ModbusDevice, start: int) -> Compiled:
        """The first device of a map with the points of another container, its images from a word on."""
        first, by = self._first[name], self._by(name, device)
        to = self._distances.move(by)
        words = start - first.records.start
        units = [Served(each.port_shift, _unit(each.unit, first, device, words, to)) for each in first.served]
        pages, complaints = [page.copy() for page in first.pages], list(first.complaints)
        for page, place, at in first.named:
            try:
                write_constant(place, at, pages[page], self._catalogue.site, device.container)
            except ValueError as error:
                complaint = (place.path, f"{place.label}: {error}")
                complaints += [complaint] if complaint not in complaints else []
        return Compiled(units, self._records(first.records, device.container, start, by), pages, complaints)

    def _records(self, first: DeviceRecords, container: int, start: int, by: int) -> DeviceRecords:
        runs, bitfields, terms = (records.copy() for records in first.arrays)
        for records, key in ((runs, "source"), (runs, "age"), (terms, "source")):
            records[key] = self._distances.moved(records[key], by)
        for records in (runs, bitfields):
            records["word"] += start - first.start
        moved = DeviceRecords(container, start)
        moved.arrays = Records(runs, bitfields, terms)
        return moved


class Distances:
    """How far like points of two containers lie apart in the arena."""

    def __init__(self, catalogue: Catalogue) -> None:
        site = catalogue.site
        families = sorted(catalogue.families.values(), key=lambda family: family.slot.offset)
        slots = [family.slot for family in families]
        self._starts = np.array([slot.offset for slot in slots], np.int64)
        by_container = [bool(slot.info.axes) and slot.info.axes[0] in ("container", "rack") for slot in slots]
        sizes = [slot.size // site.container_count for slot in slots]
        self._steps = np.where(by_container, sizes, 0).astype(np.int64)
        self._known: dict[int, int] = {}

    def moved(self, positions: NDArray[np.int64], by: int) -> NDArray[np.int64]:
        """Positions so many containers on; :data:`NO_AGE` stays."""
        steps = self._steps[np.searchsorted(self._starts, positions, "right") - 1]
        return np.where(positions == NO_AGE, NO_AGE, positions + by * steps)

    def move(self, by: int) -> Move:
        """The same for one position at a time, and mostly for the same ones."""
        known = self._known

        def to(position: int) -> int:
            step = known.get(position)
            if step is None:
                step = known[position] = int(self._steps[np.searchsorted(self._starts, position, "right") - 1])
            return position + by * step

        return to


def _unit(unit: UnitPlan, first: Assembly, device: ModbusDevice, words: int, to: Move) -> UnitPlan:
    """A unit of another device, whose images are so many words on."""
    ranges = {
        table: tuple(Range(each.start, each.stop, each.offset + 2 * words) for each in own)
        for table, own in unit.ranges.items()
    }
    return replace(
        unit,
        unit=unit.unit - first.device.unit + device.unit,
        container=device.container,
        ranges=ranges,
        writables=_writables(unit.writables, to),
        read_limit=device.read_limit or first.registers.read_limit,
        heartbeat=None if unit.heartbeat is None else to(unit.heartbeat),
        beats=tuple(at + 2 * words for at in unit.beats),
    )


def _writables(writables: Writables, to: Move) -> Writables:
    """The same for the points of another container; a value of several registers is one object again."""
    moved: dict[int, Writable] = {}
    for each in (each for own in writables.values() for each in own.values()):
        if id(each) not in moved:
            moved[id(each)] = Writable(each.label, each.address, each.words, each.meaning.moved(to))
    return {table: {at: moved[id(each)] for at, each in own.items()} for table, own in writables.items()}
