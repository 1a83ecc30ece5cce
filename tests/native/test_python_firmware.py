"""A class of Python in place of a library."""

from pathlib import Path

import pytest

from bms_emulator.firmware.native.abi import NO_SOURCE, Reset
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.problems import problems
from bms_emulator.firmware.native.worker import Limits, StepReport, Worker

COUNTS = Counts(20, 10, 2)
PERIOD = 100_000_000
SOURCE = """
import os, socket, threading

class MyBms:
    period = 0.1
    version = "2.1"
    alarms = {1: "cell_overvoltage"}

    def __init__(self, config, blob):
        self.limit = config.get("limit_v", 3.65)
        self.cells = config["cell_count"]
        self.steps = int(blob or 0)

    def step(self, t, dt, inputs, outputs):
        self.steps += 1
        outputs.soc = 0.5
        outputs.heartbeat = self.steps
        outputs.soe_charge = sum(inputs.cell_voltages.values())
        for cell, voltage in enumerate(inputs.cell_voltages):
            if voltage.valid and voltage.value > self.limit:
                outputs.alarm(1, level=3, source=cell)
                outputs.balancing[cell] = 1
        outputs.write(f"{t:.1f} {dt:.1f} {inputs.current.value} {len(inputs.temperatures)} {self.cells}")

    def persistent(self):
        return str(self.steps).encode()

class Saves(MyBms):
    def save(self):
        return str(self.steps).encode()
    def load(self, state):
        self.steps = int(state)

class Fails(MyBms):
    def step(self, t, dt, inputs, outputs):
        return 5

class Prints(MyBms):
    def step(self, t, dt, inputs, outputs):
        for _ in range(20000):
            print("very much text")

class Divides(MyBms):
    def step(self, t, dt, inputs, outputs):
        1 / 0

class Misspells(MyBms):
    def step(self, t, dt, inputs, outputs):
        outputs.charge_curent_limit = 100.0

class GoesBeyond(MyBms):
    def step(self, t, dt, inputs, outputs):
        outputs.balancing[20] = 1

class WritesInputs(MyBms):
    def step(self, t, dt, inputs, outputs):
        inputs.cell_voltages[3].value = 3.3

class Loops(MyBms):
    def step(self, t, dt, inputs, outputs):
        while True:
            pass

class Exits(MyBms):
    def step(self, t, dt, inputs, outputs):
        raise SystemExit(3)

class Forks(MyBms):
    def step(self, t, dt, inputs, outputs):
        os.fork()

class Connects(MyBms):
    def step(self, t, dt, inputs, outputs):
        socket.socket()

class Threads(MyBms):
    def step(self, t, dt, inputs, outputs):
        threading.Thread(target=print).start()

class Allocates(MyBms):
    def step(self, t, dt, inputs, outputs):
        self.heap = []
        while True:
            self.heap.append(bytearray(1 << 20))

class NoStep:
    period = 0.1

class Unsteady(MyBms):
    period = "often"
"""


@pytest.fixture
def bms(tmp_path: Path) -> str:
    path = tmp_path / "bms.py"
    path.write_text(SOURCE)
    return str(path)


def step(worker: Worker) -> StepReport:
    worker.begin(PERIOD, PERIOD)
    return worker.finish()


def test_a_class_sees_inputs_and_gives_outputs_like_a_library(bms: str) -> None:
    with Worker(f"{bms}:MyBms", {"limit_v": 3.6}, COUNTS) as worker:
        description = worker.description
        assert (description.name, description.version, description.period) == ("MyBms", "2.1", 0.1)
        worker.inputs["cell_voltages"]["value"] = 3.3
        worker.inputs["cell_voltages"]["valid"] = 1
        worker.inputs["cell_voltages"]["value"][4] = 3.61
        worker.inputs["current"]["value"] = 7.5
        log = step(worker).log
        assert log == "0.1 0.1 7.5 10 20\n"
        assert worker.outputs["soc"] == 0.5
        assert worker.outputs["soe_charge"] == pytest.approx(19 * 3.3 + 3.61)
        assert worker.outputs["balancing"].tolist() == [0] * 4 + [1] + [0] * 15
        assert worker.outputs["alarms"][: worker.outputs["alarm_count"]].tolist() == [(1, 3, 4, 0)]
        assert NO_SOURCE not in worker.outputs["alarms"]["source"]
        assert problems(worker.outputs, description.alarms) == []


