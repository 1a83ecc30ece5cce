"""``bms-emulator scenario``: exit codes and what is printed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bms_emulator.cli.scenario import app

STEPS = """  - name: connect
    expect: [{point: 'rack[1].mode', equals: connected, within: 60s}]
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("BMS_EMULATOR_URL", raising=False)


def scenario(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def written(folder: Path, connect: str = "true", steps: str = STEPS) -> str:
    path = folder / "small.yaml"
    path.write_text(
        f"name: small\ndescription: It connects.\nsite: cabinet\ninitial: {{connect: {connect}}}\nsteps:\n{steps}"
    )
    return str(path)


def test_a_scenario_that_passes_exits_with_0_and_one_that_fails_with_1_and_how_to_repeat_it(tmp_path):
    good = scenario("run", written(tmp_path))
    assert good.exit_code == 0, good.output
    assert "passed" in good.output
    bad = scenario("run", written(tmp_path, "false"))
    assert bad.exit_code == 1
    assert f"repeat: bms-emulator scenario run {tmp_path}/small.yaml" in bad.output


def test_run_as_json_gives_whole_records(tmp_path):
    done = scenario("run", written(tmp_path), "--json", "--seed", "9")
    told = json.loads(done.stdout)
    assert told["ok"] is True
    assert told["records"][0]["provenance"]["seed"] == 9
    assert told["records"][0]["checks"][0]["verdict"] == "passed"


def test_a_file_that_is_wrong_exits_with_2_and_runs_nothing(tmp_path):
    done = scenario("run", written(tmp_path, steps="  - {name: a, write: {container.socc: 1}}\n"))
    assert done.exit_code == 2
    assert "small.yaml:6: steps.0.write.container.socc: " in done.output
    assert scenario("run", str(tmp_path / "none.yaml")).exit_code == 2
    assert scenario("run", written(tmp_path), "--speed", "2").exit_code == 2


def test_an_emulator_that_does_not_answer_is_told(tmp_path):
    done = scenario("run", written(tmp_path), "--url", "http://127.0.0.1:9")
    assert done.exit_code == 2
    assert "no emulator answers" in done.output


def test_check_tells_all_problems_of_all_files_and_lists_those_that_are_sound(tmp_path):
    written(tmp_path)
    (tmp_path / "other.yaml").write_text("name: another\ndescription: x\nsite: nowhere\nsteps: [{name: a}]\n")
    done = scenario("check", str(tmp_path))
    assert done.exit_code == 1
    assert f"{tmp_path}/small.yaml: ok" in done.output
    assert "other.yaml:1: name = another: must be other" in done.output
    told = json.loads(scenario("check", str(tmp_path), "--json").output)
    assert [row["ok"] for row in told["scenarios"]] == [False, True]


def test_list_tells_what_each_is_for(tmp_path):
    written(tmp_path)
    (row,) = json.loads(scenario("list", str(tmp_path), "--json").output)
    assert (row["site"], row["steps"], row["description"]) == ("cabinet", 1, "It connects.")
    assert "It connects." in scenario("list", str(tmp_path)).output
