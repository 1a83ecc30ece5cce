"""The loop: when a tick is due, and what happens when it is late.

Deadlines stand on a schedule of absolute times, one period (dt / speed) apart, so lateness never adds up. Ticks that
are due are run back to back, but at most five in a row that begin a whole period late or more. If the loop is then
still behind, the overrun policy decides about the ticks that are due beyond the present one:

    strict   stop with an error
    slip     declare them skipped; simulated time falls behind the clock by the gap
    slow     move the schedule by them; simulated time runs slower than asked

So ticks_due = ticks_run + ticks_skipped holds at every tick, and nothing is left out silently.
"""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from bms_emulator.runtime.clock import Clock
from bms_emulator.runtime.punctuality import Histogram

CATCH_UP = 5
"""Ticks in a row that may begin a period late or more."""
SLICE = 20_000_000
"""Longest wait without a look at commands [ns]."""

Policy = Literal["strict", "slip", "slow"]


class OverrunError(RuntimeError):
    """The loop fell behind for good and its policy is strict."""


@dataclass(frozen=True)
class Gap:
    """Ticks that were due and were not run.

    Attributes:
        ticks: How many.
        skipped: Whether they are declared skipped; else the schedule moved by them.
    """

    ticks: int
    skipped: bool


class Work(Protocol):
    """What the loop drives."""

    def speed(self) -> float:
        """Simulated seconds per second: 0 pauses, infinity runs without waiting."""

    def stopping(self) -> bool:
        """Whether the loop shall end."""

    def hold_up(self) -> None:
        """Be late on purpose, before a tick that is due begins."""

    def tick(self) -> None:
        """Do one tick, with the commands that wait for it."""

    def between(self) -> None:
        """Look at commands while no tick is due."""

    def gap(self, gap: Gap) -> None:
        """Take note of ticks that are not run."""


class Loop:
    """Paces work by a clock; counts and times what it does.

    Args:
        work: What to drive.
        clock: Paced by this.
        dt: Simulated time of a tick [s].
        policy: What happens when the loop falls behind for good.

    Attributes:
        ticks_due: Ticks that the schedule asked for, up to the present one.
        ticks_run: Ticks run.
        ticks_skipped: Ticks declared skipped.
        overruns: Ticks whose work outlasted their period.
        lateness: From deadline to beginning of the tick.
        compute: From beginning to end of the tick.
    """

    def __init__(self, work: Work, clock: Clock, dt: float, policy: Policy) -> None:
        self.ticks_due = 0
        self.ticks_run = 0
        self.ticks_skipped = 0
        self.overruns = 0
        self.lateness = Histogram()
        self.compute = Histogram()
        self._work = work
        self._clock = clock
        self._dt = dt
        self._policy = policy
        self._speed = 0.0
        self._period = math.inf  # [ns]; infinite while paused, zero when free-running
        self._origin = 0  # deadline number 0 of the schedule [ns]
        self._number = 0  # of the next deadline
        self._late_in_a_row = 0

    def run(self) -> None:
        """Drive the work until it asks to stop.

        Raises:
            OverrunError: The loop fell behind for good and the policy is strict.
        """
        work, clock = self._work, self._clock
        while not work.stopping():
            speed = work.speed()
            if speed != self._speed:
                self._set_speed(speed)
            if self._period == 0.0:
                self._tick(clock.now())
                continue
            now = clock.now()
            wait = self._deadline - now
            if wait > SLICE:
                clock.wait_until(now + SLICE)
                work.between()
                continue
            clock.wait_until(now + int(wait))
            work.hold_up()
            self._tick_due()

    def count_first(self) -> None:
        """Count a tick that was run before the loop: it compiles, so no deadline could be set for it."""
        self.ticks_due += 1
        self.ticks_run += 1

    @property
    def _deadline(self) -> float:
        """Of the next tick [ns]: a whole number, infinite while paused."""
        if self._period == math.inf:
            return math.inf
        return self._origin + round(self._number * self._period)

    def _set_speed(self, speed: float) -> None:
        """Begin a new schedule; ticks that are due stay due, none becomes due by the change itself."""
        now, deadline = self._clock.now(), self._deadline
        period = math.inf if speed == 0.0 else 0.0 if speed == math.inf else self._dt / speed * 1e9
        if 0.0 < period < math.inf:
            if not 0.0 < self._period < math.inf:
                self._origin = now
            elif deadline > now:
                self._origin = min(int(deadline), now + round(period))
            else:
                self._origin = now - round((now - deadline) // self._period * period)
            self._number = 0
        self._speed, self._period = speed, period
        self._late_in_a_row = 0

    def _tick_due(self) -> None:
        started = self._clock.now()
        behind = self._behind(started)
        if behind == 0:
            self._late_in_a_row = 0
        elif self._late_in_a_row < CATCH_UP:
            self._late_in_a_row += 1
        else:
            self._give_up(behind)
            self._late_in_a_row = 0
        self.lateness.add(max(0, started - int(self._deadline)))
        self._number += 1
        self._tick(started)

    def _behind(self, now: int) -> int:
        """Ticks that are due beyond the present one: whole periods since its deadline."""
        return max(0, int((now - self._deadline) // self._period))

    def _give_up(self, behind: int) -> None:
        if self._policy == "strict":
            raise OverrunError(
                f"{behind} ticks behind after {CATCH_UP} in a row that began late; a tick takes "
                f"{self.compute.recent()[0] * 1e3:.3f} ms (median) of {self._period * 1e-6:.3f} ms. "
                "Lower the speed, lengthen step_ms, or set overrun to slip or slow"
            )
        skipped = self._policy == "slip"
        if skipped:
            self._number += behind
            self.ticks_due += behind
            self.ticks_skipped += behind
        else:
            self._origin += round(behind * self._period)
        self._work.gap(Gap(behind, skipped))

    def _tick(self, started: int) -> None:
        self.ticks_due += 1
        self.ticks_run += 1
        self._work.tick()
        took = self._clock.now() - started
        self.compute.add(took)
        if took > self._period > 0.0:
            self.overruns += 1
