"""A worker whose steps are recorded, and which leaves a trace when it fails."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bms_emulator.firmware.native import protocol
from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.limits import Limits
from bms_emulator.firmware.native.recorder import Recorder
from bms_emulator.firmware.native.trace import (
    CREATED,
    ERROR,
    RESET,
    RESTORED,
    TraceHeader,
    recorded_inputs,
    recorded_outputs,
)
from bms_emulator.firmware.native.trace_file import SUFFIX
from bms_emulator.firmware.native.trace_options import TraceOptions
from bms_emulator.firmware.native.worker import LAST_WORDS, StepReport, Worker


class RackTrace:
    """What is recorded of the firmware of one rack, through all its workers.

    Args:
        site: Name of the site.
        rack: Name of the rack, as ``container[1].rack[1]``.
        tick_ns: Length of a tick [ns].
        options: What is kept.
        tell: Takes a message of a trace that was written beside a failure's own message, or cannot be.
    """

    def __init__(
        self,
        site: str,
        rack: str,
        tick_ns: int,
        options: TraceOptions,
        tell: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._rack = f"{site} {rack}"
        self._stem = f"{site}-{rack.replace('[', '').replace(']', '').replace('.', '-')}"
        self._tick_ns = tick_ns
        self._options = options
        self._tell = tell
        self._recorder: Recorder | None = None
        self._tick = 0
        self._failed_step: int | None = None  # the last one, as the recorder counts

    def born(self, worker: Worker, config: Mapping[str, Any], blob: bytes | None) -> None:
        """Record a worker from now on, which was started with this configuration and persistent memory."""
        self._failed_step = None
        if self._recorder is not None:
            self._recorder.attach(worker.inputs, worker.outputs)
            self._recorder.event(CREATED, "a new instance", data=blob)
            return
        described = worker.description
        header = TraceHeader(
            abi=described.abi[0] << 16 | described.abi[1],
            rack=self._rack,
            library={"file": worker.library, "sha256": _digest(worker.library)},
            description=described.raw,
            counts=worker.counts,
            config=dict(config),
            inputs=recorded_inputs(worker.counts),
            outputs=recorded_outputs(worker.counts),
            memory=worker.limits.memory,
            blob=blob,
        )
        options = self._options
        stream = options.folder / f"{self._stem}{SUFFIX}" if options.everything else None
        try:
            self._recorder = Recorder(header, worker.inputs, worker.outputs, options.steps, stream, self._tell)
        except OSError as error:
            self._tell(f"{stream}: cannot be written: {error.strerror or error}")
            self._recorder = Recorder(header, worker.inputs, worker.outputs, options.steps)

    def begin(self, t_ns: int, dt_ns: int, periods: int) -> bool:
        """Record the inputs of a step; whether a snapshot of the state before it is due."""
        assert self._recorder is not None
        is_due = self._recorder.checkpoint_due()
        self._tick = t_ns // self._tick_ns - 1
        self._recorder.begin(t_ns, dt_ns, periods)
        return is_due

    def checkpoint(self, state: bytes) -> None:
        """Keep a snapshot of the state before the step that was begun last."""
        assert self._recorder is not None
        self._recorder.checkpoint(state)

    def finish(self, report: StepReport) -> None:
        """Record the answer to it."""
        assert self._recorder is not None
        self._recorder.finish(report.log, report.printed)

    def event(self, kind: str, details: Mapping[str, Any] | None = None, data: bytes | None = None) -> None:
        """Record what happens between two steps."""
        if self._recorder is not None:
            self._recorder.event(kind, "", details, data)

    def fail(self, error: FirmwareError, *, in_step: bool, is_end: bool) -> None:
        """Record a failure; where it is the first after a good step, or the end, a trace is written.

        The trace is named in the error's details, as ``trace``.
        """
        if self._recorder is None:
            return
        if in_step:
            self._recorder.error(error.kind, error.message, error.details)
        else:
            self._recorder.event(ERROR, error.message, {"kind": error.kind, **error.details})
        path = self._dump(is_end)
        if path is not None:
            error.details["trace"] = str(path)
            error.message = f"{error.message}; its last steps are in {path}"

    def blame(self, kind: str, message: str) -> None:
        """Record what somebody else finds wrong with the last answer; as for a failure, a trace is written."""
        if self._recorder is None:
            return
        self._recorder.note(ERROR, message, {"kind": kind})
        path = self._dump(is_end=False)
        if path is not None:
            self._tell(f"its last steps are in {path}")

    def close(self) -> None:
        """Wait until all is written."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def _dump(self, is_end: bool) -> Path | None:
        assert self._recorder is not None
        step, failed = self._recorder.count - 1, self._failed_step
        self._failed_step = step
        if failed is not None and step - failed <= 1 and not is_end:
            return None
        return self._recorder.dump(self._options.folder, f"{self._stem}-tick{self._tick}")


