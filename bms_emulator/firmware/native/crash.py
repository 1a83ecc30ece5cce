"""The last words of a worker: which signal ended it, in which call, at which address, and how it came there.

The handlers run on a stack of their own. A fault in a library interrupts a call that Python made, so that the handler
may be written in Python, as a callback of a library would be. Where even that fails, the emulator sees the signal.
"""

import contextlib
import ctypes
import json
import mmap
import os
import platform
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bms_emulator.firmware.native import protocol
from bms_emulator.firmware.native.errors import Kind
from bms_emulator.firmware.native.sandbox import THREAD_FLAG, memory_in_use
from bms_emulator.firmware.native.system_calls import SystemCall, forbidden_calls

_STACK = 1 << 20
_DEPTH = 64
_SHOWN = 24
_ON_STACK, _INFO, _RESET = 0x08000000, 4, 0x80000000
"""SA_ONSTACK, SA_SIGINFO, SA_RESETHAND."""
_NULL_PAGE = 65536
_NEAR_STACK = 1 << 16
_VFORK_FLAG = 0x4000
_PROT_NONE = 0
"""First of a thread's stack, before its guard is set; a program's stack can be written at once."""
_NEARLY = 16 << 20
"""Left of the permitted memory [bytes] when a crash is put down to the lack of it."""
_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_ADDRESS, _CALL, _PARAMETER = 16, 24, 16
"""Offsets in siginfo_t: si_addr, si_syscall."""


@dataclass(frozen=True)
class _Registers:
    """Offsets in ucontext_t.

    Attributes:
        counter: Program counter.
        stack: Stack pointer.
        first: First argument of a system call.
        third: Third argument.
        error: Error of a page fault, where the machine gives it.
    """

    counter: int
    stack: int
    first: int
    third: int
    error: int | None


_REGISTERS = {
    "x86_64": _Registers(40 + 16 * 8, 40 + 15 * 8, 40 + 8 * 8, 40 + 12 * 8, 40 + 19 * 8),
    "aarch64": _Registers(176 + 33 * 8, 176 + 32 * 8, 176 + 8, 176 + 24, None),
}
_WRITE_ERROR = 2
"""Bit of the error of a page fault on x86_64."""
_SIGNALS = (
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGABRT,
    signal.SIGSYS,
    signal.SIGQUIT,
    signal.SIGXFSZ,
)
_MEANINGS = {
    signal.SIGFPE: "a division by zero, or another fault of arithmetic",
    signal.SIGILL: "an illegal instruction",
    signal.SIGABRT: "it called abort(), or an assertion failed",
    signal.SIGBUS: "an access that the hardware refuses",
}


class _Place(ctypes.Structure):
    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_size_t),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_size_t),
    )


