"""Writes reach the emulator as one command and show at once."""

import asyncio
import struct

import pytest

from tests.interfaces.modbus.rig import Rig
from tests.interfaces.modbus.test_conformance import CTRL_HB, SET_OP, SOC_RESERVE_MAX, pdu, read_write, write_many

PCS = 100


def address_of(rig: Rig, listener: int, label: str) -> int:
    units = rig.link.plan.devices[listener].units.values()
    return next(w.address for unit in units for w in unit.writables["holding"].values() if w.label == label)


async def test_every_writable_register_takes_functions_6_and_16(rig: Rig) -> None:
    for n, device in enumerate(rig.link.plan.devices):
        client = await rig.client(n)
        for unit in device.units.values():
            for register in unit.writables["holding"]:
                [now] = struct.unpack(">H", await client.read(register, 1, unit.unit))
                assert await client.ask(pdu(6, register, now), unit.unit) == pdu(6, register, now)
                assert await client.ask(write_many(register, now), unit.unit) == pdu(16, register, 1)


async def test_read_back_shows_a_write_at_once(rig: Rig) -> None:
    client = await rig.client()
    for value in range(50):
        await client.ask(pdu(6, CTRL_HB, value))
        assert await client.read(CTRL_HB, 1) == struct.pack(">H", value)


async def test_pipelined_read_back_shows_a_write(rig: Rig) -> None:
    client = await rig.client()
    for value in range(20):
        client.send(pdu(6, CTRL_HB, value), transaction=2 * value)
        client.send(pdu(3, CTRL_HB, 1), transaction=2 * value + 1)
    for value in range(20):
        assert (await client.answer())[0] == 2 * value
        assert await client.answer() == (2 * value + 1, 1, struct.pack(">BBH", 3, 2, value))


async def test_many_registers_are_one_command(rig: Rig) -> None:
    client = await rig.client()
    await client.ask(write_many(SOC_RESERVE_MAX, 900, 100))
    [command] = rig.link.commands
    catalogue = rig.link.catalogue
    assert command.op == "write"
    assert command.origin.startswith("modbus:127.0.0.1:")
    wanted = {catalogue.find("soc_reserve_max")[1]: 0.9, catalogue.find("soc_reserve_min")[1]: 0.1}
    assert dict(command.args["writes"]) == pytest.approx(wanted)


async def test_refused_write_answers_04(rig: Rig) -> None:
    client = await rig.client()
    rig.link.refuse = "not now"
    assert await client.ask(pdu(6, SET_OP, 1)) == b"\x86\x04"


async def test_write_without_an_answer_of_the_emulator_answers_04(rig: Rig) -> None:
    client = await rig.client()
    rig.link.unanswered = True
    assert await client.ask(write_many(SET_OP, 1)) == b"\x90\x04"


async def test_write_and_read_reads_what_it_wrote(rig: Rig) -> None:
    client = await rig.client()
    assert await client.ask(read_write(CTRL_HB, 1, CTRL_HB, 77)) == struct.pack(">BBH", 23, 2, 77)


async def test_mask_write_keeps_the_other_bits(rig: Rig) -> None:
    client = await rig.client()
    await client.ask(pdu(6, CTRL_HB, 0x12))
    await client.ask(pdu(22, CTRL_HB, 0xF2, 0x25))
    assert await client.read(CTRL_HB, 1) == struct.pack(">H", (0x12 & 0xF2) | (0x25 & ~0xF2))


async def test_enumerations_are_written_by_table(rig: Rig) -> None:
    client = await rig.client()
    enabled = address_of(rig, 0, "model_804.SetEna")
    await client.ask(pdu(6, enabled, 2), unit=11)
    assert rig.link.get("rack[1].enabled") == 0.0
    assert await client.read(enabled, 1, unit=11) == b"\x00\x02"
    await client.ask(pdu(6, SET_OP, 2))
    assert rig.link.get("request") == 2.0


async def test_a_power_set_point_of_two_registers_keeps_its_sign(rig: Rig) -> None:
    client = await rig.client(1)
    address = address_of(rig, 1, "model_704.WSet")
    await client.ask(write_many(address, *struct.unpack(">HH", struct.pack(">i", -90_000))), PCS)
    assert rig.link.get("pcs[1].power_setpoint") == -90_000.0


async def test_half_of_a_value_leaves_the_other_half(rig: Rig) -> None:
    client = await rig.client(1)
    address = address_of(rig, 1, "model_704.WSet")
    rig.link.set("pcs[1].power_setpoint", 0x0001_2345)
    rig.link.step()
    await client.ask(pdu(6, address + 1, 0x4321), PCS)
    assert rig.link.get("pcs[1].power_setpoint") == 0x0001_4321


async def test_no_value_of_two_registers_is_ever_torn(rig: Rig) -> None:
    """A tick flips both words of a value between any two of the client's reads."""
    client = await rig.client(1)
    address = address_of(rig, 1, "model_704.WSet")
    done = asyncio.Event()

    async def flip() -> None:
        while not done.is_set():
            for value in (0x0000_FFFF, 0x0001_0000):
                rig.link.set("pcs[1].power_setpoint", value)
                rig.link.step()
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(flip())
        seen = set()
        for _ in range(30):
            for n in range(64):
                client.send(pdu(3, address, 2), PCS, n)
            seen |= {(await client.answer())[2][2:] for _ in range(64)}
        done.set()
    assert seen <= {b"\x00\x00\xff\xff", b"\x00\x01\x00\x00"}


async def test_another_client_is_answered_while_a_write_waits(rig: Rig) -> None:
    writer, reader = await rig.client(), await rig.client()
    rig.link.gate.clear()
    writer.send(pdu(6, CTRL_HB, 3))
    assert await reader.read(40000, 2) == b"SunS"
    rig.link.gate.set()
    assert (await writer.answer())[2] == pdu(6, CTRL_HB, 3)


async def test_a_client_that_leaves_during_its_write_does_no_harm(rig: Rig) -> None:
    leaver, other = await rig.client(), await rig.client()
    rig.link.gate.clear()
    leaver.send(pdu(6, CTRL_HB, 3))
    await leaver.writer.drain()
    await other.read(40000, 2)
    leaver.writer.close()
    await leaver.writer.wait_closed()
    assert await other.read(40000, 2) == b"SunS"
    rig.link.gate.set()
    assert await other.ask(pdu(6, CTRL_HB, 4)) == pdu(6, CTRL_HB, 4)
