import math

import pytest

from bms_emulator.runtime.clock import MonotonicClock, StepClock
from bms_emulator.runtime.loop import CATCH_UP, SLICE, Gap, Loop, OverrunError

MS = 1_000_000
DT = 0.01
PERIOD = 10 * MS


class Work:
    """Work whose every tick takes as long as the test says; notes when ticks began."""

    def __init__(self, clock: StepClock, ticks: int, cost=lambda n: 0) -> None:
        self.clock = clock
        self.ticks = ticks
        self.cost = cost
        self.commanded = 1.0
        self.began: list[int] = []
        self.gaps: list[Gap] = []
        self.looked: list[int] = []
        self.at_look = lambda: None
        self.late = lambda n: 0

    def speed(self) -> float:
        return self.commanded

    def stopping(self) -> bool:
        return len(self.began) >= self.ticks

    def tick(self) -> None:
        self.began.append(self.clock.now())
        self.clock.advance(self.cost(len(self.began)))

    def hold_up(self) -> None:
        self.clock.advance(self.late(len(self.began) + 1))

    def between(self) -> None:
        self.looked.append(self.clock.now())
        self.at_look()

    def gap(self, gap: Gap) -> None:
        self.gaps.append(gap)


def run(policy="slow", ticks=100, cost=lambda n: 0, dt=DT):
    clock = StepClock()
    work = Work(clock, ticks, cost)
    loop = Loop(work, clock, dt, policy)
    loop.run()
    return loop, work


def stall(at: int, duration: int):
    """Cost of a tick that is free but for one."""
    return lambda n: duration if n == at else 0


def test_ticks_begin_at_absolute_deadlines_so_lateness_never_adds_up():
    _, work = run(cost=lambda n: 3 * MS if n % 7 else 12 * MS)
    on_time = [at for n, at in enumerate(work.began) if at == n * PERIOD]
    assert len(on_time) > 80
    assert work.began[-1] - 99 * PERIOD <= 2 * MS


def test_a_period_that_is_no_whole_number_does_not_drift():
    clock = StepClock()
    work = Work(clock, 30_001)
    work.commanded = 3.0
    Loop(work, clock, DT, "slow").run()
    assert work.began[-1] == pytest.approx(30_000 * PERIOD / 3, abs=1)


@pytest.mark.parametrize("policy", ["strict", "slip", "slow"])
def test_up_to_five_late_ticks_are_caught_up_without_a_gap(policy):
    loop, work = run(policy, cost=stall(10, (1 + CATCH_UP) * PERIOD))
    assert work.gaps == []
    assert loop.ticks_due == loop.ticks_run == 100
    assert loop.ticks_skipped == 0
    assert work.began[99] == 99 * PERIOD


@pytest.mark.parametrize("policy", ["slip", "slow"])
def test_at_most_five_ticks_in_a_row_begin_a_period_late(policy):
    loop, work = run(policy, cost=lambda n: 12 * MS, ticks=300)
    assert work.gaps
    assert loop.ticks_due == loop.ticks_run + loop.ticks_skipped
    assert loop.lateness.maximum < (CATCH_UP + 1) * PERIOD


def test_slip_declares_the_gap_and_keeps_the_schedule():
    loop, work = run("slip", cost=stall(10, 100 * PERIOD))
    assert work.gaps == [Gap(100 - 1 - CATCH_UP, skipped=True)]
    assert loop.ticks_skipped == 94
    assert loop.ticks_due == loop.ticks_run + loop.ticks_skipped == 194
    assert work.began[-1] == 193 * PERIOD  # the 194th deadline of the schedule that began at 0


def test_slow_moves_the_schedule_and_skips_nothing():
    loop, work = run("slow", cost=stall(10, 100 * PERIOD))
    assert work.gaps == [Gap(94, skipped=False)]
    assert loop.ticks_skipped == 0
    assert loop.ticks_due == loop.ticks_run == 100
    assert work.began[-1] == (99 + 94) * PERIOD


def test_strict_stops_with_an_error_that_tells_what_to_do():
    with pytest.raises(OverrunError, match=r"94 ticks behind after 5 .* Lower the speed, lengthen step_ms"):
        run("strict", cost=stall(10, 100 * PERIOD))


