"""What a map says of writing: other points, kept values, effects, flags side by side, coils."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from bms_emulator.interfaces.modbus.dispatch import Dispatcher
from bms_emulator.interfaces.modbus.plan import compile_maps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice, SiteProfile
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.test_conformance import pdu, write_many

HEAD = """\
name: mine
description: Rows that can be written.
source: made up
identity: {vendor: V, product_code: P}
"""
MAP = f"""{HEAD}
heartbeat: traffic
units:
  - name: bank
    blocks:
      - name: commands
        at: 0
        size: 40
        tables: [holding]
        rows:
          - name: wake
            type: u16
            value: 0
            access: w
            write: {{point: request, table: {{connect: 0x55, disconnect: 0xAA}}}}
          - name: command
            type: u16
            kept: 0
            access: rw
            takes: [0, 1, 2, 3]
            effects:
              2: [{{point: request, value: connect}}, {{point: alarm_reset, value: 1}}]
              3: [{{point: request, value: disconnect}}]
          - {{name: year, type: u16, kept: 26, access: rw}}
          - name: state
            type: enum16
            point: mode
            access: rw
            write: {{point: request, table: {{connect: 1}}, ignore: [0]}}
          - {{name: reset, type: u16, point: alarm_reset, access: w}}
          - name: disabled
            type: packed
            point: rack.enabled
            negate: true
            elements: {{over: rack, width: 1}}
            access: rw
          - {{at: 8, name: power, type: i32, point: "pcs.power_setpoint", unit: W, access: w, word_order: little}}
          - {{name: clock, type: u32, kept: 5, access: rw}}
          - {{name: kept_float, type: f32, kept: 1.5, access: rw}}
          - {{at: 20, name: reserve, type: u16, point: soc_reserve_max, unit: "%", scale: 0.1, access: rw}}
          - {{name: soc, type: u16, point: soc, unit: "%", scale: 0.1}}
      - name: racks
        at: 100
        over: rack
        tables: [holding]
        rows:
          - {{name: address, type: u16, kept: 7, access: rw}}
          - {{name: service, type: u16, kept: 0, access: rw, effects: {{1: [{{point: rack.maintenance, value: 1}}]}}}}
      - name: switches
        at: 0
        over: rack
        tables: [coil]
        rows:
          - {{name: enabled, type: bit, point: rack.enabled, access: rw}}
          - {{name: spare, type: bit, kept: 0, access: rw}}
          - {{name: connected, type: bit, point: rack.connected}}
