"""Laws of dispatch."""

import math

from hypothesis import given
from hypothesis import strategies as st

from hil.ems.dispatch import Plan, Share, is_night, ramp, split, wanted_power
from hil.ems.units import HOUR

PLAN = Plan(import_limit=3e6, margin=6e4)
NOON = 12 * HOUR

powers = st.floats(0.0, 5e6)
shares = st.lists(st.builds(Share, powers, powers, st.floats(0.0, 1e10), st.floats(0.0, 1e10)), max_size=5)


@given(st.floats(-1e7, 1e7), shares)
def test_no_battery_gets_more_than_it_can_do(power: float, shares: list[Share]) -> None:
    for given_, share in zip(split(power, shares), shares, strict=True):
        assert -share.charge * (1 + 1e-9) <= given_ <= share.discharge * (1 + 1e-9)


@given(st.floats(-1e7, 1e7), shares)
def test_batteries_give_what_is_wanted_as_far_as_they_can(power: float, shares: list[Share]) -> None:
    able = (
        sum(s.discharge if s.energy else 0.0 for s in shares) if power >= 0 else sum(s.charge for s in shares if s.room)
    )
    assert math.isclose(abs(sum(split(power, shares))), min(abs(power), able), rel_tol=1e-9, abs_tol=1e-3)


@given(st.floats(0.0, 1e7), st.floats(0.0, 86400.0), st.floats(0.0, 1.0))
def test_what_is_wanted_keeps_the_limit_of_the_grid(demand: float, time_of_day: float, soc: float) -> None:
    assert demand - wanted_power(PLAN, demand, time_of_day, soc) <= PLAN.import_limit


def test_by_day_batteries_charge_from_the_sun_only() -> None:
    assert wanted_power(PLAN, -5e5, NOON, 0.5) == -5e5
    assert wanted_power(PLAN, 1e6, NOON, 0.5) == 0.0


def test_at_night_they_charge_from_the_grid_up_to_their_target() -> None:
    assert wanted_power(PLAN, 1e6, 23 * HOUR, 0.5) == -(3e6 - 6e4 - 1e6)
    assert wanted_power(PLAN, 1e6, 23 * HOUR, 0.9) == 0.0


def test_a_night_may_pass_midnight() -> None:
    assert [is_night(PLAN, hour * HOUR) for hour in (21.9, 22.0, 0.0, 5.9, 6.0)] == [False, True, True, True, False]


@given(st.floats(-5e6, 5e6), st.floats(-5e6, 5e6), st.floats(0.0, 1e6))
def test_power_rises_by_its_ramp_and_falls_at_once(last: float, target: float, most: float) -> None:
    power = ramp(last, target, most)
    start = abs(last) if last * target > 0.0 else 0.0
    assert abs(power) <= max(abs(target), 0.0) + 1e-6
    assert abs(power) <= start + most + 1e-6
