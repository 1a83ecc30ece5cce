"""Slow twin of the register images: one row, one repetition, one value at a time, by the points' names."""

import math
import re
import struct
from collections.abc import Iterator

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.modbus.layout import Place, place
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.map import Bits, RegisterMap
from bms_emulator.points.catalogue import Catalogue

WORDS = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "enum16": 1, "bitfield32": 2}
SHOWN = {
    ("K", "degC"): lambda t: t - 273.15,
    ("1", "%"): lambda x: x * 100.0,
    ("J", "Wh"): lambda w: w / 3600.0,
}


def point_rows(
    catalogue: Catalogue, map_name: str, container: int, first_unit: int, values: Array
) -> Iterator[tuple[int, int, str, bytes]]:
    """Every repetition of every row that shows points: unit id, address, label and the bytes to expect."""
    registers = load_map(map_name).registers
    for placed in place(registers, catalogue.site.container):
        for row in placed.places:
            if row.row.point is None and row.row.bits is None:
                continue
            for index, address in np.ndenumerate(row.addresses()):
                repeated = index[0] if placed.unit.over else 0
                number = {dim.axis: at + 1 for dim, at in zip(row.dims, index, strict=True)}
                number["container"] = number["pcs"] = container
                expected = _bytes(catalogue, registers, row, number, values)
                yield first_unit + placed.unit.offset + repeated, int(address), row.label, expected


def _bytes(catalogue: Catalogue, registers: RegisterMap, row: Place, number: dict[str, int], values: Array) -> bytes:
    if row.row.bits is not None:
        bits: Bits = registers.conditions[row.row.bits] if isinstance(row.row.bits, str) else row.row.bits
        return struct.pack(">I", _bits(catalogue, bits, number, values))
    family, offset = catalogue.find(_name(catalogue, row.row.point or "", number))
    value = float(values[offset])
    info, words = family.slot.info, WORDS[row.row.type]
    signed = row.row.type.startswith("i")
    sentinel = 1 << (16 * words - 1) if signed else (1 << 16 * words) - 1
    if math.isnan(value):
        return sentinel.to_bytes(2 * words, "big")
    if row.row.table is not None:
        table = {_number(info.choices, key): raw for key, raw in row.row.table.items()}
        return table.get(int(value), sentinel).to_bytes(2 * words, "big")
    shown = SHOWN.get((info.unit, row.row.unit), lambda x: x)(value)
    shown = -shown if row.row.negate else shown
    scale = row.row.scale
    step = scale if isinstance(scale, float) else 10.0 ** float(row.scales[scale].value)  # type: ignore[arg-type]
    raw = (shown - row.row.offset) / step
    raw = math.floor(raw + 0.5) if raw >= 0 else math.ceil(raw - 0.5)
    whole = row.row.access == "rw" and info.kind != "float"
    low = -(1 << (16 * words - 1)) + 1 if signed else 0
    high = (1 << (16 * words - 1)) - 1 if signed else (1 << 16 * words) - (1 if whole else 2)
    return (min(max(raw, low), high) % (1 << 16 * words)).to_bytes(2 * words, "big")


def _bits(catalogue: Catalogue, bits: Bits, number: dict[str, int], values: Array) -> int:
    result = 0
    for bit, conditions in bits.items():
        for condition in conditions:
            for selection in catalogue.select(_name(catalogue, condition.point, number, others="*")):
                choices = selection.family.slot.info.choices
                for offset in selection.offsets():
                    value = values[offset]
                    wanted = condition.equals
                    met = value >= condition.at_least if wanted is None else value == _number(choices, wanted)
                    result |= bool(met) << bit
    return result


def _number(choices: object, key: str) -> int:
    names = {text: n for n, text in choices.items()} if isinstance(choices, dict) else {}
    return names[key] if key in names else int(key)


def _name(catalogue: Catalogue, pattern: str, number: dict[str, int], others: str = "") -> str:
    """The pattern with the indices that stand around it; a cell of a pack counted along the rack."""
    pack = catalogue.site.container.rack.pack
    counts = {"rack": 1, "pack": 1, "cell": pack.cell_count, "temperature_sensor": pack.temperature_sensor_count}

    def fill(match: re.Match[str]) -> str:
        name, index = match[1], match[2]
        if index or name not in {*counts, "container", "pcs"}:
            return match[0]
        at = number.get(name)
        if at is not None and name in {"cell", "temperature_sensor"} and "pack" in number:
            at += (number["pack"] - 1) * counts[name]
        return f"{name}[{others if at is None else at}]" if at is not None or others else name

    full = pattern if pattern.startswith(("container", "pcs")) else f"container.{pattern}"
    return re.sub(r"\b([a-z_]+)(\[[^\]]*\])?(?=\.)", fill, full)
