"""The page of ``bms-emulator status``."""

import json

from typer.testing import CliRunner

from bms_emulator.cli import app
from bms_emulator.cli.status import page
from tests.cli.fault_server import TIME, serve

ANSWER = {
    "site": "demo",
    "time": 90061.25,
    "tick": 900612,
    "dt": 0.1,
    "speed": 300.0,
    "speed_actual": 298.4,
    "ticks_due": 900620,
    "ticks_run": 900612,
    "ticks_skipped": 8,
    "overruns": 3,
    "overrun": "slip",
    "realtime": False,
    "lateness": {"count": 9, "p50": 36.9e-6, "p99": 2.88e-3, "p999": 6.8e-3, "max": 10.4e-3},
    "compute": {"count": 9, "p50": 0.29e-3, "p99": 0.52e-3, "p999": 3.1e-3, "max": 7.0e-3},
    "commands": {"applied": 4, "refused": 1, "answers_lost": 0},
    "faults": [{"name": "ov1", "kind": "sensor-stuck", "target": "rack[3].cell[41].voltage", "phase": "active"}],
}


def rows(title, **changes):
    return dict(dict(page(ANSWER | changes))[title])


def test_the_clock_tells_time_speed_and_the_account_of_ticks():
    assert rows("clock") == {
        "simulated time": "1 d 01:01:01 (90,061.2 s)",
        "tick": "900,612, one every 100 ms",
        "speed": "×298.4, asked ×300",
        "ticks": "900,620 due = 900,612 run + 8 skipped",
    }
    assert rows("clock", speed="infinity")["speed"] == "×298.4, as fast as it goes"
    assert rows("clock", speed=0.0)["speed"] == "paused"


def test_punctuality_is_in_milliseconds():
    assert rows("punctuality")["lateness"].split() == ["0.037", "ms", "2.880", "ms", "6.800", "ms", "10.400", "ms"]
    assert rows("punctuality")["overruns"].startswith("3 of 900,612 ticks; declares ticks skipped")


def test_faults_are_listed_and_what_is_left_out_is_said():
    assert rows("faults") == {"ov1": "sensor-stuck on rack[3].cell[41].voltage, active"}
    assert rows("faults", faults=[]) == {"none": ""}
    assert "fault list" in rows("faults", faults=[], faults_omitted=5000)["5,000"]


def test_racks_with_a_users_firmware_tell_what_they_run_and_how_it_does():
    rack = {
        "rack": "container[1].rack[3]",
        "name": "mybms",
        "version": "2.1",
        "pid": 4711,
        "state": "late",
        "restarts": 1,
        "lates": 7,
        "steps": 12345,
        "step_time": {"p50": 31e-6, "max": 0.0042},
    }
    sections = dict(page(ANSWER | {"firmware": [rack, rack | {"pid": None, "state": "stopped"}]}))
    first, second, third, fourth = sections["user firmware"]
    assert first == ("rack[3]", "mybms 2.1, late")
    assert second == ("", "process 4711, 12,345 steps, median 0.031 ms max 4.200 ms, 7 late, 1 restarts")
    assert third == ("rack[3]", "mybms 2.1, stopped")
    assert fourth[1].startswith("no process, ")
    assert "user firmware" not in dict(page(ANSWER | {"firmware": []}))


def test_json_is_the_whole_answer_of_the_emulator():
    with serve() as server:
        done = CliRunner().invoke(app, ["status", "--json", "--url", server.url])
    assert json.loads(done.output) == {"tick": 42, "time": TIME, "faults": []}
