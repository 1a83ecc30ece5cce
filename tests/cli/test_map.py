"""``bms-emulator map``."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bms_emulator.cli.map import app


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 0, result.output
    return result.output


def fails(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 1, result.output
    return result.output


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A map with little-endian words, inputs and coils."""
    (tmp_path / "registers").mkdir()
    file = tmp_path / "registers" / "mine.yaml"
    file.write_text(MINE)
    return file


MINE = """\
name: mine
description: Mine.
source: made up
identity: {vendor: V, product_code: P}
units:
  - name: u
    blocks:
      - name: measured
        at: 0x1100
        tables: [input]
        rows:
          - {name: Energy, type: u32, point: soe_discharge, unit: Wh, word_order: little}
          - {name: Mode, type: enum16, point: mode, description: What it is at.}
      - name: racks
        at: 0x1200
        over: rack
        stride: 0x10
        rows:
          - {name: Current, type: i16, point: rack.current, unit: A, scale: 0.1}
      - name: switches
        tables: [coil]
        at: 0
        rows:
          - {name: Reset, type: bit, point: alarm_reset, access: rw}
"""


def test_a_map_is_shown_as_a_table() -> None:
    lines = run("show", "sunspec-battery").splitlines()
    head = "unit address hex block name type access scale in shows values repeats description"
    assert lines[0].split() == head.split()
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
        names = [line.split(" | ")[4] for line in output.splitlines()[2:]]
    assert names[:4] == ["SunS", "ID", "L", "Mn"]
    assert len(names) == len(run("show", "pcs-sunspec").splitlines()) - 1


def test_tables_word_order_and_meanings_are_shown(mine: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("show", str(mine), "--csv"))))
    told = {row["name"]: row for row in rows}
    assert (told["Energy"]["type"], told["Energy"]["hex"]) == ("u32 little", "0x1100")
    assert [told[name]["table"] for name in ("Energy", "Current", "Reset")] == ["input", "holding, input", "coil"]
    assert told["Mode"]["description"] == "What it is at."
    assert "4=connected" in told["Mode"]["values"] or "=standby" in told["Mode"]["values"]
    assert "table" in run("show", str(mine)).splitlines()[0].split()


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (("--block", "measured"), ["Energy", "Mode"]),
        (("--find", "CURRENT"), ["Current"]),
        (("--find", "what it is at"), ["Mode"]),
        (("--address", "0x1101"), ["Energy"]),
        (("--address", "4352..0x1102"), ["Energy", "Mode"]),
        (("--unit", "1", "--block", "racks"), ["Current"]),
    ],
)
def test_filters_choose_rows(mine: Path, filters: tuple[str, ...], names: list[str]) -> None:
    rows = csv.DictReader(io.StringIO(run("show", str(mine), *filters, "--csv")))
    assert [row["name"] for row in rows] == names


def test_an_address_tells_which_repetition_stands_there(mine: Path) -> None:
    [row] = csv.DictReader(io.StringIO(run("show", str(mine), "--address", "0x1220", "--csv")))
    assert (row["name"], row["hex"], row["repeats"]) == ("Current", "0x1220", "rack 3")


def test_a_unit_that_repeats_is_found_by_any_of_its_ids() -> None:
    assert "rack.soc" in run("show", "sunspec-battery", "--unit", "22", "--find", "rack.soc")
    assert "no row" in fails("show", "sunspec-battery", "--unit", "23")


def test_an_address_that_is_none_is_refused(mine: Path) -> None:
    result = CliRunner().invoke(app, ["show", str(mine), "--address", "40x"])
    assert result.exit_code == 2
    assert "0x1100..0x113F" in result.output


def test_two_forms_at_once_are_refused() -> None:
    assert CliRunner().invoke(app, ["show", "pcs-sunspec", "--csv", "--json"]).exit_code == 2


def test_a_sound_map_is_ok() -> None:
    told = run("check", "sunspec-battery")
    assert told.startswith("sunspec-battery: ok, 13 units, ")
    assert re.search(r"\d+ values can be written, \d+ of \d+ points are bound$", told.strip())


def test_all_maps_of_a_site_are_checked_together() -> None:
    told = run("check", "--site", "cabinet").splitlines()
    assert [line.split(":")[0] for line in told] == ["sunspec-battery", "pcs-sunspec"]


def test_coverage_counts_points_and_registers(mine: Path) -> None:
    [told] = json.loads(run("check", str(mine), "--json"))["maps"]
    assert told["families"] == sorted(
        ["container.soe_discharge", "container.mode", "container.rack.current", "container.alarm_reset"]
    )
    assert (told["units"], told["registers"], told["writable"], told["points"]) == (1, 3 + 12 + 1, 1, 3 + 12)


def test_points_that_no_register_shows_are_listed(mine: Path) -> None:
    told = run("check", str(mine), "--unbound").splitlines()
    assert "not bound: container.soc" in told
    assert "not bound: container.mode" not in told


def test_problems_of_several_maps_come_at_once(mine: Path, tmp_path: Path) -> None:
    other = tmp_path / "registers" / "other.yaml"
    other.write_text(MINE.replace("name: mine", "name: other").replace("point: mode", "point: mood"))
    mine.write_text(MINE.replace("alarm_reset", "alarm_rest"))
    told = fails("check", str(mine), str(other))
    assert "mine.yaml:24: " in told
    assert "other.yaml:13: " in told
    problems = json.loads(fails("check", str(mine), str(other), "--json"))["problems"]
    assert [problem["line"] for problem in problems] == [24, 13]


def test_maps_are_listed() -> None:
    assert {"sunspec-battery", "pcs-sunspec"} <= {row["name"] for row in json.loads(run("list", "--json"))}
    assert "pcs-sunspec" in run("list")


@pytest.mark.parametrize("form", ["text", "csv", "markdown", "json"])
def test_a_map_is_exported_as_it_is_shown(form: str, mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("export", str(mine), "--format", form, "--out", str(out)) == ""
    shown = run("show", str(mine), *([] if form == "text" else [f"--{form}"]))
    assert out.read_text(encoding="utf-8") == shown


def test_a_file_that_cannot_be_written_is_told(mine: Path, tmp_path: Path) -> None:
    assert "--out" in fails("export", str(mine), "--out", str(tmp_path / "none" / "file.csv"))


def test_sunspec_models_are_those_of_the_standard() -> None:
    """Names, types and sizes of the points agree with the definitions that pysunspec2 carries."""
    from sunspec2 import mdef

    for name in ("sunspec-battery", "pcs-sunspec"):
        for model in json.loads(run("export", name, "--format", "sunspec")):
            standard = mdef.from_json_str(standard_model(model["id"]))
            assert flat(model["group"]) == flat(standard["group"]), model["id"]


def standard_model(number: int) -> str:
    from importlib.resources import files

    return (files("sunspec2") / "models" / "json" / f"model_{number}.json").read_text(encoding="utf-8")


def flat(group: dict[str, Any]) -> list[tuple[str, str, int]]:
    points = [(point["name"], point["type"], point["size"]) for point in group["points"]]
    return points + [point for inner in group.get("groups", []) for point in flat(inner)]


def test_a_map_without_sunspec_models_is_not_exported_as_such(mine: Path) -> None:
    assert "is no SunSpec map" in fails("export", str(mine), "--format", "sunspec")


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
