"""A debugger on a firmware: who waits for whom, and that nothing else changes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bms_emulator.firmware.native.debug import is_stopped, tracer, wait_for_debugger
from bms_emulator.firmware.native.limits import Limits
from bms_emulator.firmware.native.worker import Worker
from tests.native.small import COUNTS, SOURCE, TICK, Bench, changed, fill

GDB = shutil.which("gdb")
needs_gdb = pytest.mark.skipif(GDB is None, reason="needs gdb")
STEPS = 5


@pytest.fixture
def library(compile_library) -> Path:
    return compile_library(SOURCE)


@pytest.fixture
def sleeper():
    """A process that waits for ever."""
    waits = "import signal; from bms_emulator.firmware.native.debug import AWAITING, call_process"
    program = f"{waits}; call_process(AWAITING); print(flush=True); signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=-1)
    process.stdout.readline()
    yield process.pid
    process.kill()
    process.wait()
    process.stdout.close()


def gdb(pid: int, *commands: str) -> subprocess.Popen:
    arguments = [text for command in commands for text in ("-ex", command)]
    return subprocess.Popen(
        [GDB, "-nx", "-batch", "-p", str(pid), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def debugged(worker: Worker, *commands: str) -> subprocess.Popen:
    """A debugger on a worker that has just been started, as soon as it asks for one."""
    debuggers = []

    def attach(text: str) -> None:
        debuggers.append(gdb(worker.pid, *commands))

    assert wait_for_debugger(worker.pid, "rack[1]", attach, wait_briefly)
    [debugger] = debuggers
    return debugger


def wait_briefly() -> bool:
    threading.Event().wait(0.01)
    return True


def outputs_of(worker: Worker, steps: int) -> list[bytes]:
    answers = []
    for step in range(steps):
        fill(worker.inputs, step)
        worker.begin((step + 1) * TICK, TICK)
        worker.finish()
        answers.append(b"".join(worker.outputs[name].tobytes() for name in worker.outputs.dtype.names))
    return answers


def test_a_process_that_nobody_traces_has_no_tracer_and_runs():
    assert tracer(os.getpid()) == 0 or sys.gettrace() is not None
    assert not is_stopped(os.getpid())


def test_a_process_that_is_gone_is_neither_traced_nor_stopped_nor_waited_for():
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not wait_for_debugger(process.pid, "rack[1]", lambda text: None, wait_briefly), "it has ended"
    process.wait()
    assert tracer(process.pid) == 0
    assert not is_stopped(process.pid)
    assert not wait_for_debugger(process.pid, "rack[1]", lambda text: None, wait_briefly)


def test_a_process_that_a_signal_stopped_is_stopped(sleeper):
    assert not is_stopped(sleeper)
    os.kill(sleeper, signal.SIGSTOP)
    os.waitid(os.P_PID, sleeper, os.WSTOPPED | os.WNOWAIT)
    assert is_stopped(sleeper)


def test_waiting_tells_how_to_attach_and_ends_when_it_is_told_to(sleeper):
    told, answers = [], iter([True, True, False])
    assert not wait_for_debugger(sleeper, "container[1].rack[2]", told.append, lambda: next(answers))
    assert told == [
        f"container[1].rack[2]: its firmware is process {sleeper} and waits for a debugger: gdb -p {sleeper}"
    ]


@pytest.mark.component
@needs_gdb
def test_gdb_sees_the_inputs_of_a_step_and_no_answer_is_changed_by_that(library):
    with Worker(str(library), {"key": 1}, COUNTS) as worker:
        expected = outputs_of(worker, STEPS)
    worker = Worker(str(library), {"key": 1}, COUNTS, debug=True, wait=False)
    assert not worker.poll(0.0), "it waits for the debugger"
    debugger = debugged(
        worker,
        "break bms_step if t_ns == 300000000",
        "continue",
        "print in->current.value",
        "print in->cell_count",
        "delete",
        "detach",
    )
    try:
        worker.finish()
        answers = outputs_of(worker, STEPS)
        text = debugger.communicate(timeout=60)[0]
    finally:
        debugger.kill()
        debugger.wait()
        worker.close()
    assert answers == expected
    assert "$1 = 102" in text, text
    assert "$2 = 12" in text, text


@pytest.mark.component
@needs_gdb
def test_a_process_that_a_debugger_holds_does_not_hang_however_long_that_is(library, tmp_path):
    go_on = tmp_path / "go on"
    wait = f"shell until [ -e '{go_on}' ]; do sleep 0.01; done"
    worker = Worker(str(library), {"key": 1}, COUNTS, Limits(step_time=0.05), debug=True, wait=False)
    debugger = debugged(worker, "break bms_step", "continue", wait, "delete", "detach")
    try:
        worker.finish()
        fill(worker.inputs, 0)
        worker.begin(TICK, TICK)
        while not is_stopped(worker.pid):
            wait_briefly()
        assert not worker.poll(3 * worker.limits.step_time)
        go_on.touch()
        worker.finish()
        assert worker.outputs["heartbeat"] == 1
    finally:
        debugger.kill()
        debugger.communicate()
        worker.close()


@pytest.mark.component
@needs_gdb
def test_a_replay_can_be_watched_to_its_crash(compile_library, tmp_path):
    library = compile_library(SOURCE, changed("if (now.steps == 25) *(volatile int *)8 = 1;"))
    bench = Bench(library, tmp_path)
    path = bench.run(50).details["trace"]
    bench.close()
    program = [sys.executable, "-c", "import bms_emulator.cli; bms_emulator.cli.main()", "firmware", "replay"]
    replay = subprocess.Popen([*program, path, str(library), "--gdb"], stdout=-1, stderr=-1, text=True)
    try:
        pid = re.search(r"gdb -p (\d+)", replay.stderr.readline())[1]
        text = gdb(int(pid), "continue", "print now.steps", "detach").communicate(timeout=60)[0]
        told = replay.communicate(timeout=60)[0]
    finally:
        replay.kill()
        replay.wait()
    assert "SIGSEGV" in text
    assert "$1 = 25" in text
    assert "same: 25 steps" in told
    assert replay.returncode == 0


@pytest.mark.component
@needs_gdb
def test_a_run_waits_for_gdb_and_goes_on_with_it(library, tmp_path):
    command = "import bms_emulator.cli; bms_emulator.cli.main()"
    program = [sys.executable, "-c", command, "run", "cabinet", "--no-live", "--speed", "max", "--duration", "1s"]
    limit = ["--set", "user_firmware.0.step_limit_ms=50"]
    options = ["--modbus-port", "0", "--http-port", "0", "--mqtt", "off", "--firmware", f"rack[1]={library}"]
    run = subprocess.Popen(
        [*program, *options, *limit, "--firmware-debug", "rack[1]"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        pid = re.search(r"waits for a debugger: gdb -p (\d+)", run.stdout.readline())[1]
        debugger = gdb(
            int(pid),
            "break bms_step if t_ns == 500000000",
            "continue",
            "print now.steps",
            "shell sleep 0.3",
            "delete",
            "detach",
        )
        text = debugger.communicate(timeout=90)[0]
        rest = run.communicate(timeout=60)[0]
    finally:
        run.kill()
        run.wait()
    assert "$1 = 4" in text, text
    assert run.returncode == 0
    assert "ran 10 ticks" in rest
    assert not list(tmp_path.iterdir()), "nothing failed, so no folder for traces"
