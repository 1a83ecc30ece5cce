"""What ``run`` prints."""

import json

import pytest

from bms_emulator.cli.live import Live
from bms_emulator.profile.loader import load_site


@pytest.fixture(scope="module")
def site():
    return load_site("cabinet")


def test_compilation_is_shown_every_tenth_kernel_where_there_is_no_terminal(site, capsys):
    live = Live(site, None, enabled=False, as_json=False)
    for count in range(1, 22):
        live.report("compiling", {"process": "engine", "count": count, "kernel": f"kernel_{count}"})
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in told] == ["kernel_1", "kernel_11", "kernel_21"]


def test_json_lines_are_what_the_supervisor_told(site, capsys):
    live = Live(site, None, enabled=False, as_json=True)
    live.report("ready", {"addresses": ["http://127.0.0.1:1"], "seconds": 2.5})
    assert json.loads(capsys.readouterr().out) == {
        "kind": "ready",
        "addresses": ["http://127.0.0.1:1"],
        "seconds": 2.5,
    }


def test_everything_that_the_supervisor_tells_is_shown(site, capsys):
    live = Live(site, None, enabled=False, as_json=False)
    live.report("ready", {"addresses": ["http://127.0.0.1:1"], "seconds": 2.5})
    live.report("warning", {"process": "modbus", "message": "modbus ended by signal SIGKILL"})
    live.report("restarted", {"process": "modbus", "addresses": []})
    live.report("failed", {"process": "engine", "message": "it broke"})
    live.report("finished", {"process": "engine", "ticks": 10, "time": 1.0})
    told = capsys.readouterr().out
    for text in ("up in 2.5 s", "SIGKILL", "modbus: started again", "engine: it broke", "ran 10 ticks, 1.0 s"):
        assert text in told
