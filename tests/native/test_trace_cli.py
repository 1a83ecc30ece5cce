"""``bms-emulator firmware trace`` and ``firmware replay``."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bms_emulator.cli.firmware import app
from tests.native.small import SOURCE, Bench, changed


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "140"})


def show(*arguments: object) -> str:
    result = run("trace", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def good(compile_library) -> Path:
    return compile_library(SOURCE)


@pytest.fixture(scope="module")
def bad(compile_library) -> Path:
    return compile_library(SOURCE, changed("if (now.steps == 25) *(volatile int *)8 = 1;"))


@pytest.fixture(scope="module")
def crash(bad, tmp_path_factory) -> Path:
    """A trace of a crash in step 24."""
    bench = Bench(bad, tmp_path_factory.mktemp("traces"))
    error = bench.run(50)
    bench.close()
    return Path(error.details["trace"])


def test_a_trace_tells_the_failure_its_place_and_what_changed_before_it(crash):
    text = show(crash)
    assert "demo container[1].rack[1]: small 1.0" in text
    assert "25 steps, 0 to 24, 0.100 s to 2.500 s" in text
    assert "failed in step 24: libbms.so: crashed in bms_step with SIGSEGV" in text
    assert "backtrace:\n  #0 bms_step at" in text
    assert "step 19: log: step 20" in text
    lines = text.splitlines()
    assert sum(line.split()[:2] == ["24", "2.500"] for line in lines) > 1, "wider than the terminal: several tables"
    assert all(len(line) <= 140 for line in lines if line.startswith(("step  ", "  ")) and "at /" not in line)
    assert "contactor_feedback" not in text, "it does not change"


def test_fields_are_chosen_by_name_and_position_and_decoded(crash):
    text = show(
        crash,
        "--fields",
        "current,cell_voltages[3..4],contactor_command,state,cell_voltages,current.age_ms",
        "--steps",
        2,
    )
    head, before, last = text.splitlines()[-3:]
    assert head.split() == [
        *("step", "time/s", "current", "cell_voltages[3]", "cell_voltages[4]", "contactor_command", "state"),
        *("cell_voltages", "current.age_ms"),
    ]
    assert before.split()[2:] == [
        *("123", "3.323", "3.323", "negative+positive", "connected", "3.323..3.323", "0"),
    ]
    assert last.split()[2:] == ["124", "3.324", "3.324", "-", "-", "3.324..3.324", "0"], "no answer, no outputs"


def test_only_steps_with_a_change_are_shown_when_asked_for(crash):
    rows = show(crash, "--fields", "state,contactor_feedback", "--changes", "--steps", 99).splitlines()[-3:]
    assert [row.split()[0] for row in rows if row.strip()] == ["step", "0"]


def test_an_interval_of_time_may_be_shown(crash):
    table = show(crash, "--from", "0.5s", "--to", "700ms", "--fields", "current", "--csv")
    assert [row["step"] for row in csv.DictReader(io.StringIO(table))] == ["4", "5", "6"]
    assert "no steps to show" in show(crash, "--from", "1h")


def test_comma_separated_values_have_a_column_for_each_position(crash):
    [row] = csv.DictReader(io.StringIO(show(crash, "--fields", "cell_voltages,state", "--csv", "--steps", 1)))
    assert list(row) == ["step", "time_s", *(f"cell_voltages[{n}]" for n in range(12)), "state"]
    assert row["cell_voltages[11]"] == "3.324"
    assert row["state"] == ""


def test_json_has_everything(crash):
    data = json.loads(show(crash, "--json", "--steps", 3))
    assert data["failure"]["details"]["signal"] == "SIGSEGV"
    assert data["step_count"] == 25
    assert [step["complete"] for step in data["steps"]] == [True, True, False]
    assert data["steps"][0]["values"]["current"] == 122.0
    assert {"kind": "log", "step": 9, "message": "step 10\n", "details": {}} in data["events"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("curent", "near: current"),
        ("cell_voltages[12]", "positions go from 0 to 11"),
        ("soc[1]", "leave its position out"),
        ("alarms[0]", "leave its position out"),
        ("", "no such field"),
    ],
)
def test_a_field_that_is_not_there_is_refused_with_what_is_near(crash, fields, message):
    result = run("trace", crash, "--fields", fields)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


def test_a_damaged_file_is_shown_as_far_as_it_goes(crash, tmp_path):
    cut = tmp_path / "cut.bmstrace"
    cut.write_bytes(crash.read_bytes()[:-100])
    result = run("trace", cut)
    assert result.exit_code == 0
    assert "the file ends in this chunk" in result.stderr
    assert "whole steps before it were read" in result.stderr


@pytest.mark.parametrize("command", [("trace",), ("replay", "lib.so")])
def test_what_is_no_trace_ends_with_2(tmp_path, command):
    name, *rest = command
    (tmp_path / "x.bmstrace").write_text("hello")
    result = run(name, tmp_path / "x.bmstrace", *rest)
    assert result.exit_code == 2
    assert "is not a trace" in result.stderr
    assert run(name, tmp_path / "missing", *rest).exit_code == 2


def test_the_same_answers_end_with_0(crash, bad):
    result = run("replay", crash, bad)
    assert result.exit_code == 0, result.output
    assert "same: 25 steps, to step 24, 2.500 s" in result.stdout
    assert "it fails there as recorded: libbms.so: crashed" in result.stdout


def test_other_answers_end_with_1_and_the_inputs_around_them(crash, good, compile_library):
    result = run("replay", crash, good)
    assert result.exit_code == 1
    assert "failure  crash     none" in result.stdout

    other = compile_library(SOURCE, changed("if (now.steps == 18) out->state = BMS_STATE_FAULT;"))
    text = run("replay", crash, other).stdout
    assert "different: step 17, 1.800 s, after 17 steps that are the same" in text
    assert "state  4 (connected)  6 (fault)" in text
    assert next(line.split()[0] for line in text.splitlines() if line.split()[1:2] == ["1.800"]) == "17"
    data = json.loads(run("replay", crash, other, "--json").stdout)
    assert (data["same"], data["step"]) == (False, 17)
    assert data["differences"] == [{"field": "state", "recorded": 4, "now": 6}]
    assert [row["values"]["current"] for row in data["inputs"]] == [115.0, 116.0, 117.0]
    assert run("replay", crash, other, "--until", 16).exit_code == 0
    assert run("replay", crash, other, "--ignore", "state").exit_code == 1, "then it does not crash as recorded"
    assert run("replay", crash, other, "--ignore", "stat").exit_code == 2


def test_a_library_that_cannot_be_loaded_ends_with_2(crash, tmp_path):
    (tmp_path / "no.so").write_bytes(b"hello")
    result = run("replay", crash, tmp_path / "no.so")
    assert result.exit_code == 2
    assert "no.so" in result.stderr


def test_a_trace_that_begins_in_the_middle_says_so(compile_library, good, tmp_path):
    bench = Bench(compile_library(SOURCE, changed("if (now.steps == 60) *(volatile int *)8 = 1;")), tmp_path, steps=20)
    path = bench.run(99).details["trace"]
    bench.close()
    text = run("replay", path, good, "--ignore", "heartbeat", "--ignore", "soc", "--ignore", "log").stdout
    assert "the trace begins at step 40, and no snapshot of it can be used" in text
