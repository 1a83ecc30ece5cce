"""``bms-emulator map``."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bms_emulator.cli.map import app


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_map_is_shown_as_a_table() -> None:
    lines = run("show", "sunspec-battery").splitlines()
    assert lines[0].split() == ["unit", "address", "block", "name", "type", "access", "scale", "in", "shows", "repeats"]
    [cell] = [line for line in lines if " CellV " in line]
    assert "rack x12 every unit id, pack x4 every 460, cell x104 every 4" in cell
    assert "rack.cell.voltage" in cell


@pytest.mark.parametrize("form", ["--csv", "--json", "--markdown"])
def test_every_form_shows_the_same_rows(form: str) -> None:
    output = run("show", "pcs-sunspec", "--site", "cabinet", form)
    if form == "--csv":
        names = [row["name"] for row in csv.DictReader(io.StringIO(output))]
    elif form == "--json":
        names = [row["name"] for row in json.loads(output)]
    else:
        names = [line.split(" | ")[3] for line in output.splitlines()[2:]]
    assert names[:4] == ["SunS", "ID", "L", "Mn"]
    assert len(names) == len(run("show", "pcs-sunspec").splitlines()) - 1


def test_two_forms_at_once_are_refused() -> None:
    assert CliRunner().invoke(app, ["show", "pcs-sunspec", "--csv", "--json"]).exit_code == 2


def test_a_sound_map_is_ok() -> None:
    assert run("check", "sunspec-battery").startswith("sunspec-battery: ok, 13 units, ")


def test_a_bad_map_is_told_with_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "registers").mkdir()
    file = tmp_path / "registers" / "mine.yaml"
    file.write_text(
        "name: mine\ndescription: Mine.\nsource: made up\nidentity: {vendor: V, product_code: P}\nunits:\n"
        "  - name: u\n    blocks:\n      - name: b\n        rows:\n          - {name: X, type: u16, point: sock}\n"
    )
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 1
    assert "mine.yaml:10: " in result.output
    assert "near: container.soc" in result.output


def test_neither_numba_nor_numpy_is_imported() -> None:
    code = "import sys, bms_emulator.cli.map; sys.exit(bool({'numba', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
