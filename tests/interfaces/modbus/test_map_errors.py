"""What is wrong with a map is said with file, line and what is near, all at once."""

from pathlib import Path

import pytest

from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.plan import compile_maps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice

HEAD = """\
name: bad
description: A map with a mistake.
source: made up
identity: {vendor: V, product_code: P}
conditions:
  alarms:
    0: [{point: "rack.alarm[overtemperature_charge].level"}]
  many: {16: [{point: soc}]}
units:
  - name: one
    blocks:
      - name: b
        at: 100
        rows:
          - {name: SF, type: sunssf, value: -1}
"""


def problems(folder: Path, rows: str, devices: tuple[ModbusDevice, ...] | None = None) -> list[str]:
    """What compiling a map of one block with these rows says; the first row stands in line 16."""
    (folder / "registers").mkdir(exist_ok=True)
    (folder / "registers" / "bad.yaml").write_text(HEAD + rows)
    site = load_site("cabinet")
    server = site.modbus.model_copy(update={"devices": devices or (ModbusDevice(map="bad"),)})
    site = site.model_copy(update={"modbus": server})
    try:
        compile_maps(site, Catalogue(site))
    except ProfileError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BMS_EMULATOR_PROFILES", str(tmp_path))
    return tmp_path


def row(text: str) -> str:
    return f"          - {{name: X, {text}}}\n"


