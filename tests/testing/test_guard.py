"""What is left behind by a crash of the tests is put in order by a process that outlives them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from bms_emulator.testing.guard import Guard
from tests.testing.battery import battery

PATIENCE = 30.0
"""Longest wait for another process [s]."""
CRASHES = """
import os, signal, sys
from bms_emulator.testing.guard import Guard
Guard(*sys.argv[1:])
print("ready", flush=True)
sys.stdin.read()
"""


def until(condition: Callable[[], bool]) -> bool:
    """Whether a condition holds before patience ends."""
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def crash(*arguments: str, begun: Callable[[], object] = lambda: None) -> None:
    """Start a guard from a process that is killed once something has begun."""
    program = [sys.executable, "-c", CRASHES, *arguments]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        begun()
        process.send_signal(signal.SIGKILL)


def test_a_real_battery_is_made_safe_when_the_tests_are_killed(tmp_path: Path) -> None:
    with battery({"modbus.devices": [{"map": "sunspec-battery", "port": 0}]}) as bench:
        host, port = bench.address("sunspec-battery")
        bms = {"modbus": {"map": "sunspec-battery", "host": host, "port": port}, "safe": {"request": "disconnect"}}
        path = tmp_path / "mine.yaml"
        path.write_text(
            yaml.safe_dump({"name": "mine", "description": "x", "site": "cabinet", "under_test": {"bms": bms}})
        )
        bench.write({"request": "connect"})
        with Guard("safe", str(path)):
            pass
        assert bench.get("request") == 1.0
        crash("safe", str(path))
        assert until(lambda: bench.get("request") == 2.0)


def test_a_program_that_was_started_ends_with_the_tests_however_they_end(tmp_path: Path) -> None:
    def started(name: str) -> tuple[str, ...]:
        path = str(tmp_path / name)
        code = f"import os, time; open({path!r}, 'w').write(str(os.getpid())); time.sleep(600)"
        return "run", sys.executable, "-c", code

    def pid(name: str) -> int:
        assert until(lambda: (tmp_path / name).is_file() and (tmp_path / name).read_text() != "")
        return int((tmp_path / name).read_text())

    def is_gone(number: int) -> bool:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        return False

    crash(*started("killed"), begun=lambda: pid("killed"))
    assert until(lambda: is_gone(pid("killed")))
    with Guard(*started("released")):
        number = pid("released")
    assert is_gone(number)
