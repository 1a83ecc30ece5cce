"""``bms-emulator campaign``: exit codes, resuming, and one run by its number."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bms_emulator.cli.campaign import app


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(
        "name: small\ndescription: A test.\nsite: cabinet\ninitial: {connect: true}\nduration: 15s\nfault_at: 10s\n"
        "cases:\n  - name: high\n    detected_by: [cell_overvoltage]\n"
        "    faults: [{kind: stuck, target: 'rack[1].cell[3].voltage', parameters: {value: 3.7V}}]\n"
        "  - {name: slow, faults: [{kind: slow, target: pump, parameters: {speed: 99%}}]}\n"
    )
    return str(path)


def campaign(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_campaign_is_run_shown_and_not_run_again(file, tmp_path):
    output = str(tmp_path / "out")
    done = campaign("run", file, "--output", output, "--jobs", "1")
    assert done.exit_code == 1, done.output
    assert "1 detected, 1 quiet, 1 missed" in done.output
    assert f"bms-emulator campaign run {file} --only 3" in done.output
    again = campaign("run", file, "--output", output, "--json")
    told = json.loads(again.stdout)
    assert "all runs are there already" in again.stderr
    assert [row["outcome"] for row in told["runs"]] == ["quiet", "detected", "missed"]
    assert "cell_overvoltage" in campaign("show", file, "--output", output, "--matrix").output
    missed = campaign("show", file, "--output", output, "--runs", "missed")
    assert "slow" in missed.output
    assert "high" not in missed.output
    alone = campaign("run", file, "--only", "2", "--json")
    assert alone.exit_code == 0
    assert json.loads(alone.stdout)["digest"] == told["runs"][1]["digest"]


def test_what_is_wrong_exits_with_2(file, tmp_path):
    assert campaign("run", file, "--only", "4").exit_code == 2
    nothing = campaign("show", file, "--output", str(tmp_path / "none"))
    assert nothing.exit_code == 2
    assert "run it first" in nothing.output
    Path(file).write_text(Path(file).read_text().replace("kind: slow", "kind: slo"))
    wrong = campaign("run", file)
    assert wrong.exit_code == 2
    assert "small.yaml:11: cases.1.faults.0" in wrong.output
    assert "near: slow" in wrong.output
