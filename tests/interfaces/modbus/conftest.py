"""A server on the cabinet: battery at the first listener, PCS at the second."""

from collections.abc import AsyncIterator

import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Client, Rig, on_free_ports


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
