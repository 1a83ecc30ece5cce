"""``bms-emulator profile``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bms_emulator.cli.profile import app
from tests.profile.conftest import Tree

RUN = CliRunner()


def run(*args: str) -> tuple[int, str]:
    result = RUN.invoke(app, args)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_check_of_all_shipped_profiles_finds_nothing() -> None:
    code, output = run("check")
    assert code == 0
    lines = output.splitlines()
    assert "sites/demo.yaml: ok" in lines
    assert "registers/sunspec-battery.yaml: ok" in lines
    assert all(line.endswith(": ok") for line in lines)


@pytest.mark.parametrize("target", ["demo", "sites/demo", "1p416s", "racks/1p416s", "registers/pcs-sunspec"])
def test_check_takes_names_with_and_without_their_kind(target: str) -> None:
    code, output = run("check", target)
    assert (code, output.count(": ok")) == (0, 1)


def test_check_prints_every_problem_with_its_line(tree: Tree) -> None:
    line = tree.edit("racks/1p416s.yaml", "travel_ms: 30", "travel_ms: -3")
    other = tree.edit("sites/demo.yaml", "soc_percent: 50", "soc_percent: 150")
    code, output = run("check", "racks/1p416s.yaml", tree.site)
    assert code == 1
    assert f"racks/1p416s.yaml:{line}: contactors.travel_ms = -3: must be > 0" in output.splitlines()
    assert f"sites/demo.yaml:{other}: initial.soc_percent = 150: must be <= 100" in output.splitlines()


def test_check_binds_the_register_maps_of_a_site(tree: Tree) -> None:
    code, output = run("check", tree.site)
    assert (code, output) == (0, "sites/demo.yaml: ok\n")


def test_check_as_json_is_for_machines(tree: Tree) -> None:
    line = tree.edit("racks/1p416s.yaml", "travel_ms: 30", "travel_ms: -3")
    code, output = run("check", "racks/1p416s.yaml", "demo", "--json")
    report = json.loads(output)
    assert (code, report["ok"]) == (1, False)
    rack, demo = report["profiles"]
    assert (rack["kind"], rack["name"], rack["ok"]) == ("racks", "1p416s", False)
    assert rack["problems"] == [
        {
            "file": "racks/1p416s.yaml",
            "line": line,
            "path": "contactors.travel_ms",
            "message": "must be > 0",
            "value": "-3",
        }
    ]
    assert (demo["ok"], demo["problems"]) == (True, [])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("dmo", "dmo: no such profile; near: demo"),
        ("sites/dmo", "no profile 'dmo' in sites/; near: demo"),
        ("nope.yaml", "nope.yaml: no such file"),
        ("../demo", "../demo: no such file"),
    ],
)
def test_check_of_nothing_says_what_is_near(target: str, message: str) -> None:
    code, output = run("check", target)
    assert code == 1
    assert message in output


def test_list_names_every_kind_once_each() -> None:
    code, output = run("list", "--json")
    rows = json.loads(output)
    assert code == 0
    assert {"sites", "cells", "registers"} <= {row["kind"] for row in rows}
    assert all(row["description"] for row in rows)
    assert run("list", "sites")[1].split()[:2] == ["sites", "behind-the-meter"]


def test_list_shows_a_broken_file_too(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree.root / "cells/broken.yaml").write_text("a: [\n")
    monkeypatch.setenv("BMS_EMULATOR_PROFILES", str(tree.root))
    code, output = run("list", "cells")
    assert code == 0
    assert "not valid YAML" in output


def test_list_of_an_unknown_kind_names_the_kinds() -> None:
    code, output = run("list", "cell")
    assert code == 2
    assert "cells" in output


def test_schema_check_fails_where_a_file_is_stale_and_writing_mends_it(tmp_path: Path) -> None:
    folder = ["--folder", str(tmp_path)]
    assert run("schema", "--check", *folder)[0] == 1
    assert run("schema", *folder)[0] == 0
    assert run("schema", "--check", *folder) == (0, "")
    (tmp_path / "racks.json").write_text("{}")
    code, output = run("schema", "--check", *folder)
    assert code == 1
    assert "racks.json" in output
    assert "cells.json" not in output


@pytest.mark.parametrize("command", ["check", "list", "schema"])
def test_help_gives_examples(command: str) -> None:
    assert "bms-emulator profile" in run(command, "--help")[1]


def test_profiles_are_checked_without_the_compiler() -> None:
    code = (
        "import sys; from bms_emulator.profile.loader import load_site; load_site('demo'); "
        "assert not {'numba', 'numpy'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