"""
RACKS = 3
MakeSite = Callable[[str], SiteProfile]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSite:
    """Makes a site of three racks that serves a map."""

    def make(text: str) -> SiteProfile:
        monkeypatch.setenv("BMS_EMULATOR_PROFILES", str(tmp_path))
        (tmp_path / "registers").mkdir(exist_ok=True)
        (tmp_path / "registers" / "mine.yaml").write_text(text)
        site = load_site("cabinet", {"container.rack_count": RACKS})
        server = site.modbus.model_copy(update={"devices": (ModbusDevice(map="mine", port=0),)})
        return site.model_copy(update={"modbus": server})

    return make


class Master:
    """Asks the dispatcher of a map, without a network."""

    def __init__(self, link: FakeLink) -> None:
        self.link = link
        [device] = link.plan.devices
        self.units = device.units
        self.dispatcher = Dispatcher(link, device.units)

    async def ask(self, request: bytes) -> bytes:
        answer = self.dispatcher.answer(1, request, "test")
        return answer if isinstance(answer, bytes) else await answer()

    async def write(self, address: int, *values: int) -> bytes:
        request = pdu(6, address, values[0]) if len(values) == 1 else write_many(address, *values)
        return await self.ask(request)

    async def read(self, address: int, count: int = 1) -> tuple[int, ...]:
        answer = await self.ask(pdu(3, address, count))
        assert answer[0] == 3, answer
        return struct.unpack(f">{count}H", answer[2:])

    @property
    def refused(self) -> list[str]:
        return [command.args["refused"] for command in self.link.commands if "refused" in command.args]


@pytest.fixture
def master(site: MakeSite) -> Master:
    return Master(FakeLink(site(MAP)))


def wrong(site: MakeSite, row: str, block: str = "") -> list[str]:
    """What is told of a map with this row."""
    text = (
        f"{HEAD}units:\n  - name: u\n    blocks:\n      - name: b\n        {block}\n        rows:\n          - {row}\n"
    )
    profile = site(text)
    try:
        compile_maps(profile, Catalogue(profile))
    except ProfileError as error:
        return [str(problem) for problem in error.problems]
    return []


# commands


async def test_a_command_by_latch_value_goes_to_another_point_and_reads_0(master: Master) -> None:
    for raw, request in ((0x55, 1.0), (0xAA, 2.0), (0xAA, 2.0)):
        assert await master.write(0, raw) == pdu(6, 0, raw)
        assert master.link.get("request") == request
        assert await master.read(0) == (0,)
    assert await master.write(0, 0x54) == b"\x86\x03"


async def test_a_kept_command_shows_and_sets_points_together(master: Master) -> None:
    assert await master.write(1, 2) == pdu(6, 1, 2)
    assert (master.link.get("request"), master.link.get("alarm_reset")) == (1.0, 1.0)
    assert len(master.link.commands) == 1
    assert await master.read(1) == (2,)
    await master.write(1, 1)
    assert await master.read(1) == (1,)
    assert master.link.get("request") == 1.0


async def test_a_kept_register_takes_only_what_it_says(master: Master) -> None:
    assert await master.write(1, 4) == b"\x86\x03"
    assert await master.read(1) == (0,)
    assert master.refused == ["exception 03, unit 1 (mine, bank): commands.command = 0x0004: allowed are 0, 1, 2, 3"]


async def test_kept_registers_begin_with_their_value_and_keep_any_other(master: Master) -> None:
    assert await master.read(2) == (26,)
    for raw in (0, 1, 0xFFFF):
        await master.write(2, raw)
        assert await master.read(2) == (raw,)


async def test_what_is_ignored_is_accepted_and_does_nothing(master: Master) -> None:
    before = master.link.arena.buffer.copy()
    assert await master.write(3, 0) == pdu(6, 3, 0)
    assert before.tobytes() == master.link.arena.buffer.tobytes()
    await master.write(3, 1)
    assert master.link.get("request") == 1.0
    assert await master.write(3, 2) == b"\x86\x03"


async def test_the_master_may_take_a_pulse_back_itself(master: Master) -> None:
    for raw in (1, 0):
        await master.write(4, raw)
        assert master.link.get("alarm_reset") == raw


# values


async def test_flags_side_by_side_are_written_one_by_one_and_may_be_inverted(master: Master) -> None:
    await master.write(5, 0b1010)
    assert [master.link.get(f"rack[{n}].enabled") for n in (1, 2, 3)] == [1.0, 0.0, 1.0]
    assert await master.read(5) == (0b010,)


async def test_the_halves_of_a_value_that_reads_0_may_be_written_one_by_one(master: Master) -> None:
    low, high = 0xA240, 0xFFFE
    await master.write(8, low)
    await master.write(9, high)
    assert master.link.get("pcs[1].power_setpoint") == struct.unpack(">i", struct.pack(">HH", high, low))[0]
    assert await master.read(8, 2) == (0, 0)


async def test_kept_values_of_several_registers_keep_every_bit(master: Master) -> None:
    assert await master.read(10, 2) == (0, 5)
    await master.write(10, 0xDEAD, 0xBEEF)
    assert await master.read(10, 2) == (0xDEAD, 0xBEEF)
    words = struct.unpack(">HH", struct.pack(">f", -0.1))
    await master.write(12, *words)
    assert await master.read(12, 2) == words


async def test_each_repetition_keeps_its_own(master: Master) -> None:
    await master.write(102, 9)
    assert await master.read(100, 6) == (7, 0, 9, 0, 7, 0)


async def test_effects_belong_to_the_repetition(master: Master) -> None:
    await master.write(103, 1)
    assert [master.link.get(f"rack[{n}].maintenance") for n in (1, 2, 3)] == [0.0, 1.0, 0.0]


async def test_a_limit_is_within_it_whatever_conversion_adds(master: Master) -> None:
    for raw in range(1001):
        assert await master.write(20, raw) == pdu(6, 20, raw)
    assert await master.write(20, 1001) == b"\x86\x03"


# ranges


async def test_writes_over_neighbours_are_one_command(master: Master) -> None:
    assert await master.write(0, 0x55, 2, 27) == pdu(16, 0, 3)
    assert len(master.link.commands) == 1
    assert await master.read(1, 2) == (2, 27)


async def test_nothing_is_written_where_one_value_is_refused(master: Master) -> None:
    before = master.link.arena.buffer.copy()
    assert await master.write(1, 5, 27) == b"\x90\x03"
    assert await master.write(1, 3, 27, 9) == b"\x90\x03"
    assert before.tobytes() == master.link.arena.buffer.tobytes()


@pytest.mark.parametrize(("values", "fixed"), [((900, 3), 21), ((0, 0, 0), 22)], ids=["read only", "hole"])
async def test_a_range_with_something_that_cannot_be_written_is_refused(
    master: Master, values: tuple[int, ...], fixed: int
) -> None:
    address = fixed - len(values) + 1
    assert await master.write(address, *values) == b"\x90\x02"
    assert master.refused[0].endswith("cannot be written")


async def test_what_does_not_exist_is_told_apart_from_what_cannot_be_written(master: Master) -> None:
    assert await master.write(99, 1) == b"\x86\x02"
    assert master.refused == ["exception 02, unit 1 (mine, bank): register 99 (0x0063) does not exist"]


async def test_a_refused_write_is_answered_though_the_emulator_is_silent(master: Master) -> None:
    master.link.unanswered = True
    assert await master.write(1, 9) == b"\x86\x03"


async def test_the_same_refusal_warns_once(master: Master, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        await master.write(1, 9)
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert len(master.refused) == 3


# coils


async def test_coils_are_read_eight_to_a_byte_the_first_lowest(master: Master) -> None:
    master.link.set("rack[2].connected", 1.0)
    master.link.step()
    assert await master.ask(pdu(1, 0, 9)) == bytes((1, 2, 0b01101001, 0))
    assert await master.ask(pdu(1, 3, 3)) == bytes((1, 1, 0b101))


async def test_one_coil_is_switched(master: Master) -> None:
    assert await master.ask(pdu(5, 0, 0)) == pdu(5, 0, 0)
    assert master.link.get("rack[1].enabled") == 0.0
    await master.ask(pdu(5, 1, 0xFF00))
    assert await master.ask(pdu(1, 0, 2)) == bytes((1, 1, 0b10))


async def test_several_coils_are_switched_at_once(master: Master) -> None:
    request = struct.pack(">BHHBB", 15, 3, 2, 1, 0b10)
    assert await master.ask(request) == pdu(15, 3, 2)
    assert len(master.link.commands) == 1
    assert master.link.get("rack[2].enabled") == 0.0
    assert await master.ask(pdu(1, 3, 2)) == bytes((1, 1, 0b10))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (pdu(1, 0, 10), b"\x81\x02"),
        (pdu(1, 0, 0), b"\x81\x03"),
        (pdu(1, 0, 2001), b"\x81\x03"),
        (pdu(5, 0, 0x1234), b"\x85\x03"),
        (pdu(5, 2, 0xFF00), b"\x85\x02"),
        (pdu(5, 9, 0xFF00), b"\x85\x02"),
        (struct.pack(">BHHBB", 15, 0, 9, 1, 0), b"\x8f\x03"),
        (struct.pack(">BHHBB", 15, 0, 3, 1, 0), b"\x8f\x02"),
        (pdu(2, 0, 1), b"\x82\x01"),
        (pdu(4, 0, 1), b"\x84\x01"),
    ],
)
async def test_requests_for_bits_are_checked_in_order(master: Master, request_: bytes, answer: bytes) -> None:
    assert await master.ask(request_) == answer


# the map


async def test_any_request_may_count_as_heartbeat(master: Master) -> None:
    assert master.units[1].heartbeat == master.link.catalogue.find("heartbeat_master")[1]


def test_kept_values_of_like_containers_share_one_template(site: MakeSite) -> None:
    profile = site(MAP).model_copy(update={"container_count": 3})
    [device] = profile.modbus.devices
    devices = tuple(device.model_copy(update={"container": n}) for n in (1, 2, 3))
    profile = profile.model_copy(update={"modbus": profile.modbus.model_copy(update={"devices": devices})})
    blocks = compile_maps(profile, Catalogue(profile)).arrays[0]
    assert blocks["devices"].tolist() == [3]


def test_the_same_map_served_twice_keeps_its_values_once(site: MakeSite) -> None:
    profile = site(MAP)
    [device] = profile.modbus.devices
    devices = (device, device.model_copy(update={"unit": 2}))
    profile = profile.model_copy(update={"modbus": profile.modbus.model_copy(update={"devices": devices})})
    plan = compile_maps(profile, Catalogue(profile))
    first, second = (unit for listener in plan.devices for unit in listener.units.values())
    assert first.writables["holding"][2].meaning == second.writables["holding"][2].meaning


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("{name: X, type: u16, kept: 70000, access: rw}", "kept: 70000 does not fit"),
        ("{name: X, type: u16, kept: 0, access: rw, takes: [-1]}", "takes: -1 does not fit"),
        ("{name: X, type: u16, kept: 0, access: rw, effects: {1: [{point: requst, value: 1}]}}", "near: container.req"),
        ("{name: X, type: u16, kept: 0, access: rw, effects: {1: [{point: request, value: go}]}}", "'go' is no value"),
        ("{name: X, type: u16, kept: 0, access: rw, effects: {1: [{point: soc, value: 1}]}}", "is read-only"),
        (
            "{name: X, type: u16, kept: 0, access: rw, takes: [0], effects: {1: [{point: request, value: connect}]}}",
            "effects: 1 is none of takes",
        ),
        ("{name: X, type: u16, point: soc, access: rw}", "is a firmware point and cannot be written"),
        ("{name: X, type: u16, value: 0, access: w, write: {point: request, table: {con: 1}}}", "near: connect"),
        ("{name: X, type: string, size: 2, text: A, access: rw, write: {point: request}}", "type string cannot be"),
        ("{name: X, type: u16, value: 0, access: w, write: {point: request, ignore: [70000]}}", "write.ignore: 70000"),
    ],
)
def test_what_is_wrong_with_a_written_row_is_told(site: MakeSite, row: str, expected: str) -> None:
    told = wrong(site, row)
    assert any(expected in line and "mine.yaml:" in line for line in told), told


def test_a_row_of_input_registers_cannot_be_written(site: MakeSite) -> None:
    told = wrong(site, "{name: X, type: u16, kept: 0, access: rw}", "tables: [input]")
    assert any("input cannot be written" in line for line in told), told


def test_a_container_has_room_for_so_many_kept_values(site: MakeSite) -> None:
    rows = ", ".join(f"{{name: {name}, type: u16, kept: 0, access: rw}}" for name in "AB")
    cells = f"{{name: c, over: cell, rows: [{rows}]}}"
    told = wrong(site, "{name: X, type: pad}", f"over: rack\n        blocks: [{cells}]")
    [line] = told
    assert "c.B: kept: needs 780 values, but 244 of 1024 of a container are left" in line
