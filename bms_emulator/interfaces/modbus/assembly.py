"""Compiles one map for one container: constants into the template, points into runs, conditions into terms."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bms_emulator import __version__
from bms_emulator.interfaces.modbus.binding import Bound, ages_of, bind, conversion_of
from bms_emulator.interfaces.modbus.constants import write_constant
from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.device import Range, UnitPlan, Writable
from bms_emulator.interfaces.modbus.formats import FORMATS, Coding
from bms_emulator.interfaces.modbus.layout import Complaint, Place, PlacedUnit
from bms_emulator.interfaces.modbus.map import Condition, RegisterMap
from bms_emulator.interfaces.modbus.runs import Encoding, bits_of, runs_of, series_of
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.profile.site import ModbusDevice
from bms_emulator.profile.wording import near


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
            self.table += entries
        return self._tables[entries], len(entries)


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


class Assembly:
    """One map for one container; notes what is wrong and goes on.

    Args:
        registers: The map.
        device: Where it is served and what it shows.
        catalogue: Points of the site.
        images: The images of the site, to which its own are added.

    Attributes:
        records: What it compiles to.
        complaints: What is wrong.
    """

    def __init__(self, registers: RegisterMap, device: ModbusDevice, catalogue: Catalogue, images: Images) -> None:
        self.registers = registers
        self.device = device
        self.catalogue = catalogue
        self.site = catalogue.site
        self.images = images
        self.records = DeviceRecords(device.container, images.size)
        self.complaints: list[Complaint] = []

    def unit(self, placed: PlacedUnit) -> Iterator[UnitPlan]:
        """Compile a unit: its plan, or one for each of its repetitions."""
        lengths = [stop - start for start, stop in placed.ranges]
        size = sum(lengths)
        base, image = self.images.add_image(size * placed.count)
        starts = np.cumsum([0, *lengths[:-1]])
        writables: list[dict[int, Writable]] = [{} for _ in range(placed.count)]
        for place in placed.places:
            words = _words(place, placed, starts, size)
            try:
                self._row(place, words, base, image, writables)
            except (ValueError, OverflowError) as error:
                self.complaints.append((place.path, f"{place.label}: {error}"))
        for n in range(placed.count):
            ranges = tuple(
                Range(start, stop, 2 * (base + n * size + int(at)))
                for (start, stop), at in zip(placed.ranges, starts, strict=True)
            )
            name = placed.unit.name if placed.unit.over is None else f"{placed.unit.name} {n + 1}"
            unit = self.device.unit + placed.unit.offset + n
            yield UnitPlan(
                unit,
                self.registers.name,
                name,
                self.device.container,
                {"holding": ranges, "input": ranges},
                {"holding": writables[n]},
                self._identity(name),
                self.device.read_limit or self.registers.read_limit,
                None,
            )

    def _row(
        self,
        place: Place,
        words: NDArray[np.int64],
        base: int,
        image: NDArray[np.uint16],
        writables: list[dict[int, Writable]],
    ) -> None:
        row = place.row
        if row.point is not None:
            self._point(place, base + words, writables)
        elif row.bits is not None:
            self._bits(place, base + words)
        else:
            write_constant(place, words, image, self.site, self.device.container)

    # ---- points

    def _point(self, place: Place, words: NDArray[np.int64], writables: list[dict[int, Writable]]) -> None:
        row, form = place.row, FORMATS[place.row.type]
        bound = bind(self.catalogue, row.point or "", place, self.device.container)
        family, info = bound.family, bound.family.slot.info
        if row.access == "rw" and not family.writable:
            raise ValueError(f"access = 'rw': {row.point} is a {family.slot.group.source} point and cannot be written")
        whole = row.access == "rw" and info.kind != "float"
        low, high = (-math.inf, math.inf) if form.coding is Coding.FLOAT else form.bounds(whole=whole)
        line, table = Conversion(), None
        if row.table is None:
            if row.type == "enum16" and info.kind == "float":
                raise ValueError(f"type = 'enum16': {row.point} is a number in {info.unit}, not an enumeration")
            line = conversion_of(place, info.unit)
            _check_range(family, line, low, high)
        else:
            table = _table(family, row.table, int(low), int(high))
        span = None if table is None else self.images.add_table(_entries(table, form.sentinel))
        offsets = bound.offsets[..., 0]
        gather = (self.site.container.rack.pack.temperature_sensor_count, self.site.container.rack.pack.cell_count)
        ages = ages_of(self.catalogue, bound)
        self.records.runs += runs_of(offsets, words, Encoding(form, line, low, high, span), gather, ages)
        if row.access == "rw":
            values = None if table is None else {raw: float(value) for value, raw in table.items()}
            if values is not None and table is not None and len(values) < len(table):
                raise ValueError("table: a value that can be written must not stand for two")
            self._writable(place, bound, writables, values, Writable("", 0, form, line, whole, values, 0, family))

    def _writable(
        self,
        place: Place,
        bound: Bound,
        writables: list[dict[int, Writable]],
        values: dict[int, float] | None,
        pattern: Writable,
    ) -> None:
        """Note each repetition of a writable row under each of its registers."""
        repeated = bool(place.dims) and place.dims[0].stride == 0
        for index, address in np.ndenumerate(place.addresses()):
            target = int(bound.offsets[(*index, 0)])
            writable = Writable(
                place.label,
                int(address),
                pattern.format,
                pattern.conversion,
                pattern.whole,
                values,
                target,
                bound.family,
            )
            for n in range(place.row.words):
                writables[index[0] if repeated else 0][int(address) + n] = writable

    # ---- bits

    def _bits(self, place: Place, words: NDArray[np.int64]) -> None:
        row = place.row
        bits = row.bits
        if isinstance(bits, str):
            named = self.registers.conditions.get(bits)
            if named is None:
                raise ValueError(f"bits = {bits!r}: no such conditions{near(bits, list(self.registers.conditions))}")
            bits = named
        terms: list[tuple[NDArray[np.int64], float, float, int]] = []
        wrong: list[str] = []
        for bit, conditions in (bits or {}).items():
            for condition in conditions:
                try:
                    bound = bind(self.catalogue, condition.point, place, self.device.container, several=True)
                    terms.append((bound.offsets, *_window(condition, bound.family), 1 << bit))
                except ValueError as error:
                    wrong.append(f"bit {bit}: {error}")
        if wrong:
            raise ValueError("; ".join(wrong))
        if not terms:
            return
        sources = np.concatenate([offsets for offsets, *_ in terms], axis=-1)
        windows = [window for offsets, *window in terms for _ in range(offsets.shape[-1])]
        for word, repeats, stride, places in bits_of(words, sources):
            terms_of = series_of((*place, *window) for place, window in zip(places, windows, strict=True))
            self.records.bitfields.append((word, len(self.records.terms), len(terms_of), repeats, stride))
            self.records.terms += terms_of

    def _identity(self, unit: str) -> dict[int, str]:
        """Objects of the device identification that have a text."""
        own = self.registers.identity
        texts = (own.vendor, own.product_code, __version__, own.vendor_url, own.product_name, own.model_name, unit)
        return {number: text for number, text in enumerate(texts) if text}


def _entries(table: dict[int, int], sentinel: int) -> tuple[int, ...]:
    """Register value of each point value from 0 to the highest that the table knows."""
    return tuple(table.get(value, sentinel) for value in range(max(table) + 1))


def _words(place: Place, placed: PlacedUnit, starts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Word of each repetition of a row within the images of its unit."""
    addresses = place.addresses()
    firsts = np.array([start for start, _ in placed.ranges])
    which = np.searchsorted(firsts, addresses, "right") - 1
    words = addresses - firsts[which] + starts[which]
    if placed.unit.over is not None:
        words += np.arange(placed.count).reshape([-1] + [1] * (words.ndim - 1)) * size
    return words