ROWS = {
    "sound": ('type: u16, point: soc, unit: "%", scale: SF', ""),
    "near point": ("type: u16, point: sock", "near: container.soc"),
    "the truth": (
        'type: u16, point: "plant.container.bus_voltage", unit: V',
        "is a plant point; a register shows measured",
    ),
    "the runtime": ("type: u16, point: emulator.tick", "is a runtime point"),
    "missing index": ("type: u16, point: rack.pack.voltage, unit: V", "pack needs an index"),
    "several points": ('type: u16, point: "rack.pack[*].voltage", unit: V', "picks several points"),
    "no such index": ('type: u16, point: "rack[9].soc", unit: "%"', "rack[9] does not exist"),
    "missing unit": ("type: u16, point: voltage", "unit = '': the value is in V; allowed: V, mV"),
    "wrong unit": ("type: u16, point: voltage, unit: A", "unit = 'A': the value is in V; allowed: V, mV"),
    "no such scale": ("type: u16, point: voltage, unit: V, scale: SV", "no sunssf row of that name; known: SF"),
    "limits beyond the format": ('type: i16, point: soc_reserve_max, unit: "%", scale: 0.001', "may be 100000 as raw"),
    "choices beyond the format": (
        'type: i16, point: "pcs[1].watchdog_timeout", unit: s',
        "may be 86400 as raw value",
    ),
    "rating beyond the format": ("type: u16, nameplate: energy, unit: Wh", "nameplate energy is 261200 as raw value"),
    "no such rating": ("type: u16, nameplate: enerqy, unit: Wh", "no such number; near: energy"),
    "text as rating": ("type: u16, nameplate: serial", "no such number"),
    "rating as text": ("type: string, size: 4, nameplate: energy", "no such text"),
    "text too long": ("type: string, size: 2, text: Hello", "5 characters; 4 fit"),
    "constant beyond the format": ("type: u16, value: 70000", "70000 does not fit; allowed are 0 to 65535"),
    "constant with a fraction": ("type: u16, value: 1.5", "must be a whole number"),
    "number as enumeration": ("type: enum16, point: voltage, unit: V", "not an enumeration"),
    "writable measurement": (
        "type: u16, point: voltage, unit: V, access: rw",
        "is a firmware point and cannot be written",
    ),
    "table lacks": ("type: enum16, point: request, table: {none: 0, connect: 1}", "table: lacks disconnect"),
    "table knows too much": (
        "type: enum16, point: request, table: {none: 0, connect: 1, disconnect: 2, conect: 3}",
        "'conect' is no value of container.request; near: connect",
    ),
    "table beyond the format": (
        "type: enum16, point: request, table: {none: 0, connect: 1, disconnect: 70000}",
        "disconnect = 70000: the format takes 0 to",
    ),
    "table of a number": ("type: enum16, point: voltage, unit: V, table: {0: 1}", "is a number in V"),
    "ambiguous writable table": (
        "type: enum16, point: request, access: rw, table: {none: 0, connect: 1, disconnect: 1}",
        "must not stand for two",
    ),
    "no such conditions": ("type: bitfield32, bits: alarm", "no such conditions; near: alarms"),
    "no such alarm": (
        'type: bitfield32, bits: {1: [{point: "rack.alarm[overtemp].level"}]}',
        "alarm[overtemp] does not exist",
    ),
    "no such value": (
        "type: bitfield32, bits: {1: [{point: rack.connect_failure, equals: fuse}]}",
        "equals = 'fuse': no value of container.rack.connect_failure; near: fuse_open",
    ),
    "truth in a bit": ('type: bitfield32, bits: {1: [{point: "plant.rack.current"}]}', "is a plant point"),
    "index of nothing": ("type: u16, index: rack", "nothing around repeats over it"),
    "count of nothing": ("type: u16, count: cell", "needs a unit or block over racks around it"),
    "overlap": ("at: 0, type: u16, value: 1", "b.X at address 100 overlaps b.SF"),
    "end of addresses": ("at: 65500, type: u16, value: 1", "ends at address 65600; the last one is 65535"),
    "nothing shown": ("type: u16", "needs exactly one of point, value"),
    "two things shown": ("type: u16, point: soc, value: 1", "needs exactly one of"),
    "padding that shows": ("type: pad, value: 1", "padding shows nothing"),
    "string without size": ("type: string, text: a", "size: needed with type string"),
    "type of a constant": ("type: i16, bits: alarms", "bits needs one of bit, bitfield16, bitfield32"),
    "constant to write": ("type: u16, value: 1, access: rw", "needs a point, write or kept"),
    "table of a constant": ("type: u16, value: 1, table: {0: 1}", "only a point has one"),
    "bit of another type": ("type: bitfield16, bits: {16: [{point: soc}]}", "16 is beyond the 16 bits of bitfield16"),
    "named bits beyond": ("type: bitfield16, bits: many", "16 is beyond the 16 bits of bitfield16"),
    "parts of a number": ("type: u16, parts: [{at: 0, width: 8, value: 1}]", "parts: needs type packed"),
    "nothing packed": ("type: packed", "needs parts, elements or bits"),
    "a point beside parts": ("type: packed, point: soc, parts: [{at: 0, width: 8, value: 1}]", "needs exactly one of"),
    "parts overlap": (
        "type: packed, parts: [{at: 0, width: 9, value: 1}, {at: 8, width: 8, value: 1}]",
        "parts: bit 8 belongs to two",
    ),
    "bits in a part": (
        "type: packed, parts: [{at: 0, width: 8, value: 1}], bits: {7: [{point: soc}]}",
        "bits: 7 belongs to one of the parts",
    ),
    "part beyond": ("type: packed, parts: [{at: 9, width: 8, value: 1}]", "at + width = 17: a register has 16 bits"),
    "constant beyond its part": ("type: packed, parts: [{at: 0, width: 4, value: 16}]", "4 bits take 0 to 15"),
    "part of nothing": ("type: packed, parts: [{at: 0, width: 4}]", "needs exactly one of point, value"),
    "choices beyond a part": (
        "type: packed, parts: [{at: 0, width: 1, point: mode}]",
        "as raw value; the format takes 0 to 1",
    ),
    "table beyond a part": (
        "type: packed, parts: [{at: 0, width: 2, point: request, table: {none: 0, connect: 1, disconnect: 4}}]",
        "disconnect = 4: the format takes 0 to 3",
    ),
    "elements of nothing": (
        'type: packed, point: soc, unit: "%", elements: {over: cell, width: 8}',
        "cell: needs a unit or block over racks around it",
    ),
    "elements of a number": ("type: u16, point: soc, elements: {over: rack, width: 8}", "elements: needs type packed"),
    "elements of one point": (
        "type: packed, point: current, unit: A, elements: {over: rack, width: 8}, scale: SX",
        "no sunssf row of that name",
    ),
    "missing beyond the format": ("type: u16, point: voltage, unit: V, missing: -1", "-1 does not fit; allowed are 0"),
    "missing of a constant": ("type: u16, value: 1, missing: 0", "missing: only a point has one"),
    "remainder of a float": ("type: f32, point: heartbeat, modulo: 16", "a floating-point number has no remainder"),
    "remainder beyond the format": ("type: u16, point: heartbeat, modulo: 65537", "the format takes 0 to 65535"),
    "coil among registers": ("type: bit, value: 1", "coils and discrete inputs have rows of type bit"),
    "both ends and a name": (
        "type: bitfield16, bits: {0: [{point: mode, equals: off, at_most: 1}]}",
        "equals: goes without at_least and at_most",
    ),
    "bit of no bitfield": ("type: bitfield16, bits: {0: [{point: mode, has: off}]}", "container.mode is no bitfield"),
    "no such bit": (
        "type: bitfield16, bits: {0: [{point: chiller.alarms, has: tripp}]}",
        "no bit of container.chiller.alarms; near: trip",
    ),
    "a bitfield as a value": (
        "type: bitfield16, bits: {0: [{point: chiller.alarms, equals: trip}]}",
        "container.chiller.alarms is a bitfield",
    ),
    "a bit and a name": (
        "type: bitfield16, bits: {0: [{point: chiller.alarms, has: trip, equals: trip}]}",
        "has: goes without at_least, at_most and equals",
    ),
    "unknown key": ("type: u16, value: 1, scael: 2", "unknown key; near: scale"),
    "unknown type": ("type: u8, value: 1", "must be one of"),
    "bit 32": ("type: bitfield32, bits: {32: [{point: soc}]}", "32 is beyond the 32 bits of bitfield32"),
}


