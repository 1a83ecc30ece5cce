"""The live page in a real browser."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interfaces.web.pretend import discharging
from tests.interfaces.web.served import served

pytestmark = pytest.mark.component

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
    "--window-size=1280,800",
)


async def test_the_page_fills_its_figures(require_program: Callable[[str], str], tmp_path: Path) -> None:
    program = require_program("chromium")
    async with served(discharging()) as url:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={tmp_path}",
            "--dump-dom",
            url,
            stdout=-1,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(60):
                dom = (await process.communicate())[0].decode()
        finally:
            if process.returncode is None:
                process.kill()
    text = re.sub(r"<[^>]+>", " ", dom)
    assert re.search(r'id="link"[^>]*>live<', dom)
    for figure in ("63.4", "2105", "1357.2", "3.700", "cell overvoltage", "11 of 12 racks", "sensor-stuck", "01:20:2"):
        assert figure in text
    assert len(re.findall(r'class="rack"', dom)) == 12
    assert re.search(r'id="scale-low">3\.2\d\d<', dom)
    assert re.search(r"1 far above", text)
