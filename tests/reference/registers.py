"""Slow twin of the register images: one row, one repetition, one value at a time, by the points' names."""

import math
import re
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.modbus.layout import Place
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.map import Bits, Condition, RegisterMap, Shown
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.points.catalogue import Catalogue, Family

WORDS = {
    **dict.fromkeys(["u16", "i16", "enum16", "bitfield16", "packed", "bit"], 1),
    **dict.fromkeys(["u32", "i32", "enum32", "bitfield32", "f32"], 2),
    **dict.fromkeys(["u64", "i64", "bitfield64", "f64"], 4),
}
PREFIXES = {"m": 1e3, "k": 1e-3, "M": 1e-6}
HOURS = {"J": "Wh", "VA s": "VAh", "var s": "varh", "C": "Ah"}
OTHERS = {
    ("1", "%"): 100.0,
    ("1", "ppm"): 1e6,
    ("K", "degC"): 1.0,
    ("K", "degF"): 1.8,
    ("Pa", "bar"): 1e-5,
    ("Pa", "mbar"): 1e-2,
    ("K/s", "K/min"): 60.0,
    ("1/s", "%/s"): 100.0,
    ("1/s", "%/min"): 6000.0,
    ("kg/s", "kg/min"): 60.0,
    ("kg/s", "kg/h"): 3600.0,
    ("s", "min"): 1 / 60.0,
    ("s", "h"): 1 / 3600.0,
    ("s", "d"): 1 / 86400.0,
    ("1/m", "dB/m"): 10.0 * math.log10(math.e),
}
ZEROS = {"degC": -273.15, "degF": -459.67}
INTEGER_MAX = float((1 << 63) - 1024)

Numbers = dict[str, int]
"""Index of a repetition by axis, counted from 1."""


class Registers(NamedTuple):
    """What stands at an address: bytes as they go over the wire."""

    unit_name: str
    unit: int
    table: str
    address: int
    label: str
    data: bytes


class Source(NamedTuple):
    """A point that stands in registers: its unit by name, its row, the registers, and why they depend on it."""

    unit_name: str
    row: Place
    address: int
    words: int
    cause: Shown | Condition
    family: Family
    offset: int


