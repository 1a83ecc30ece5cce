"""``bms-emulator report`` and ``bms-emulator capture``."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bms_emulator.cli import app
from bms_emulator.runtime.recorder import Recorder, Signal
from bms_emulator.testing.capture import sha256_of
from bms_emulator.testing.record import CaptureFile, Provenance, Record, Verdict
from bms_emulator.testing.report import write_report
from bms_emulator.testing.requirements import Requirement

RECORD = Record(
    "hil/test_a.py::test_one", "It holds.", ("PRO-1",), Provenance("demo", "", "", "", "", 1, "", "", "x"), "2026-01-01"
)
REQUIREMENTS = {name: Requirement(name, "Title", "Text.", "Source", "Protection") for name in ("PRO-1", "PRO-2")}
YAML = "areas: {PRO: Protection}\nrequirements:\n  PRO-9: {title: T, text: It holds., source: S}\n"


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write_report([RECORD], tmp_path / "good", REQUIREMENTS)
    return tmp_path / "good"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    failed = replace(RECORD, name="hil/test_a.py::test_two", verdict=Verdict.FAILED, reason="too hot")
    write_report([failed, replace(RECORD, requirements=("NO-1",))], tmp_path / "bad", REQUIREMENTS)
    return tmp_path / "bad"


def test_a_report_that_holds_is_shown_in_a_line(good: Path) -> None:
    told = run("report", "show", good)
    assert "1 passed" in told
    assert "1 of 2 requirements verified: PRO-1" in told
    assert "1 of 2 requirements no test: PRO-2" in told
    assert RECORD.name not in told
    assert RECORD.name in run("report", "show", good, "--all")


def test_what_did_not_pass_is_shown_with_its_reason_and_ends_with_one(bad: Path) -> None:
    told = run("report", "show", bad, code=1)
    assert "hil/test_a.py::test_two" in told
    assert "too hot" in told
    assert "1 passed, 1 failed" in told
    assert "ids of no requirement: NO-1" in told


def test_programs_get_verdicts_and_the_state_of_requirements(bad: Path) -> None:
    told = json.loads(run("report", "show", bad, "--json", code=1))
    assert (told["ok"], told["verdict"], told["counts"]["failed"]) == (False, "failed", 1)
    assert told["tests"][0]["reason"] == "too hot"
    assert told["requirements"][0] == {"id": "PRO-1", "status": "not met", "tests": ["hil/test_a.py::test_two"]}


def test_reports_are_merged_under_other_requirements(good: Path, bad: Path, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(YAML)
    told = run("report", "build", good, bad, "--to", tmp_path / "all", "--requirements", tmp_path / "r.yaml", code=1)
    assert "PRO-9" in told
    assert f"report: {tmp_path / 'all' / 'report.html'}" in told
    assert run("report", "verify", tmp_path / "all")


def test_requirements_that_are_wrong_are_told_with_their_line(good: Path, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(YAML.replace("PRO-9", "PRX-9"))
    told = run("report", "build", good, "--requirements", tmp_path / "r.yaml", code=2)
    assert f"error: {tmp_path / 'r.yaml'}:3: requirements.PRX-9: PRX is no area; near: PRO" in told


def test_what_was_signed_is_verified(good: Path) -> None:
    digest = sha256_of(good / "report.json")
    assert "verified" in run("report", "verify", good, "--digest", digest)
    assert "give --digest" in run("report", "verify", good)
    told = json.loads(run("report", "verify", good, "--digest", "0" * 64, "--json", code=1))
    assert (told["ok"], told["signed"], told["files"][0]["ok"]) == (False, True, False)


@pytest.mark.parametrize("command", ["show", "verify", "build"])
def test_a_folder_without_a_report_ends_with_two(tmp_path: Path, command: str) -> None:
    assert "error: " in run("report", command, tmp_path, code=2)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    with Recorder(tmp_path / "c.parquet", [Signal("rack[1].voltage", "V")], {"site": "demo", "seed": 7}) as writing:
        writing.add(0.0, 0, np.array([1400.0]))
    return tmp_path / "c.parquet"


def test_a_capture_is_shown_and_exported(capture: Path) -> None:
    assert "1 rows of 1 signals; seed 7, site demo" in run("capture", "show", capture)
    told = json.loads(run("capture", "show", capture, "--json"))
    assert told["signals"] == [{"name": "rack[1].voltage", "unit": "V", "kind": "float"}]
    assert str(capture.with_suffix(".mf4")) in run("capture", "export", capture)
    assert capture.with_suffix(".mf4").read_bytes().startswith(b"MDF     4.10")


def test_what_is_no_capture_ends_with_one(tmp_path: Path) -> None:
    assert "error: " in run("capture", "show", tmp_path / "none", code=1)
    assert "error: " in run("capture", "export", tmp_path / "none", code=1)


def test_a_report_whose_capture_is_gone_is_not_merged(tmp_path: Path) -> None:
    lost = replace(RECORD, capture=CaptureFile("captures/c.parquet", "0" * 64, 1, ("a",)))
    write_report([lost], tmp_path / "one")
    told = run("report", "build", tmp_path / "one", "--to", tmp_path / "two", code=2)
    assert f"capture of {RECORD.name}: No such file" in told
