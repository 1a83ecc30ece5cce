"""The SunSpec maps against the model definitions that come with pysunspec2."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sunspec2

from bms_emulator.interfaces.modbus.binding import bind
from bms_emulator.interfaces.modbus.conditions import bits_of_row
from bms_emulator.interfaces.modbus.layout import Place
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site

DEFINITIONS = Path(sunspec2.__file__).parent / "models" / "json"
TYPES = {
    "uint16": "u16",
    "int16": "i16",
    "uint32": "u32",
    "int32": "i32",
    "uint64": "u64",
    "acc32": "u32",
    "float32": "f32",
    "bitfield16": "bitfield16",
    "enum16": "enum16",
    "bitfield32": "bitfield32",
    "sunssf": "sunssf",
    "pad": "pad",
    "string": "string",
}
UNITS = {
    "C": "degC",
    "Pct": "%",
    "%WHRtg": "%",
    "WH": "Wh",
    "Var": "var",
    "Varh": "varh",
    "Secs": "s",
    "%Max/Sec": "%/s",
    "PF": "1",
    None: "",
}
BANK, RACK, PCS, METER = (1, 802, 803, 713, 715), (1, 804, 805), (1, 701, 702, 703, 704, 713, 714, 715), (1, 203, 213)
MODELS = [
    (name, unit, number)
    for name, unit, numbers in [
        ("sunspec-battery", 0, BANK),
        ("sunspec-battery", 1, RACK),
        ("pcs-sunspec", 0, PCS),
        ("meter-sunspec", 0, METER),
    ]
    for number in numbers
]


def definition(number: int) -> list[tuple[int, dict[str, Any]]]:
    """Points of a model with their offset, one repetition of each group."""

    def walk(group: dict[str, Any], offset: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for point in group["points"]:
            yield offset, point
            offset += point["size"]
        for nested in group.get("groups", []):
            yield from walk(nested, offset)
            offset += size_of(nested)

    return list(walk(json.loads((DEFINITIONS / f"model_{number}.json").read_text())["group"], 0))


def size_of(group: dict[str, Any]) -> int:
    return sum(point["size"] for point in group["points"]) + sum(map(size_of, group.get("groups", [])))


def rows_of(name: str, unit: int, number: int) -> list[Place]:
    """Rows of a model in a map, nested blocks included, on a container of one rack."""
    placed = place(load_map(name).registers, load_site("cabinet").container)[unit]
    [block] = [n for n, block in enumerate(placed.unit.blocks) if block.name == f"model_{number}"]
    return [row for row in placed.places if row.path[3] == block]


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_map_holds_the_model_as_defined(name: str, unit: int, number: int) -> None:
    rows, points = rows_of(name, unit, number), definition(number)
    start = rows[0].address
    assert [(row.address - start, row.row.name) for row in rows] == [(at, point["name"]) for at, point in points]
    for row, (_, point) in zip(rows, points, strict=True):
        where = f"{number}.{point['name']}"
        assert row.row.type == TYPES[point["type"]], where
        assert row.row.words == point["size"], where
        scaled = row.row.point is not None or row.row.nameplate is not None
        if scaled and row.row.type != "string":
            factor = point["name"].startswith("PF") and row.row.type in ("i16", "u16")
            told = point.get("units", "PF" if factor else None)
            assert row.row.unit == UNITS.get(told, told), where
            assert row.row.scale == point.get("sf", 1.0), where
        if point.get("mandatory") == "M" and point["type"] != "pad":
            assert row.row.value != "none", where
        if row.row.access == "rw":
            assert point.get("access") == "RW", where
        if row is rows[0]:
            assert row.row.value == number


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_every_writable_point_of_a_model_that_shows_something_is_writable(name: str, unit: int, number: int) -> None:
    for row, (_, point) in zip(rows_of(name, unit, number), definition(number), strict=True):
        if point.get("access") == "RW" and row.row.point is not None:
            assert row.row.access == "rw", f"{number}.{point['name']}"


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_enumerations_show_defined_symbols_only(name: str, unit: int, number: int) -> None:
    """But for 0 where a master has not asked for anything yet."""
    points = Catalogue(load_site("cabinet"))
    for row, (_, point) in zip(rows_of(name, unit, number), definition(number), strict=True):
        if point["type"] != "enum16" or not point.get("symbols"):
            continue
        symbols = {symbol["value"] for symbol in point["symbols"]}
        shown: set[int] = set()
        if row.row.point is not None:
            info = bind(points, row.row.point, row, 1).family.slot.info
            shown = set((row.row.table or {}).values()) or set(info.choices or {0, 1})
            shown -= {0} if row.row.access == "rw" else set()
        elif isinstance(row.row.value, float):
            shown = {int(row.row.value)}
        assert shown <= symbols, f"{number}.{point['name']}"


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_bits_have_defined_symbols_only(name: str, unit: int, number: int) -> None:
    registers = load_map(name).registers
    for row, (_, point) in zip(rows_of(name, unit, number), definition(number), strict=True):
        if row.row.bits is not None and point.get("symbols"):
            symbols = {symbol["value"] for symbol in point["symbols"]}
            assert set(bits_of_row(registers, row)) <= symbols, f"{number}.{point['name']}"


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_scale_factors_that_are_named_have_a_value(name: str, unit: int, number: int) -> None:
    for row in rows_of(name, unit, number):
        if isinstance(row.row.scale, str):
            assert isinstance(row.scales[row.row.scale].value, float)
