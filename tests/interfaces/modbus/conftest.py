"""A server on the cabinet: battery at the first listener, PCS at the second."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Client, Connect, Rig, on_free_ports


@pytest.fixture(scope="session")
def cabinet() -> SiteProfile:
    return on_free_ports(load_site("cabinet"))


@pytest.fixture
def link(cabinet: SiteProfile) -> FakeLink:
    return FakeLink(cabinet)


@pytest.fixture
async def rig(link: FakeLink) -> AsyncIterator[Rig]:
    rig = Rig(link)
    await rig.server.start()
    yield rig
    await rig.close()


@pytest.fixture
async def client(rig: Rig) -> Client:
    return await rig.client()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens connections as ``asyncio.open_connection`` does, and closes them at the end."""
    writers = []

    async def opened(*address: Any, **options: Any) -> Client:
        reader, writer = await asyncio.open_connection(*address, **options)
        writers.append(writer)
        return Client(reader, writer)

    yield opened
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
