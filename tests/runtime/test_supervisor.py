import contextlib
import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.runtime import ports, supervisor
from bms_emulator.runtime.options import RunOptions
from bms_emulator.runtime.supervisor import Role
from tests.runtime import fakes

ENGINE = Role("engine", fakes.idle_engine, vital=True)
SERVER = Role("server", fakes.idle_server)
DEAF = Role("deaf", fakes.deaf_server)
PATIENCE = 20.0


class Run:
    """A supervisor in a process of its own, and what it has told."""

    def __init__(self, site, roles, **options) -> None:
        context = multiprocessing.get_context("spawn")
        self.reports, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=fakes.supervise, args=(site, roles, theirs, options))
        self.process.start()
        theirs.close()

    def wait_for(self, kind: str, patience: float = PATIENCE) -> dict:
        deadline = time.monotonic() + patience
        while self.reports.poll(max(0.0, deadline - time.monotonic())):
            told, data = self.reports.recv()
            if told == kind:
                return data
        raise AssertionError(f"the supervisor did not tell {kind!r}")

    def ready(self) -> list[int]:
        """Process ids of the children, once all are ready."""
        return [int(address.split()[-1]) for address in self.wait_for("ready")["addresses"]]


@pytest.fixture
def start(site):
    runs = []

    def begin(*roles) -> Run:
        runs.append(Run(site, roles))
        return runs[-1]

    yield begin
    for run in runs:
        run.process.kill()
        run.process.join()
        run.reports.close()


def gone(pid: int) -> bool:
    """Whether a process ends, given some time; a zombie that nobody has waited for yet counts as gone."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_cleanly(start, number):
    run = start(ENGINE, SERVER)
    children = run.ready()
    os.kill(run.process.pid, number)
    assert run.wait_for("exit") == {"code": 0}
    assert all(map(gone, children))


def test_children_leave_ctrl_c_to_the_supervisor(start):
    run = start(ENGINE, SERVER)
    _, server = run.ready()
    os.kill(server, signal.SIGINT)
    os.kill(run.process.pid, signal.SIGTERM)
    told = []
    while not told or told[-1][0] != "exit":
        told.append(run.reports.recv())
    assert told == [("exit", {"code": 0})]


def test_a_killed_server_is_started_again_and_the_engine_does_not_notice(start):
    run = start(ENGINE, SERVER)
    engine, server = run.ready()
    os.kill(server, signal.SIGKILL)
    assert run.wait_for("warning")["message"] == "server ended by signal SIGKILL, started again in 0.2 s"
    [address] = run.wait_for("restarted")["addresses"]
    assert int(address.split()[-1]) != server
    os.kill(engine, 0)
    os.kill(run.process.pid, signal.SIGTERM)
    assert run.wait_for("exit") == {"code": 0}


def test_a_child_that_does_not_stop_is_ended(start):
    run = start(ENGINE, DEAF)
    run.wait_for("ready")
    os.kill(run.process.pid, signal.SIGTERM)
    assert run.wait_for("exit") == {"code": 0}


def test_children_do_not_outlive_a_supervisor_that_is_killed(start):
    run = start(ENGINE, SERVER)
    children = run.ready()
    os.kill(run.process.pid, signal.SIGKILL)
    assert all(map(gone, children))


def test_the_run_fails_with_the_engine(start):
    run = start(Role("engine", fakes.failing_engine, vital=True), SERVER)
    told = run.wait_for("failed")
    assert (told["process"], told["message"], told["tick"]) == ("engine", "told to fail", 7)
    assert run.wait_for("exit") == {"code": 1}


def test_an_engine_that_vanishes_fails_the_run(start):
    run = start(ENGINE, SERVER)
    engine, server = run.ready()
    os.kill(engine, signal.SIGKILL)
    assert run.wait_for("failed")["message"] == "the process ended by signal SIGKILL"
    assert run.wait_for("exit") == {"code": 1}
    assert gone(server)


def test_all_ports_in_use_are_told_at_once_and_nothing_is_started():
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]
        devices = len(load_site("cabinet").modbus.devices)
        same = {f"modbus.devices.{n}.port": taken[0] for n in range(devices)}
        site = load_site("cabinet", {**same, "mqtt.port": 0, "http.port": taken[1]})
        told = []
        assert supervisor.run(site, RunOptions(), lambda *what: told.append(what)) == 2
    [(kind, data)] = told
    assert kind == "problems"
    assert data["messages"] == [
        f"modbus tcp 127.0.0.1:{taken[0]}: another program, perhaps another emulator, listens there; "
        "choose another with modbus.devices.0.port, 0 lets the system choose",
        f"http 127.0.0.1:{taken[1]}: another program, perhaps another emulator, listens there; "
        "choose another with http.port, 0 lets the system choose",
    ]


def test_an_address_of_another_machine_is_a_problem():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    site = load_site("cabinet", {"http.host": "192.0.2.1", "http.port": free, "mqtt.broker": "off"})
    [message] = [m for m in ports.problems(site) if "192.0.2.1" in m]
    assert "this machine does not have that address" in message
