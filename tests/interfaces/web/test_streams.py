import asyncio
import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bms_emulator.interfaces.web import app, serve
from bms_emulator.interfaces.web.frames import HEADER
from bms_emulator.profile.site import Http
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.web.served import served


async def test_a_cell_frame_carries_every_measured_cell_of_one_tick() -> None:
    link = FakeSite()
    link.tick = 90
    link.set("rack[12].cell[416].voltage", 3.5)
    link.set("rack[2].temperature_sensor[1].temperature", 310.0)
    link.set("rack[1].cell[1].voltage", float("nan"))
    async with served(link) as url, connect(f"ws{url[4:]}/ws/cells") as socket:
        frame = await socket.recv()
    assert isinstance(frame, bytes)
    magic, version, size, container, racks, cells, pack_cells, tick, time = HEADER.unpack_from(frame)
    assert (magic, version, size) == (b"BMSC", 1, struct.calcsize("<4sHHIIIIQd"))
    assert (container, racks, cells, pack_cells, tick, time) == (1, 12, 416, 104, 90, 9.0)
    voltage, temperature = np.frombuffer(frame, "<f4", offset=size).reshape(2, racks, cells)
    assert voltage[11, 415] == 3.5
    assert np.isnan(voltage[0, 0])
    assert list(temperature[1, :3]) == [310.0, 310.0, np.float32(298.15)]


async def test_the_state_stream_tells_figures_and_each_event_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "STREAM_PERIOD", 0.02)
    link = FakeSite()
    link.happen(level=1)
    link.set("rack[12].soc", 0.25)
    async with served(link) as url, connect(f"ws{url[4:]}/ws/state?container=1") as socket:
        first = json.loads(await socket.recv())
        link.happen(level=2)
        link.tick = 3
        told = list(first["events"])
        while len(told) < 2:
            later = json.loads(await socket.recv())
            told += later["events"]
    assert first["racks"][11]["soc_percent"] == 25.0
    assert later["tick"] == 3
    assert [event["sequence"] for event in told] == [1, 2]


async def test_a_container_that_is_not_there_is_refused_with_the_reason() -> None:
    async with served(FakeSite()) as url, connect(f"ws{url[4:]}/ws/cells?container=2") as socket:
        with pytest.raises(ConnectionClosed, match="must be from 1 to 1"):
            await socket.recv()


async def test_streams_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "STREAMS_MAX", 1)
    async with served(FakeSite()) as url, connect(f"ws{url[4:]}/ws/cells") as first:
        await first.recv()
        async with connect(f"ws{url[4:]}/ws/state") as second:
            with pytest.raises(ConnectionClosed, match="1 streams are open"):
                await second.recv()


async def test_a_page_from_elsewhere_gets_no_stream() -> None:
    async with served(FakeSite()) as url:
        with pytest.raises(InvalidStatus, match="403"):
            async with connect(f"ws{url[4:]}/ws/state", origin="http://evil.example"):  # type: ignore[arg-type]
                pass


async def test_a_slow_client_loses_frames_and_others_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "STREAM_PERIOD", 0.0)
    link = FakeSite()
    async with served(link) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        writer.write(
            b"GET /ws/cells HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        async with connect(f"ws{url[4:]}/ws/cells") as quick:
            for tick in range(200):  # 8 MB: far more than the buffers of the one who does not read
                link.tick = tick
                await quick.recv()
        writer.close()
        assert reader


async def test_a_taken_port_is_an_error() -> None:
    async with served(FakeSite()) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="Address already in use"):
            await serve(FakeSite(), Http(port=port), None, print)


def test_the_page_asks_nobody_else() -> None:
    static = Path(app.__file__).parent / "static"
    foreign = re.compile(r"""["'(](https?:)?//(?!www\.w3\.org/2000/svg)""")
    assert [file.name for file in static.iterdir() if foreign.search(file.read_text())] == []