@pytest.mark.parametrize("case", ROWS)
def test_mistake_in_a_row_is_told_with_file_and_line(case: str, folder: Path) -> None:
    text, expected = ROWS[case]
    told = problems(folder, row(text))
    if not expected:
        assert told == []
        return
    assert any(expected in line for line in told), told
    assert all("registers/bad.yaml:" in line for line in told)
    assert any(f"registers/bad.yaml:{line}:" in told[0] for line in (12, 16)), told


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    told = problems(
        folder, row("type: u16, point: sock") + row("type: u16, point: voltage") + row("type: u16, value: 1e5")
    )
    assert [line.split(":")[1] for line in told] == ["16", "17", "18"]


def test_blocks_that_overlap_are_told(folder: Path) -> None:
    told = problems(
        folder,
        """\
      - name: c
        at: 98
        over: rack
        rows:
          - {name: Y, type: u32, index: rack}
          - {name: Z, type: u32, count: rack}
""",
    )
    assert len(told) == 1
    assert "b.SF at address 100 overlaps c.Z" in told[0] or "c.Z at address 100 overlaps b.SF" in told[0]


def test_rows_that_overlap_hide_nothing_else_that_is_wrong(folder: Path) -> None:
    told = problems(
        folder, row("at: 0, type: u16, value: 1") + row("type: u16, point: sock") + row("type: u16, value: 70000")
    )
    for line, words in ((16, "overlaps b.SF"), (17, "near: container.soc"), (18, "70000 does not fit")):
        assert any(f"bad.yaml:{line}: " in text and words in text for text in told), told
    assert len(told) == 3


def test_a_stride_must_hold_a_repetition(folder: Path) -> None:
    told = problems(folder, "      - {name: c, over: rack, stride: 1, rows: [{name: Y, type: u32, value: 0}]}\n")
    assert any("stride: 1 registers, but one repetition takes 2" in line for line in told)


def test_a_size_must_hold_its_rows(folder: Path) -> None:
    told = problems(folder, "      - {name: c, size: 1, rows: [{name: Y, type: u32, value: 0}]}\n")
    assert any("size: 1 registers, but its rows take 2" in line for line in told)


def test_cells_repeat_within_racks_only(folder: Path) -> None:
    told = problems(folder, "      - {name: c, over: cell, rows: [{name: Y, type: u16, value: 0}]}\n")
    assert any("cell: needs a unit or block over racks around it" in line for line in told)


def test_an_unknown_map_is_told_with_near_names(folder: Path) -> None:
    with pytest.raises(ProfileError, match="near: sunspec-battery"):
        load_map("sunspec-batery")


def test_a_map_has_the_name_of_its_file(folder: Path) -> None:
    (folder / "registers").mkdir()
    (folder / "registers" / "other.yaml").write_text(HEAD)
    with pytest.raises(ProfileError, match="must be other, the name of the file"):
        load_map("other")


def test_two_units_with_one_id_on_one_port_are_told(folder: Path) -> None:
    devices = ModbusDevice(map="bad", unit=2), ModbusDevice(map="bad", unit=2)
    assert any("both get unit id 2 on one port" in line for line in problems(folder, "", devices))
    assert problems(folder, "", (devices[0], ModbusDevice(map="bad", unit=3))) == []
    assert problems(folder, "", (devices[0], ModbusDevice(map="bad", unit=2, port=5099))) == []


def test_unit_ids_end_at_247(folder: Path) -> None:
    text = "  - {name: racks, over: rack, offset: 240, blocks: [{name: c, rows: [{name: Y, type: u16, value: 0}]}]}\n"
    assert problems(folder, text, (ModbusDevice(map="bad", unit=7),)) == []
    told = problems(folder, text, (ModbusDevice(map="bad", unit=8),))
    assert any("racks 1 of bad would get unit id 248; allowed are 1 to 247" in line for line in told)


def test_a_site_in_a_folder_of_its_own_finds_the_maps_beside_it(tmp_path: Path) -> None:
    (tmp_path / "registers").mkdir()
    (tmp_path / "sites").mkdir()
    (tmp_path / "registers" / "bad.yaml").write_text(HEAD)
    text = (Path(__file__).parents[3] / "device_profiles" / "sites" / "cabinet.yaml").read_text()
    mine = tmp_path / "sites" / "mine.yaml"
    mine.write_text(text.replace("name: cabinet", "name: mine"))
    site = load_site(str(mine), {"modbus.devices": [{"map": "bad"}]})
    assert [unit.map for device in compile_maps(site, Catalogue(site)).devices for unit in device.units.values()] == [
        "bad"
    ]
