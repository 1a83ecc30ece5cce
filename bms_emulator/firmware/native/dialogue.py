"""What a rack says to its worker: one call at a time, begun at one tick and answered at the same or a later one."""

from collections.abc import Callable
from enum import StrEnum

from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.scheduling import set_priority
from bms_emulator.firmware.native.worker import LAST_WORDS, Worker

Now = Callable[[], float]
"""Real time [s]."""


class Call(StrEnum):
    """What a worker has been asked for."""

    START = "start"
    RESET = "reset"
    STEP = "step"
    MEMORY = "memory"
    """Its persistent memory."""


class Dialogue:
    """A worker, and the call to it that is under way.

    Args:
        worker: That was just launched.
        now: Real time of that [s].
        reset: The first reset that it gets.
        limit: Longest time of any call but the start [s of real time]; None is for ever, also for the start.

    Attributes:
        worker: The worker.
        reset: The first reset that it gets.
        call: What is under way; None where it waits for the next call.
        begun: Real time at which that was begun [s].
    """

    def __init__(self, worker: Worker, now: float, reset: Reset, limit: float | None) -> None:
        self.worker = worker
        self.reset = reset
        self.call: Call | None = Call.START
        self.begun = now
        self._limit = limit
        self._given_up: float | None = None  # real time at which it was asked for its last words [s]
        self._priority = 0

    def step(self, now: float, t_ns: int, dt_ns: int, periods: int) -> None:
        """Begin a step; see :meth:`Worker.begin`. now: real time [s]. FirmwareError: it is dead; so do the next two."""
        self.worker.begin(t_ns, dt_ns, periods)
        self._begin(Call.STEP, now)

    def start_anew(self, now: float) -> None:
        """Begin the first reset."""
        self.worker.begin_reset(self.reset)
        self._begin(Call.RESET, now)

    def remember(self, now: float) -> None:
        """Begin to ask for the persistent memory."""
        self.worker.begin_persistent()
        self._begin(Call.MEMORY, now)

    def is_answered(self, now: Now, timeout: float | None) -> bool:
        """Whether the answer is there, for :meth:`Worker.finish` or :meth:`Worker.take`.

        A worker that has taken too long is asked for its last words, and then killed.

        Args:
            now: Real time.
            timeout: Longest wait for it [s of real time]; None waits as long as the call may take.

        Raises:
            FirmwareError: It has taken too long, or has died.
        """
        worker = self.worker
        limit = self._longest()
        has_answer = worker.poll(limit if timeout is None else timeout)
        if self._given_up is not None:
            if has_answer or now() - self._given_up > LAST_WORDS:
                raise worker.hung(0.0)
            return False
        if has_answer:
            self.call = None
            return True
        if timeout is None:
            raise worker.hung()
        if limit is not None and now() - self.begun > limit:
            self._given_up = now()
            worker.give_up()
        return False

    def set_priority(self, priority: int) -> None:
        """Run the worker in the real-time class of the scheduler, with this priority; 0 is like any other process."""
        if priority != self._priority:
            self._priority = priority
            set_priority(self.worker.pid, priority)

    def _longest(self) -> float | None:
        """How long the present call may take [s]."""
        if self._limit is not None and self.call is Call.START:
            return self.worker.limits.start_time
        return self._limit

    def _begin(self, call: Call, now: float) -> None:
        self.call, self.begun = call, now
