"""What is kept of a test: enough to judge it, to sign it, and to repeat it.

One record per test, whoever ran it: pytest, a scenario, a campaign. Times are simulated seconds since the start of the
run where not said otherwise; values are SI, in the unit of their point.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a test ended; the worst of its checks, in this order."""

    PASSED = "passed"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"
    """Nothing failed, but it proves nothing: a precondition did not hold, or the clock of the rig was too bad."""
    FAILED = "failed"
    RIG_ERROR = "rig error"
    """The rig, not what is tested, is at fault: no connection, a refused command, an exception."""


@dataclass(frozen=True)
class Stimulus:
    """Something done to the system.

    Attributes:
        time: When.
        kind: ``write``, ``fault``, ``clear``, ``command`` or ``weather``.
        target: Point, fault target or register.
        commanded: What was asked for, as text with unit.
        actual: What the system took over, as it was read back or acknowledged; empty where nothing tells.
    """

    time: float
    kind: str
    target: str
    commanded: str
    actual: str = ""


@dataclass(frozen=True)
class Check:
    """An expectation and what was measured.

    Attributes:
        time: When it was decided.
        what: Sentence that says what was expected.
        point: Name of the point; empty where it is none.
        unit: Unit of the numbers.
        low: Lower end of the band; None is none.
        high: Upper end of the band; None is none.
        begin: Beginning of the window.
        end: End of the window.
        measured: What decided: the value, or the time at which it came; None where nothing came.
        margin: Distance of what was measured from the nearer end of what is allowed, negative outside; None where it
            makes no sense.
        verdict: How it ended.
        reason: Why, where it did not pass.
    """

    time: float
    what: str
    point: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    begin: float | None = None
    end: float | None = None
    measured: float | None = None
    margin: float | None = None
    verdict: Verdict = Verdict.PASSED
    reason: str = ""


@dataclass(frozen=True)
class AlarmChange:
    """A change of an alarm, or of another state that events tell of.

    Attributes:
        time: When.
        source: Component, e.g. ``container[1].rack[3]``.
        kind: Kind of the event.
        what: What happened, e.g. ``cell-overvoltage 0 -> 2``.
    """

    time: float
    source: str
    kind: str
    what: str


@dataclass(frozen=True)
class Timing:
    """How well the rig kept time.

    Attributes:
        mode: ``stepped``, ``factor`` or ``real time``.
        speed: Simulated seconds per second; None where stepped.
        lateness_p50: Lateness of ticks [s].
        lateness_p99: Lateness of ticks [s].
        lateness_max: Lateness of ticks [s].
        overruns: Ticks that took longer than a tick.
        skipped: Ticks that were declared skipped.
    """

    mode: str = "stepped"
    speed: float | None = None
    lateness_p50: float = 0.0
    lateness_p99: float = 0.0
    lateness_max: float = 0.0
    overruns: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Provenance:
    """What was tested, with what.

    Attributes:
        site: Name of the site.
        profile_hash: Digest of its profile.
        firmware: What runs in the racks, e.g. ``reference``, or the file of a user's firmware.
        firmware_hash: Digest of that file; of the parameters of the reference firmware.
        emulator: Version of the emulator.
        seed: Seed of the run.
        rig: Name of the rig.
        under_test: What is under test: ``reference firmware``, ``user firmware``, or a controller and
            how it is reached.
        command: Command that repeats the test.
    """

    site: str
    profile_hash: str
    firmware: str
    firmware_hash: str
    emulator: str
    seed: int
    rig: str
    under_test: str
    command: str


@dataclass(frozen=True)
class CaptureFile:
    """Signals recorded during a test.

    Attributes:
        path: File, relative to the folder of the report.
        sha256: Its digest.
        rows: Samples.
        signals: Columns.
    """

    path: str
    sha256: str
    rows: int
    signals: tuple[str, ...]


@dataclass
class Record:
    """A test, as it was run.

    Attributes:
        name: Unique name, e.g. ``hil/test_protection.py::test_cell_overvoltage[3]``.
        objective: What is to be shown, one sentence.
        requirements: Ids of requirements that it verifies.
        provenance: What was tested, with what.
        started: Wall-clock time of the beginning, ISO 8601 with offset.
        seconds: Wall-clock time that it took [s].
        duration: Simulated time that it took [s].
        timing: How well the rig kept time.
        preconditions: What was verified before the stimulus.
        stimuli: What was done.
        checks: What was expected and measured.
        alarms: What the system told.
        capture: Signals recorded; None where nothing was.
        verdict: How it ended.
        reason: Why, where it did not pass.
        details: Further text, e.g. a traceback.
    """

    name: str
    objective: str
    requirements: tuple[str, ...]
    provenance: Provenance
    started: str
    seconds: float = 0.0
    duration: float = 0.0
    timing: Timing = field(default_factory=Timing)
    preconditions: list[Check] = field(default_factory=list)
    stimuli: list[Stimulus] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    alarms: list[AlarmChange] = field(default_factory=list)
    capture: CaptureFile | None = None
    verdict: Verdict = Verdict.PASSED
    reason: str = ""
    details: str = ""
