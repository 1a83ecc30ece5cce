"""Records what a firmware is given and what it answers, while it runs."""

import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.step_ring import StepRing
from bms_emulator.firmware.native.trace import CHECKPOINT, CREATED, ERROR, LOG, PRINTED, Event, Trace, TraceHeader
from bms_emulator.firmware.native.trace_file import SUFFIX
from bms_emulator.firmware.native.trace_options import STEPS
from bms_emulator.firmware.native.trace_stream import TraceDump, TraceStream


class Recorder:
    """Keeps the last steps of one firmware, and writes them when asked to.

    One step is recorded by :meth:`begin`, when its inputs are ready, and :meth:`finish`, when its outputs are.

    Args:
        header: What does not change.
        inputs: The worker's view of its inputs.
        outputs: The worker's view of its outputs.
        steps: How many steps are kept.
        stream: A file that takes all steps from now on.
        tell: Takes a message where a file cannot be written.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(
        self,
        header: TraceHeader,
        inputs: NDArray[np.void],
        outputs: NDArray[np.void],
        steps: int = STEPS,
        stream: Path | None = None,
        tell: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._header = header
        self._ring = StepRing(header, steps)
        self._events: deque[Event] = deque()
        self._streamed = 0
        self._dumps: list[TraceDump] = []
        self._tell = tell
        self._stream = None if stream is None else TraceStream(stream, header)
        self.attach(inputs, outputs)

    def attach(self, inputs: NDArray[np.void], outputs: NDArray[np.void]) -> None:
        """Record from other blocks from now on: those of a new worker.

        Raises:
            ValueError: Their layout is another.
        """
        self._ring.attach(inputs, outputs)

    @property
    def count(self) -> int:
        """Steps begun so far."""
        return self._ring.count

    def begin(self, t_ns: int, dt_ns: int, periods: int) -> None:
        """Record the inputs of the next step: its time and period [ns], and how many periods it has."""
        if self._ring.count % self._ring.segment == 0:
            self._flush()
        self._ring.begin(t_ns, dt_ns, periods)

    def finish(self, log: str = "", printed: str = "") -> None:
        """Record the outputs of the step, and its texts where there are any."""
        self._ring.answer(complete=True)
        for kind, text in ((LOG, log), (PRINTED, printed)):
            if text:
                self._note(Event(self.count - 1, kind, text))

    def event(
        self, kind: str, message: str = "", details: Mapping[str, Any] | None = None, data: bytes | None = None
    ) -> None:
        """Record what happens between two steps: see the kinds of :mod:`bms_emulator.firmware.native.trace`."""
        self._note(Event(self.count, kind, message, dict(details or {}), data))

    def error(self, kind: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        """Record that the step that was begun failed; its outputs are kept as they were found.

        A failure between two steps is an :meth:`event`.

        Args:
            kind: As of a :class:`bms_emulator.firmware.native.errors.FirmwareError`, or the host's own word.
            message: For people.
            details: As of that error.
        """
        self._ring.answer(complete=False)
        self.note(ERROR, message, {"kind": kind, **(details or {})})
        self._flush()

    def note(self, kind: str, message: str, details: Mapping[str, Any]) -> None:
        """Record what is to be said of the step that was begun last."""
        self._note(Event(self.count - 1, kind, message, dict(details)))

    def checkpoint_due(self) -> bool:
        """Whether it is time for a snapshot: every quarter of the steps that are kept."""
        return self.count > 0 and self.count % self._ring.segment == 0

    def checkpoint(self, snapshot: bytes) -> None:
        """Keep a snapshot of the state before the step that was begun last, for replays that begin there."""
        self._note(Event(self.count - 1, CHECKPOINT, data=snapshot))

    def trace(self) -> Trace:
        """What is kept now."""
        header, parts, events = self._kept()
        return Trace(header, np.concatenate([np.empty(0, header.record_dtype()), *parts]), events)

    def dump(self, folder: Path, stem: str) -> Path:
        """Write what is kept to ``folder/stem.bmstrace``, beside the loop, and forget it.

        Where it cannot be written is told later; :meth:`close` waits for the end of it.

        Returns:
            The file; with a number behind ``stem`` where one of that name was there.
        """
        self._flush()
        taken = {dump.path for dump in self._dumps}
        names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        path = next(p for name in names if (p := folder / f"{name}{SUFFIX}") not in taken and not p.exists())
        self._dumps.append(TraceDump(path, *self._kept()))
        self._ring.renew()
        return path

    def close(self) -> None:
        """Write what is left, and wait until all is written."""
        self._flush()
        for dump in self._dumps:
            dump.join()
        if self._stream is not None:
            self._stream.close()
        self._report()

    def _kept(self) -> tuple[TraceHeader, list[NDArray[np.void]], tuple[Event, ...]]:
        first = self._ring.first
        events = tuple(event for event in self._events if event.step >= first)
        born = [event.data for event in self._events if event.kind == CREATED and event.step < first]
        header = replace(self._header, blob=born[-1]) if born else self._header
        return header, self._ring.since(first), events

    def _note(self, event: Event) -> None:
        while self._events and self._events[0].step < self._ring.first:
            forgotten = self._events.popleft()
            if forgotten.kind == CREATED:
                self._header = replace(self._header, blob=forgotten.data)
        self._events.append(event)
        if self._stream is not None and event.kind != CHECKPOINT:
            self._stream.event(event)

    def _flush(self) -> None:
        """Hand the steps that the stream does not have yet to it; they lie within one segment."""
        if self._stream is not None:
            for records in self._ring.since(self._streamed):
                self._stream.steps(records)
        self._streamed = self.count
        self._report()

    def _report(self) -> None:
        for writer in (self._stream, *self._dumps):
            if writer is not None and writer.problem is not None:
                self._tell(writer.problem)
                writer.problem = None
        self._dumps = [dump for dump in self._dumps if dump.is_alive()]
