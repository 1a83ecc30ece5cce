"""The first look at a firmware, and its command line."""

import json
from collections.abc import Callable
from itertools import count

import pytest
from typer.testing import CliRunner

from bms_emulator.cli import app
from bms_emulator.firmware.native.check import check
from bms_emulator.firmware.native.layout import Counts

pytestmark = pytest.mark.component

COUNTS = Counts(40, 20, 2)
Library = Callable[..., str]


def look(path: str, steps: int = 20):
    ticks = count()
    return check(path, COUNTS, steps, lambda: next(ticks) * 1e-3)


def run(*arguments: str):
    return CliRunner().invoke(app, ["firmware", "check", *arguments])


def test_a_sound_firmware_has_no_problems(library: Library) -> None:
    report = look(library("good"))
    assert report.problems == []
    assert (report.description.name, report.description.version) == ("test", "1.2")
    assert (report.steps, report.persistent_size, report.snapshot_size) == (20, 8, 24)
    assert report.step_time == pytest.approx((1e-3, 1e-3, 1e-3))


def test_two_looks_give_the_same_hash(library: Library) -> None:
    assert look(library("good")).digest == look(library("good")).digest


def test_nonsense_is_told_once_with_the_step_at_which_it_began(library: Library) -> None:
    problems = look(library("nonsense")).problems
    assert "step 1: soc = 50: must be 0 to 1 (no percent)" in problems
    assert len(problems) == len(set(problems)) == 11


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("asserts", "step 3: asserts.so: crashed in bms_step with SIGABRT"),
        ("error_code", "step 1: error_code.so: bms_step returned the error -42"),
        ("remembers", "a second run with the same inputs gave other outputs"),
        ("forgets", "bms_snapshot_load: 50 steps from the same snapshot gave other outputs the second time"),
    ],
)
def test_what_goes_wrong_in_the_dry_run_is_a_problem(library: Library, name: str, message: str) -> None:
    assert any(message in problem for problem in look(library(name)).problems)


def test_the_command_line_prints_what_a_firmware_supports(library: Library) -> None:
    result = run(library("good"), "--steps", "10")
    assert result.exit_code == 0
    assert "test 1.2" in result.output
    assert "7 cell_overvoltage" in result.output
    assert "nothing is wrong" in result.output


def test_the_exit_status_tells_problems_from_what_cannot_be_loaded(library: Library) -> None:
    result = run(library("null_pointer"), "--steps", "10")
    assert result.exit_code == 1
    assert "followed a NULL pointer" in result.output
    result = run(library("other_major"))
    assert result.exit_code == 2
    assert "other_major.so: is built for version 9.3" in result.output


def test_current_without_power_is_a_warning_and_no_problem(library: Library) -> None:
    report = look(library("no_power"))
    assert report.problems == []
    assert len(report.cautions) == 2
    assert report.cautions[0].startswith("step 1: charge_power_limit = 0 although charge_current_limit = 100")
    result = run(library("no_power"), "--steps", "10")
    assert result.exit_code == 0
    assert "warning: step 1: charge_power_limit_60s = 0" in result.output
    assert look(library("good")).cautions == []


def test_scripts_get_json(library: Library) -> None:
    result = run(library("good"), "--steps", "10", "--cells", "40", "--temperatures", "20", "--packs", "2", "--json")
    report = json.loads(result.stdout)
    assert report["ok"]
    assert report["alarms"] == {"7": "cell_overvoltage"}
    assert report["outputs_hash"] == look(library("good"), 10).digest
    result = run(library("no_json"), "--json")
    assert result.exit_code == 2
    assert not json.loads(result.stdout)["loadable"]
