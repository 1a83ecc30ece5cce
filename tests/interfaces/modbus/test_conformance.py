"""Every rule for answers, a row each: unit, request, answer."""

import struct

import pytest

from bms_emulator.profile.site import SiteProfile
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Client, Rig

BASE = 40000
CTRL_HB, ALM_RST, SET_OP = 40089, 40090, 40120
SOC_RESERVE_MAX = 40079


def pdu(function: int, *words: int) -> bytes:
    return bytes((function,)) + b"".join(struct.pack(">H", word) for word in words)


def write_many(address: int, *values: int, size: int | None = None, count: int | None = None) -> bytes:
    count = len(values) if count is None else count
    head = struct.pack(">BHHB", 16, address, count, 2 * len(values) if size is None else size)
    return head + b"".join(struct.pack(">H", value) for value in values)


def read_write(
    start: int, quantity: int, address: int, *values: int, size: int | None = None, count: int | None = None
) -> bytes:
    count = len(values) if count is None else count
    head = struct.pack(">BHHHHB", 23, start, quantity, address, count, 2 * len(values) if size is None else size)
    return head + b"".join(struct.pack(">H", value) for value in values)


ROWS = {
    # reads
    "marker": (1, pdu(3, BASE, 2), b"\x03\x04SunS"),
    "input registers show the same": (1, pdu(4, BASE, 2), b"\x04\x04SunS"),
    "unit 0 is the device": (0, pdu(3, BASE, 2), b"\x03\x04SunS"),
    "unit 255 is the device": (255, pdu(3, BASE, 2), b"\x03\x04SunS"),
    "each rack has a unit of its own": (11, pdu(3, BASE, 2), b"\x03\x04SunS"),
    "unknown unit": (77, pdu(3, BASE, 2), b"\x83\x0b"),
    "unknown unit and unknown function": (77, pdu(99), b"\xe3\x0b"),
    # functions
    "unknown function": (1, pdu(99), b"\xe3\x01"),
    "function 0": (1, b"\x00", b"\x80\x01"),
    "function above 127": (1, b"\x83", b"\x83\x01"),
    **{f"function {n} is none of ours": (1, bytes((n,)), bytes((n | 0x80, 1))) for n in (7, 8, 11, 12, 17, 20, 21, 24)},
    # quantities come before addresses
    "read nothing": (1, pdu(3, BASE, 0), b"\x83\x03"),
    "read too much": (1, pdu(3, BASE, 126), b"\x83\x03"),
    "read too much nowhere": (1, pdu(3, 0, 126), b"\x83\x03"),
    "read the most": (1, pdu(3, 0, 125), b"\x83\x02"),
    "read too short": (1, b"\x03\x9c\x40\x00", b"\x83\x03"),
    "read too long": (1, pdu(3, BASE, 2, 0), b"\x83\x03"),
    "coils none": (1, pdu(1, 0, 0), b"\x81\x01"),
    "coils too many": (1, pdu(1, 0, 2001), b"\x81\x01"),
    "coils there are none": (1, pdu(1, 0, 2000), b"\x81\x01"),
    "discrete inputs there are none": (1, pdu(2, 0, 1), b"\x82\x01"),
    "coil neither on nor off": (1, pdu(5, 0, 0x1234), b"\x85\x01"),
    "coil on": (1, pdu(5, 0, 0xFF00), b"\x85\x01"),
    "coils too many to write": (1, struct.pack(">BHHB", 15, 0, 1969, 247) + bytes(247), b"\x8f\x01"),
    "coils with a wrong byte count": (1, struct.pack(">BHHB", 15, 0, 9, 1) + bytes(1), b"\x8f\x01"),
    "coils to write there are none": (1, struct.pack(">BHHB", 15, 0, 9, 2) + bytes(2), b"\x8f\x01"),
    # addresses
    "read below": (1, pdu(3, BASE - 1, 1), b"\x83\x02"),
    "read across the beginning": (1, pdu(3, BASE - 1, 2), b"\x83\x02"),
    "read to the last address": (1, pdu(3, 65535, 1), b"\x83\x02"),
    "read beyond the last address": (1, pdu(3, 65535, 2), b"\x83\x02"),
    # single writes
    "write one": (1, pdu(6, CTRL_HB, 5), pdu(6, CTRL_HB, 5)),
    "write one too short": (1, b"\x06\x9c\x99\x00", b"\x86\x03"),
    "write read-only": (1, pdu(6, BASE, 5), b"\x86\x02"),
    "write nowhere": (1, pdu(6, 1, 5), b"\x86\x02"),
    "write out of limits": (1, pdu(6, SOC_RESERVE_MAX, 1001), b"\x86\x03"),
    "write no choice": (1, pdu(6, SET_OP, 3), b"\x86\x03"),
    "write no flag": (1, pdu(6, ALM_RST, 2), b"\x86\x03"),
    "write no value": (1, pdu(6, SOC_RESERVE_MAX, 0xFFFF), b"\x86\x03"),
    "a counter takes its whole range": (1, pdu(6, CTRL_HB, 0xFFFF), pdu(6, CTRL_HB, 0xFFFF)),
    # many writes
    "write many": (1, write_many(CTRL_HB, 7, 1), pdu(16, CTRL_HB, 2)),
    "write many, one of them": (1, write_many(CTRL_HB, 7), pdu(16, CTRL_HB, 1)),
    "write none": (1, write_many(CTRL_HB), b"\x90\x03"),
    "write too many": (1, write_many(CTRL_HB, *range(123), count=124, size=248), b"\x90\x03"),
    "write with a wrong byte count": (1, write_many(CTRL_HB, 7, 1, size=3), b"\x90\x03"),
    "write with a wrong count": (1, write_many(CTRL_HB, 7, 1, count=3), b"\x90\x03"),
    "write across read-only": (1, write_many(ALM_RST, 1, 4), b"\x90\x02"),
    "write many with one out of limits": (1, write_many(SOC_RESERVE_MAX, 900, 1001), b"\x90\x03"),
    # mask write: 0 and 1 come from the mask, the others stay
    "mask write": (1, pdu(22, CTRL_HB, 0x0000, 0x0003), pdu(22, CTRL_HB, 0x0000, 0x0003)),
    "mask write too short": (1, pdu(22, CTRL_HB, 0), b"\x96\x03"),
    "mask write read-only": (1, pdu(22, BASE, 0, 0), b"\x96\x02"),
    # read and write
    "read and write": (1, read_write(CTRL_HB, 2, CTRL_HB, 9), b"\x17\x04\x00\x09\x00\x00"),
    "read nothing and write": (1, read_write(CTRL_HB, 0, CTRL_HB, 9), b"\x97\x03"),
    "read too much and write": (1, read_write(BASE, 126, CTRL_HB, 9), b"\x97\x03"),
    "read and write nothing": (1, read_write(CTRL_HB, 1, CTRL_HB), b"\x97\x03"),
    "read and write too much": (1, read_write(CTRL_HB, 1, CTRL_HB, *range(121), count=122, size=244), b"\x97\x03"),
    "read and write a wrong byte count": (1, read_write(CTRL_HB, 1, CTRL_HB, 9, size=4), b"\x97\x03"),
    "read nowhere and write": (1, read_write(1, 1, CTRL_HB, 9), b"\x97\x02"),
    "read and write read-only": (1, read_write(BASE, 1, BASE, 9), b"\x97\x02"),
    # identification
    "another encapsulated interface": (1, b"\x2b\x0d\x01\x00", b"\xab\x01"),
    "identification too short": (1, b"\x2b\x0e\x01", b"\xab\x03"),
    "identification by code 0": (1, b"\x2b\x0e\x00\x00", b"\xab\x03"),
    "identification by code 5": (1, b"\x2b\x0e\x05\x00", b"\xab\x03"),
    "one object that there is not": (1, b"\x2b\x0e\x04\x80", b"\xab\x02"),
    "one object": (1, b"\x2b\x0e\x04\x01", b"\x2b\x0e\x04\x82\x00\x00\x01\x01\x0fsunspec-battery"),
}


