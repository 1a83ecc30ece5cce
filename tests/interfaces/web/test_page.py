"""The live page in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interfaces.web.browser import opened
from tests.interfaces.web.pretend import discharging
from tests.interfaces.web.served import served

pytestmark = pytest.mark.component

SCALE = re.compile(r'id="scale-low">3\.2\d\d<')


async def test_the_page_fills_its_figures_and_its_map(require_program: Callable[[str], str], tmp_path: Path) -> None:
    program = require_program("chromium")
    async with served(discharging()) as url, opened(program, url, tmp_path) as page:
        dom = await page.dom_when(lambda dom: SCALE.search(dom) and 'class="rack"' in dom)
    text = re.sub(r"<[^>]+>", " ", dom)
    assert re.search(r'id="link"[^>]*>live<', dom)
    for figure in ("63.4", "2105", "1357.2", "3.700", "cell overvoltage", "11 of 12 racks", "sensor-stuck", "01:20:2"):
        assert figure in text
    assert len(re.findall(r'class="rack"', dom)) == 12
    assert re.search(r"1 far above", text)
    assert not re.search(r"(?<!\S)-0(\.0*)?(?!\S)", text), "there is no negative zero"
