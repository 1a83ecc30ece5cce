"""Compiles one map for one container: constants into the template, points into runs, conditions into terms."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bms_emulator import __version__
from bms_emulator.interfaces.modbus.binding import Bound, ages_of, bind
from bms_emulator.interfaces.modbus.conditions import bits_of_row, lone_flag, terms_of
from bms_emulator.interfaces.modbus.constants import write_constant
from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.device import Range, UnitPlan
from bms_emulator.interfaces.modbus.formats import Format, bit_format
from bms_emulator.interfaces.modbus.kept import Kept
from bms_emulator.interfaces.modbus.layout import Complaint, Dim, Place, PlacedUnit, Plane, axis_count
from bms_emulator.interfaces.modbus.map import Elements, RegisterMap, Shown, Table
from bms_emulator.interfaces.modbus.records import DeviceRecords, Images
from bms_emulator.interfaces.modbus.runs import Encoding, Packing, bits_of, exchanged, runs_of, series_of
from bms_emulator.interfaces.modbus.shown import bounds_of, is_whole, line_of, table_of
from bms_emulator.interfaces.modbus.writing import WRITABLE, Writables, Writing
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import ModbusDevice

HEARTBEATS = ("heartbeat", "heartbeat_master")
"""Last segments of points that show that somebody is alive."""


@dataclass(frozen=True)
class Served:
    """A unit and how far the port that it is served at is from that of the device."""

    port_shift: int
    unit: UnitPlan


class Assembly:
    """One map for one container; notes what is wrong and goes on.

    Args:
        registers: The map.
        device: Where it is served and what it shows.
        catalogue: Points of the site.
        images: The images of the site, to which its own are added.
        kept: Values that the maps of the site keep.

    Attributes:
        records: What it compiles to.
        served: Its units.
        pages: The words of its images, unit by unit.
        named: Rows that show a name on the container's nameplate: unit, row, and word of each repetition.
        complaints: What is wrong.
    """

    def __init__(
        self, registers: RegisterMap, device: ModbusDevice, catalogue: Catalogue, images: Images, kept: Kept
    ) -> None:
        self.registers = registers
        self.device = device
        self.catalogue = catalogue
        self.site = catalogue.site
        self.images = images
        self.writing = Writing(registers, catalogue, device.container, kept)
        self.records = DeviceRecords(device.container, images.size)
        self.served: list[Served] = []
        self.pages: list[NDArray[np.uint16]] = []
        self.named: list[tuple[int, Place, NDArray[np.int64]]] = []
        self.complaints: list[Complaint] = []
        self._beats: set[int] = set()

    def unit(self, placed: PlacedUnit) -> None:
        """Compile a unit: its plan, or one for each of its repetitions."""
        size = sum(map(_length, placed.planes))
        base, image = self.images.add_image(size * placed.count)
        self.pages.append(image)
        writables: list[Writables] = [{"holding": {}, "coil": {}} for _ in range(placed.count)]
        ranges: list[dict[Table, tuple[Range, ...]]] = [{} for _ in range(placed.count)]
        first = 0
        for plane in placed.planes:
            for n in range(placed.count):
                ranges[n] |= _ranges(plane, base + first + n * size)
            for place in plane.places:
                words = first + _within(plane, place.addresses())
                if placed.unit.over is not None:
                    words += np.arange(placed.count).reshape([-1] + [1] * (words.ndim - 1)) * size
                self._checked(place, words, base, image, writables)
            first += _length(plane)
        by_port = placed.unit.by == "port"
        for n in range(placed.count):
            name = placed.unit.name if placed.unit.over is None else f"{placed.unit.name} {n + 1}"
            unit = UnitPlan(
                self.device.unit + placed.unit.offset + (0 if by_port else n),
                self.registers.name,
                name,
                self.device.container,
                ranges[n],
                writables[n],
                self._identity(name),
                self.device.read_limit or self.registers.read_limit,
                self.writing.heartbeat,
                self._beats_within(base + n * size, base + (n + 1) * size),
            )
            self.served.append(Served(placed.unit.port_offset + (n if by_port else 0), unit))

    def _checked(
        self, place: Place, words: NDArray[np.int64], base: int, image: NDArray[np.uint16], writables: list[Writables]
    ) -> None:
        """Compile a row; what is wrong with it is noted."""
        try:
            if place.row.access != "r" and WRITABLE & set(place.tables):
                self.writing.row(place, writables)
            if place.row.access != "w":
                self._row(place, words, base, image)
        except (ValueError, OverflowError) as error:
            complaint = (place.path, f"{place.label}: {error}")
            if complaint not in self.complaints:
                self.complaints.append(complaint)

    def _row(self, place: Place, words: NDArray[np.int64], base: int, image: NDArray[np.uint16]) -> None:
        row = place.row
        if row.parts:
            self._parts(place, words, base, image)
        if row.elements is not None:
            self._elements(place, row.elements, base + words)
        elif row.point is not None:
            self._point(place, base + words)
        elif row.bits is not None:
            self._bits(place, base + words)
        elif row.kept is not None:
            self._kept(place, base + words)
        elif not row.parts:
            if row.nameplate is not None:
                self.named.append((len(self.pages) - 1, place, words))
            write_constant(place, words, image, self.site, self.device.container)

    # ---- points

    def _point(self, place: Place, words: NDArray[np.int64]) -> None:
        row = place.row
        bound = bind(self.catalogue, row.point or "", place, self.device.container)
        if (row.point or "").rpartition(".")[2] in HEARTBEATS:
            self._beats |= {int(word) + n for word in words.flat for n in range(place.words)}
        if row.table is None and row.type.startswith("enum") and bound.family.slot.info.kind == "float":
            unit = bound.family.slot.info.unit
            raise ValueError(f"type = {row.type!r}: {row.point} is a number in {unit}, not an enumeration")
        self._run(bound, words, self._encoding(bound, row, place, place.format))

    def _kept(self, place: Place, words: NDArray[np.int64]) -> None:
        """A register that shows what was written."""
        form, offsets = place.format, self.writing.kept_offsets(place)
        encoding = Encoding(form, Conversion(), *bounds_of(form, whole=True))
        self.records.runs += runs_of(offsets, words, encoding, self._gather)

    def _elements(self, place: Place, elements: Elements, words: NDArray[np.int64]) -> None:
        """Values of a point side by side in as many registers as they need."""
        around = tuple(dim.axis for dim in place.dims)
        count = axis_count(elements.over, around, self.site.container)
        inner = replace(place, dims=(*place.dims, Dim(elements.over, count, 1)))
        bound = bind(self.catalogue, place.row.point or "", inner, self.device.container)
        packing = Packing.of_elements(elements.width, high_first=elements.first == "high")
        encoding = self._encoding(bound, place.row, place, place.format, packing)
        self._run(bound, words[..., np.newaxis] + np.arange(count) // packing.per, encoding)

    def _parts(self, place: Place, words: NDArray[np.int64], base: int, image: NDArray[np.uint16]) -> None:
        """Parts of a packed register: constants into the template, points into runs of their bits."""
        for part in place.row.parts:
            if part.point is None:
                image[words] |= np.uint16((part.value or 0) << part.at)
                continue
            bound = bind(self.catalogue, part.point, place, self.device.container)
            form = bit_format(part.width)
            form = form if part.missing is None else form.with_missing(part.missing)
            packing = Packing.of_part(part.at, part.width)
            self._run(bound, base + words, self._encoding(bound, part, place, form, packing))

    def _encoding(
        self, bound: Bound, shown: Shown, place: Place, form: Format, packing: Packing | None = None
    ) -> Encoding:
        family = bound.family
        whole = is_whole(family, place.row, packed=packing is not None)
        line = line_of(family, shown, place, form, whole=whole)
        table = table_of(family, shown, form, whole=whole)
        span = None if table is None else self.images.add_table(_entries(table, form))
        ends = bounds_of(form, whole=whole)
        return Encoding(form, line, *ends, span, shown.absolute, shown.modulo or 0, packing)

    def _run(self, bound: Bound, words: NDArray[np.int64], encoding: Encoding) -> None:
        ages = ages_of(self.catalogue, bound)
        self.records.runs += runs_of(bound.offsets[..., 0], words, encoding, self._gather, ages)

    @property
    def _gather(self) -> tuple[int, int]:
        pack = self.site.container.rack.pack
        return pack.temperature_sensor_count, pack.cell_count

    # ---- bits

    def _bits(self, place: Place, words: NDArray[np.int64]) -> None:
        bits = bits_of_row(self.registers, place)
        if (flag := lone_flag(self.catalogue, bits, place, self.device.container)) is not None:
            self._run(flag.bound, words + flag.word, flag.encoding)
            return
        terms = terms_of(self.catalogue, bits, place, self.device.container)
        if terms is None:
            return
        others = sum(part.mask for part in place.row.parts)
        how = (place.format.words, place.format.little, exchanged(others))
        for word, repeats, stride, places in bits_of(words, terms.sources):
            flat = [(*at, *window) for at, window in zip(places, terms.windows, strict=True)]
            series = series_of(zip(flat, terms.families, strict=True))
            self.records.bitfields.append((word, *how, len(self.records.terms), len(series), repeats, stride, 0))
            self.records.terms += series

    def _beats_within(self, start: int, stop: int) -> tuple[int, ...]:
        """Bytes in the images at which heartbeats stand, from a word up to another."""
        return tuple(sorted(2 * word for word in self._beats if start <= word < stop))

    def _identity(self, unit: str) -> dict[int, str]:
        """Objects of the device identification that have a text."""
        own = self.registers.identity
        texts = (own.vendor, own.product_code, __version__, own.vendor_url, own.product_name, own.model_name, unit)
        return {number: text for number, text in enumerate(texts) if text}


def _entries(table: dict[int, int], form: Format) -> tuple[int, ...]:
    """Bits of the register value of each point value from 0 to the highest that the table knows, as signed of 64."""
    bits = (form.bits(table[value]) if value in table else form.sentinel for value in range(max(table) + 1))
    return tuple(each - (each >> 63 << 64) for each in bits)


def _length(plane: Plane) -> int:
    """Words of an address space."""
    return sum(stop - start for start, stop in plane.extents)


def _within(plane: Plane, addresses: NDArray[np.int64]) -> NDArray[np.int64]:
    """Word of each address within its address space."""
    firsts = np.array([start for start, _ in plane.extents])
    words = np.cumsum([0, *(stop - start for start, stop in plane.extents[:-1])])
    which = np.searchsorted(firsts, addresses, "right") - 1
    return addresses - firsts[which] + words[which]


def _ranges(plane: Plane, word: int) -> dict[Table, tuple[Range, ...]]:
    """Defined addresses by table, of an address space whose first word this is."""
    return {
        table: tuple(
            Range(start, stop, 2 * (word + int(at)))
            for (start, stop), at in zip(extents, _within(plane, np.array([e[0] for e in extents])), strict=True)
        )
        for table, extents in plane.ranges.items()
    }