class _Action(ctypes.Structure):
    _fields_ = (
        ("handler", _HANDLER),
        ("mask", ctypes.c_ulong * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class _Stack(ctypes.Structure):
    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


class LastWords:
    """Tells the emulator why this process ends.

    Args:
        channel: Socket to the emulator.
        what_lies_at: Words for an address in the shared block, and whether it was written.

    Attributes:
        call: Function of the ABI that runs.
        period: Which period of a step runs, counted from 0.
        is_python: Whether the firmware is a class of Python, whose stack is Python's.
    """

    def __init__(self, channel: int, what_lies_at: Callable[[int, bool | None], str]) -> None:
        self.call = "loading"
        self.period = 0
        self.is_python = False
        self._channel = channel
        self._what_lies_at = what_lies_at
        self._libc = libc = ctypes.CDLL(None, use_errno=True)
        self._registers = _REGISTERS.get(platform.machine())
        self._forbidden = forbidden_calls(platform.machine())
        self._stack = mmap.mmap(-1, _STACK)
        self._frames = (ctypes.c_void_p * _DEPTH)()
        with contextlib.suppress(AttributeError):  # musl has none
            libc.backtrace(self._frames, _DEPTH)  # loads what it needs now, not in a handler
        self._callback = _HANDLER(self._on_signal)
        stack = _Stack(ctypes.addressof(ctypes.c_char.from_buffer(self._stack)), 0, _STACK)
        libc.sigaltstack(ctypes.byref(stack), None)
        action = _Action(self._callback, flags=ctypes.c_int(_ON_STACK | _INFO | _RESET).value)
        for number in _SIGNALS:
            libc.sigaction(int(number), ctypes.byref(action), None)

    def tell(self, kind: Kind, message: str, details: dict[str, Any] | None = None) -> None:
        """Send the last words."""
        known = {"call": self.call, "period": self.period}
        words = {"kind": kind, "message": message, "details": known | (details or {})}
        with contextlib.suppress(OSError):
            protocol.send(self._channel, protocol.DYING, json.dumps(words).encode())

    def _on_signal(self, number: int, info: int, context: int) -> None:
        try:
            allowed = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (allowed[1], allowed[1]))
            used = memory_in_use()
            starved = allowed[0] != resource.RLIM_INFINITY and used > allowed[0] - _NEARLY
            kind, message, details = self._explain(signal.Signals(number), info, context)
            if kind == "crash" and starved:
                kind, message = "memory", f"wants more memory than a firmware may have; {message}"
            self.tell(kind, message, details)
        finally:
            os._exit(128 + number)

    def _explain(self, number: signal.Signals, info: int, context: int) -> tuple[Kind, str, dict[str, Any]]:
        frames = self._backtrace(context)
        text = "\n".join(f"#{place} {_frame_text(frame)}" for place, frame in enumerate(frames))
        details: dict[str, Any] = {
            "signal": number.name,
            "frames": frames,
            "backtrace": _python_stack() if self.is_python else text,
        }
        mine = next((frame for frame in frames if frame["library"] not in _SYSTEM), None)
        at = f"; at {_frame_text(mine)}" if mine else ""
        if number == signal.SIGSYS:
            call = self._forbidden.get(_read(info + _CALL, ctypes.c_int))
            details["syscall"] = call.name if call else "?"
            return "forbidden", f"in {self.call}: {self._forbidden_text(call, context)}{at}", details
        if number == signal.SIGQUIT:
            return "hang", f"it was in {self.call}{at}", details
        if number == signal.SIGXFSZ:
            return "forbidden", f"in {self.call}: wrote to a file, which a firmware may not{at}", details
        meaning = _MEANINGS.get(number, "")
        if number in (signal.SIGSEGV, signal.SIGBUS):
            address = _read(info + _ADDRESS, ctypes.c_size_t)
            details["address"] = address
            meaning = self._fault_text(address, context) or meaning
        return "crash", f"crashed in {self.call} with {number.name}: {meaning}{at}", details

    def _forbidden_text(self, call: SystemCall | None, context: int) -> str:
        if call is None:
            return "made a system call that a firmware may not make"
        if call.name not in ("mmap", "clone", "clone3", "fork", "vfork"):
            return f"called {call.name}, which a firmware may not: it must not {call.purpose}"
        assert self._registers is not None  # no machine is watched whose registers are not known
        first = _read(context + self._registers.first, ctypes.c_size_t)
        third = _read(context + self._registers.third, ctypes.c_size_t)
        flags = _read(first, ctypes.c_size_t) if call.name == "clone3" else first if call.name == "clone" else 0
        if flags & THREAD_FLAG or (call.name == "mmap" and third == _PROT_NONE):
            return "started a thread, which a firmware may not: drive your tasks from bms_step"
        if flags & _VFORK_FLAG or call.name in ("mmap", "vfork"):
            return "started a program, which a firmware may not"
        return "called fork, which a firmware may not"

    def _fault_text(self, address: int, context: int) -> str:
        is_write = None
        if self._registers and self._registers.error is not None:
            is_write = bool(_read(context + self._registers.error, ctypes.c_size_t) & _WRITE_ERROR)
        if address < _NULL_PAGE:
            return f"followed a NULL pointer (address {address:#x})"
        known = self._what_lies_at(address, is_write)
        if known:
            return known
        if self._registers:
            distance = address - _read(context + self._registers.stack, ctypes.c_size_t)
            if abs(distance) < _NEAR_STACK:
                return "stack overflow: endless recursion, or large local variables"
        access = {True: "wrote to", False: "read", None: "reached"}[is_write]
        return f"{access} address {address:#x}{_mapping(address)}"

    def _backtrace(self, context: int) -> list[dict[str, Any]]:
        """Frames from the fault up to where Python called."""
        counter = _read(context + self._registers.counter, ctypes.c_size_t) if self._registers else 0
        count = 0
        with contextlib.suppress(AttributeError):
            count = self._libc.backtrace(self._frames, _DEPTH)
        addresses = [address or 0 for address in self._frames[:count]]
        start = addresses.index(counter) if counter in addresses else None
        found = [counter] if start is None else [counter, *(address - 1 for address in addresses[start + 1 :])]
        frames = []
        for address in found[:_SHOWN]:
            frame = self._frame(address)
            if frame["library"].startswith(_CALLERS):
                break
            frames.append(frame)
        return frames

    def _frame(self, address: int) -> dict[str, Any]:
        place = _Place()
        if not address or not self._libc.dladdr(ctypes.c_void_p(address), ctypes.byref(place)) or not place.file:
            return {"library": "?", "offset": address, "symbol": ""}
        path = place.file.decode(errors="replace")
        symbol = f"{place.symbol.decode(errors='replace')}+{address - place.address:#x}" if place.symbol else ""
        return {"library": Path(path).name, "path": path, "offset": address - place.base, "symbol": symbol}


_SYSTEM = frozenset({"libc.so.6", "libpthread.so.0", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "?"})
_CALLERS = ("libffi.", "_ctypes.", "python", "libpython")


def _python_stack() -> str:
    """Where a firmware in Python was."""
    return "".join(traceback.format_stack()[: -len(("_python_stack", "_explain", "_on_signal"))])


def _frame_text(frame: dict[str, Any]) -> str:
    symbol = f" ({frame['symbol']})" if frame["symbol"] else ""
    return f"{frame['library']}+{frame['offset']:#x}{symbol}"


def _mapping(address: int) -> str:
    """In which file or memory an address lies."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, access, *rest = line.split(maxsplit=5)
        begin, end = (int(edge, 16) for edge in span.split("-"))
        if begin <= address < end:
            return f" in {rest[3] if len(rest) > 3 else 'memory'} ({access})"
    return ", where nothing is"


def _read(address: int, kind: Any) -> int:
    value: int = kind.from_address(address).value
    return value