def test_a_module_on_the_path_is_found_by_its_name(bms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(bms).parent))
    with Worker("bms:MyBms", {}, COUNTS) as worker:
        step(worker)
        assert worker.outputs["heartbeat"] == 1


def test_persistent_memory_survives_a_new_worker_and_a_reset(bms: str) -> None:
    with Worker(f"{bms}:MyBms", {}, COUNTS, blob=b"41") as worker:
        step(worker)
        worker.reset(Reset.WATCHDOG)
        step(worker)
        assert worker.persistent() == b"43"


def test_a_class_may_save_and_restore_its_state(bms: str) -> None:
    with Worker(f"{bms}:Saves", {}, COUNTS) as worker:
        assert worker.description.has_snapshot
        worker.load(b"7")
        step(worker)
        assert worker.save() == b"8"


def test_an_error_number_is_told_and_the_class_lives(bms: str) -> None:
    with Worker(f"{bms}:Fails", {}, COUNTS) as worker:
        with pytest.raises(FirmwareError, match="bms_step returned the error 5"):
            step(worker)
        assert worker.alive


def test_a_flood_of_prints_does_no_harm(bms: str) -> None:
    with Worker(f"{bms}:Prints", {}, COUNTS, Limits(printed=1000, step_time=10.0)) as worker:
        assert len(step(worker).printed) < 1100


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("Divides", "crash", r"bms_step: ZeroDivisionError: division by zero \(bms.py:\d+\)"),
        ("Misspells", "crash", r"charge_curent_limit: no such field; near: charge_current_limit \(bms.py:\d+\)"),
        ("GoesBeyond", "crash", r"IndexError"),
        ("WritesInputs", "crash", r"inputs, which are read only: cell_voltages\[3\]"),
        ("Loops", "hang", r"no answer within the time limit: it was in bms_step \(bms.py:\d+\)"),
        ("Exits", "exit", r"ended by sys.exit\(3\)"),
        ("Forks", "forbidden", r"called fork, which a firmware may not"),
        ("Connects", "forbidden", r"called socket, which a firmware may not"),
        ("Threads", "forbidden", r"started a thread, which a firmware may not"),
        ("Allocates", "memory", r"more memory than a firmware may have"),
    ],
)
def test_a_class_that_goes_wrong_tells_why_and_where(bms: str, name: str, kind: str, message: str) -> None:
    limits = Limits(memory=64 << 20, step_time=0.3 if kind == "hang" else 10.0)
    with Worker(f"{bms}:{name}", {}, COUNTS, limits) as worker, pytest.raises(FirmwareError, match=message) as caught:
        step(worker)
    assert caught.value.kind == kind
    assert not worker.alive
    assert "bms.py" in caught.value.details["backtrace"]


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("{bms}:MyBmS", "load", "has no class MyBmS; near: MyBms"),
        ("{bms}:NoStep", "load", "class NoStep lacks step"),
        ("{bms}:Unsteady", "describe", "period_ms = 'often': must be a number > 0"),
        ("{bms}.py:MyBms", "load", "no such file"),
        ("nowhere.to_be:Found", "load", "cannot be imported: No module named 'nowhere'"),
    ],
)
def test_a_class_that_cannot_be_used_says_why(bms: str, spec: str, kind: str, message: str) -> None:
    with pytest.raises(FirmwareError, match=message) as caught:
        Worker(spec.format(bms=bms), {}, COUNTS)
    assert caught.value.kind == kind


def test_a_module_with_an_error_tells_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("class MyBms:\n    def step(self:\n")
    with pytest.raises(FirmwareError, match=r"import: SyntaxError: .*broken.py, line 2"):
        Worker(f"{path}:MyBms", {}, COUNTS)
