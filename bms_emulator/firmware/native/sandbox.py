"""What a worker takes from itself before it loads a firmware: memory, files, the network, other processes.

It keeps honest mistakes from doing harm and tells them by name. It is no prison for hostile code.
"""

import ctypes
import fcntl
import os
import platform
import resource
import signal
import struct
from pathlib import Path

from bms_emulator.firmware.native.system_calls import forbidden_calls

FILES = 64
"""Open files."""
RESERVE = 64 << 20
"""Memory with which a worker that is out of it tells so [bytes]."""
THREAD_FLAG = 0x00010000
"""CLONE_THREAD."""

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_RET_TRAP = 0x00030000
_RET_ALLOW = 0x7FFF0000
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH."""
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
"""BPF: ld [k]; jump if A = k, A & k, A >= k; ret k."""
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data."""
_X32 = 0x40000000
_SELF_SIGNALS = ("kill", "tkill", "tgkill")
"""Calls that abort() and raise() use on their own process, which stands in the first argument."""
_OPEN_FLAGS = {"open": 1, "openat": 2}
"""Calls whose argument of that place says whether a file is to be written."""
_STACK_PLACE = 3
_MAP_STACK = 0x20000
"""Flag of mmap with which the C library makes the stack of a thread or of a child process.

It makes the stack while signals are still let through; when it clones they are blocked, and the process would end
without a word.
"""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def end_with(lifeline: int) -> None:
    """Be killed when the other end of a pipe closes, which it does when the emulator ends, however it does."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)
    os.set_blocking(lifeline, False)
    try:
        if os.read(lifeline, 1) == b"":  # closed already
            os._exit(0)
    except BlockingIOError:
        pass


def limit_resources(memory: int, cpu: float) -> None:
    """Set limits on memory [bytes] on top of what is in use, processor time [s], files.

    The hard limit of memory is above the soft one by ``RESERVE``, for the last words.
    """
    soft = memory_in_use() + memory
    for what, limits in (
        (resource.RLIMIT_AS, (soft, soft + RESERVE)),
        (resource.RLIMIT_CPU, (int(cpu) + 1, int(cpu) + 2)),
        (resource.RLIMIT_NOFILE, (FILES, FILES)),
        (resource.RLIMIT_FSIZE, (0, 0)),
        (resource.RLIMIT_CORE, (0, 0)),
    ):
        most = resource.getrlimit(what)[1]
        if most != resource.RLIM_INFINITY:
            limits = (min(limits[0], most), min(limits[1], most))
        resource.setrlimit(what, limits)


def memory_in_use() -> int:
    """Address space of this process [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def forbid_calls() -> str:
    """Let the kernel trap the system calls that a firmware may not use; why it cannot, or nothing.

    A trapped call raises SIGSYS, so that a handler can tell who made it.
    """
    machine = platform.machine()
    if machine not in _MACHINES:
        return f"system calls are not watched: no table of them for {machine}"
    program = _filter(machine)
    libc = ctypes.CDLL(None, use_errno=True)
    filled = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filled), 0, 0
    ):
        return f"system calls are not watched: the kernel refuses it: {os.strerror(ctypes.get_errno())}"
    return ""


def _filter(machine: str) -> bytes:
    """The filter as BPF: what is told from its first argument or its flags, then plain numbers."""
    calls = {call.name: call.number for call in forbidden_calls(machine).values()}
    rows: list[tuple[int, int, int, int]] = [  # code, steps to skip if true, if false, number
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        (_RETURN, 0, 0, _RET_TRAP),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        rows += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _RET_TRAP)]
    told: list[tuple[str, int, int, int, int]] = [
        *((name, _ARGUMENTS, _EQUAL, os.getpid(), _RET_TRAP) for name in _SELF_SIGNALS),
        *((name, _ARGUMENTS + 8 * place, _ANY_BIT, _WRITING, _RET_ALLOW) for name, place in _OPEN_FLAGS.items()),
        ("mmap", _ARGUMENTS + 8 * _STACK_PLACE, _ANY_BIT, _MAP_STACK, _RET_ALLOW),
    ]
    for name, offset, test, operand, otherwise in told:
        if name not in calls:
            continue
        true = _RET_ALLOW if otherwise == _RET_TRAP else _RET_TRAP
        rows += [
            (_EQUAL, 0, 4, calls.pop(name)),
            (_LOAD, 0, 0, offset),
            (test, 0, 1, operand),
            (_RETURN, 0, 0, true),
            (_RETURN, 0, 0, otherwise),
        ]
    for place, number in enumerate(calls.values()):
        rows.append((_EQUAL, len(calls) - place, 0, number))
    rows += [(_RETURN, 0, 0, _RET_ALLOW), (_RETURN, 0, 0, _RET_TRAP)]
    return b"".join(struct.pack("<HBBI", *row) for row in rows)
