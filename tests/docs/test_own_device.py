"""What the how-to page on register maps shows is so."""

import re
import shlex
import struct
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bms_emulator.cli import app
from bms_emulator.interfaces.modbus.dispatch import Dispatcher
from bms_emulator.interfaces.modbus.formats import FORMATS
from bms_emulator.interfaces.modbus.map import (
    Block,
    Condition,
    Effect,
    Elements,
    Identity,
    Part,
    RegisterMap,
    Row,
    Unit,
    Write,
)
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.link import LocalLink

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "describe-your-own-device.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`(plant/\S+)`.*?\n\n```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\$ bms-emulator (.*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)
MODELS = (RegisterMap, Identity, Unit, Block, Row, Part, Elements, Condition, Write, Effect)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the page, beside which its commands are called."""
    for name, text in FILE.findall(PAGE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stable(text: str) -> str:
    """An output without the number of points of a site, which grows."""
    return re.sub(r"of \d+ points", "of all points", text.rstrip())


def test_the_commands_of_the_page_print_what_it_shows(folder: Path) -> None:
    calls = CALL.findall(PAGE)
    assert len(calls) == 2
    for call, shown in calls:
        result = CliRunner().invoke(app, shlex.split(call))
        assert (result.exit_code, stable(result.output)) == (0, stable(shown))


async def test_the_device_of_the_page_starts_and_stops_by_its_command_register(folder: Path) -> None:
    emulator = Emulator(load_site("plant/sites/my-site.yaml"))
    link = LocalLink(emulator)
    [device] = emulator.plan.devices
    dispatcher = Dispatcher(link, device.units)

    async def ask(function: int, address: int, value: int) -> bytes:
        answer = dispatcher.answer(1, struct.pack(">BHH", function, address, value), "test")
        return answer if isinstance(answer, bytes) else await answer()

    async def online_within(seconds: float, wanted: bytes) -> bool:
        for _ in range(round(seconds / emulator.dt)):
            link.step()
            if await ask(3, 0x0401, 1) == b"\x03\x02" + wanted:
                return True
        return False

    assert await ask(6, 0x0381, 2) == struct.pack(">BHH", 6, 0x0381, 2)
    assert await online_within(60.0, b"\x00\x01")
    assert await ask(3, 0x0380, 4) == b"\x03\x08" + struct.pack(">4H", 0, 2, 0, 0)
    await ask(6, 0x0381, 3)
    assert await online_within(60.0, b"\x00\x00")
    assert await ask(6, 0x0381, 4) == b"\x86\x03"
    assert await ask(6, 0x0400, 1) == b"\x86\x02"


@pytest.mark.parametrize("model", MODELS)
def test_the_page_explains_every_key(model: type) -> None:
    keys = set(model.model_fields)  # type: ignore[attr-defined]
    assert not {key for key in keys if f"`{key}`" not in PAGE and f"{key}:" not in PAGE}


def test_the_page_names_every_type() -> None:
    assert not {name for name in FORMATS if f"`{name}`" not in PAGE}
