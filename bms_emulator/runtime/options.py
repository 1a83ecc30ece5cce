"""What a run may be told beside its site profile."""

from dataclasses import dataclass
from pathlib import Path

from bms_emulator.firmware.native.trace_options import TraceOptions
from bms_emulator.interfaces.link import Command


@dataclass(frozen=True)
class RunOptions:
    """Options of a run.

    Attributes:
        speed: Simulated seconds per second; 0 starts paused, infinity runs as fast as possible.
        seed: Seed of everything that is random.
        duration: Simulated time after which the run ends [s]; None is never.
        journal: File for the journal.
        token: What HTTP clients must present; None asks for nothing.
        commands: Applied before the first tick, e.g. faults given on the command line.
        log_level: Least severe level that is logged.
        traces: What is recorded of users' firmware; None is nothing.
        debugged: Names of racks whose firmware waits for a debugger.
    """

    speed: float = 1.0
    seed: int = 0
    duration: float | None = None
    journal: Path | None = None
    token: str | None = None
    commands: tuple[Command, ...] = ()
    log_level: str = "warning"
    traces: TraceOptions | None = None
    debugged: frozenset[str] = frozenset()
