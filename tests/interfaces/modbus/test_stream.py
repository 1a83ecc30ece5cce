"""The stream of bytes: however it is cut, whatever is in it."""

import asyncio
import itertools
import random
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Rig, request
from tests.interfaces.modbus.test_conformance import CTRL_HB, pdu, write_many

REQUESTS = {
    pdu(3, 40000, 2): b"\x03\x04SunS",
    pdu(4, 40000, 1): b"\x04\x02Su",
    pdu(3, 40000, 126): b"\x83\x03",
    pdu(3, 1, 1): b"\x83\x02",
    pdu(99): b"\xe3\x01",
    pdu(6, CTRL_HB, 5): pdu(6, CTRL_HB, 5),
    write_many(CTRL_HB, 6, 1): pdu(16, CTRL_HB, 2),
    b"\x2b\x0e\x04\x00": b"\x2b\x0e\x04\x82\x00\x00\x01\x00\x0cBMS Emulator",
}


async def exchange(link: FakeLink, pdus: list[bytes], cuts: list[int]) -> None:
    """Send requests in pieces; all answers must come, in order."""
    rig = Rig(link)
    await rig.server.start()
    try:
        client = await rig.client()
        stream = b"".join(request(p, 1, n & 0xFFFF) for n, p in enumerate(pdus))
        edges = [0, *sorted({cut % len(stream) for cut in cuts}), len(stream)]

        async def send() -> None:
            for start, stop in itertools.pairwise(edges):
                client.writer.write(stream[start:stop])
                await client.writer.drain()
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            for n, sent in enumerate(pdus):
                assert await client.answer() == (n & 0xFFFF, 1, REQUESTS[sent])
    finally:
        await rig.close()


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pdus=st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=60),
    cuts=st.lists(st.integers(0, 10_000), max_size=200),
)
def test_any_cut_of_the_stream_gives_the_same_answers(link: FakeLink, pdus: list[bytes], cuts: list[int]) -> None:
    asyncio.run(exchange(link, pdus, cuts))


async def test_twenty_thousand_requests_in_pieces_of_any_size_are_answered_in_order(link: FakeLink) -> None:
    chance = random.Random(1)
    reads = [request for request, answer in REQUESTS.items() if request[0] in (3, 4, 99)]
    pdus = [chance.choice(reads) for _ in range(20_000)]
    await exchange(link, pdus, [chance.randrange(10**6) for _ in range(2000)])


async def test_every_write_of_a_burst_is_executed_once(rig: Rig) -> None:
    client = await rig.client()
    for n in range(600):
        client.send(pdu(6, CTRL_HB, n), transaction=n)
    assert [(await client.answer())[0] for _ in range(600)] == list(range(600))
    assert [command.args["writes"][0][1] for command in rig.link.commands] == [float(n) for n in range(600)]


async def test_one_byte_at_a_time(rig: Rig) -> None:
    client = await rig.client()
    for byte in request(pdu(3, 40000, 2)):
        client.writer.write(bytes((byte,)))
        await client.writer.drain()
        await asyncio.sleep(0)
    assert await client.answer() == (1, 1, b"\x03\x04SunS")


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">HHHB", 1, 1, 6, 1),  # another protocol
        struct.pack(">HHHB", 1, 0, 0, 1),  # nothing behind the length
        struct.pack(">HHHB", 1, 0, 1, 1),  # no function
        struct.pack(">HHHB", 1, 0, 255, 1),  # longer than Modbus has it
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_modbus_closes_the_connection(rig: Rig, header: bytes) -> None:
    client = await rig.client()
    client.send(pdu(3, 40000, 2), transaction=3)
    client.writer.write(header)
    assert await client.answer() == (3, 1, b"\x03\x04SunS")
    assert await client.is_closed()


async def test_a_request_of_the_greatest_length_is_taken(rig: Rig) -> None:
    client = await rig.client()
    assert await client.ask(bytes((99,)) + bytes(252)) == b"\xe3\x01"


async def test_reconnecting_quickly_always_works(rig: Rig) -> None:
    for _ in range(100):
        client = await rig.client()
        assert await client.read(40000, 2) == b"SunS"
        client.writer.close()
    other = await rig.client()
    await other.read(40000, 2)
    assert rig.server.connection_count() < 10
