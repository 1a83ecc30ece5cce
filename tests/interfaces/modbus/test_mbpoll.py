"""mbpoll, a client in C, against the server."""

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.interfaces.modbus.rig import Rig
from tests.interfaces.modbus.test_conformance import CTRL_HB

pytestmark = pytest.mark.component


async def mbpoll(program: str, rig: Rig, *options: str, value: str | None = None) -> tuple[int, str]:
    """Exit status and output; addresses count from 0; a value is written, none is read."""
    host, port = rig.server.listeners[0].address
    process = await asyncio.create_subprocess_exec(
        *(program, "-0", "-1", "-q", "-m", "tcp", "-p", str(port), *options, host, *([] if value is None else [value])),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_registers_are_read(rig: Rig, require_program: Callable[[str], str]) -> None:
    status, output = await mbpoll(require_program("mbpoll"), rig, "-a", "1", "-t", "4:hex", "-r", "40000", "-c", "2")
    assert status == 0, output
    assert re.findall(r"0x[0-9A-F]{4}", output) == ["0x5375", "0x6E53"]


async def test_a_register_is_written(rig: Rig, require_program: Callable[[str], str]) -> None:
    status, output = await mbpoll(
        require_program("mbpoll"), rig, "-a", "1", "-t", "4", "-r", str(CTRL_HB), value="1234"
    )
    assert status == 0, output
    assert rig.link.get("heartbeat_master") == 1234.0


async def test_an_undefined_address_is_refused(rig: Rig, require_program: Callable[[str], str]) -> None:
    status, output = await mbpoll(require_program("mbpoll"), rig, "-a", "1", "-t", "4", "-r", "1", "-c", "2")
    assert status != 0
    assert "Illegal data address" in output
