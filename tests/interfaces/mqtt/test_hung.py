"""Brokers that hang, stall, or are somebody else."""

import asyncio
import contextlib
import logging
import os
import signal
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bms_emulator.interfaces.mqtt import broker, events, reconnect
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.mqtt.served import BASE, served, subscribed
from tests.interfaces.mqtt.sparkplug.test_edge import OPTIONS
from tests.interfaces.mqtt.test_outage import free_port, mosquitto, sequences, wired


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "KEEPALIVE", 1)
    monkeypatch.setattr(reconnect, "TIMEOUT", 1.0)
    monkeypatch.setattr(reconnect, "FAREWELL", 0.2)
    monkeypatch.setattr(reconnect, "BACKOFF", (0.1, 0.3))


class Mute:
    """Takes connections and whatever comes, and answers nothing."""

    def __init__(self) -> None:
        self.connections = 0
        self._arrived = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._arrived.set()
        try:
            with contextlib.suppress(OSError):
                while await reader.read(65_536):
                    pass
        finally:
            writer.close()

    async def until(self, connections: int) -> None:
        while self.connections < connections:
            self._arrived.clear()
            await self._arrived.wait()


@contextlib.asynccontextmanager
async def mute_broker(port: int) -> AsyncIterator[Mute]:
    mute = Mute()
    server = await asyncio.start_server(mute.take, "127.0.0.1", port)
    try:
        yield mute
    finally:
        server.close()


async def test_a_broker_that_accepts_and_says_nothing_is_left_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    mute_port, link = free_port(), FakeSite()
    caplog.set_level(logging.WARNING)
    async with (
        broker.embedded_broker("127.0.0.1", 0) as port,
        subscribed(port, f"{BASE}/event") as client,
        mute_broker(mute_port) as mute,
        wired(mute_port) as (wire, near),
        served(link, broker=f"mqtt://127.0.0.1:{near}", sparkplug=OPTIONS),
    ):
        await mute.until(4)
        for _ in range(20):
            link.happen()
        wire.target = port
        assert await sequences(client, 20) == list(range(1, 21))
    assert sum("trying again" in record.message for record in caplog.records) == 2  # one for each connection


@pytest.mark.component
async def test_a_stopped_broker_is_noticed_and_nothing_is_lost_or_doubled(
    require_program: Callable[[str], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, link = free_port(), FakeSite()
    command = {"id": "once", "set": {"rack[2].enabled": False}}
    async with (
        mosquitto(require_program("mosquitto"), port, tmp_path) as process,
        served(link, broker=f"mqtt://127.0.0.1:{port}", period_s=0.1, cells_period_s=0.1),
        subscribed(port, f"{BASE}/#", keepalive=60) as client,
    ):
        assert (await client.ask(command))["accepted"]
        os.kill(process.pid, signal.SIGSTOP)
        for _ in range(50):
            link.happen()
            await asyncio.sleep(0.06)  # longer in all than the keepalive takes to notice
        os.kill(process.pid, signal.SIGCONT)
        found = await sequences(client, 50)
        again = await client.ask(command)
    assert "trying again" in caplog.text
    assert sorted(set(found)) == list(range(1, 51))
    assert len(found) <= 52  # the one that was in flight at each break may come twice, with its sequence
    assert again["repeated"]
    assert len(link.commands) == 1


async def test_memory_is_bounded_while_the_broker_is_hung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PERIOD", 0.01)
    port, link = free_port(), FakeSite()
    async with mute_broker(port) as mute, served(link, broker=f"mqtt://127.0.0.1:{port}", sparkplug=OPTIONS):
        await mute.until(2)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            await mute.until(8)
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
    assert grown < 4_000_000
