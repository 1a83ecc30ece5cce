"""What ``bms-emulator run`` refuses before anything is started."""

import pytest
from typer.testing import CliRunner, Result

from bms_emulator.cli import app


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["run", *words])


def test_all_problems_of_the_profile_are_told_at_once():
    done = run("--set", "foo.bar=1", "--soc", "140", "--ambient", "400", "--step", "3")
    assert done.exit_code == 2
    for problem in ("foo: unknown key", "initial.soc_percent", "weather.mean_degc", "step_ms = 3: must be >= 10"):
        assert f"command line: {problem}" in done.output


@pytest.mark.parametrize(
    "words",
    [
        ["nosuch"],
        ["--speed", "-1"],
        ["--speed", "nan"],
        ["--duration", "0s"],
        ["--duration", "5parsec"],
        ["--set", "foo"],
        ["--modbus-port", "99999"],
        ["--log-level", "loud"],
        ["--mqtt", "amqp://broker"],
    ],
)
def test_what_is_wrong_is_refused_with_exit_code_2(words):
    done = run(*words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_addresses_beyond_this_machine_must_be_asked_for():
    done = run("--host", "0.0.0.0")
    assert done.exit_code == 2
    assert "http.host = 0.0.0.0: is not a loopback address; --expose permits it" in done.output
    assert "modbus.host = 0.0.0.0" in done.output


def test_a_device_beyond_this_machine_must_be_asked_for_too():
    done = run("--set", "modbus.devices.0.host=192.0.2.7")
    assert done.exit_code == 2
    assert "modbus.devices.0.host = 192.0.2.7: is not a loopback address; --expose permits it" in done.output


def test_a_journal_that_cannot_be_written_is_a_problem_before_the_start(tmp_path):
    ports = ["--modbus-port", "0", "--http-port", "0", "--mqtt", "off"]
    done = run(*ports, "--journal", str(tmp_path / "none" / "journal.jsonl"))
    assert done.exit_code == 2
    assert "there is no folder" in done.output


def test_help_keeps_the_brackets_of_examples():
    assert "alarm[cell_overvoltage].level" in CliRunner().invoke(app, ["get", "--help"]).output
