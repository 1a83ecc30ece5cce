"""What a process asks of Linux: to end with its parent, to wake on time, to give way."""

import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_TIMERSLACK = 29

_REALTIME_PRIORITY = 50
_REALTIME_CLASS = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
"""Children, such as a user's firmware that may run for ever, do not inherit it."""
_SERVER_NICE = 10

_LOG_FORMAT = "%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s"


def configure_logging(level: str) -> None:
    """Write one line a record to standard error, which children share with the supervisor."""
    logging.basicConfig(level=level.upper(), format=_LOG_FORMAT, stream=sys.stderr, force=True)


def adopt(name: str, log_level: str) -> None:
    """Make this a well-behaved child: it ends with its parent, leaves Ctrl-C to it, and logs as it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid != os.getppid():  # it died before the line above
        raise SystemExit(1)
    _prctl(_PR_SET_NAME, ctypes.c_char_p(f"bms-{name}".encode()[:15]))
    configure_logging(log_level)


def give_way() -> None:
    """Let the engine go first wherever both want the processor."""
    with contextlib.suppress(OSError):
        os.nice(_SERVER_NICE)


def ignore_garbage() -> None:
    """Collect none while a process starts: nearly all there is will stay, and walking through it takes an eighth."""
    gc.disable()


def freeze_garbage() -> None:
    """Take what lives now out of the garbage collector's sight, so that it never walks through it again."""
    gc.collect()
    gc.freeze()
    gc.enable()


def set_timer_slack() -> bool:
    """Wake when asked to, not up to 50 µs later to save energy. Whether it was granted."""
    return _prctl(_PR_SET_TIMERSLACK, 1) == 0


def set_realtime(wanted: bool) -> bool:
    """Enter or leave the real-time class of the scheduler (SCHED_FIFO). Whether the process is in it now."""
    policy, priority = (_REALTIME_CLASS, _REALTIME_PRIORITY) if wanted else (os.SCHED_OTHER, 0)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO


def _prctl(option: int, argument: object) -> int:
    return int(ctypes.CDLL(None).prctl(option, argument, 0, 0, 0))
