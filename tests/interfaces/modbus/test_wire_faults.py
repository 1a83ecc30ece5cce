"""Each kind of wire fault, seen by a client on the wire, and what is left when it is cleared."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus import rtu
from bms_emulator.interfaces.modbus.server import Server
from tests.interfaces.modbus.hand_made import SIZE, WRITABLE, HandLink, device, serving, unit
from tests.interfaces.modbus.rig import Client, request
from tests.interfaces.modbus.test_conformance import pdu
from tests.interfaces.modbus.test_disturbance import fault
from tests.interfaces.modbus.test_rtu import line

READ = pdu(3, 7, 2)
ANSWER = b"\x03\x04\x00\x07\x00\x08"
FRAME = request(ANSWER, 1, 1)


@dataclass
class TickingLink(HandLink):
    """A link whose registers are all of the tick: 256 times its number, plus their address."""

    tick: int = 0

    def step(self) -> None:
        self.tick += 1
        self.images = (np.arange(SIZE) + 256 * self.tick).astype(">u2").tobytes()

    def values(self, offsets: Any) -> tuple[NDArray[np.float64], int, float]:
        return self.arena[offsets].copy(), self.tick, 0.1 * self.tick


class Bench:
    """A server on two ports with two units each, and its clients."""

    def __init__(self, link: TickingLink, server: Server) -> None:
        self.link, self.server = link, server
        self.writers: list[asyncio.StreamWriter] = []

    def put(self, *faults: dict[str, Any]) -> None:
        """Let these faults, and no others, act."""
        self.link.faults = [each | {"id": n} for n, each in enumerate(faults)]
        self.server.keep_house(0.0)

    async def client(self, listener: int = 0) -> Client:
        reader, writer = await asyncio.open_connection(*self.server.listeners[listener].address)  # type: ignore[attr-defined]
        self.writers.append(writer)
        await asyncio.sleep(0)
        return Client(reader, writer)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    link = TickingLink()
    units = unit(1), replace(unit(2), beats=(2 * 8,))
    async with serving(device(*units), device(*units), link=link) as server:
        bench = Bench(link, server)
        yield bench
        for writer in bench.writers:
            writer.close()


async def heard(client: Client, count: int) -> bytes:
    """So many bytes."""
    async with asyncio.timeout(5):
        return await client.reader.readexactly(count)


async def is_quiet(client: Client, other: Client) -> None:
    """Nothing has come by the time at which another client, who asked later, has been answered several times."""
    for _ in range(3):
        assert await other.ask(READ, unit=2) == ANSWER
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await client.reader.readexactly(1)


ON_THE_WIRE: list[tuple[str, dict[str, Any], bytes]] = [
    ("exception", {"code": 6}, request(b"\x83\x06")),
    ("wrong", {"field": "transaction"}, request(ANSWER, 1, 2)),
    ("wrong", {"field": "unit", "by": 6}, request(ANSWER, 7, 1)),
    ("wrong", {"field": "function"}, request(b"\x04" + ANSWER[1:])),
    ("wrong", {"field": "length", "by": 3}, FRAME[:4] + b"\x00\x0a" + FRAME[6:]),
    ("truncate", {"missing": 3}, FRAME[:-3]),
    ("duplicate", {"copies": 3}, 3 * FRAME),
    ("bytewise", {}, FRAME),
    ("fragment", {"size": 4, "interval": "1ms"}, FRAME),
    ("word-swap", {}, request(b"\x03\x04\x00\x08\x00\x07")),
    ("byte-swap", {}, request(b"\x03\x04\x07\x00\x08\x00")),
    ("shift", {"by": -2}, request(b"\x03\x04\x00\x05\x00\x06")),
]


@pytest.mark.parametrize(("word", "settings", "seen"), ON_THE_WIRE)
async def test_what_a_fault_puts_on_the_wire_ends_with_it(
    bench: Bench, word: str, settings: dict[str, Any], seen: bytes
) -> None:
    other = await bench.client(1)
    bench.put(fault(f"modbus-{word}", "modbus:hand/1", **settings))
    client = await bench.client()
    client.send(READ)
    assert await heard(client, len(seen)) == seen
    await is_quiet(client, other)
    bench.put()
    client.send(READ)
    assert await heard(client, len(FRAME)) == FRAME


@pytest.mark.parametrize(("word", "settings", "seen"), ON_THE_WIRE)
async def test_other_units_and_clients_get_plain_answers(
    bench: Bench, word: str, settings: dict[str, Any], seen: bytes
) -> None:
    client, other = await bench.client(), await bench.client()
    host, port = client.writer.get_extra_info("sockname")[:2]
    bench.put(fault(f"modbus-{word}", f"modbus:hand/1@{host}:{port}", **settings))
    assert await other.ask(READ) == ANSWER
    assert await client.ask(READ, unit=2) == ANSWER
    client.send(READ)
    assert await heard(client, len(seen)) == seen


@pytest.mark.parametrize(
    ("word", "settings"), [("bytewise", {"interval": 0.005}), ("fragment", {"size": 5, "interval": 0.005})]
)
async def test_pieces_come_one_by_one_and_hold_up_nobody_else(
    bench: Bench, word: str, settings: dict[str, Any]
) -> None:
    client, other = await bench.client(), await bench.client()
    port = client.writer.get_extra_info("sockname")[1]
    bench.put(fault(f"modbus-{word}", f"modbus@127.0.0.1:{port}", **settings))
    client.send(READ)
    pieces: list[bytes] = []
    async with asyncio.timeout(5):
        while sum(map(len, pieces)) < len(FRAME):
            pieces.append(await client.reader.read(100))
            assert await other.ask(READ) == ANSWER
    assert b"".join(pieces) == FRAME
    assert len(pieces) > 1
    assert max(map(len, pieces)) < len(FRAME)


async def test_a_refused_write_is_not_executed_and_a_silent_one_is(bench: Bench) -> None:
    client, other = await bench.client(), await bench.client()
    write = pdu(6, WRITABLE, 3)
    bench.put(fault("modbus-exception", code=4))
    assert await client.ask(write) == b"\x86\x04"
    bench.put(fault("modbus-silence", "modbus:hand/1", lost="request"))
    client.send(write)
    await is_quiet(client, other)
    assert not bench.link.commands
    bench.put(fault("modbus-silence", "modbus:hand/1"))
    client.send(write)
    await is_quiet(client, other)
    assert len(bench.link.commands) == 1
    bench.put()
    assert await client.ask(write) == write


async def test_a_shifted_map_is_written_elsewhere(bench: Bench) -> None:
    client = await bench.client()
    bench.put(fault("modbus-shift", by=WRITABLE))
    assert await client.ask(pdu(6, 0, 5)) == pdu(6, WRITABLE, 5)
    assert bench.link.arena[0] == 5.0


async def test_corrupt_bits_are_in_the_data_and_repeat_with_the_seed(bench: Bench) -> None:
    seen = []
    for _ in range(2):
        bench.put(fault("modbus-corrupt", bits=2))
        client = await bench.client()
        client.send(READ)
        seen.append(await heard(client, len(FRAME)))
        bench.put()
        assert await client.ask(READ) == ANSWER
    assert seen[0] == seen[1]
    assert seen[0][:8] == FRAME[:8]
    flipped = int.from_bytes(seen[0], "big") ^ int.from_bytes(FRAME, "big")
    assert flipped.bit_count() == 2


async def test_a_reply_out_of_order_comes_after_the_next_one_or_when_the_fault_is_over(bench: Bench) -> None:
    client = await bench.client()
    bench.put(fault("modbus-reorder"))
    for transaction in (1, 2, 3):
        client.send(READ, transaction=transaction)
    assert [(await client.answer())[0] for _ in range(2)] == [2, 1]
    bench.put()
    assert (await client.answer())[0] == 3
    assert await client.ask(READ) == ANSWER


async def test_a_frozen_image_stands_still_while_its_heartbeat_goes_on(bench: Bench) -> None:
    client = await bench.client()
    bench.link.step()
    bench.put(fault("modbus-freeze", "modbus:hand/2"))
    bench.link.step()
    frozen, fresh = struct.pack(">HH", 256 + 7, 512 + 8), struct.pack(">HH", 512 + 7, 512 + 8)
    assert await client.read(7, 2, unit=2) == frozen
    assert await client.read(7, 2, unit=1) == fresh
    bench.put(fault("modbus-freeze", "modbus:hand/2", heartbeat="frozen"))
    bench.link.step()
    assert await client.read(7, 2, unit=2) == struct.pack(">HH", 256 + 7, 256 + 8)
    bench.put()
    assert await client.read(7, 2, unit=2) == struct.pack(">HH", 768 + 7, 768 + 8)


async def test_a_torn_value_has_halves_of_two_ticks(bench: Bench) -> None:
    client = await bench.client()
    bench.link.step()
    bench.put(fault("modbus-tear"))
    bench.link.step()
    assert await client.read(7, 2) == struct.pack(">HH", 256 + 7, 512 + 8)
    bench.server.keep_house(0.0)
    bench.link.step()
    assert await client.read(7, 3) == struct.pack(">HHH", 256 + 7, 768 + 8, 256 + 9)
    bench.put()
    assert await client.read(7, 2) == struct.pack(">HH", 768 + 7, 768 + 8)


async def test_a_restart_resets_connections_and_reads_zeros(bench: Bench) -> None:
    before = await bench.client()
    assert await before.ask(READ) == ANSWER
    bench.put(fault("modbus-restart"))
    assert await before.is_closed()
    after = await bench.client()
    assert await after.read(7, 2) == bytes(4)
    bench.put()
    assert await after.ask(READ) == ANSWER


async def test_a_reset_ends_the_connection_by_rst_and_the_next_one_works(bench: Bench) -> None:
    client, other = await bench.client(), await bench.client()
    assert await client.ask(READ) == ANSWER
    bench.put(fault("modbus-reset", "modbus:hand/1"))
    client.send(pdu(6, WRITABLE, 3))
    with pytest.raises(ConnectionResetError):
        await heard(client, 1)
    assert not bench.link.commands
    assert await other.ask(READ, unit=2) == ANSWER
    bench.put()
    assert await (await bench.client()).ask(READ) == ANSWER
    assert await other.ask(READ) == ANSWER


async def test_a_port_that_refuses_lets_open_connections_go_on_and_comes_back(bench: Bench) -> None:
    client = await bench.client()
    bench.put(fault("modbus-refuse"))
    with pytest.raises(ConnectionRefusedError):
        await bench.client()
    assert await client.ask(READ) == ANSWER
    bench.put()
    assert await (await bench.client()).ask(READ) == ANSWER


async def test_a_mute_connection_is_accepted_and_silent(bench: Bench) -> None:
    before = await bench.client()
    assert await before.ask(READ) == ANSWER
    bench.put(fault("modbus-mute"))
    mute = await bench.client()
    mute.send(READ)
    await is_quiet(mute, before)
    bench.put()
    assert await mute.ask(READ) == ANSWER


async def test_a_half_open_connection_stays_dead_and_a_new_one_works(bench: Bench) -> None:
    dead = await bench.client()
    assert await dead.ask(READ) == ANSWER
    bench.put(fault("modbus-half-open"))
    new = await bench.client()
    dead.send(READ)
    await is_quiet(dead, new)
    bench.put()
    dead.send(READ)
    await is_quiet(dead, new)
    assert await (await bench.client()).ask(READ) == ANSWER


async def test_connections_above_the_limit_are_closed_at_once(bench: Bench) -> None:
    client = await bench.client()
    assert await client.ask(READ) == ANSWER
    bench.put(fault("modbus-connection-limit", limit=1))
    assert await (await bench.client()).is_closed()
    assert await (await bench.client(1)).ask(READ) == ANSWER
    assert await client.ask(READ) == ANSWER
    bench.put()
    assert await (await bench.client()).ask(READ) == ANSWER


async def test_the_share_of_requests_that_is_hit_repeats_with_the_seed(bench: Bench) -> None:
    async def codes() -> list[int]:
        bench.put(fault("modbus-exception", code=6, probability=0.3))
        client = await bench.client()
        found = [(await client.ask(READ))[0] for _ in range(100)]
        bench.put()
        return found

    first = await codes()
    assert 15 < first.count(0x83) < 45
    assert await codes() == first


async def test_faults_on_one_request_compose_and_clearing_one_leaves_the_other(bench: Bench) -> None:
    client = await bench.client()
    shift, swap = fault("modbus-shift", by=3), fault("modbus-word-swap")
    bench.put(swap, shift)
    assert await client.ask(READ) == b"\x03\x04\x00\x0b\x00\x0a"
    bench.put(swap)
    assert await client.ask(READ) == b"\x03\x04\x00\x08\x00\x07"


async def test_a_client_of_pymodbus_times_out_on_a_wrong_transaction_and_recovers(bench: Bench) -> None:
    from pymodbus.client import AsyncModbusTcpClient
    from pymodbus.exceptions import ModbusException

    host, port = bench.server.listeners[0].address  # type: ignore[attr-defined]
    client = AsyncModbusTcpClient(host, port=port, timeout=0.1, retries=0)
    assert await client.connect()
    try:
        bench.put(fault("modbus-wrong", field="transaction"))
        with pytest.raises(ModbusException):
            await client.read_holding_registers(7, count=2, device_id=1)
        bench.put()
        assert await client.connect()
        assert (await client.read_holding_registers(7, count=2, device_id=1)).registers == [7, 8]
    finally:
        client.close()


# ---- on a serial line

LINE_ANSWER = rtu.frame(1, ANSWER)
ON_A_LINE: list[tuple[str, dict[str, Any], bytes]] = [
    ("exception", {"code": 6}, rtu.frame(1, b"\x83\x06")),
    ("wrong", {"field": "unit"}, rtu.frame(2, ANSWER)),
    ("truncate", {"missing": 2}, LINE_ANSWER[:-2]),
    ("duplicate", {}, 2 * LINE_ANSWER),
    ("byte-swap", {}, rtu.frame(1, b"\x03\x04\x07\x00\x08\x00")),
]


@asynccontextmanager
async def put(server: Server, link: HandLink, faults: Sequence[dict[str, Any]]) -> AsyncIterator[None]:
    link.faults = list(faults)
    server.keep_house(0.0)
    yield
    link.faults = []
    server.keep_house(0.0)


@pytest.mark.parametrize(("word", "settings", "seen"), ON_A_LINE)
async def test_what_a_fault_puts_on_a_line_ends_with_it(
    tmp_path: Path, word: str, settings: dict[str, Any], seen: bytes
) -> None:
    link = HandLink()
    async with line(tmp_path / "line", link=link) as (server, master):
        async with put(server, link, [fault(f"modbus-{word}", **settings)]):
            master.send(rtu.frame(1, READ))
            assert await master.receive(len(seen)) == seen
        assert await master.ask(1, READ, len(ANSWER)) == ANSWER


async def test_a_corrupt_frame_on_a_line_has_a_wrong_check_sum(tmp_path: Path) -> None:
    link = HandLink()
    async with line(tmp_path / "line", link=link) as (server, master):
        async with put(server, link, [fault("modbus-corrupt")]):
            master.send(rtu.frame(1, READ))
            assert not rtu.is_whole(await master.receive(len(LINE_ANSWER)))
        assert await master.ask(1, READ, len(ANSWER)) == ANSWER