@pytest.mark.parametrize("policy", ["slip", "slow"])
def test_whenever_the_loop_waits_all_due_ticks_are_accounted_for(policy):
    costs = [0, 5, 11, 40, 300, 0, 0, 25, 9, 9, 9, 130]
    clock = StepClock()
    work = Work(clock, 500, lambda n: costs[n % len(costs)] * MS)
    loop = Loop(work, clock, DT, policy)
    moved = 0
    wait = clock.wait_until

    def checked(deadline: int) -> None:
        nonlocal moved
        if deadline > clock.now():
            moved = 0 if policy == "slip" else sum(gap.ticks for gap in work.gaps)
            due_by_the_clock = clock.now() // PERIOD + 1 - moved
            assert loop.ticks_due == due_by_the_clock == loop.ticks_run + loop.ticks_skipped
        wait(deadline)

    clock.wait_until = checked
    loop.run()
    assert work.gaps


def test_speed_changes_while_running_make_no_tick_due_by_themselves():
    clock = StepClock()
    work = Work(clock, 60)
    loop = Loop(work, clock, DT, "strict")

    def tick() -> None:
        work.began.append(clock.now())
        work.commanded = {10: 0.1, 20: 100.0, 40: 1.0}.get(len(work.began), work.commanded)

    work.tick = tick
    loop.run()
    steps = [b - a for a, b in zip(work.began, work.began[1:], strict=False)]
    assert steps[:9] == [PERIOD] * 9
    assert set(steps[10:19]) == {10 * PERIOD}
    assert set(steps[20:39]) == {PERIOD // 100}
    assert set(steps[40:]) == {PERIOD}
    assert loop.lateness.maximum == 0


def test_a_higher_speed_takes_effect_while_a_long_wait_lasts():
    clock = StepClock()
    work = Work(clock, 2)
    work.commanded = 0.001  # a tick every ten seconds

    def hurry() -> None:
        work.commanded = 1.0

    work.at_look = hurry
    Loop(work, clock, DT, "strict").run()
    assert work.began == [0, SLICE + PERIOD]


def test_ticks_that_were_due_stay_due_when_the_speed_changes():
    clock = StepClock()
    work = Work(clock, 50)

    def cost(n: int) -> int:
        if n == 10:
            work.commanded = 2.0
            return 4 * PERIOD  # three deadlines pass beside the next
        return 0

    work.cost = cost
    loop = Loop(work, clock, DT, "slip")
    loop.run()
    late = [at for at in work.began if at == work.began[10]]
    assert len(late) == 4
    assert work.began[14] - work.began[13] == PERIOD // 2
    assert loop.ticks_due == loop.ticks_run == 50


def test_a_pause_runs_no_tick_and_owes_none_afterwards():
    clock = StepClock()
    work = Work(clock, 20)

    def cost(n: int) -> int:
        if n == 10:
            work.commanded = 0.0
        return 0

    def resume_later() -> None:
        if clock.now() > 5_000 * MS:
            work.commanded = 1.0

    work.cost, work.at_look = cost, resume_later
    loop = Loop(work, clock, DT, "strict")
    loop.run()
    assert len(work.looked) > 200  # commands are looked at all the time
    assert work.began[9] == 9 * PERIOD
    assert work.began[10] > 5_000 * MS
    assert work.began[19] - work.began[10] == 9 * PERIOD
    assert loop.ticks_due == loop.ticks_run == 20


def test_infinite_speed_never_waits_and_is_never_late():
    clock = StepClock()
    work = Work(clock, 1000, lambda n: MS)
    work.commanded = math.inf
    loop = Loop(work, clock, DT, "strict")
    loop.run()
    assert clock.now() == 1000 * MS
    assert loop.ticks_due == loop.ticks_run == 1000
    assert loop.lateness.count == loop.overruns == 0


def test_overruns_are_ticks_whose_work_outlasts_their_period():
    loop, _ = run(cost=lambda n: 11 * MS if n % 10 == 0 else 5 * MS)
    assert loop.overruns == 10
    assert loop.compute.maximum == 11 * MS


def test_commands_are_looked_at_during_long_waits():
    loop, work = run(ticks=3, dt=1.0)
    assert loop.ticks_run == 3
    assert max(b - a for a, b in zip(work.looked, work.looked[1:], strict=False)) <= 2 * SLICE


def test_the_monotonic_clock_never_returns_early():
    clock = MonotonicClock()
    for wait in (-1000, 0, 1, 300_000):
        deadline = clock.now() + wait
        clock.wait_until(deadline)
        assert clock.now() >= deadline
