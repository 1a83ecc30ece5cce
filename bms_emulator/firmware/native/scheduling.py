"""Which share of the processor workers get: beside an engine in the real-time class, they come next after it."""

import contextlib
import os


def next_priority() -> int:
    """Real-time priority of whoever comes next after this process; 0 where it is not in the real-time class."""
    policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
    if policy not in (os.SCHED_FIFO, os.SCHED_RR):
        return 0
    return max(0, os.sched_getparam(0).sched_priority - 1)


def set_priority(pid: int, priority: int) -> None:
    """Put a process into the real-time class with this priority, where that is permitted; 0 takes it out."""
    policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK if priority else os.SCHED_OTHER
    with contextlib.suppress(OSError):
        os.sched_setscheduler(pid, policy, os.sched_param(priority))
