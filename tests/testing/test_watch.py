"""A claim is decided by what was seen, when it was seen, and by nothing else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.testing.record import Check, Verdict
from bms_emulator.testing.watch import Band, Claim, Watch

DT = 0.1
ABOVE = Band(low=1.0, open=True)


def watched(claim: Claim, values: list[float] | list[list[float]], begin: float = 50.0) -> Check:
    """How a claim was decided over values, one tick after the other."""
    watch = Watch(claim, np.zeros(0, np.int64), begin)
    time = begin
    for n, value in enumerate(values):
        time = begin + n * DT
        watch.feed(time, np.atleast_1d(np.array(value, float)))
    return watch.finish(time)


def claim(**told: object) -> Claim:
    return Claim(**({"what": "x", "point": "p", "names": ("p[1]", "p[2]"), "unit": "V", "band": ABOVE} | told))  # type: ignore[arg-type]


def becomes(end: float, **told: object) -> Claim:
    return claim(mode="become", end=end, **told)


@given(st.integers(0, 30), st.integers(1, 30))
def test_what_must_come_within_a_time_passes_exactly_if_it_comes_by_then(came: int, end: int):
    check = watched(becomes(end * DT), [0.0] * came + [2.0] * (40 - came))
    assert (check.verdict is Verdict.PASSED) == (came <= end)
    if check.verdict is Verdict.PASSED:
        assert check.measured == pytest.approx(came * DT)
        assert check.margin == pytest.approx((end - came) * DT)


@given(st.integers(0, 10), st.integers(0, 10))
def test_what_comes_before_its_time_fails(came: int, after: int):
    check = watched(becomes(2.0, after=after * DT), [0.0] * came + [2.0] * 30)
    assert (check.verdict is Verdict.PASSED) == (came >= after)


@given(st.integers(0, 20))
def test_what_must_hold_fails_if_it_ends_before(held: int):
    check = watched(becomes(1.0, hold=1.0), [0.0] * 3 + [2.0] * held + [0.0] * 30)
    assert (check.verdict is Verdict.PASSED) == (held > 10)


def test_an_end_of_the_test_before_the_end_of_the_window_proves_nothing():
    assert watched(becomes(9.0), [0.0] * 5).verdict is Verdict.INCONCLUSIVE
    assert watched(becomes(9.0, hold=9.0), [2.0] * 5).verdict is Verdict.INCONCLUSIVE
    assert watched(claim(mode="always", end=9.0), [2.0] * 5).verdict is Verdict.INCONCLUSIVE


@given(st.lists(st.floats(-5.0, 5.0), min_size=21, max_size=30))
def test_always_and_never_tell_the_value_that_came_nearest_to_the_end_of_the_band(values: list[float]):
    always, never = (watched(claim(mode=mode, end=2.0), values) for mode in ("always", "never"))
    window = values[:21]
    assert (always.verdict is Verdict.PASSED) == all(value > 1.0 for value in window)
    assert (never.verdict is Verdict.PASSED) == all(value <= 1.0 for value in window)
    if always.verdict is Verdict.PASSED:
        assert always.measured == pytest.approx(min(window))
        assert always.margin == pytest.approx(min(window) - 1.0)
    if never.verdict is Verdict.PASSED:
        assert never.measured == pytest.approx(max(window))
        assert never.margin == pytest.approx(1.0 - max(window))


def test_a_window_that_begins_later_does_not_see_what_was_before():
    late = claim(mode="always", after=1.0, end=2.0)
    assert watched(late, [0.0] * 10 + [2.0] * 11).verdict is Verdict.PASSED
    assert watched(late, [0.0] * 11 + [2.0] * 10).verdict is Verdict.FAILED


@pytest.mark.parametrize(("direction", "passes"), [("rising", True), ("falling", False), ("either", True)])
def test_a_crossing_has_a_direction(direction: str, passes: bool):
    band = Band(high=1.0, open=True) if direction == "falling" else ABOVE
    check = watched(becomes(2.0, band=band, crossing=direction), [0.0] * 5 + [2.0] * 20)
    assert (check.verdict is Verdict.PASSED) == passes


def test_a_value_that_was_there_already_has_not_crossed():
    assert watched(becomes(2.0, crossing="rising"), [2.0] * 25).verdict is Verdict.FAILED
    assert watched(becomes(2.0, crossing="rising"), [2.0, 0.0, 2.0] + [2.0] * 20).verdict is Verdict.PASSED


def test_a_value_on_the_level_has_crossed_once_it_leaves_it_on_the_other_side():
    assert watched(becomes(2.0, crossing="rising"), [0.0, 1.0, math.nan, 1.0, 2.0]).verdict is Verdict.PASSED
    assert watched(becomes(0.4, crossing="rising"), [0.0, 1.0, 1.0, 0.0, 0.0]).verdict is Verdict.FAILED


def test_of_several_points_every_one_is_meant_unless_any_is_enough():
    values = [[2.0, 0.0]] * 5
    every, any_of = (watched(becomes(0.3, every=every), values) for every in (True, False))
    assert (every.verdict, any_of.verdict) == (Verdict.FAILED, Verdict.PASSED)
    assert "p[2] was 0 V" in every.reason


def test_an_invalid_value_is_in_no_band_and_equals_invalid():
    values = [math.nan] * 25
    assert watched(claim(mode="always", end=2.0), values).verdict is Verdict.FAILED
    assert watched(claim(mode="always", end=2.0, band=Band(invalid=True)), values).verdict is Verdict.PASSED
    assert "invalid" in watched(claim(), values).reason


def test_names_stand_for_the_values_that_have_some():
    check = watched(claim(choices={0: "standby"}), [0.0])
    assert check.reason == "p[1] was standby"
