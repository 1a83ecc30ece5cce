"""What runs in the worker process: it waits at its socket, calls the firmware, and answers."""

import contextlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from bms_emulator.firmware.native import protocol, sandbox
from bms_emulator.firmware.native.ageing import Ages
from bms_emulator.firmware.native.block import Block, BoundsError, SizeError
from bms_emulator.firmware.native.crash import LastWords
from bms_emulator.firmware.native.debug import AWAITING, allow_debugger, call_process, tracer
from bms_emulator.firmware.native.description import DescriptionError, read_description, unsupported
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.guarded_buffer import GuardedBuffer
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.library import Library
from bms_emulator.firmware.native.printing import print_lines
from bms_emulator.firmware.native.python_firmware import PythonFirmware
from bms_emulator.firmware.native.python_spec import is_python

_NANOSECONDS = 1_000_000
"""In a millisecond."""
_LOOK = 0.05
"""Pause between looks for a debugger [s]."""
_LOG = 1 << 16
"""Text for the log of one step that is kept [bytes]."""


def main(channel: int, memory: int, lifeline: int) -> None:
    """Serve until the emulator closes, or the firmware ends this process.

    Args:
        channel: Socket to the emulator.
        memory: File of the shared block.
        lifeline: Pipe that closes when the emulator ends.
    """
    sandbox.end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    setup = json.loads(protocol.receive(channel)[1])
    block = Block(memory, Counts(**setup["counts"]))
    blob = None if setup["blob"] is None else os.pread(memory, setup["blob"], block.layout.size)
    os.close(memory)
    buffer = GuardedBuffer()
    words = LastWords(
        channel, lambda at, is_write: block.what_lies_at(at, is_write) or buffer.what_lies_at(at, is_write)
    )
    try:
        server = _start(setup, blob, channel, block, buffer, words)
        while server.serve():
            pass
    except FirmwareError as error:
        words.tell(error.kind, error.message, error.details)
    except MemoryError:
        words.tell("memory", f"{words.call}: wants more memory than a firmware may have", _traceback())
    except SystemExit as error:
        words.tell(
            "exit", f"{words.call}: ended by sys.exit({error.code!r}), which a firmware may not call", _traceback()
        )
    except Exception as error:
        words.tell("crash", f"{words.call}: {type(error).__name__}: {error}{_place(error)}", _traceback())
    sys.stdout.flush()
    os._exit(0)


def _start(
    setup: dict[str, Any], blob: bytes | None, channel: int, block: Block, buffer: GuardedBuffer, words: LastWords
) -> "Server":
    """Close the sandbox, load the firmware and make its instance."""
    library = setup["library"]
    firmware: Library | PythonFirmware | None = None
    print_lines()
    if is_python(library):  # imports read files and may start threads, so they come before the sandbox closes
        words.call, words.is_python = "import", True
        _explain_hangs(words)
        firmware = PythonFirmware(library, block.inputs, block.outputs, block.layout)
    if setup["debug"]:
        allow_debugger()
    sandbox.limit_resources(setup["memory"], setup["cpu"])
    refusal = sandbox.forbid_calls()
    if firmware is None:
        firmware = Library(library, block.inputs, block.outputs, buffer)
    words.call = "bms_describe"
    text = firmware.describe()
    try:
        description = read_description(text, firmware.abi, firmware.has_snapshot)
    except DescriptionError as error:
        raise FirmwareError("describe", str(error)) from None
    problems = unsupported(description, block.layout.counts)
    if problems:
        raise FirmwareError("create", "; ".join(problems))
    if setup["debug"]:
        call_process(AWAITING)
        while not tracer(os.getpid()):
            select.select((), (), (), _LOOK)
    words.call = "bms_create"
    firmware.create(setup["config"], blob)
    told = {
        "description": text,
        "abi": firmware.abi,
        "has_snapshot": firmware.has_snapshot,
        "unprotected": [refusal] if refusal else [],
    }
    protocol.send(channel, protocol.DONE, json.dumps(told).encode())
    return Server(channel, firmware, block, words)


