"""Blocks that repeat, holes that read 0, and gaps that are undefined."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.plan import compile_maps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice

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
