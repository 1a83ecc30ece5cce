"""What a client must not do to the server, with a clock that the test moves."""

import asyncio
import socket
from dataclasses import replace

import pytest

from bms_emulator.interfaces.modbus.connection import SEND_BUFFER_MAX, Patience
from bms_emulator.interfaces.modbus.server import PortError, Server, serve
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Rig
from tests.interfaces.modbus.test_conformance import CTRL_HB, pdu


def later(rig: Rig, seconds: float) -> None:
    """Do the housekeeping as if so much time had passed."""
    rig.server.keep_house(asyncio.get_running_loop().time() + seconds)


async def test_half_a_request_closes_the_connection_after_five_seconds(rig: Rig) -> None:
    client = await rig.client()
    assert await client.read(40000, 2) == b"SunS"
    client.writer.write(b"\x00\x01\x00")
    await client.writer.drain()
    await (await rig.client()).read(40000, 2)
    later(rig, 4.0)
    client.writer.write(b"\x00\x00\x06")  # a drip does not buy more time
    await client.writer.drain()
    await (await rig.client()).read(40000, 2)
    later(rig, 5.5)
    assert await client.is_closed()


async def test_a_quiet_connection_stays_open(rig: Rig) -> None:
    client = await rig.client()
    assert await client.read(40000, 2) == b"SunS"
    later(rig, 86400.0)
    assert await client.read(40000, 2) == b"SunS"


async def test_a_quiet_connection_is_closed_where_the_site_says_so(link: FakeLink) -> None:
    rig = Rig(link, link.site.modbus.model_copy(update={"idle_timeout_s": 60.0}))
    await rig.server.start()
    try:
        client = await rig.client()
        assert await client.read(40000, 2) == b"SunS"
        later(rig, 59.0)
        assert await client.read(40000, 2) == b"SunS"
        later(rig, 61.0)
        assert await client.is_closed()
    finally:
        await rig.close()


async def test_a_request_that_waits_for_the_emulator_is_neither_idle_nor_half(link: FakeLink) -> None:
    rig = Rig(link, patience=Patience(idle=10.0))
    await rig.server.start()
    try:
        client, other = await rig.client(), await rig.client()
        link.gate.clear()
        client.send(pdu(6, CTRL_HB, 1))
        client.writer.write(b"\x00\x01")
        await client.writer.drain()
        await other.read(40000, 2)
        later(rig, 100.0)
        link.gate.set()
        assert (await client.answer())[2] == pdu(6, CTRL_HB, 1)
    finally:
        await rig.close()


async def test_a_client_that_fetches_no_answers_is_closed_and_costs_little_memory(rig: Rig) -> None:
    loop = asyncio.get_running_loop()
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    await loop.sock_connect(slow, rig.server.listeners[0].address)
    flood = loop.create_task(loop.sock_sendall(slow, b"\0\x01\0\0\0\x06\x01\x03\x9c\x40\0\x7d" * 200_000))
    try:
        other = await rig.client()
        choked = None
        for _ in range(2000):
            await other.read(40000, 2)
            choked = next((c for c in rig.server.listeners[0].connections if c.choked), None)
            if choked is not None:
                break
        assert choked is not None
        assert choked.unsent < 2 * SEND_BUFFER_MAX
        later(rig, 6.0)
        assert await other.read(40000, 2) == b"SunS"
        assert rig.server.connection_count() == 1
    finally:
        flood.cancel()
        await asyncio.wait([flood])
        slow.close()


async def test_more_connections_than_allowed_are_closed_at_once(link: FakeLink) -> None:
    rig = Rig(link, link.site.modbus.model_copy(update={"connection_limit": 3}))
    await rig.server.start()
    try:
        clients = [await rig.client() for _ in range(3)]
        assert [await client.read(40000, 2) for client in clients] == [b"SunS"] * 3
        assert await (await rig.client()).is_closed()
        clients[0].writer.close()
        await clients[0].writer.wait_closed()
        assert await clients[1].read(40000, 2) == b"SunS"
        assert await (await rig.client()).read(40000, 2) == b"SunS"
    finally:
        await rig.close()


async def test_connections_are_kept_alive(rig: Rig) -> None:
    client = await rig.client()
    await client.read(40000, 2)
    [connection] = rig.server.listeners[0].connections
    sock = connection._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_every_taken_port_is_named_with_its_map(link: FakeLink) -> None:
    plan = link.plan
    with socket.socket() as one, socket.socket() as other:
        devices = []
        for taken, device in zip((one, other), plan.devices, strict=True):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            devices.append(replace(device, port=taken.getsockname()[1]))
        server = Server(link, replace(plan, devices=(*devices, plan.devices[0])), link.site.modbus)
        with pytest.raises(PortError) as caught:
            await server.start()
        for device in devices:
            assert f"127.0.0.1:{device.port} ({device.maps[0]}): cannot listen: Address already in use" in str(
                caught.value
            )
    with pytest.raises(ConnectionRefusedError):  # the free one was given back
        socket.create_connection(server.listeners[2].address)  # type: ignore[attr-defined]


async def test_serving_says_what_listens_where_and_ends_when_cancelled(link: FakeLink) -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(link, link.plan, link.site.modbus, told.set_result))
    text = await told
    assert "sunspec-battery units 1, 11" in text
    assert "pcs-sunspec unit 100" in text
    port = int(text.split("127.0.0.1:")[1].split()[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)
