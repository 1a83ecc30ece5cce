"""Where devices listen, whom they answer, and what counts as a heartbeat."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator

import pytest

from bms_emulator.interfaces.modbus.server import PortError, Server
from tests.interfaces.modbus.hand_made import WRITABLE, HandLink, device, serving, unit
from tests.interfaces.modbus.rig import Connect
from tests.interfaces.modbus.test_conformance import pdu


async def test_devices_share_a_port_on_addresses_of_their_own(connect: Connect) -> None:
    async with serving() as first:
        port = first.listeners[0].address[1]
        async with serving(device(host="127.0.0.2", port=port), device(host="127.0.0.3", port=port)) as server:
            assert f"127.0.0.2:{port} (hand unit 1)" in server.describe()
            for listener in (0, 1):
                assert await (await connect(*server.listeners[listener].address)).read(7, 1) == b"\x00\x07"


async def test_a_name_is_served_at_all_its_addresses(connect: Connect) -> None:
    async with serving(device(host="localhost")) as server:
        assert await (await connect(*server.listeners[0].address)).read(7, 1) == b"\x00\x07"


async def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(PortError, match=r"modbus tcp 192\.0\.2\.1:0 \(hand\): cannot listen: Cannot assign"):
        async with serving(device(host="192.0.2.1")):
            pass


async def test_an_unknown_unit_is_refused_or_left_without_an_answer(connect: Connect) -> None:
    async with serving(device(), device(silent=True)) as server:
        client, unanswered = await connect(*server.listeners[0].address), await connect(*server.listeners[1].address)
        assert await client.ask(pdu(3, 0, 1), unit=77) == b"\x83\x0b"
        unanswered.send(pdu(3, 0, 1), unit=77, transaction=1)
        unanswered.send(pdu(3, 0, 1), unit=1, transaction=2)
        assert await unanswered.answer() == (2, 1, b"\x03\x02\x00\x00")


async def test_only_the_units_that_a_map_names_mean_any_unit(connect: Connect) -> None:
    async with serving(device(any_unit=(255,))) as server:
        client = await connect(*server.listeners[0].address)
        assert await client.ask(pdu(3, 0, 1), unit=0) == b"\x83\x0b"
        assert await client.ask(pdu(3, 0, 1), unit=255) == b"\x03\x02\x00\x00"


async def beats(link: HandLink, server: Server, now: float) -> list[float]:
    """Values that the heartbeats get at a moment, 1e6 s and more after the loop began."""
    before = len(link.commands)
    server.keep_house(1e6 + now)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [value for command in link.commands[before:] for _, value in command.args["writes"]]


async def test_any_request_is_a_heartbeat_once_a_second_where_the_map_says_so(connect: Connect) -> None:
    link = HandLink()
    async with serving(device(unit(heartbeat=3)), link=link) as server:
        client = await connect(*server.listeners[0].address)
        assert await beats(link, server, 0.0) == []
        await client.read(0, 1)
        await client.read(0, 1)
        assert await beats(link, server, 1.0) == [1.0]
        await client.ask(pdu(99))
        assert await beats(link, server, 1.9) == []
        assert await beats(link, server, 2.0) == [2.0]
        assert await beats(link, server, 9.0) == []
        link.arena[3] = 65535.0
        await client.ask(pdu(6, WRITABLE, 4))
        assert await beats(link, server, 10.0) == [0.0]


async def test_requests_to_other_units_are_no_heartbeat(connect: Connect) -> None:
    link = HandLink()
    async with serving(device(unit(1, heartbeat=3), unit(2)), link=link) as server:
        client = await connect(*server.listeners[0].address)
        await client.read(0, 1, unit=2)
        await client.ask(pdu(3, 0, 1), unit=77)
        assert await beats(link, server, 1.0) == []


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open no more files than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as probe:
        resource.setrlimit(resource.RLIMIT_NOFILE, (probe.fileno(), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_client_that_comes_when_no_file_is_left_is_served_later(connect: Connect) -> None:
    async with serving() as server:
        early = await connect(*server.listeners[0].address)
        await early.read(0, 1)
        late = socket.socket()
        late.setblocking(False)
        with no_more_files():
            await asyncio.get_running_loop().sock_connect(late, server.listeners[0].address)
            for _ in range(20):
                await early.read(0, 1)
            assert server.connection_count() == 1
        server.keep_house(0.0)
        client = await connect(sock=late)
        assert await client.read(7, 1) == b"\x00\x07"


async def test_answers_to_a_client_that_says_no_more_still_reach_it(connect: Connect) -> None:
    async with serving() as server:
        client = await connect(*server.listeners[0].address)
        for n in range(100):
            client.send(pdu(6, WRITABLE, n), transaction=n)
        client.writer.write_eof()
        assert [(await client.answer())[0] for _ in range(100)] == list(range(100))
        assert await client.is_closed()


async def test_a_connection_that_is_reset_leaves_nothing_behind(connect: Connect) -> None:
    async with serving() as server:
        client, other = await connect(*server.listeners[0].address), await connect(*server.listeners[0].address)
        await client.read(0, 1)
        await other.read(0, 1)
        client.send(pdu(3, 0, 125))
        client.writer.transport.abort()
        for _ in range(10):
            await other.read(0, 1)
        assert server.connection_count() == 1