class TracedWorker(Worker):
    """A :class:`Worker` that is recorded.

    Args:
        trace: Takes what is recorded.
        library: See :class:`Worker`, as for all others.
    """

    def __init__(
        self,
        trace: RackTrace,
        library: str,
        config: Mapping[str, Any],
        counts: Counts,
        limits: Limits | None = None,
        blob: bytes | None = None,
        debug: bool = False,
    ) -> None:
        self._trace = trace
        self._origin = config, blob
        self._is_stepping = False
        self._is_saving = False
        super().__init__(library, config, counts, limits, blob, debug, wait=False)

    def begin(self, t_ns: int, dt_ns: int, periods: int = 1) -> None:
        """See :class:`Worker`. A snapshot that is due is asked for together with the step."""
        self._ready()
        self._is_saving = self._trace.begin(t_ns, dt_ns, periods) and self.description.has_snapshot
        self._is_stepping = True
        try:
            if self._is_saving:
                self._send(protocol.SAVE)
            super().begin(t_ns, dt_ns, periods)
        except FirmwareError as error:
            self._fail(error)
            raise

    def poll(self, timeout: float | None) -> bool:
        """See :class:`Worker`. FirmwareError: the snapshot that was due was the end of the firmware."""
        if not super().poll(timeout):
            return False
        if not self._is_saving:
            return True
        self._take_state()
        return super().poll(timeout)

    def finish(self) -> StepReport:
        """See :class:`Worker`."""
        if self._is_saving:
            self._take_state()
        try:
            report = super().finish()
        except FirmwareError as error:
            self._fail(error)
            raise
        if self._is_stepping:
            self._is_stepping = False
            self._trace.finish(report)
        else:
            self._trace.born(self, *self._origin)
        return report

    def hung(self, patience: float = LAST_WORDS) -> FirmwareError:
        """See :class:`Worker`."""
        self._is_saving = False
        error = super().hung(patience)
        self._fail(error)
        return error

    def begin_reset(self, kind: int = Reset.POWER_ON) -> None:
        """See :class:`Worker`."""
        self._trace.event(RESET, {"kind": int(kind)})
        super().begin_reset(kind)

    def load(self, state: bytes) -> None:
        """See :class:`Worker`."""
        self._trace.event(RESTORED, data=state)
        super().load(state)

    def take(self) -> bytes:
        """See :class:`Worker`."""
        try:
            return super().take()
        except FirmwareError as error:
            self._fail(error)
            raise

    def _ask(self, kind: bytes, payload: bytes = b"") -> None:
        try:
            super()._ask(kind, payload)
        except FirmwareError as error:
            self._fail(error)
            raise

    def _take_state(self) -> None:
        """Keep the snapshot that comes before the answer to the step; one that is refused is recorded, and no more."""
        self._is_saving = False
        try:
            self._trace.checkpoint(self._answer(self.limits.step_time))
        except FirmwareError as error:
            if not self.alive:
                self._fail(error)
                raise
            self._trace.event(ERROR, {"kind": error.kind, **error.details})

    def _fail(self, error: FirmwareError) -> None:
        if "trace" in error.details or not hasattr(self, "description"):
            return
        self._trace.fail(error, in_step=self._is_stepping, is_end=not self.alive)
        self._is_stepping = False


def _digest(library: str) -> str:
    """SHA-256 of the library's file; of a class, of the file that it stands in; empty where that is unknown."""
    path = Path(library.rpartition(":")[0] or library)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
