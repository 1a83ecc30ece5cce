"""Runs a recorded firmware's inputs into a library, and tells where its answers differ."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.compare import Difference, compare
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.trace import CHECKPOINT, CREATED, ERROR, LOG, PRINTED, RESET, RESTORED, Event, Trace
from bms_emulator.firmware.native.worker import Worker

Launch = Callable[[bytes | None], Worker]
"""Starts the library with a persistent memory. FirmwareError: it cannot be."""
_Outcome = tuple[list[Difference], FirmwareError | None, Event | None]
"""Differences of a step, how it failed, and how it failed when it was recorded."""
_NONE = "none"


class Start(StrEnum):
    """From where a replay goes."""

    BEGINNING = "beginning"
    """The first step after the instance was made: nothing is unknown."""
    CHECKPOINT = "checkpoint"
    """A recorded snapshot: nothing is unknown, as far as the library reads it as the recorded one did."""
    MIDDLE = "middle"
    """A new instance, in the middle of a run: what it should remember is not known."""


@dataclass(frozen=True)
class Comparison:
    """What came out of a replay.

    Attributes:
        start: From where it went.
        first: Number of the first step that was compared.
        steps: How many were.
        index: Place of the last of them in the trace; -1 where there is none.
        differences: Where the last one differs; empty where it is the same.
        error: How the library failed, if it did.
        expected: How the recorded one failed in the same step, if it did.
    """

    start: Start
    first: int
    steps: int = 0
    index: int = -1
    differences: list[Difference] = field(default_factory=list)
    error: FirmwareError | None = None
    expected: Event | None = None

    @property
    def is_same(self) -> bool:
        """Whether all steps were answered, or failed, as recorded."""
        return not self.differences


def replay(
    trace: Trace,
    launch: Launch,
    until: int | None = None,
    tolerance: float = 0.0,
    ignored: frozenset[str] = frozenset(),
) -> Comparison:
    """Give recorded inputs to a library until its answer differs from the recorded one.

    Args:
        trace: What was recorded.
        launch: Starts the library.
        until: Last step; None is all.
        tolerance: See :func:`bms_emulator.firmware.native.compare.compare`; so for the next.
        ignored: Fields that may differ.

    Raises:
        FirmwareError: The library cannot be started.
    """
    run = _Replay(trace, launch, tolerance, ignored)
    try:
        return run.steps(until)
    finally:
        run.close()


class _Replay:
    """A library in the place of a recorded one."""

    def __init__(self, trace: Trace, launch: Launch, tolerance: float, ignored: frozenset[str]) -> None:
        self._trace = trace
        self._launch = launch
        self._tolerance = tolerance
        self._ignored = ignored
        self._numbers = trace.records["step"]
        self._worker = launch(trace.header.blob)
        self._start, self._index, self._next = self._begin()

    def steps(self, until: int | None) -> Comparison:
        """Compare step by step."""
        first = self._index
        result = Comparison(self._start, int(self._numbers[first]) if first < len(self._numbers) else 0)
        for index in range(first, len(self._numbers)):
            step = int(self._numbers[index])
            if until is not None and step > until:
                return result
            differences, error, expected = self._step(index, step)
            result = replace(
                result, steps=index - first + 1, index=index, differences=differences, error=error, expected=expected
            )
            if differences or (error is not None and not self._is_going_on(step)):
                return result
        return self._afterwards(result) if until is None else result

    def close(self) -> None:
        """End the library."""
        self._worker.close()

    def _begin(self) -> tuple[Start, int, int]:
        """Bring the library to a known state: which, at which record, and the number of the next event."""
        if self._trace.first_step == 0:
            return Start.BEGINNING, 0, 0
        for number, event in enumerate(self._trace.events):
            if event.kind == CREATED:
                return Start.BEGINNING, self._place(event.step), number
            if event.kind == CHECKPOINT and self._worker.description.has_snapshot and event.data is not None:
                try:
                    self._worker.load(event.data)
                except FirmwareError:  # its snapshots are others; a new instance takes its place
                    self._renew(self._trace.header.blob)
                    continue
                return Start.CHECKPOINT, self._place(event.step), number + 1
        self._worker.reset(Reset.POWER_ON)
        return Start.MIDDLE, 0, 0

    def _place(self, step: int) -> int:
        return int(np.searchsorted(self._numbers, step))

    def _step(self, index: int, step: int) -> _Outcome:
        record = self._trace.records[index]
        expected = None if record["complete"] else self._recorded_failure(step)
        try:
            self._events(step)
            for name in record["inputs"].dtype.names:
                self._worker.inputs[name] = record["inputs"][name]
            self._worker.begin(int(record["t_ns"]), int(record["dt_ns"]), int(record["periods"]))
            log = self._worker.finish().log
        except FirmwareError as error:
            return _failures(error, expected)
        if expected is not None:
            return _failures(None, expected)
        differences = compare(record["outputs"], self._worker.outputs, self._tolerance, self._ignored)
        recorded_log = self._trace.text(LOG, step)
        if recorded_log != log and LOG not in self._ignored:
            differences.append(Difference(LOG, recorded_log, log))
        return differences, None, None

    def _afterwards(self, result: Comparison) -> Comparison:
        """What happened after the last step: a firmware may fail in a reset, too."""
        step = int(self._numbers[-1]) + 1 if len(self._numbers) else 0
        try:
            self._events(step)
        except FirmwareError as error:
            differences, _, expected = _failures(error, self._recorded_failure(step))
            return replace(result, differences=differences, error=error, expected=expected)
        return result

    def _events(self, step: int) -> None:
        """Let happen what happened before a step."""
        events = self._trace.events
        while self._next < len(events) and events[self._next].step <= step:
            event = events[self._next]
            if event.step == step and event.kind in {ERROR, LOG, PRINTED}:
                return  # these come after it
            self._next += 1
            if event.kind == CREATED:
                self._renew(event.data)
            elif event.kind == RESET:
                self._worker.reset(int(event.details["kind"]))
            elif event.kind == RESTORED and event.data is not None:
                self._worker.load(event.data)

    def _renew(self, blob: bytes | None) -> None:
        self._worker.kill()
        self._worker = self._launch(blob)

    def _recorded_failure(self, step: int) -> Event | None:
        return next((e for e in self._trace.events if e.kind == ERROR and e.step == step), None)

    def _is_going_on(self, step: int) -> bool:
        """Whether there is an instance for the next step: this one, or the recorded next one."""
        return self._worker.alive or any(e.kind == CREATED and e.step == step + 1 for e in self._trace.events)


def _failures(error: FirmwareError | None, expected: Event | None) -> _Outcome:
    """Whether a failure is the one that was recorded."""
    recorded = _NONE if expected is None else str(expected.details.get("kind"))
    now = _NONE if error is None else error.kind
    return [] if recorded == now else [Difference("failure", recorded, now)], error, expected
