"""What the how-to page shows is so."""

import re
from pathlib import Path

import pytest

from hil.firmware.rig import RackMode, Rig
from hil.firmware.test_variants import CAUGHT_BY

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "put-your-firmware-in-the-loop.md"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \|.*\| (FW-[A-Z]+-\d)", re.MULTILINE)


@pytest.fixture
def minimal(tmp_path: Path) -> Path:
    """The firmware in Python that the page shows."""
    code = PYTHON.search(PAGE.read_text(encoding="utf-8"))
    assert code is not None
    file = tmp_path / "minimal.py"
    file.write_text(code[1])
    return file.with_name("minimal.py:MinimalBms")


def test_the_python_firmware_of_the_page_connects_and_trips(minimal: Path) -> None:
    with Rig(minimal) as rig:
        rig.connect()
        rig.plant.demand = 80.0
        rig.run(1.0)
        assert rig.plant.current == 80.0
        rig.plant.cell_voltage[3] = 3.70
        rig.wait(lambda: rig.state == RackMode.FAULT and not rig.command, 0.3, "it opens")
        assert rig.alarms == {"cell_overvoltage": 3}


def test_the_table_of_mistakes_names_what_catches_them() -> None:
    rows = dict(ROW.findall(PAGE.read_text(encoding="utf-8")))
    assert rows == {mistake: name for mistake, (name, _) in CAUGHT_BY.items()}
