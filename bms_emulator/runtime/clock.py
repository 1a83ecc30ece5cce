"""Clocks that the loop can be paced by: the machine's, and one that a test advances."""

import ctypes
import time
from typing import Protocol

_CLOCK_MONOTONIC = 1
_TIMER_ABSTIME = 1


class Clock(Protocol):
    """Time that never goes back, in whole nanoseconds from an arbitrary beginning."""

    def now(self) -> int:
        """Present time [ns]."""

    def wait_until(self, deadline: int) -> None:
        """Return as soon as possible after that time [ns]; at once where it is past."""


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class MonotonicClock:
    """The machine's monotonic clock, waited for at absolute times.

    A relative sleep that is preempted between reading the clock and falling asleep wakes late by as much; an absolute
    one does not. Polling over the last microseconds was tried: it improves the median (23 instead of 90 µs) and not the
    tail, which belongs to the scheduler.
    """

    def __init__(self) -> None:
        self._sleep = ctypes.CDLL(None).clock_nanosleep
        self._until = _Timespec()
        self._pointer = ctypes.byref(self._until)

    def now(self) -> int:
        """Present time [ns]."""
        return time.monotonic_ns()

    def wait_until(self, deadline: int) -> None:
        """Return as soon as possible after that time [ns]; at once where it is past."""
        self._until.tv_sec, self._until.tv_nsec = divmod(deadline, 1_000_000_000)
        while time.monotonic_ns() < deadline:  # a signal ends a sleep early
            self._sleep(_CLOCK_MONOTONIC, _TIMER_ABSTIME, self._pointer, None)


class StepClock:
    """A clock that moves only when it is told to, or when someone waits."""

    def __init__(self) -> None:
        self._now = 0

    def now(self) -> int:
        """Present time [ns]."""
        return self._now

    def wait_until(self, deadline: int) -> None:
        """Jump to that time [ns]."""
        self._now = max(self._now, deadline)

    def advance(self, duration: int) -> None:
        """Let time pass [ns], as work does."""
        self._now += duration
