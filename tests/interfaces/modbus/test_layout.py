"""Blocks that repeat, holes that read 0, gaps that are undefined, and tables that share or do not."""

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bms_emulator.interfaces.modbus.device import UnitPlan
from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.layout import LayoutError
from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.interfaces.modbus.plan import compile_maps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice
from tests.interfaces.modbus.compiled import compiled

MAP = """\
name: towers
description: Racks in a block each, cells in a row, holes between, as many container controllers have it.
source: made up
identity: {vendor: V, product_code: P}
units:
  - name: bank
    blocks:
      - name: head
        at: 0
        size: 0x20
        rows:
          - {name: racks, type: u16, count: rack}
          - {at: 0x10, name: current, type: u16, point: current, unit: A, scale: 0.1, offset: -2000, negate: true}
          - {name: power, type: f32, point: power, unit: kW}
      - name: rack
        at: 0x400
        over: rack
        stride: 0x400
        rows:
          - {name: number, type: u16, index: rack}
          - {name: cells, type: u16, count: cell}
          - {name: coldest, type: i16, point: rack.temperature_min, unit: degC}
        blocks:
          - name: cell
            at: 0x80
            over: cell
            rows:
              - {name: voltage, type: u16, point: rack.cell.voltage, unit: mV}
          - name: sensor
            at: 0x300
            over: temperature_sensor
            rows:
              - {name: temperature, type: u16, point: rack.temperature_sensor.temperature, unit: degC, offset: -50}
"""