def _window(condition: Condition, family: Family) -> tuple[float, float]:
    """Lowest and highest value that sets the bit.

    Raises:
        ValueError: The point has no value of that name.
    """
    if condition.equals is None:
        if condition.at_least is None:
            return (1.0, math.inf) if condition.at_most is None else (-math.inf, condition.at_most)
        return condition.at_least, math.inf if condition.at_most is None else condition.at_most
    names = {text: float(number) for number, text in (family.slot.info.choices or {}).items()}
    if condition.equals not in names:
        raise ValueError(
            f"equals = {condition.equals!r}: no value of {family.name}{near(condition.equals, list(names))}"
        )
    return names[condition.equals], names[condition.equals]


def _check_range(family: Family, line: Conversion, low: float, high: float) -> None:
    """Refuse a format that cannot hold what the point may be.

    Raises:
        ValueError: It cannot.
    """
    info = family.slot.info
    ends = [*(info.choices or {}), *(end for end in info.limits or () if math.isfinite(end))]
    raws = [line.raw(end) for end in ends] if info.kind != "bitfield" else []
    outside = [raw for raw in raws if not low - 0.5 < raw < high + 0.5]
    if outside:
        raise ValueError(f"{family.name} may be {outside[0]:g} as raw value; the format takes {low:g} to {high:g}")


def _table(family: Family, given: dict[str, int], low: int, high: int) -> dict[int, int]:
    """Register value by point value.

    Raises:
        ValueError: A name is unknown, a choice is missing, or a register value does not fit.
    """
    info = family.slot.info
    if info.kind == "float":
        raise ValueError(f"table: {family.name} is a number in {info.unit}, not an enumeration")
    choices = info.choices or ({0: "no", 1: "yes"} if info.kind == "boolean" else {})
    names = {text: number for number, text in choices.items()}
    table: dict[int, int] = {}
    for key, raw in given.items():
        if key in names:
            table[names[key]] = raw
        elif key.isdecimal() and (int(key) in choices or not choices):
            table[int(key)] = raw
        else:
            raise ValueError(f"table: {key!r} is no value of {family.name}{near(key, list(names))}")
        if not low <= raw <= high:
            raise ValueError(f"table: {key} = {raw}: the format takes {low} to {high}")
    missing = [text for number, text in choices.items() if number not in table]
    if missing or not table:
        raise ValueError(f"table: lacks {', '.join(missing) or 'values'}")
    return table