@pytest.mark.parametrize("rule", ROWS)
async def test_request_is_answered_as_the_rule_says(rule: str, client: Client) -> None:
    unit, request, answer = ROWS[rule]
    assert await client.ask(request, unit) == answer


@pytest.mark.parametrize("rule", [rule for rule, (_, _, answer) in ROWS.items() if answer[0] & 0x80])
async def test_nothing_changes_on_an_exception(rule: str, client: Client, rig: Rig) -> None:
    unit, request, _ = ROWS[rule]
    before = rig.link.arena.buffer.copy()
    await client.ask(request, unit)
    assert all("refused" in command.args for command in rig.link.commands)
    assert before.tobytes() == rig.link.arena.buffer.tobytes()


async def test_last_register_is_read_and_the_one_behind_is_not(client: Client, rig: Rig) -> None:
    [part] = rig.link.plan.devices[0].units[1].ranges["holding"]
    assert await client.ask(pdu(3, part.stop - 2, 2)) == b"\x03\x04\xff\xff\x00\x00"
    assert await client.ask(pdu(3, part.stop - 1, 2)) == b"\x83\x02"


async def test_identification_belongs_to_the_device(rig: Rig) -> None:
    battery, pcs = await rig.client(0), await rig.client(1)
    basic = b"\x2b\x0e\x01\x00"
    assert b"sunspec-battery" in await battery.ask(basic)
    assert b"pcs-sunspec" in await pcs.ask(basic, unit=100)


async def test_identification_names_the_unit(client: Client) -> None:
    assert (await client.ask(b"\x2b\x0e\x04\x06", unit=1)).endswith(b"\x04bank")
    assert (await client.ask(b"\x2b\x0e\x04\x06", unit=11)).endswith(b"\x06rack 1")


async def test_a_lenient_device_reads_126_registers(cabinet: SiteProfile) -> None:
    battery, *others = cabinet.modbus.devices
    devices = (battery.model_copy(update={"read_limit": 126}), *others)
    site = cabinet.model_copy(update={"modbus": cabinet.modbus.model_copy(update={"devices": devices})})
    lenient = Rig(FakeLink(site))
    await lenient.server.start()
    try:
        client, strict = await lenient.client(0), await lenient.client(1)
        assert len(await client.read(BASE, 126)) == 252
        assert await client.ask(pdu(3, BASE, 127)) == b"\x83\x03"
        assert await strict.ask(pdu(3, BASE, 126), 100) == b"\x83\x03"
    finally:
        await lenient.close()