@pytest.fixture
def registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Defined registers of a two-rack site by address."""
    monkeypatch.setenv("BMS_EMULATOR_PROFILES", str(tmp_path))
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "towers.yaml").write_text(MAP)
    site = load_site("cabinet", {"container.rack_count": 2})
    site = site.model_copy(update={"modbus": site.modbus.model_copy(update={"devices": (ModbusDevice(map="towers"),)})})
    catalogue = Catalogue(site)
    plan = compile_maps(site, catalogue)
    values = np.zeros(catalogue.layout.size)
    for selector, value in {"current": 12.34, "power": -1e5, "rack[*].temperature_min": 268.15}.items():
        values[catalogue.select(selector)[0].offsets()] = value
    cells = catalogue.select("rack[*].cell[*].voltage")[0].offsets()
    values[cells] = 3.0 + np.arange(len(cells)) / 1000.0
    sensors = catalogue.select("rack[*].temperature_sensor[*].temperature")[0].offsets()
    values[sensors] = 273.15 + np.arange(len(sensors)) / 10.0
    images = np.frombuffer(plan.template, np.uint8).copy()
    encode(values, images, math.inf, *plan.arrays)
    [unit] = plan.devices[0].units.values()
    return {
        part.start + n: struct.unpack_from(">H", images, part.offset + 2 * n)[0]
        for part in unit.ranges["holding"]
        for n in range(part.stop - part.start)
    }


def test_holes_of_a_block_are_defined_and_read_0(registers: dict[int, int]) -> None:
    assert [registers[n] for n in (1, 0x0F, 0x13, 0x1F, 0x403, 0x47F)] == [0] * 6


def test_gaps_between_blocks_are_undefined(registers: dict[int, int]) -> None:
    assert 0x20 not in registers
    assert 0x3FF not in registers
    assert max(registers) == 0x800 + 0x300 + 140 - 1


def test_offset_scale_and_sign_of_the_raw_value(registers: dict[int, int]) -> None:
    assert registers[0x10] == round((-12.34 + 2000) / 0.1)
    assert struct.unpack(">f", struct.pack(">HH", registers[0x11], registers[0x12])) == (-100.0,)


def test_blocks_repeat_with_their_stride(registers: dict[int, int]) -> None:
    assert [registers[n] for n in (0x400, 0x401, 0x402)] == [1, 260, 0x10000 - 5]
    assert [registers[n] for n in (0x800, 0x801, 0x802)] == [2, 260, 0x10000 - 5]


def test_cells_of_a_rack_stand_in_a_row(registers: dict[int, int]) -> None:
    assert [registers[0x480 + n] for n in range(260)] == [3000 + n for n in range(260)]
    assert registers[0x880 + 259] == 3000 + 519


def test_sensors_of_a_rack_stand_in_a_row(registers: dict[int, int]) -> None:
    assert registers[0x700] == 50
    assert registers[0xB00 + 139] == 50 + round(27.9)


HEAD = {"name": "any", "description": "d", "source": "s", "identity": {"vendor": "v", "product_code": "p"}}
SOC = {"name": "soc", "type": "u16", "point": "soc", "unit": "%"}


def unit_of(*blocks: dict[str, Any], racks: int = 2) -> tuple[UnitPlan, Callable[[str, int], int]]:
    """The unit of a map of these blocks, and its registers by table and address at a state of charge of 50 %."""
    catalogue = Catalogue(load_site("cabinet", {"container.rack_count": racks}))
    registers = RegisterMap.model_validate({**HEAD, "units": [{"name": "unit", "blocks": blocks}]})
    plan = compiled(registers, catalogue)
    assert plan.complaints == []
    values = np.full(catalogue.layout.size, 0.5)
    image = plan.image(values)
    [unit] = plan.units.values()

    def register(table: Any, address: int) -> int:
        at = unit.locate(table, address, 1)
        return -1 if at < 0 else int.from_bytes(image[at : at + 2], "big")

    return unit, register


def complaints(*blocks: dict[str, Any], racks: int = 2) -> list[str]:
    """What placing a map of these blocks complains about."""
    site = load_site("cabinet", {"container.rack_count": racks})
    registers = RegisterMap.model_validate({**HEAD, "units": [{"name": "unit", "blocks": blocks}]})
    with pytest.raises(LayoutError) as caught:
        place(registers, site.container)
    return [message for _, message in caught.value.complaints]


def const(value: int, **more: Any) -> dict[str, Any]:
    return {"name": f"v{value}", "type": "u16", "value": value, **more}


def test_tables_that_mirror_each_other_share_their_words() -> None:
    unit, register = unit_of({"name": "b", "rows": [SOC]})
    assert unit.ranges["holding"] == unit.ranges["input"]
    assert (register("holding", 0), register("input", 0)) == (50, 50)


def test_blocks_of_different_tables_may_stand_at_one_address() -> None:
    _, register = unit_of(
        {"name": "a", "at": 5, "tables": ["holding"], "rows": [const(1)]},
        {"name": "b", "at": 5, "tables": ["input"], "rows": [const(2)]},
        {"name": "c", "at": 5, "tables": ["coil"], "rows": [{"name": "x", "type": "bit", "value": 1}]},
    )
    assert [register(table, 5) for table in ("holding", "input", "coil", "discrete_input")] == [1, 2, 1, -1]


def test_a_read_goes_across_blocks_that_touch_in_its_table() -> None:
    unit, register = unit_of(
        {"name": "both", "at": 0, "rows": [const(1)]},
        {"name": "a", "at": 1, "tables": ["holding"], "rows": [const(2)]},
        {"name": "b", "at": 1, "tables": ["input"], "rows": [const(3)]},
        {"name": "more", "at": 2, "rows": [SOC]},
    )
    assert [register("holding", n) for n in range(3)] == [1, 2, 50]
    assert [register("input", n) for n in range(3)] == [1, 3, 50]
    assert min(unit.locate(table, 0, 3) for table in ("holding", "input")) >= 0


def test_a_hole_of_one_table_hides_nothing_of_another() -> None:
    _, register = unit_of(
        {"name": "both", "at": 0, "size": 9, "rows": [const(1)]},
        {"name": "a", "at": 4, "tables": ["holding"], "rows": [const(2)]},
    )
    assert (register("holding", 4), register("input", 4)) == (2, 0)


def test_room_that_is_not_needed_reads_0_within_a_block_and_is_undefined_outside() -> None:
    packs = {"name": "packs", "over": "pack", "most": 20, "rows": [{"name": "n", "type": "u16", "index": "pack"}]}
    _, register = unit_of(
        {"name": "racks", "over": "rack", "most": 4, "stride": 0x100, "blocks": [packs]},
        {"name": "behind", "rows": [const(7)]},
    )
    assert [register("holding", n) for n in (0, 4, 5, 19, 20, 0x104)] == [1, 5, 0, 0, -1, 5]
    assert [register("holding", n) for n in (0x200, 0x300, 0x300 + 20)] == [-1, -1, 7]


def test_more_repetitions_than_there_is_room_for_are_told() -> None:
    racks = {"name": "racks", "over": "rack", "most": 2, "rows": [const(1)]}
    assert complaints(racks, racks=3) == ["has room for 2, but there are 3 of rack"]


def test_rows_overlap_by_table() -> None:
    a, b = {"name": "a", "at": 0, "rows": [const(1)]}, {"name": "b", "at": 0, "rows": [const(2)]}
    assert complaints(a, b | {"tables": ["input"]}) == ["b.v2 at address 0 overlaps a.v1"]
    assert complaints(a | {"tables": ["holding"]}, b | {"tables": ["holding", "input"]})


def test_coils_are_bits_and_registers_are_none() -> None:
    bit = {"name": "x", "type": "bit", "value": 1}
    kind = "coils and discrete inputs have rows of type bit, and no other table has"
    assert complaints({"name": "a", "rows": [bit]}) == [f"x: type = 'bit': {kind}"]
    assert complaints({"name": "a", "tables": ["coil"], "rows": [const(1)]}) == [f"v1: type = 'u16': {kind}"]


def test_elements_take_the_registers_that_they_need() -> None:
    row = {"name": "e", "type": "packed", "point": "rack.cell.voltage", "unit": "V"}
    for width, words in ((1, 17), (2, 33), (4, 65), (8, 130)):  # of 260 cells
        unit, _ = unit_of({"name": "r", "over": "rack", "rows": [row | {"elements": {"over": "cell", "width": width}}]})
        assert unit.locate("holding", 0, 2 * words) >= 0
        assert unit.locate("holding", 0, 2 * words + 1) < 0