class Server:
    """Answers the emulator's messages.

    Args:
        channel: Socket to the emulator.
        firmware: With its instance.
        block: Shared inputs and outputs.
        words: Told which call runs.
    """

    def __init__(self, channel: int, firmware: Library | PythonFirmware, block: Block, words: LastWords) -> None:
        self._channel = channel
        self._firmware = firmware
        self._block = block
        self._words = words
        self._ages = Ages(block.shared, block.layout)
        self._minor = firmware.abi[1]
        self._calls: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
            protocol.STEP: ("bms_step", self._step),
            protocol.RESET: ("bms_reset", self._reset),
            protocol.PERSISTENT: ("bms_persistent", lambda _: firmware.persistent()),
            protocol.SAVE: ("bms_snapshot_save", lambda _: self._snapshot(firmware.save)),
            protocol.LOAD: ("bms_snapshot_load", self._load),
        }

    def serve(self) -> bool:
        """Answer one message; False where it was the last."""
        kind, payload = protocol.receive(self._channel)
        if kind == protocol.CLOSE:
            self._words.call = "bms_destroy"
            self._firmware.close()
        if kind not in self._calls:
            return False
        self._words.call, call = self._calls[kind]
        self._words.period = 0
        try:
            answer = call(payload)
        except FirmwareError as error:
            self._fail(error.kind, error.message, error.details)
        except BoundsError as error:
            self._fail("bounds", f"{self._words.call}: {error}", {})
        except SizeError as error:
            self._fail("struct_size", f"{self._words.call}: {error}", {})
        else:
            protocol.send(self._channel, protocol.DONE, answer)
        return True

    def _step(self, payload: bytes) -> bytes:
        t_ns, dt_ns, periods = protocol.PERIODS.unpack(payload)
        if periods == 1:
            return self._period(t_ns, dt_ns)
        logs = b""
        self._ages.begin((periods - 1) * dt_ns // _NANOSECONDS)
        try:
            for period in range(periods):
                self._words.period = period
                if period:
                    self._ages.advance(period * dt_ns // _NANOSECONDS)
                logs = (logs + self._period(t_ns - (periods - 1 - period) * dt_ns, dt_ns))[:_LOG]
        finally:
            self._ages.restore()
        return logs

    def _period(self, t_ns: int, dt_ns: int) -> bytes:
        block = self._block
        block.clear()
        _succeed("bms_step", self._firmware.step(t_ns, dt_ns))
        block.check(self._minor)
        return block.log()

    def _reset(self, payload: bytes) -> bytes:
        _succeed("bms_reset", self._firmware.reset(*protocol.RESET_KIND.unpack(payload)))
        return b""

    def _load(self, payload: bytes) -> bytes:
        _succeed("bms_snapshot_load", self._snapshot(lambda: self._firmware.load(payload)))
        return b""

    def _snapshot(self, call: Callable[[], Any]) -> Any:
        if not self._firmware.has_snapshot:
            raise FirmwareError("error_code", f"{self._words.call}: it offers no snapshots", {"code": -1})
        return call()

    def _fail(self, kind: str, message: str, details: dict[str, Any]) -> None:
        known = {"call": self._words.call, "period": self._words.period}
        words = {"kind": kind, "message": message, "details": known | details}
        protocol.send(self._channel, protocol.FAILED, json.dumps(words).encode())


def _succeed(call: str, code: int) -> None:
    if code:
        raise FirmwareError("error_code", f"{call} returned the error {code}", {"code": code})


def _place(error: Exception) -> str:
    """The last line of the firmware's own code on the way to an exception."""
    here = os.path.dirname(__file__)  # noqa: PTH120
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(here)]
    return f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""  # noqa: PTH119


def _traceback() -> dict[str, Any]:
    return {"backtrace": traceback.format_exc()}


def _explain_hangs(words: LastWords) -> None:
    """Let a class of Python tell by its own stack where it hangs."""

    def tell(_: int, frame: Any) -> None:
        with contextlib.suppress(OSError):
            lines = traceback.format_stack(frame)
            place = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"  # noqa: PTH119
            words.tell("hang", f"it was in {words.call} ({place})", {"backtrace": "".join(lines)})
        os._exit(0)

    signal.signal(signal.SIGQUIT, tell)
