"""Whatever a map says, the kernel writes bit for bit what the slow twin writes, at any values of the points."""

import functools
import itertools
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.interfaces.modbus.layout import LayoutError
from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from tests.interfaces.modbus.compiled import Compiled, compiled
from tests.reference.registers import Twin

UNITS = {"V": ["V", "mV"], "A": ["A", "mA"], "W": ["W", "kW"], "K": ["K", "degC"], "1": ["1", "%"], "s": ["s"]}
POINTS = {
    "bank": ["voltage", "current", "power", "soc", "heartbeat", "mode", "pcs.dc_current"],
    "rack": ["rack.current", "rack.soc", "rack.temperature_max", "rack.cell_voltage_max_cell", "rack.enabled"],
    "pack": ["rack.pack.voltage", "rack.pack.temperature_min", "rack.pack.cell_voltage_max_cell"],
    "cell": ["rack.cell.voltage", "rack.cell.temperature", "rack.cell.balancing"],
    "sensor": ["rack.temperature_sensor.temperature"],
}
ELEMENTS = {
    "cell": ["rack.cell.balancing", "rack.cell.temperature", "rack.cell.voltage"],
    "temperature_sensor": ["rack.temperature_sensor.temperature"],
    "pack": ["rack.pack.cell_voltage_max_cell"],
}
BITS = {"bit": 1, "bitfield16": 16, "bitfield32": 32, "bitfield64": 64}
INTEGERS = {"u16": 16, "i16": 16, "u32": 32, "i32": 32, "u64": 64, "i64": 64, "enum16": 16, "enum32": 32}


@functools.cache
def catalogue() -> Catalogue:
    """Points of two containers of three racks of two packs, whose cells and sensors fill no whole registers."""
    site = load_site("cabinet", {"container_count": 2, "container.rack_count": 3})
    rack = site.container.rack
    pack = rack.pack.model_copy(update={"cell_count": 19, "temperature_sensor_count": 7})
    rack = rack.model_copy(update={"pack_count": 2, "pack": pack})
    return Catalogue(site.model_copy(update={"container": site.container.model_copy(update={"rack": rack})}))


def kind_of(point: str) -> str:
    """Whether it is a number, a count, a flag, an enumeration."""
    families = catalogue().families
    return families[point if point in families else f"container.{point}"].slot.info.kind


@st.composite
def shown(draw: st.DrawFn, point: str, bits: int, *, signed: bool = False, real: bool = False) -> dict[str, Any]:
    """How the value of a point is shown in some bits."""
    known = catalogue()
    path = point if point in known.families else f"container.{point}"
    info = known.families[path].slot.info
    entry: dict[str, Any] = {"point": point}
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if draw(st.booleans()):
        value = st.floats(-1e6, 1e6, width=32) if real else st.integers(max(low, -1 << 53), min(high, 1 << 53))
        entry["missing"] = draw(value)
    if info.kind in ("enum", "boolean") and draw(st.booleans()):
        names = list((info.choices or {0: "no", 1: "yes"}).values())
        raws = st.integers(-1 << 24, 1 << 24) if real else st.integers(low, high - 1 if bits > 1 else high)
        return entry | {"table": {name: draw(raws) for name in names}}
    entry |= {
        "unit": draw(st.sampled_from(UNITS.get(info.unit, [info.unit]))),
        "scale": draw(st.sampled_from([0.125, 0.5, 1.0, 4.0])),
        "offset": float(draw(st.integers(-3000, 3000))),
        "negate": draw(st.booleans()),
        "absolute": draw(st.booleans()),
    }
    if not real and draw(st.booleans()):
        entry["modulo"] = draw(st.integers(2, max(2, min(high, 1 << 40))))
    return entry


