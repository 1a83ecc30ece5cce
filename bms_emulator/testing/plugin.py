"""Plugin of pytest for hardware in the loop: rigs, records of tests, and a report.

Fixtures: ``site``, ``rig`` (for a test that waits itself), ``served_rig`` (for one that awaits), ``client``,
``faults``, ``capture``. Markers: ``requirement(*ids)``, ``rig(*names)``, ``settings(values)``. Options: ``--rig``,
``--report``, ``--requirements``.

It is loaded with every run of pytest, so whatever takes time to import is imported where it is needed.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bms_emulator.testing.session import CONDUCT, Session

if TYPE_CHECKING:
    from bms_emulator.interfaces.modbus.master import Client
    from bms_emulator.profile.site import SiteProfile
    from bms_emulator.testing.faults import Faults
    from bms_emulator.testing.record import Record
    from bms_emulator.testing.rig import Conduct, Rig, ServedRig
    from bms_emulator.testing.rigs.rig_file import RigFile

async_fixture: Any
try:
    from pytest_asyncio import fixture as async_fixture
except ModuleNotFoundError:
    async_fixture = pytest.fixture

_SESSION = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options."""
    group = parser.getgroup("bms-emulator", "hardware in the loop")
    group.addoption("--rig", metavar="NAME|FILE", help="rig file in hil/rigs or rigs; the emulated reference if absent")
    group.addoption("--report", metavar="FOLDER", help="write report.html, junit.xml and report.json of all rig tests")
    group.addoption("--requirements", metavar="FILE", help="requirements that the report traces to tests")


def pytest_configure(config: pytest.Config) -> None:
    """Markers, and the rig that was asked for. UsageError: there is none, or it is wrong."""
    config.addinivalue_line("markers", "requirement(*ids): ids of requirements that the test verifies")
    config.addinivalue_line("markers", "rig(*names): rigs that the test is made for; the first where none is asked for")
    config.addinivalue_line("markers", "settings(values): values over those of the rig's site, by key path")
    config.stash[_SESSION] = session = Session(config)
    config.pluginmanager.register(session, "bms-emulator-session")
    if config.getoption("rig") is not None:
        session.rig_file()


@pytest.fixture
def rig_file(request: pytest.FixtureRequest, rig_record: "Record") -> "RigFile":
    """The rig that was asked for."""
    return request.config.stash[_SESSION].rig_file(request.node)


@pytest.fixture
def rig_record(request: pytest.FixtureRequest) -> "Record":
    """What is kept of the test."""
    return request.config.stash[_SESSION].begin(request.node)


@pytest.fixture
def site(request: pytest.FixtureRequest, rig_record: "Record") -> "SiteProfile":
    """The site of the rig, with the settings of the test."""
    return request.config.stash[_SESSION].site(request.node)


@pytest.fixture
def rig(
    request: pytest.FixtureRequest, rig_file: "RigFile", rig_record: "Record", site: "SiteProfile"
) -> Iterator["Rig"]:
    """What stands on the rig, for a test that waits itself."""
    from bms_emulator.testing.holding import held

    with held(rig_file, site, rig_record) as rig:
        request.node.stash[CONDUCT] = rig
        yield rig


@async_fixture
async def served_rig(
    request: pytest.FixtureRequest, rig_file: "RigFile", rig_record: "Record", site: "SiteProfile"
) -> AsyncIterator["ServedRig"]:
    """An emulated site behind its servers, for a test that awaits."""
    from bms_emulator.testing.holding import held_served

    async with held_served(rig_file, site, rig_record) as rig:
        request.node.stash[CONDUCT] = rig
        yield rig


@async_fixture
async def client(served_rig: "ServedRig") -> AsyncIterator["Client"]:
    """A connected client of pymodbus, at the first Modbus device of the served rig."""
    from bms_emulator.interfaces.modbus.master import open_client

    client = await open_client(*served_rig.bench.address(served_rig.site.modbus.devices[0].map))
    yield client
    client.close()


@pytest.fixture
def conduct(request: pytest.FixtureRequest) -> "Conduct":
    """The rig of the test, of whichever kind."""
    kind = "served_rig" if "served_rig" in request.fixturenames else "rig"
    found: Conduct = request.getfixturevalue(kind)
    return found


@pytest.fixture
def faults(conduct: "Conduct") -> "Faults":
    """Faults by name; the test is skipped where nobody can inject any."""
    from bms_emulator.testing.drivers.driver import Capability
    from bms_emulator.testing.faults import Faults

    conduct.require(Capability.FAULTS)
    return Faults(conduct)


@pytest.fixture
def capture(request: pytest.FixtureRequest, conduct: "Conduct", tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Records points to a file from the call on to the end of the test: ``capture("rack[1].soc", period=1.0)``."""
    from bms_emulator.testing.signals import captured

    folder = request.config.stash[_SESSION].folder or tmp_path
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", request.node.nodeid).strip("-")
    begun = False
    with ExitStack() as stack:

        def begin(*selectors: str, period: float = 1.0) -> None:
            nonlocal begun
            if begun:
                raise ValueError("a test has one capture: name all points in one call")
            begun = True
            stack.enter_context(captured(conduct, selectors, folder, name, period))

        yield begin