class Twin:
    """A map of one container, and the points' values.

    Args:
        catalogue: Points of the site.
        registers: The map.
        container: Which container it shows, counted from 1.
        values: The arena.
    """

    def __init__(self, catalogue: Catalogue, registers: RegisterMap, container: int, values: Array) -> None:
        self.catalogue, self.registers, self.container, self.values = catalogue, registers, container, values
        self.racks = catalogue.site.container.rack

    def rows(self, first_unit: int) -> Iterator[Registers]:
        """Every repetition of every row that shows points, in each table that it stands in."""
        for placed in place(self.registers, self.catalogue.site.container):
            for row in placed.places:
                if row.row.access == "w" or not (row.row.point or row.row.bits or row.row.parts):
                    continue
                for index, address in np.ndenumerate(row.addresses()):
                    repeated = index[0] if placed.unit.over else 0
                    name = f"{placed.unit.name} {repeated + 1}" if placed.unit.over else placed.unit.name
                    unit = first_unit + placed.unit.offset + (repeated if placed.unit.by == "unit" else 0)
                    numbers = {dim.axis: at + 1 for dim, at in zip(row.dims, index, strict=True)}
                    for table in row.tables:
                        yield Registers(name, unit, table, int(address), row.label, self.data(row, numbers))

    def sources(self) -> Iterator[Source]:
        """Every point that stands in a register, each time that it does; those of conditions too."""
        for placed in place(self.registers, self.catalogue.site.container):
            for row in placed.places:
                if row.row.access == "w":
                    continue
                for index, address in np.ndenumerate(row.addresses()):
                    repeated = index[0] if placed.unit.over else 0
                    name = f"{placed.unit.name} {repeated + 1}" if placed.unit.over else placed.unit.name
                    numbers = {dim.axis: at + 1 for dim, at in zip(row.dims, index, strict=True)}
                    for cause, point, word, words, inner in self._causes(row, numbers):
                        for selection in self.catalogue.select(self.name(point, inner, others="*")):
                            for offset in selection.offsets().tolist():
                                start = int(address) + word
                                yield Source(name, row, start, words, cause, selection.family, offset)

    def _causes(self, row: Place, numbers: Numbers) -> Iterator[tuple[Any, str, int, int, Numbers]]:
        """What makes a row change: how it is shown, its point, the registers it is in, its indices."""
        own, words = row.row, WORDS.get(row.row.type, 0)
        if own.elements is not None:
            per = 16 // own.elements.width
            for k in range(self.count(own.elements.over, numbers)):
                yield own, own.point or "", k // per, 1, numbers | {own.elements.over: k + 1}
        elif own.point is not None:
            yield own, own.point, 0, words, numbers
        for part in own.parts:
            if part.point is not None:
                yield part, part.point, 0, words, numbers
        bits: Bits = self.registers.conditions[own.bits] if isinstance(own.bits, str) else own.bits or {}
        for condition in (condition for conditions in bits.values() for condition in conditions):
            yield condition, condition.point, 0, words, numbers

    def count(self, axis: str, numbers: Numbers) -> int:
        """How many of an axis there are in what stands around."""
        rack = self.racks
        if axis in ("rack", "pack"):
            return self.catalogue.site.container.rack_count if axis == "rack" else rack.pack_count
        per_pack = rack.pack.cell_count if axis == "cell" else rack.pack.temperature_sensor_count
        return per_pack if "pack" in numbers else per_pack * rack.pack_count

    def data(self, row: Place, numbers: Numbers) -> bytes:
        """Bytes of one repetition of a row."""
        kind = row.row.type
        if row.row.elements is not None:
            return self.elements(row, numbers)
        if row.row.parts or row.row.bits is not None:
            raw = self.bits(row.row.bits, numbers)
            for part in row.row.parts:
                inner = part.value if part.point is None else self.raw(part, part.point, row, numbers, part.width)
                raw |= int(inner or 0) << part.at
            return self.words(raw, WORDS[kind], row)
        if kind in ("f32", "f64"):
            return self.float(row, numbers)
        return self.words(self.raw(row.row, row.row.point or "", row, numbers, None), WORDS[kind], row)

    def words(self, raw: int, count: int, row: Place) -> bytes:
        """A raw number in registers, most significant first or last."""
        parts = [raw >> 16 * n & 0xFFFF for n in range(count)]
        order = row.row.word_order or self.registers.word_order
        return struct.pack(f">{count}H", *(parts if order == "little" else parts[::-1]))

    def float(self, row: Place, numbers: Numbers) -> bytes:
        value, family = self.value(row.row.point or "", numbers)
        wide = row.row.type == "f64"
        if math.isnan(value):
            shown = math.nan if row.row.missing is None else row.row.missing
        elif row.row.table is not None:
            table = {_number(family.slot.info.choices, key): raw for key, raw in row.row.table.items()}
            missing = math.nan if row.row.missing is None else row.row.missing
            shown = table.get(int(value), missing) if 0.0 <= value < math.inf else missing
        else:
            shown = self.line(row.row, value, family, row)
        with np.errstate(over="ignore"):
            data = (np.float64(shown) if wide else np.float32(shown)).tobytes()[::-1]
        if math.isnan(shown):
            data = bytes.fromhex("7ff8000000000000" if wide else "7fc00000")
        return self.words(int.from_bytes(data, "big"), WORDS[row.row.type], row)

    def elements(self, row: Place, numbers: Numbers) -> bytes:
        """Values side by side; what is left over of the last register is 0."""
        elements = row.row.elements
        assert elements is not None
        count = self.count(elements.over, numbers)
        per = 16 // elements.width
        registers = [0] * -(-count // per)
        for k in range(count):
            inner = numbers | {elements.over: k + 1}
            raw = self.raw(row.row, row.row.point or "", row, inner, elements.width)
            slot = k % per if elements.first == "low" else per - 1 - k % per
            registers[k // per] |= raw << slot * elements.width
        return struct.pack(f">{len(registers)}H", *registers)

    def raw(self, shown: Shown, point: str, row: Place, numbers: Numbers, width: int | None) -> int:
        """Raw number, unsigned: of a type of its own, or of some bits of a register."""
        value, family = self.value(point, numbers)
        info, kind = family.slot.info, row.row.type
        bits = 16 * WORDS[kind] if width is None else width
        if kind == "bit":
            bits = 1
        signed = width is None and kind.startswith("i")
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        missing = low if signed else (0 if bits == 1 else high)
        missing = missing if shown.missing is None else int(shown.missing)
        whole = info.kind != "float" and (
            row.row.access == "rw" or (width is not None and info.kind in ("enum", "boolean"))
        )
        if shown.table is not None:
            table = {_number(info.choices, key): raw for key, raw in shown.table.items()}
            known = not math.isnan(value) and value >= 0.0 and math.isfinite(value)
            return (table.get(int(value), missing) if known else missing) % (1 << bits)
        if math.isnan(value):
            return missing % (1 << bits)
        exact = self.line(shown, value, family, row)
        if shown.modulo is not None:
            exact = min(max(exact, -INTEGER_MAX), INTEGER_MAX)
            return math.trunc(exact + math.copysign(0.5, exact)) % shown.modulo
        if not whole and bits > 1:
            high -= missing == high
            low += missing == low < 0
        exact = min(max(exact, low, -INTEGER_MAX), high, INTEGER_MAX)
        return math.trunc(exact + math.copysign(0.5, exact)) % (1 << bits)

    def line(self, shown: Shown, value: float, family: Family, row: Place) -> float:
        """The value in its unit and with its sign, over what one step stands for."""
        value = abs(value) if shown.absolute else value
        if shown.negate and family.slot.info.kind == "boolean":
            return 1.0 - value
        zero = ZEROS.get(shown.unit, 0.0)
        sign = -1.0 if shown.negate else 1.0
        scale = shown.scale
        step = scale if isinstance(scale, float) else 10.0 ** float(row.scales[scale].value)  # type: ignore[arg-type]
        return value * (sign * _factor(family.slot.info.unit, shown.unit) / step) + (sign * zero - shown.offset) / step

    def value(self, point: str, numbers: Numbers) -> tuple[float, Family]:
        family, offset = self.catalogue.find(self.name(point, numbers))
        return float(self.values[offset]), family

    def bits(self, given: Bits | str | None, numbers: Numbers) -> int:
        bits: Bits = self.registers.conditions[given] if isinstance(given, str) else given or {}
        result = 0
        for bit, conditions in bits.items():
            for condition in conditions:
                for selection in self.catalogue.select(self.name(condition.point, numbers, others="*")):
                    choices = selection.family.slot.info.choices
                    for offset in selection.offsets():
                        result |= _meets(condition, float(self.values[offset]), choices) << bit
        return result

    def name(self, pattern: str, numbers: Numbers, others: str = "") -> str:
        """The pattern with the indices that stand around it; a cell of a pack counted along the rack."""
        pack = self.racks.pack
        counts = {"rack": 1, "pack": 1, "cell": pack.cell_count, "temperature_sensor": pack.temperature_sensor_count}
        path = re.sub(r"\[[^\]]*\]", "", pattern)
        full = pattern if path in self.catalogue.families else f"container.{pattern}"
        family = self.catalogue.families[re.sub(r"\[[^\]]*\]", "", full)]
        indexed = {axis.name for axis in family.axes}
        known = numbers | {"container": self.container, "pcs": self.container}

        def fill(match: re.Match[str]) -> str:
            name, index = match[1], match[2]
            if index or name not in indexed:
                return match[0]
            at = known.get(name)
            if at is not None and name in {"cell", "temperature_sensor"} and "pack" in numbers:
                at += (numbers["pack"] - 1) * counts[name]
            return f"{name}[{others if at is None else at}]" if at is not None or others else name

        return re.sub(r"\b([a-z_0-9]+)(\[[^\]]*\])?(?=\.|$)", fill, full)


def point_rows(
    catalogue: Catalogue, map_name: str, container: int, first_unit: int, values: Array
) -> Iterator[Registers]:
    """Every repetition of every row of a map that shows points."""
    yield from Twin(catalogue, load_map(map_name).registers, container, values).rows(first_unit)


def _factor(own: str, shown: str) -> float:
    """How many of the shown unit one of the point's is."""
    if own == shown:
        return 1.0
    if (own, shown) in OTHERS:
        return OTHERS[own, shown]
    if own in HOURS and shown.endswith(HOURS[own]):
        return PREFIXES.get(shown.removesuffix(HOURS[own]), 1.0) / 3600.0
    assert shown == shown[0] + own, (own, shown)
    return PREFIXES[shown[0]]


def _meets(condition: Any, value: float, choices: object) -> bool:
    if condition.equals is not None:
        return value == _number(choices, condition.equals)
    if condition.has is not None:
        return not math.isnan(value) and bool(int(value) >> _number(choices, condition.has) & 1)
    least = 1.0 if condition.at_least is None and condition.at_most is None else condition.at_least
    return bool((least is None or value >= least) and (condition.at_most is None or value <= condition.at_most))


def _number(choices: object, key: str) -> int:
    names = {text: n for n, text in choices.items()} if isinstance(choices, dict) else {}
    if not names and key in ("no", "yes"):
        return int(key == "yes")
    return names[key] if key in names else int(key)
