"""A first look at a firmware: it is loaded, runs for a while beside a rack at rest, and its answers are looked at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from bms_emulator.firmware.native import resting
from bms_emulator.firmware.native.description import Description
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.problems import cautions, problems
from bms_emulator.firmware.native.views import output_record
from bms_emulator.firmware.native.worker import Limits, Worker

_NANOSECONDS = 1e9
_CONFIG = {"rated_capacity_ah": 314.0, "rated_current_a": 157.0, "container": 1, "rack": 1}
"""What ``bms_create`` is always told, beside the counts."""
_SNAPSHOT_STEPS = 50
"""Steps that are run twice, before and after a snapshot is restored."""
_SHOWN = 4000
"""Text that is kept of what it logs and prints [characters]."""


@dataclass
class Report:
    """What came out.

    Attributes:
        description: What the firmware says of itself.
        unprotected: What of the sandbox this machine cannot give.
        steps: Steps that were run.
        problems: What is wrong, each once.
        cautions: What is allowed and is hardly meant, each once.
        error: What ended the run, where something did.
        step_time: From doorbell to answer: median, 99th percentile, longest [s].
        persistent_size: Of its persistent memory [bytes].
        snapshot_size: Of its snapshot [bytes]; None where it offers none.
        state: Last state, and contactor command, as the header counts them.
        text: What it logged and printed, from the beginning.
        digest: Hash of all outputs of the run.
    """

    description: Description
    unprotected: tuple[str, ...] = ()
    steps: int = 0
    problems: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    error: FirmwareError | None = None
    step_time: tuple[float, float, float] = (0.0, 0.0, 0.0)
    persistent_size: int | None = None
    snapshot_size: int | None = None
    state: int = 0
    contactor_command: int = 0
    text: str = ""
    digest: str = ""


def check(
    library: str,
    counts: Counts,
    steps: int,
    clock: Callable[[], float],
    limits: Limits | None = None,
) -> Report:
    """Look at a firmware.

    Args:
        library: As :class:`Worker` takes it.
        counts: Of the rack.
        steps: Length of the dry run, in periods of the firmware.
        clock: For the step times [s].
        limits: What it may use.

    Raises:
        FirmwareError: It cannot be loaded, or makes no instance.
    """
    with Worker(library, _CONFIG, counts, limits) as worker:
        report = Report(worker.description, worker.unprotected)
        try:
            resting.fill(worker.inputs)
            run = _Run(worker, report)
            times = [run.step(clock) for _ in range(steps)]
            report.step_time = (float(np.median(times)), float(np.percentile(times, 99)), max(times))
            report.digest = run.digest()
            report.persistent_size = len(worker.persistent())
            if worker.description.has_snapshot:
                _check_snapshot(worker, run, report)
        except FirmwareError as error:
            report.error = error
            report.problems.append(f"step {report.steps + 1}: {error.message}")
    if report.error is None:
        _check_again(library, counts, steps, limits, report)
    return report


class _Run:
    """A dry run that begins with the inputs as they are, at a time [ns]."""

    def __init__(self, worker: Worker, report: Report, time: int = 0) -> None:
        self._worker = worker
        self._report = report
        self._period = round(worker.description.period * _NANOSECONDS)
        self._hash = blake2b(digest_size=16)
        self._record = np.zeros((), output_record(worker.counts))
        self._found: set[str] = set()
        self.time = time

    def step(self, clock: Callable[[], float]) -> float:
        """One period; how long it took [s]."""
        worker, report = self._worker, self._report
        self.time += self._period
        start = clock()
        worker.begin(self.time, self._period)
        answer = worker.finish()
        duration = clock() - start
        report.steps += 1
        self._note(report.problems, problems(worker.outputs, worker.description.alarms))
        self._note(report.cautions, cautions(worker.outputs))
        self._take(answer.log)
        if len(report.text) < _SHOWN:
            report.text = (report.text + answer.log + answer.printed)[:_SHOWN]
        report.state = int(worker.outputs["state"])
        report.contactor_command = int(worker.outputs["contactor_command"])
        resting.follow(worker.inputs, worker.outputs)
        return duration

    def digest(self) -> str:
        """Hash of all outputs so far."""
        return self._hash.hexdigest()

    def _note(self, told: list[str], found: Iterable[str]) -> None:
        """Tell what was found now and not before."""
        for text in found:
            what = text.split(" = ")[0]
            if what not in self._found:
                self._found.add(what)
                told.append(f"step {self._report.steps}: {text}")

    def _take(self, log: str) -> None:
        self._record[...] = self._worker.outputs
        self._hash.update(self._record.tobytes())
        self._hash.update(log.encode())


def _check_snapshot(worker: Worker, run: _Run, report: Report) -> None:
    """The same steps from the same state must give the same outputs."""
    state = worker.save()
    report.snapshot_size = len(state)
    inputs, time = worker.inputs.copy(), run.time
    digests = []
    for _ in range(2):
        worker.load(state)
        worker.inputs[...] = inputs
        again = _Run(worker, Report(worker.description), time)
        for _ in range(_SNAPSHOT_STEPS):
            again.step(lambda: 0.0)
        digests.append(again.digest())
    if digests[0] != digests[1]:
        report.problems.append(
            f"bms_snapshot_load: {_SNAPSHOT_STEPS} steps from the same snapshot gave other outputs the second time"
        )


def _check_again(library: str, counts: Counts, steps: int, limits: Limits | None, report: Report) -> None:
    """The same inputs in the same order must give the same outputs, in another process too."""
    again = Report(report.description)
    try:
        with Worker(library, _CONFIG, counts, limits) as worker:
            resting.fill(worker.inputs)
            run = _Run(worker, again)
            for _ in range(steps):
                run.step(lambda: 0.0)
            digest = run.digest()
    except FirmwareError as error:
        report.problems.append(f"second run, step {again.steps + 1}: {error.message}")
        return
    if digest != report.digest:
        report.problems.append(
            "a second run with the same inputs gave other outputs: it uses a clock, an address, a random number,"
            " or memory that it never set"
        )
