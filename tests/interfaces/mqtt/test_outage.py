"""A broker of the real world, killed and restarted under the emulator."""

import asyncio
import contextlib
import json
import math
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.interfaces.fake_site import FakeSite
from tests.interfaces.mqtt.served import BASE, PATIENCE, Subscriber, served, subscribed

pytestmark = pytest.mark.component


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.asynccontextmanager
async def mosquitto(program: str, port: int, folder: Path, *lines: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the broker; at the end it is killed, as a power failure would."""
    config = folder / f"mosquitto-{port}.conf"
    config.write_text("\n".join([f"listener {port} 127.0.0.1", "allow_anonymous true", "user root", *lines]) + "\n")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(program, "-c", str(config), stdout=quiet, stderr=quiet)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.02)
        yield process
    finally:
        process.kill()
        await process.wait()


class Wire:
    """A TCP connection between the emulator and the broker that a test can cut."""

    def __init__(self, target: int, bytes_per_second: float) -> None:
        self.target = target
        self._rate = bytes_per_second
        self._ends: set[asyncio.StreamWriter] = set()
        self.whole = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._ends |= {writer, far_writer}
        if not self.whole:
            self.cut()
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
                if self._rate < math.inf:
                    await asyncio.sleep(len(data) / self._rate)
        writer.close()

    def cut(self) -> None:
        self.whole = False
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def mend(self) -> None:
        self.whole = True


@contextlib.asynccontextmanager
async def wired(target: int, bytes_per_second: float = math.inf) -> AsyncIterator[tuple[Wire, int]]:
    wire = Wire(target, bytes_per_second)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    try:
        yield wire, int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        wire.cut()


async def sequences(client: Subscriber, last: int) -> list[int]:
    found: list[int] = []
    while not found or found[-1] < last:
        message = await client.next(lambda message: message.topic.matches(f"{BASE}/event"))
        found.append(json.loads(message.payload)["sequence"])
    return found


async def test_an_outage_of_the_broker_loses_no_event_and_doubles_no_command(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    program, port, link = require_program("mosquitto"), free_port(), FakeSite()
    command = {"id": "once", "set": {"rack[2].enabled": False}}
    async with wired(port) as (wire, near), contextlib.AsyncExitStack() as site:
        async with mosquitto(program, port, tmp_path), subscribed(port) as client:
            await site.enter_async_context(served(link, broker=f"mqtt://127.0.0.1:{near}"))
            await client.next(lambda message: message.payload == b"online")
            assert (await client.ask(command))["accepted"]
            for _ in range(20):
                link.happen()
            before = await sequences(client, 20)
            wire.cut()
            assert (await client.next(lambda m: m.topic.matches(f"{BASE}/status"))).payload == b"offline"
        for _ in range(20):
            link.happen()
        async with mosquitto(program, port, tmp_path), subscribed(port) as client:
            wire.mend()
            after = await sequences(client, 40)
            again = await client.ask(command)
    assert before == list(range(1, 21))
    assert after == list(range(21, 41))
    assert again["repeated"]
    assert len(link.commands) == 1


async def test_a_cut_wire_loses_no_event_and_repeats_at_most_the_one_in_flight(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    link, port = FakeSite(), free_port()
    async with (
        mosquitto(require_program("mosquitto"), port, tmp_path),
        wired(port) as (wire, near),
        served(link, broker=f"mqtt://127.0.0.1:{near}"),
        subscribed(port) as client,
    ):
        await client.next(lambda message: message.payload == b"online")
        for _ in range(200):
            link.happen()
        found = await sequences(client, 1)
        wire.cut()
        wire.mend()
        found += await sequences(client, 200)
    assert sorted(set(found)) == list(range(1, 201))
    assert len(found) <= 201  # the one in flight may have reached the broker before its confirmation was cut off


async def test_mqtt_5_answers_where_the_sender_asks(require_program: Callable[[str], str], tmp_path: Path) -> None:
    from aiomqtt import ProtocolVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    port = free_port()
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic, properties.CorrelationData = "ems/answers", b"\x00\x07"
    async with (
        mosquitto(require_program("mosquitto"), port, tmp_path),
        subscribed(port, "ems/answers", protocol=ProtocolVersion.V5) as client,
        served(FakeSite(), broker=f"mqtt://127.0.0.1:{port}", version="5"),
    ):
        await client.client.publish(f"{BASE}/command", '{"get": "rack[1].soc"}', qos=1, properties=properties)
        answer = await client.next()
    assert json.loads(answer.payload)["accepted"]
    assert answer.properties is not None
    assert answer.properties.CorrelationData == b"\x00\x07"


async def test_user_name_and_password_come_from_the_options_and_the_environment(
    require_program: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, passwords = free_port(), tmp_path / "passwords"
    maker = await asyncio.create_subprocess_exec(
        require_program("mosquitto_passwd"),
        "-b",
        "-c",
        str(passwords),
        "bms",
        "secret",
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await maker.wait() == 0
    monkeypatch.setenv("BROKER_PASSWORD", "secret")
    lines = ("allow_anonymous false", f"password_file {passwords}")
    broker = {"broker": f"mqtt://127.0.0.1:{port}", "username": "bms", "password_env": "BROKER_PASSWORD"}
    async with (
        mosquitto(require_program("mosquitto"), port, tmp_path, *lines),
        served(FakeSite(), **broker),
        subscribed(port, f"{BASE}/status", username="bms", password="secret") as client,
    ):
        assert (await client.next()).payload == b"online"


async def test_a_slow_broker_gets_whole_states_in_their_order(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    link, port = FakeSite(), free_port()
    async with (
        mosquitto(require_program("mosquitto"), port, tmp_path),
        wired(port, bytes_per_second=200_000) as (_, near),
        served(link, broker=f"mqtt://127.0.0.1:{near}", period_s=0.1),
        subscribed(port, f"{BASE}/pcs/1/state") as client,
    ):
        ticks: list[int] = []
        while len(ticks) < 4:
            link.tick += 1
            ticks.append(json.loads((await client.next()).payload)["tick"])
            await asyncio.sleep(0)
    assert ticks == sorted(ticks)
