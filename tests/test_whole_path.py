"""The whole path, as a user walks it: real processes, real clients, one container."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BMS_EMULATOR = str(Path(sys.executable).with_name("bms-emulator"))
SPEED = 20
"""Fast enough to be quick, slow enough for a busy machine."""
START_TIMEOUT = 90.0
"""Kernels may have to be compiled [s]."""


@dataclass(frozen=True)
class Running:
    """A running emulator and where it can be reached."""

    modbus: int
    http: str
    mqtt: int
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """The demo container on ports that the system chose."""
    command = [BMS_EMULATOR, "run", "demo", "--speed", str(SPEED), "--json"]
    ports = ["--modbus-port", str(_free()), "--http-port", str(_free()), "--mqtt-port", str(_free())]
    process = subprocess.Popen(command + ports, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        ready = _wait_until_ready(process)
        addresses = "\n".join(ready["addresses"])
        yield Running(
            int(re.search(r"modbus tcp [\d.]+:(\d+)", addresses)[1]),  # type: ignore[index]
            re.search(r"http://\S+", addresses)[0],  # type: ignore[index]
            int(re.search(r"mqtt://[\d.]+:(\d+)", addresses)[1]),  # type: ignore[index]
            process,
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 0


def _free() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[str]) -> dict[str, list[str]]:
    """The report of the supervisor that everything can be reached."""
    end = time.monotonic() + START_TIMEOUT
    seen = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(line)
        if line.startswith("{") and (report := json.loads(line))["kind"] == "ready":
            return report
        if time.monotonic() > end:
            break
    pytest.fail("not ready:\n" + "".join(seen))


def _get(running: Running, selector: str) -> dict[str, float]:
    arguments = [BMS_EMULATOR, "get", selector, "--json", "--url", running.http]
    answer = json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=30).stdout)
    return {name: value for group in answer["points"] for name, value in group["values"].items()}


def _rest(running: Running) -> None:
    """Ask for no power, and wait until none flows: from then on the state of charge stands still."""
    set_power = [BMS_EMULATOR, "set", "pcs[1].power_setpoint=0", "--url", running.http]
    subprocess.run(set_power, check=True, capture_output=True, timeout=30)
    end = time.monotonic() + 30.0
    while abs(_get(running, "pcs.dc_power")["pcs[1].dc_power"]) > 10e3:
        assert time.monotonic() < end, "the PCS did not come to rest"


@pytest.mark.timeout(240)
def test_an_ems_that_knows_only_sunspec_sees_a_fault_through_to_recovery(running: Running, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "hil" / "ems_day.py"), "--no-day", "--port", str(running.modbus)]
    result = tmp_path / "checks.json"
    command += ["--url", running.http, "--json", str(result)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=220)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(check["held"] for check in json.loads(result.read_text()))


@pytest.mark.component
def test_mbpoll_mosquitto_and_the_command_line_see_the_same_state_of_charge(
    running: Running, require_program: Callable[[str], str]
) -> None:
    _rest(running)
    soc_address = 40000 + 2 + 68 + 11  # SunS, model 1, SoC in model 802
    poll = [require_program("mbpoll"), "-m", "tcp", "-0", "-1", "-q", "-t", "4", "-a", "1", "-r", str(soc_address)]
    polled = subprocess.run(
        [*poll, "-p", str(running.modbus), "127.0.0.1"], check=True, capture_output=True, text=True, timeout=30
    ).stdout
    register = int(re.search(rf"\[{soc_address}\]:\s+(\d+)", polled)[1])  # type: ignore[index]
    subscribe = [
        require_program("mosquitto_sub"),
        "-p",
        str(running.mqtt),
        "-t",
        "bms/demo/container/1/state",
        "-R",  # not the message that the broker keeps: it may be from before the rest
        "-C",
        "1",
    ]
    heard = json.loads(subprocess.run(subscribe, check=True, capture_output=True, timeout=30).stdout)
    told = _get(running, "container.soc")["container[1].soc"]
    assert register / 10.0 == pytest.approx(100.0 * told, abs=0.1)  # the registers resolve 0.1 %
    assert heard["soc_percent"] == pytest.approx(100.0 * told, abs=0.05)


def test_the_engine_runs_on_when_a_server_is_killed(running: Running) -> None:
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    before = _get(running, "emulator.tick")["emulator.tick"]
    modbus = next(pid for pid in map(int, children.read_text().split()) if _listens(pid, running.modbus))
    os.kill(modbus, signal.SIGKILL)
    end = time.monotonic() + 30.0
    while not any(_listens(pid, running.modbus) for pid in map(int, children.read_text().split()) if pid != modbus):
        assert time.monotonic() < end, "the server was not started again"
        time.sleep(0.1)
    assert _get(running, "emulator.tick")["emulator.tick"] > before


def _listens(pid: int, port: int) -> bool:
    """Whether a process has a listening socket on a port of IPv4."""
    try:
        rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
        inodes = {row[9] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
        own = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return False
    return any(f"socket:[{inode}]" in own for inode in inodes)
