import pytest

from bms_emulator.runtime.pace import Pace

SECOND = 1_000_000_000
DT = 0.1


def ticks(pace: Pace, count: int, period: int, start: int = 0, first: int = 0) -> int:
    for n in range(count):
        pace.tick(start + n * period, (first + n) * DT)
    return start + count * period


def test_nothing_is_claimed_before_two_ticks():
    pace = Pace()
    pace.tick(5, 0.0)
    assert pace.speed == 0.0


@pytest.mark.parametrize("count", [2, 3, 7, 11, 25])
def test_a_punctual_loop_runs_at_real_time_from_its_second_tick_on(count):
    pace = Pace()
    ticks(pace, count, SECOND // 10)
    assert pace.speed == pytest.approx(1.0, rel=1e-9)


def test_a_loop_that_takes_twice_as_long_runs_at_half_speed():
    pace = Pace()
    ticks(pace, 30, SECOND // 5)
    assert pace.speed == pytest.approx(0.5, rel=1e-9)


def test_a_change_of_speed_is_not_averaged_with_what_was_before():
    pace = Pace()
    now = ticks(pace, 30, SECOND // 10)
    pace.change(is_paused=False)
    ticks(pace, 20, SECOND // 100, now, 30)
    assert pace.speed == pytest.approx(10.0, rel=1e-9)


def test_a_pause_is_no_speed_and_does_not_count_afterwards():
    pace = Pace()
    now = ticks(pace, 30, SECOND // 10)
    pace.change(is_paused=True)
    assert pace.speed == 0.0
    pace.change(is_paused=False)
    ticks(pace, 5, SECOND // 10, now + 60 * SECOND, 30)
    assert pace.speed == pytest.approx(1.0, rel=1e-9)