@st.composite
def conditions(draw: st.DrawFn, points: list[str], bits: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Conditions of some bits."""
    window = st.fixed_dictionaries(
        {"point": st.sampled_from(points)},
        optional={"at_least": st.floats(-10, 300), "at_most": st.floats(-10, 300)},
    )
    return draw(st.dictionaries(st.sampled_from(bits), st.lists(window, min_size=1, max_size=3), max_size=4))


@st.composite
def packed(draw: st.DrawFn, points: list[str]) -> dict[str, Any]:
    """A register of parts, and of conditions beside them."""
    cuts = sorted(draw(st.sets(st.integers(1, 15), max_size=4)) | {0, 16})
    parts, free = [], []
    for at, end in itertools.pairwise(cuts):
        width = end - at
        kind = draw(st.sampled_from(["point", "value", "bits"]))
        if kind == "bits":
            free += range(at, end)
        elif kind == "value":
            parts.append({"at": at, "width": width, "value": draw(st.integers(0, (1 << width) - 1))})
        else:
            parts.append({"at": at, "width": width, **draw(shown(draw(st.sampled_from(points)), width))})
    row: dict[str, Any] = {"type": "packed", "parts": parts}
    if free or not parts:
        row["bits"] = draw(conditions(points, free or [0]))
    return row


@st.composite
def row(draw: st.DrawFn, points: list[str], axes: list[str]) -> dict[str, Any]:
    """Any row that shows points."""
    kind = draw(st.sampled_from([*INTEGERS, "f32", "f64", *list(BITS)[1:], "packed", "elements"]))
    entry: dict[str, Any] = {}
    if draw(st.booleans()):
        entry["word_order"] = draw(st.sampled_from(["big", "little"]))
    if kind == "elements" and axes:
        axis = draw(st.sampled_from(axes))
        width = draw(st.sampled_from([1, 2, 4, 8]))
        elements = {"over": axis, "width": width, "first": draw(st.sampled_from(["low", "high"]))}
        point = draw(st.sampled_from(ELEMENTS[axis]))
        return entry | {"type": "packed", "elements": elements, **draw(shown(point, width))}
    if kind in ("packed", "elements"):
        return entry | draw(packed(points))
    if kind in BITS:
        return entry | {"type": kind, "bits": draw(conditions(points, list(range(BITS[kind]))))}
    point = draw(
        st.sampled_from([p for p in points if not kind.startswith("enum") or kind_of(p) != "float"] or ["mode"])
    )
    bits, signed = INTEGERS.get(kind, 64), kind.startswith("i")
    return entry | {"type": kind, **draw(shown(point, bits, signed=signed, real=kind in ("f32", "f64")))}


@st.composite
def bit_row(draw: st.DrawFn, points: list[str]) -> dict[str, Any]:
    """A coil or discrete input."""
    if draw(st.booleans()):
        return {"type": "bit", "bits": draw(conditions(points, [0]))}
    return {"type": "bit", **draw(shown(draw(st.sampled_from(points)), 1))}


def rows(strategy: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to three rows, with names."""
    return st.lists(strategy, max_size=3).map(lambda found: [{"name": f"r{n}", **each} for n, each in enumerate(found)])


@st.composite
def maps(draw: st.DrawFn) -> RegisterMap:
    """A small map: a block of the bank, one over racks with packs, cells and sensors within, and bits."""
    bank, rack = POINTS["bank"], [*POINTS["bank"], *POINTS["rack"]]
    in_pack = [*rack, *POINTS["pack"]]
    by_unit = draw(st.booleans())
    cells = {"name": "cells", "over": "cell", "rows": draw(rows(row(POINTS["cell"], [])))}
    nested = [
        {
            "name": "packs",
            "over": "pack",
            "most": draw(st.sampled_from([None, 9])),
            "rows": draw(rows(row(in_pack, ["cell", "temperature_sensor"]))),
            "blocks": [cells] if draw(st.booleans()) else [],
        },
        {"name": "sensors", "over": "temperature_sensor", "rows": draw(rows(row(POINTS["sensor"], [])))},
        {**cells, "name": "all_cells", "most": draw(st.sampled_from([None, 300]))},
    ]
    racks: dict[str, Any] = {
        "name": "racks",
        "at": 0x400,
        "over": None if by_unit else "rack",
        "stride": None if by_unit else draw(st.sampled_from([None, 0x3000])),
        "rows": draw(rows(row(rack, ["cell", "temperature_sensor", "pack"]))),
        "blocks": draw(st.lists(st.sampled_from(nested), max_size=2, unique_by=lambda block: str(block["name"]))),
    }
    tables = [["holding", "input"], ["holding"], ["input"]]
    blocks = [
        {
            "name": "bank",
            "at": 7,
            "size": 0x80,
            "tables": draw(st.sampled_from(tables)),
            "rows": draw(rows(row(bank, []))),
        },
        {"name": "same", "at": 7, "tables": ["input"], "rows": draw(rows(row(bank, [])))},
        racks,
        {
            "name": "coils",
            "tables": ["coil", "discrete_input"],
            "over": None if by_unit else "rack",
            "rows": draw(rows(bit_row(rack))),
        },
    ]
    if "input" in blocks[0]["tables"]:
        blocks.pop(1)
    unit = {"name": "unit", "over": "rack" if by_unit else None, "blocks": blocks}
    head = {"name": "any", "description": "d", "source": "s", "identity": {"vendor": "v", "product_code": "p"}}
    order = draw(st.sampled_from(["big", "little"]))
    return RegisterMap.model_validate({**head, "word_order": order, "units": [unit]})


def arena(seed: int) -> Array:
    """Any values: of any size, on a half, none, infinite; small whole numbers too, so that tables know some."""
    chance = np.random.default_rng(seed)
    size = catalogue().layout.size
    values = chance.normal(size=size) * 10.0 ** chance.integers(-3, 20, size)
    kinds = chance.integers(0, 8, size)
    values = np.where(kinds == 0, chance.integers(-2, 12, size), values)
    values = np.where(kinds == 1, chance.integers(-4000, 4000, size) / 2.0, values)
    values = np.where(kinds == 2, chance.uniform(200.0, 400.0, size), values)
    values = np.where(kinds == 3, chance.choice([np.nan, np.inf, -np.inf, -0.0, 1e300, -0.5], size), values)
    return np.where(kinds == 4, chance.uniform(-1.0, 5.0, size), values)


def expected(registers: RegisterMap, plan: Compiled, container: int, values: Array) -> bytes:
    """The images that the twin makes."""
    images = bytearray(plan.template)
    for shown_there in Twin(catalogue(), registers, container, values).rows(1):
        data, unit = shown_there.data, plan.units[shown_there.unit_name]
        start = unit.locate(shown_there.table, shown_there.address, len(data) // 2)
        assert start >= 0, shown_there
        images[start : start + len(data)] = data
    return bytes(images)


def placed(registers: RegisterMap, container: int) -> Compiled | None:
    """The map compiled; None where it is too long for the address space."""
    try:
        return compiled(registers, catalogue(), container)
    except LayoutError as error:
        if all("65535" in message for _, message in error.complaints):
            return None
        raise


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(registers=maps(), container=st.integers(1, 2), seed=st.integers(0, 1 << 32))
def test_the_kernel_writes_what_the_twin_writes(registers: RegisterMap, container: int, seed: int) -> None:
    plan = placed(registers, container)
    assume(plan is not None)
    assert plan is not None
    for path, message in plan.complaints:
        assert "may be" in message or "modulo" in message, (path, message)
    assume(not plan.complaints)
    values = arena(seed)
    image = np.frombuffer(plan.image(values), ">u2")
    twin = np.frombuffer(expected(registers, plan, container, values), ">u2")
    assert image.tolist() == twin.tolist()
