"""The SunSpec maps against the model definitions that come with pysunspec2, and against its client."""

import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sunspec2
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from bms_emulator.interfaces.modbus.layout import Place
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.profile.loader import load_site
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Rig, on_free_ports

DEFINITIONS = Path(sunspec2.__file__).parent / "models" / "json"
TYPES = {
    "uint16": "u16",
    "int16": "i16",
    "uint32": "u32",
    "int32": "i32",
    "uint64": "u64",
    "enum16": "enum16",
    "bitfield32": "bitfield32",
    "sunssf": "sunssf",
    "pad": "pad",
    "string": "string",
}
UNITS = {"C": "degC", "Pct": "%", "%WHRtg": "%", "WH": "Wh", None: ""}
MODELS = [("sunspec-battery", n, number) for n, number in [(0, 1), (0, 802), (0, 803), (1, 1), (1, 804), (1, 805)]] + [
    ("pcs-sunspec", 0, number) for number in (1, 701, 704, 713)
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
            assert row.row.unit == UNITS.get(point.get("units"), point.get("units")), where
            assert row.row.scale == point.get("sf", 1.0), where
        if point.get("mandatory") == "M" and point["type"] != "pad":
            assert row.row.value != "none", where
        if row.row.access == "rw":
            assert point.get("access") == "RW", where
        if point["name"] == "ID":
            assert row.row.value == number


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_every_writable_point_of_a_model_that_shows_something_is_writable(name: str, unit: int, number: int) -> None:
    for row, (_, point) in zip(rows_of(name, unit, number), definition(number), strict=True):
        if point.get("access") == "RW" and row.row.point is not None:
            assert row.row.access == "rw", f"{number}.{point['name']}"


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_enumerations_show_defined_symbols_only(name: str, unit: int, number: int) -> None:
    for row, (_, point) in zip(rows_of(name, unit, number), definition(number), strict=True):
        if point["type"] == "enum16" and row.row.table is not None and "symbols" in point:
            symbols = {symbol["value"] for symbol in point["symbols"]}
            assert set(row.row.table.values()) - {0} <= symbols, f"{number}.{point['name']}"


@pytest.mark.parametrize(("name", "unit", "number"), MODELS)
def test_scale_factors_that_are_named_have_a_value(name: str, unit: int, number: int) -> None:
    for row in rows_of(name, unit, number):
        if isinstance(row.row.scale, str):
            assert isinstance(row.scales[row.row.scale].value, float)


def scan(address: tuple[str, int], unit: int) -> dict[int | str, list[Any]]:
    device = SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr=address[0], ipport=address[1], timeout=5)
    try:
        device.scan()
        return dict(device.models)
    finally:
        device.close()


@pytest.fixture(scope="module")
def demo() -> FakeLink:
    """The 5 MWh container with values that can be told apart."""
    link = FakeLink(on_free_ports(load_site("demo")))
    link.set("rack[*].cell[*].voltage", 3.3)
    link.set("rack[12].cell[416].voltage", 3.456)
    link.set("rack[*].temperature_sensor[*].temperature", 298.15)
    link.set("rack[12].temperature_sensor[208].temperature", 263.15)
    link.set("rack[3].soc", 0.375)
    link.set("soc", 0.5)
    link.set("current", -1234.5)
    link.set("power", -1.5e6)
    link.set("rack[7].alarm[overtemperature_charge].level", 2)
    link.set("pcs[1].power", 1.25e6)
    link.set("pcs[1].energy_exported", 3.6e9)
    link.step()
    return link


@pytest.fixture
async def served(demo: FakeLink) -> Any:
    rig = Rig(demo)
    await rig.server.start()
    yield rig
    await rig.close()


async def test_client_finds_every_model_of_every_unit_without_error(served: Rig) -> None:
    expected = {0: [1, 802, 803], 1: [1, 804, *[805] * 4]}
    for unit in [1, *range(11, 23)]:
        models = await asyncio.to_thread(scan, served.server.listeners[0].address, unit)
        found = [model for key, models in models.items() if isinstance(key, int) for model in models]
        assert [model.model_id for model in found] == expected[unit > 1]
        assert [model.error_info for model in found] == [""] * len(found)
    models = await asyncio.to_thread(scan, served.server.listeners[1].address, 100)
    found = [model for key, models in models.items() if isinstance(key, int) for model in models]
    assert [(model.model_id, model.error_info) for model in found] == [(1, ""), (701, ""), (704, ""), (713, "")]


async def test_client_reads_the_bank_in_its_units(served: Rig) -> None:
    models = await asyncio.to_thread(scan, served.server.listeners[0].address, 1)
    [battery], [bank], [common] = models[802], models[803], models[1]
    assert common.Mn.value == "BMS Emulator"
    assert common.SN.value == "demo-C001"
    assert battery.SoC.cvalue == pytest.approx(50.0)
    assert battery.DoD.cvalue == pytest.approx(50.0)
    assert battery.A.cvalue == pytest.approx(-1234.5)
    assert battery.W.cvalue == pytest.approx(-1.5e6)
    assert battery.WHRtg.cvalue == pytest.approx(5.016e6)
    assert battery.AHRtg.cvalue == pytest.approx(12 * 314)
    assert battery.ChaSt.value is None
    assert battery.Evt1.value == 0b110
    assert bank.NStr.value == 12
    assert bank.string[2].StrSoC.cvalue == pytest.approx(37.5)
    assert [n for n, string in enumerate(bank.string) if string.StrEvt1.value] == [6]


async def test_client_reads_the_last_cell_of_the_last_rack(served: Rig) -> None:
    models = await asyncio.to_thread(scan, served.server.listeners[0].address, 22)
    [string] = models[804]
    assert string.Idx.value == 12
    assert [module.ModIdx.value for module in models[805]] == [1, 2, 3, 4]
    [cells] = [group for name, group in models[805][3].groups.items() if "cell" in name]
    assert len(cells) == 104
    assert cells[103].CellV.cvalue == pytest.approx(3.456)
    assert [cells[n].CellTmp.cvalue for n in (101, 102, 103)] == pytest.approx([25.0, -10.0, -10.0])


async def test_client_reads_the_pcs(served: Rig) -> None:
    models = await asyncio.to_thread(scan, served.server.listeners[1].address, 100)
    [measured], [capacity] = models[701], models[713]
    assert measured.W.cvalue == pytest.approx(1.25e6)
    assert measured.TotWhInj.cvalue == pytest.approx(1e6)
    assert measured.LLV.value is None
    assert capacity.SoC.cvalue == pytest.approx(50.0)


async def test_client_writes_one_point_and_adjacent_points(served: Rig) -> None:
    def write(address: tuple[str, int]) -> None:
        device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr=address[0], ipport=address[1], timeout=5)
        try:
            device.scan()
            [battery] = device.models[802]
            battery.CtrlHb.value = 41
            battery.write()
            battery.SetOp.value = 1
            battery.SetInvState.value = 3
            battery.write()
            battery.SocRsvMax.cvalue = 95.0
            battery.write()
            battery.read()
            assert (battery.CtrlHb.value, battery.SetOp.value, battery.SetInvState.value) == (41, 1, 3)
            assert battery.SocRsvMax.cvalue == pytest.approx(95.0)
        finally:
            device.close()

    served.link.commands.clear()
    await asyncio.to_thread(write, served.server.listeners[0].address)
    assert [len(command.args["writes"]) for command in served.link.commands] == [1, 2, 1]
    assert math.isclose(served.link.get("soc_reserve_max"), 0.95)
