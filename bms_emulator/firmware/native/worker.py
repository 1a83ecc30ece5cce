"""One firmware in a process of its own, as the emulator sees it.

    with Worker("libmybms.so", {}, Counts(416, 208, 8)) as worker:
        worker.inputs["current"]["value"] = 12.5
        worker.begin(t_ns=100_000_000, dt_ns=100_000_000)
        report = worker.finish()
        worker.outputs["soc"]

Whatever the firmware does, :meth:`Worker.finish` tells it as a :class:`FirmwareError`, and the caller goes on.
"""

import json
import mmap
import os
import select
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Literal, NoReturn, Self

from bms_emulator.firmware.native import protocol
from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.description import Description, read_description
from bms_emulator.firmware.native.elf import check_library
from bms_emulator.firmware.native.errors import FirmwareError, Kind
from bms_emulator.firmware.native.launch import launch
from bms_emulator.firmware.native.layout import Counts, Layout
from bms_emulator.firmware.native.limits import Limits
from bms_emulator.firmware.native.python_spec import is_python
from bms_emulator.firmware.native.views import input_fields, output_fields, view

__all__ = ["Limits", "StepReport", "Worker"]

_CONTROLS = {code: "\ufffd" for code in (*range(32), 127) if chr(code) not in "\n\t"}
_DEATHS: dict[signal.Signals, tuple[Kind, str]] = {
    signal.SIGXCPU: ("hang", ": it used all the processor time that it may"),
    signal.SIGSYS: (
        "forbidden",
        ": it made a system call that a firmware may not, most likely to start a thread or a program",
    ),
    signal.SIGKILL: ("crash", ": the machine is out of memory, or somebody killed it"),
}
"""What signals without last words mean."""
LAST_WORDS = 0.25
"""Longest wait for a hung worker to tell where it is [s]."""
_END = 1.0
"""Longest wait for a worker that is closed to end [s]."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """What came out of a step besides the outputs.

    Attributes:
        log: Text for the emulator's log, of all its periods.
        printed: What it wrote to standard output and error.
    """

    log: str
    printed: str


class Worker:
    """Starts a process that loads a firmware and makes its one instance.

    Args:
        library: Path of a shared library; or ``path/file.py:Class`` or ``package.module:Class``.
        config: For ``bms_create``; the counts are added to it.
        counts: Of the rack.
        limits: What it may use.
        blob: Persistent memory, as :meth:`persistent` gave it.
        debug: For a debugger: no limits on time; and once the library is loaded the process waits until a debugger is
            attached, before it makes the instance. Use it with ``wait=False``, and tell people the ``pid``.
        wait: Whether to return only when the instance is there. Otherwise :meth:`poll` tells when, and
            :meth:`finish` must be called as after :meth:`begin`.

    Attributes:
        inputs: The shared inputs, shape (), fields as in the header. They stay as they are until written again.
        outputs: The shared outputs of the last period; valid from :meth:`finish` to :meth:`begin`.
        description: What the firmware says of itself.
        unprotected: What of the sandbox this machine cannot give; empty is all well.

    Raises:
        FirmwareError: It cannot be used.
    """

    description: Description

    def __init__(
        self,
        library: str,
        config: Mapping[str, Any],
        counts: Counts,
        limits: Limits | None = None,
        blob: bytes | None = None,
        debug: bool = False,
        *,
        wait: bool = True,
    ) -> None:
        self.library = library
        self.name = os.path.basename(library)  # noqa: PTH119 (a spec of a class is no path)
        self.counts = counts
        self.limits = limits or Limits()
        self.unprotected: tuple[str, ...] = ()
        self._debug = debug
        if not is_python(library):
            check_library(library)
        counted = {"cell_count": counts.cells, "temperature_count": counts.temperatures, "pack_count": counts.packs}
        setup = {
            "library": library,
            "blob": None if blob is None else len(blob),
            "config": json.dumps({**config, **counted}),
            "counts": asdict(counts),
            "memory": self.limits.memory,
            "cpu": self.limits.cpu,
            "debug": debug,
        }
        layout = Layout(counts)
        memory = os.memfd_create("bms-firmware")
        try:
            os.ftruncate(memory, layout.size)
            os.pwrite(memory, blob or b"", layout.size)  # behind the block, for it may be longer than a message
            shared = mmap.mmap(memory, layout.size)
            self.inputs = view(shared, input_fields(layout))
            self.outputs = view(shared, output_fields(layout))
            self._process, self._channel, self._output, lifeline = launch(memory, debug)
        finally:
            os.close(memory)
        self._descriptors: tuple[int, ...] = (self._channel, self._output, lifeline)
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)
        self._pending: Literal["", "start", "step", "call"] = "start"
        try:
            self._send(protocol.SETUP, json.dumps(setup).encode())
            if wait:
                self.finish()
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Of the worker process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process is there and can be asked."""
        return self._process.returncode is None

    def fileno(self) -> int:
        """For select and poll: readable when :meth:`finish` will not wait."""
        return self._channel

    def begin(self, t_ns: int, dt_ns: int, periods: int = 1) -> None:
        """Let the firmware run.

        All periods see the same inputs, except that from one to the next ages grow by ``dt_ns`` and that flags that
        stand for one period fall.

        Args:
            t_ns: Time at the end of the last period, since the start [ns].
            dt_ns: Length of a period [ns].
            periods: How many.

        Raises:
            FirmwareError: It is dead.
        """
        self._ready()
        self._pending = "step"
        self._send(protocol.STEP, protocol.PERIODS.pack(t_ns, dt_ns, periods))

    def poll(self, timeout: float | None) -> bool:
        """Wait for the answer, at most so long [s]; whether it is there, or will never come."""
        return not self._descriptors or bool(self._poll.poll(None if timeout is None else timeout * 1e3))

    def finish(self) -> StepReport:
        """Take the answer to :meth:`begin`; waits for it up to the limits.

        Raises:
            FirmwareError: Something is wrong with the firmware. Where :attr:`alive` has become False it needs a new
                worker; the outputs are void in any case.
        """
        pending = self._taken("start", "step")
        answer = self._answer(self.limits.start_time if pending == "start" else self.limits.step_time)
        if pending == "start":
            self._describe(answer)
            answer = b""
        return StepReport(_text(answer), self._printed())

    def begin_reset(self, kind: int = Reset.POWER_ON) -> None:
        """Let everything but persistent memory start anew; :meth:`poll` and :meth:`take` follow, as for the next."""
        self._ask(protocol.RESET, protocol.RESET_KIND.pack(kind))

    def begin_persistent(self) -> None:
        """Ask for what would be in the EEPROM."""
        self._ask(protocol.PERSISTENT)

    def take(self) -> bytes:
        """Take the answer to one of the two before, up to the limits. FirmwareError: as for :meth:`finish`."""
        self._taken("call")
        return self._answer(self.limits.step_time)

    def give_up(self) -> None:
        """Let a firmware that does not answer tell where it is, which :meth:`hung` takes; does not wait for that."""
        self._process.send_signal(signal.SIGQUIT)

    def hung(self, patience: float = LAST_WORDS) -> FirmwareError:
        """Give up waiting: kill the process, and tell where it was. patience: longest wait for its last words [s]."""
        self._pending = ""
        if not self.alive:
            return self._error("exit", "its process has ended", {})
        self.give_up()
        limit = "" if self._debug else " within the time limit"
        message, details = f"no answer{limit}", {}
        if self.poll(patience):
            kind, payload = protocol.receive(self._channel)
            if kind == protocol.DYING:
                words = json.loads(payload)
                message, details = f"no answer{limit}: {words['message']}", words["details"]
        self._end()
        return self._error("hang", message, details)

    def reset(self, kind: int = Reset.POWER_ON) -> None:
        """:meth:`begin_reset`, and wait for it. FirmwareError: as for :meth:`finish`; so do the next methods."""
        self.begin_reset(kind)
        self.take()

    def persistent(self) -> bytes:
        """What would be in the EEPROM."""
        self.begin_persistent()
        return self.take()

    def save(self) -> bytes:
        """The whole state of the instance, where the description has ``has_snapshot``."""
        self._ask(protocol.SAVE)
        return self.take()

    def load(self, state: bytes) -> None:
        """Restore a state that :meth:`save` gave."""
        self._ask(protocol.LOAD, state)
        self.take()

    def close(self) -> None:
        """Destroy the instance and end the process; at once where it does not answer."""
        if self.alive and not self._pending:
            try:
                self._send(protocol.CLOSE)
                self._process.wait(_END)
            except (FirmwareError, subprocess.TimeoutExpired):
                pass
        self.kill()

    def kill(self) -> None:
        """End the process at once, and let go of everything but the shared blocks."""
        self._end()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = ()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.kill()

    def _describe(self, answer: bytes) -> None:
        told = json.loads(answer)
        self.unprotected = tuple(told["unprotected"])
        self.description = read_description(told["description"], tuple(told["abi"]), told["has_snapshot"])

    def _ready(self) -> None:
        if not self.alive:
            raise FirmwareError("exit", f"{self.name}: its process has ended")
        if self._pending:
            raise RuntimeError("finish() comes first")

    def _ask(self, kind: bytes, payload: bytes = b"") -> None:
        self._ready()
        self._pending = "call"
        self._send(kind, payload)

    def _taken(self, *expected: str) -> str:
        """What is under way, whose answer is taken now."""
        pending, self._pending = self._pending, ""
        if pending not in expected:
            raise RuntimeError(f"no {' or '.join(expected)} was begun")
        return pending

    def _send(self, kind: bytes, payload: bytes = b"") -> None:
        for part in protocol.parts(kind, payload):
            try:
                os.write(self._channel, part)
            except OSError:
                self._pending = ""
                self._ended()

    def _answer(self, limit: float) -> bytes:
        if not self.poll(None if self._debug else limit):
            raise self.hung()
        try:
            kind, payload = protocol.receive(self._channel)
        except OSError:
            kind, payload = b"", b""
        if kind == protocol.DONE:
            return payload
        if kind not in (protocol.FAILED, protocol.DYING):
            self._ended()
        words = json.loads(payload)
        if kind == protocol.DYING:
            self._reap()
        raise self._error(words["kind"], words["message"], words["details"])

    def _error(self, kind: Kind, message: str, details: dict[str, Any]) -> FirmwareError:
        """With what the firmware printed; a dead worker lets go of everything."""
        error = FirmwareError(kind, f"{self.name}: {message}", details | {"printed": self._printed()})
        if not self.alive:
            self.kill()
        return error

    def _ended(self) -> NoReturn:
        """It has gone without a word."""
        status = self._reap()
        details: dict[str, Any] = {"status": status}
        if status >= 0:
            error = self._error(
                "exit", f"ended its process with status {status}; a firmware may not call exit()", details
            )
            last = error.details["printed"].strip().splitlines()[-1:]
            raise FirmwareError("exit", "; it said: ".join((error.message, *last)), error.details)
        number = signal.Signals(-status)
        kind, message = _DEATHS.get(number, ("crash", ""))
        raise self._error(kind, f"ended by {number.name}{message}", details | {"signal": number.name})

    def _reap(self) -> int:
        try:
            return self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._end()
            return self._process.wait()

    def _printed(self) -> str:
        """What it wrote since the last time, as far as it is kept."""
        if not self._descriptors:
            return ""
        chunks = []
        try:
            while chunk := os.read(self._output, 65536):
                chunks.append(chunk)
        except BlockingIOError:
            pass
        if not chunks:
            return ""
        text = b"".join(chunks)
        lost = len(text) - self.limits.printed
        if lost > 0:
            text = text[: self.limits.printed] + b"\n... %d bytes more\n" % lost
        return _text(text)


def _text(content: bytes) -> str:
    """Text that does no harm to a terminal."""
    return content.decode(errors="replace").translate(_CONTROLS) if content else ""
