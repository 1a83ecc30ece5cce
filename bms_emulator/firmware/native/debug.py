"""A debugger on a firmware's worker: who waits for it, and how one sees that it holds the process."""

import ctypes
from collections.abc import Callable
from pathlib import Path

_PR_SET_NAME = 15
_PR_SET_PTRACER = 0x59616D61
_PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)
_STOPPED = frozenset("tT")
"""States of a process that a debugger, or a signal, has stopped."""
_GONE = frozenset("ZX")
_NO_STATE = "X"
AWAITING = "bms-awaits-gdb"
"""Name of a process whose library is loaded and which waits for a debugger: breakpoints by name can be set now."""


def call_process(name: str) -> None:
    """Give this process a name, at most 15 characters, which others see."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()), 0, 0, 0)


def allow_debugger() -> None:
    """Let any process of the same user attach to this one, also where the kernel restricts that to parents."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_PTRACER, _PR_SET_PTRACER_ANY, 0, 0, 0)  # fails where the kernel has no such restriction


def tracer(pid: int) -> int:
    """Process id of the debugger that is attached to a process; 0 where there is none, or no such process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("TracerPid:")), 0)


def is_stopped(pid: int) -> bool:
    """Whether a process stands still in a debugger, or was stopped by a signal."""
    return _state(pid) in _STOPPED


def wait_for_debugger(pid: int, rack: str, tell: Callable[[str], None], pause: Callable[[], bool]) -> bool:
    """Wait until a process has loaded its library, tell how to attach a debugger, and wait until one is.

    Args:
        pid: The process.
        rack: Whose firmware it runs.
        tell: Takes the message with the command that attaches one.
        pause: Waits a little; returns False where the waiting is to end.

    Returns:
        Whether a debugger is attached; not where the waiting ended, or the process did.
    """
    while _name(pid) != AWAITING and not tracer(pid):
        if _state(pid) in _GONE or not pause():
            return False
    tell(f"{rack}: its firmware is process {pid} and waits for a debugger: gdb -p {pid}")
    while not tracer(pid):
        if _state(pid) in _GONE or not pause():
            return False
    return True


def _name(pid: int) -> str:
    """What a process calls itself; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _state(pid: int) -> str:
    """The letter that the kernel has for what the process does."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return _NO_STATE
    return text.rpartition(")")[2].split()[0]
