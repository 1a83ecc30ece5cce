"""The encoded images against their slow twin, and what encoding does at the edges of a format."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bms_emulator.arrays import Arena, Array
from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.folding import RUN_MIN, fold
from bms_emulator.interfaces.modbus.formats import FORMATS, Coding, bit_format
from bms_emulator.interfaces.modbus.plan import ModbusPlan, compile_maps
from bms_emulator.interfaces.modbus.records import DeviceRecords
from bms_emulator.interfaces.modbus.runs import Encoding, Packing, runs_of, work_arrays
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from tests.reference.registers import point_rows


def plausible(catalogue: Catalogue, seed: int) -> Array:
    """Values for every point: of the right kind, now and then none at all, now and then far out."""
    chance = np.random.default_rng(seed)
    arena = Arena(catalogue.layout)
    spans = {"V": (0, 5), "K": (230, 350), "1": (0, 1), "A": (-200, 200), "W": (-3e6, 3e6), "J": (0, 1e11)}
    for slot in catalogue.layout.slots.values():
        low, high = spans.get(slot.info.unit, (0, 10))
        values = chance.uniform(low, high, slot.size)
        if slot.info.choices:
            values = chance.choice([*slot.info.choices], slot.size).astype(float)
        elif slot.info.kind == "boolean":
            values = chance.integers(0, 2, slot.size).astype(float)
        elif slot.info.kind == "integer":
            values = chance.integers(0, 4, slot.size).astype(float)
        else:
            values[chance.random(slot.size) < 0.1] *= 1e5
            values[chance.random(slot.size) < 0.05] = np.nan
        arena[slot.name][...] = values.reshape(slot.shape)
    return arena.buffer


def encoded(plan: ModbusPlan, values: Array) -> bytes:
    images = np.frombuffer(plan.template, np.uint8).copy()
    encode(values, images, math.inf, *plan.arrays)
    return images.tobytes()


@pytest.mark.parametrize("site_name", ["cabinet", "demo"])
def test_every_register_shows_what_the_slow_twin_shows(site_name: str) -> None:
    site = load_site(site_name)
    catalogue = Catalogue(site)
    plan = compile_maps(site, catalogue)
    values = plausible(catalogue, 1)
    images = encoded(plan, values)
    units = {(unit.map, unit.unit): unit for device in plan.devices for unit in device.units.values()}
    seen = 0
    for device in site.modbus.devices:
        for row in point_rows(catalogue, device.map, device.container, device.unit, values):
            start = units[device.map, row.unit].locate(row.table, row.address, len(row.data) // 2)
            assert images[start : start + len(row.data)] == row.data, row
            seen += 1
    assert seen > 2 * site.container.rack_count * site.container.rack.cell_count


def test_a_second_container_shows_its_own_racks() -> None:
    site = load_site(
        "cabinet", {"container_count": 2, "modbus.devices.0.container": 2, "modbus.devices.1.container": 2}
    )
    catalogue = Catalogue(site)
    plan = compile_maps(site, catalogue)
    values = plausible(catalogue, 2)
    images = encoded(plan, values)
    units = {unit.unit: unit for device in plan.devices for unit in device.units.values()}
    for row in point_rows(catalogue, "sunspec-battery", 2, 1, values):
        start = units[row.unit].locate(row.table, row.address, len(row.data) // 2)
        assert images[start : start + len(row.data)] == row.data, row


def test_encoding_leaves_constants_and_holes_alone() -> None:
    site = load_site("cabinet")
    catalogue = Catalogue(site)
    plan = compile_maps(site, catalogue)
    a, b = (np.frombuffer(encoded(plan, plausible(catalogue, seed)), ">u2") for seed in (3, 4))
    template = np.frombuffer(plan.template, ">u2")
    assert (template[:2].tobytes(), a[:2].tobytes()) == (b"SunS", b"SunS")
    untouched = (a == b) & (a != 0)
    assert untouched[template != 0].mean() > 0.9


def test_cell_voltages_of_a_rack_are_few_runs() -> None:
    site = load_site("demo")
    plan = compile_maps(site, Catalogue(site))
    _, runs, *_ = plan.arrays
    rack = site.container.rack
    of_cells = runs[runs["count"] == rack.pack.cell_count]
    assert len(of_cells) == 3 * site.container.rack_count  # voltage, temperature, balancing
    assert set(of_cells["repeats"]) == {rack.pack_count}
    assert len(runs) < 250


def written(records: list[tuple[float, ...]], values: list[float], words: int, entries: list[int]) -> bytes:
    """Image of one device of these runs."""
    folded = fold([DeviceRecords(1, 0, records)])
    images = np.zeros(2 * words, np.uint8)
    work = work_arrays(folded.runs, folded.groups, folded.bitfields)
    encode(np.array(values), images, math.inf, *folded, np.array(entries, np.int64), *work)
    return images.tobytes()


def one(
    kind: str, values: list[float], line: Conversion, table: dict[int, int] | None = None, times: int = 1
) -> list[int]:
    """Raw values of a run of one format, unsigned; the values follow each other several times."""
    form = FORMATS[kind]
    low, high = (-math.inf, math.inf) if form.coding is Coding.FLOAT else form.bounds(whole=False)
    entries = [] if table is None else [table.get(n, form.sentinel) for n in range(max(table) + 1)]
    encoding = Encoding(form, line, low, high, (0, len(entries)) if table else None)
    count, size = times * len(values), 2 * form.words
    records = list(runs_of(np.arange(count), form.words * np.arange(count), encoding, (1, 2)))
    image = written(records, times * values, form.words * count, entries)
    return [int.from_bytes(image[k : k + size], "big") for k in range(0, len(image), size)]


ONE = Conversion()


@pytest.mark.parametrize(
    ("kind", "values", "raws"),
    [
        ("u16", [0.4, 0.5, 1.5, 2.5, -0.4, -5.0], [0, 1, 2, 3, 0, 0]),
        ("u16", [65534.0, 65534.4, 65535.0, 1e9, math.inf, math.nan], [0xFFFE] * 5 + [0xFFFF]),
        ("i16", [-0.5, -1.5, -0.4, 1.5], [0xFFFF, 0xFFFE, 0, 2]),
        ("i16", [-32767.0, -32768.0, -1e9, 1e9, math.nan], [0x8001, 0x8001, 0x8001, 0x7FFF, 0x8000]),
        ("u32", [70000.0, -1.0, 1e12, math.nan], [70000, 0, 0xFFFFFFFE, 0xFFFFFFFF]),
        ("i32", [-70000.0, -1e12, 1e12, math.nan], [0xFFFEEE90, 0x80000001, 0x7FFFFFFF, 0x80000000]),
        ("u64", [1e15, -1.0, math.nan], [10**15, 0, (1 << 64) - 1]),
        ("f32", [1.0, -2.5, math.nan, math.inf], [0x3F800000, 0xC0200000, 0x7FC00000, 0x7F800000]),
    ],
)
def test_values_are_rounded_half_away_from_zero_and_clamped_beside_the_sentinel(
    kind: str, values: list[float], raws: list[int]
) -> None:
    assert one(kind, values, ONE) == raws
    assert one(kind, values, ONE, times=RUN_MIN) == RUN_MIN * raws


@pytest.mark.parametrize(
    ("encoding", "values", "raws"),
    [
        ({"kind": "i16", "absolute": True}, [-7.0, 7.0, -1e9, math.nan], [7, 7, 0x7FFF, 0x8000]),
        ({"kind": "u16", "modulo": 256}, [255.0, 256.0, 513.4, -1.0, math.nan], [255, 0, 1, 255, 0xFFFF]),
        ({"kind": "i16", "absolute": True, "gain": -1.0}, [-7.0, 7.0], [0xFFF9, 0xFFF9]),
        ({"kind": "f64", "absolute": True}, [-0.1, math.nan], [0x3FB999999999999A, 0x7FF8 << 48]),
        ({"kind": "f64"}, [-math.inf, 1e300], [0xFFF0 << 48, 0x7E37E43C8800759C]),
        ({"kind": "i64"}, [-1.0, -1e30, 1e30, math.nan], [(1 << 64) - 1, (1 << 63) + 1024, (1 << 63) - 1024, 1 << 63]),
    ],
)
def test_magnitude_remainder_and_wide_types(encoding: dict[str, Any], values: list[float], raws: list[int]) -> None:
    form = FORMATS[encoding["kind"]]
    low, high = (-math.inf, math.inf) if form.coding is Coding.FLOAT else form.bounds(whole=False)
    line = Conversion(encoding.get("gain", 1.0))
    how = Encoding(form, line, low, high, None, encoding.get("absolute", False), encoding.get("modulo", 0))
    count, size = len(values), 2 * form.words
    image = written(list(runs_of(np.arange(count), form.words * np.arange(count), how, (1, 2))), values, 4 * count, [])
    assert [int.from_bytes(image[k : k + size], "big") for k in range(0, count * size, size)] == raws


@pytest.mark.parametrize("kind", ["u32", "i64", "f32", "f64"])
def test_a_little_word_order_turns_words_not_bytes(kind: str) -> None:
    big, little = (replace(FORMATS[kind], little=order) for order in (False, True))
    words = [big.pack(-1234.5 if kind != "u32" else 70000)[n : n + 2] for n in range(0, 2 * big.words, 2)]
    assert [little.pack(-1234.5 if kind != "u32" else 70000)[n : n + 2] for n in range(0, 2 * big.words, 2)] == words[
        ::-1
    ]
    assert little.unpack(b"".join(words[::-1])) == big.unpack(b"".join(words))
    assert little.missing == b"".join([big.missing[n : n + 2] for n in range(0, 2 * big.words, 2)][::-1])


@pytest.mark.parametrize(
    ("width", "high_first", "values", "words"),
    [
        (8, False, [25.0, 30.0, 60.0], [0x1E19, 0x003C]),
        (8, True, [25.0, 30.0, 60.0], [0x191E, 0x3C00]),
        (8, False, [-5.0, 1000.0, math.nan], [0xFE00, 0x00FF]),
        (4, False, [1.0, 2.0, 3.0, math.nan, 99.0], [0xF321, 0x000E]),
        (1, False, [1.0, 0.0, math.nan, 1.0], [0b1001]),
        (1, True, [1.0] + 15 * [0.0] + [0.0, 1.0], [0x8000, 0x4000]),
    ],
)
def test_values_side_by_side_are_clamped_and_all_ones_are_none(
    width: int, high_first: bool, values: list[float], words: list[int]
) -> None:
    form, count = bit_format(width), len(values)
    packing = Packing.of_elements(width, high_first=high_first)
    how = Encoding(form, ONE, *form.bounds(whole=False), packing=packing)
    records = list(runs_of(np.arange(count), np.arange(count) // packing.per, how, (1, 2)))
    image = written(records, values, len(words), [])
    assert np.frombuffer(image, ">u2").tolist() == words


def test_parts_leave_the_other_bits_of_their_register_alone() -> None:
    low, high = (Encoding(bit_format(8), ONE, 0.0, 254.0, packing=Packing.of_part(at, 8)) for at in (0, 8))
    records = [
        *runs_of(np.array([0]), np.array([0]), low, (1, 2)),
        *runs_of(np.array([1]), np.array([0]), high, (1, 2)),
    ]
    assert written(records, [0x12, 0x34], 1, []) == b"\x34\x12"


def test_what_a_table_does_not_know_reads_as_the_sentinel() -> None:
    assert one("enum16", [0.0, 1.0, 2.0, 7.0, -1.0, math.nan], ONE, {0: 5, 2: 6}) == [5, 0xFFFF, 6] + [0xFFFF] * 3


def test_an_offset_and_a_sign_are_a_straight_line() -> None:
    assert one("u16", [-12.3, 0.0, 100.0], Conversion(-10.0, 20000.0)) == [20123, 20000, 19000]


def test_several_registers_of_one_point_are_one_run_of_one_source() -> None:
    encoding = Encoding(FORMATS["u16"], ONE, 0.0, 65534.0)
    [record] = runs_of(np.zeros(3, np.int64), np.arange(3), encoding, (1, 2))
    assert written([record], [7.0, 8.0, 9.0], 3, []) == b"\0\7" * 3


@pytest.mark.parametrize("cells", [7, RUN_MIN])
def test_a_sensor_is_shown_by_each_of_the_cells_that_it_serves(cells: int) -> None:
    encoding, sensors = Encoding(FORMATS["u16"], ONE, 0.0, 65534.0), 5
    served = np.arange(cells) * sensors // cells
    [record] = runs_of(served, np.arange(cells), encoding, (sensors, cells))
    image = written([record], [10.0, 11.0, 12.0, 13.0, 14.0], cells, [])
    assert np.frombuffer(image, ">u2").tolist() == (10 + served).tolist()


def test_values_that_run_backwards_are_a_run_too() -> None:
    encoding, count = Encoding(FORMATS["u16"], ONE, 0.0, 65534.0), RUN_MIN + 1
    [record] = runs_of(np.arange(count)[::-1], 2 * np.arange(count), encoding, (1, 2))
    image = written([record], [float(n) for n in range(count)], 2 * count, [])
    assert np.frombuffer(image, ">u2")[::2].tolist() == list(reversed(range(count)))
