"""Strength over time, stepped in microseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bms_emulator.faults.shape import MICROSECONDS, Periodic, Pulse, Ramp, Random, Shape, Step

SHAPES = [
    Step(),
    Ramp(duration=2.0),
    Pulse(count=3, width=1.0, gap=0.5),
    Pulse(width=0.3),
    Periodic(period=1.0, duty=0.2),
    Random(rate=0.5, width=0.7),
]
TIMES = st.integers(0, 100 * MICROSECONDS)


@pytest.mark.parametrize(
    ("shape", "strengths"),
    [
        (Step(), [1, 1, 1, 1, 1]),
        (Ramp(duration=2.0), [0, 0.25, 0.5, 0.75, 1]),
        (Pulse(count=2, width=0.5), [1, 0, 1, 0, 1]),
        (Pulse(count=2, width=0.5, gap=1.0), [1, 0, 0, 1, 0]),
        (Periodic(period=1.0), [1, 0, 1, 0, 1]),
        (Periodic(period=2.0, duty=0.75), [1, 1, 1, 0, 1]),
    ],
)
def test_strength_every_half_second(shape, strengths):
    assert [shape.at(n * MICROSECONDS // 2, seed=0)[0] for n in range(5)] == strengths


@pytest.mark.parametrize("shape", SHAPES)
@given(elapsed=TIMES, part=st.floats(0, 1, exclude_max=True))
def test_nothing_jumps_before_the_announced_change(shape, elapsed, part):
    strength, until = shape.at(elapsed, seed=3)
    assert 0.0 <= strength <= 1.0
    if until is None:
        assert shape.at(elapsed + 3600 * MICROSECONDS, seed=3) == (strength, None)
        return
    assert until > elapsed
    between = elapsed + int((until - elapsed) * part)
    later, same = shape.at(between, seed=3)
    assert same == until
    assert later >= strength if isinstance(shape, Ramp) else later == strength


def test_pulses_end_with_the_last_one():
    assert Pulse(count=3, width=1.0, gap=0.5).length == 4 * MICROSECONDS
    assert Step().length is None


def _moments(shape: Random, seed: int, count: int) -> list[int]:
    """Beginnings of the first events [µs]."""
    moments, elapsed, before = [], 0, 0.0
    while len(moments) < count:
        strength, until = shape.at(elapsed, seed)
        if strength > before:
            moments.append(elapsed)
        before, elapsed = strength, until
    return moments


def test_equal_seeds_give_equal_moments_and_other_seeds_others():
    shape = Random(rate="6/min", width="200ms")
    assert _moments(shape, 7, 50) == _moments(shape, 7, 50)
    assert _moments(shape, 7, 50) != _moments(shape, 8, 50)


def test_random_events_come_at_their_rate():
    moments = _moments(Random(rate=0.1, width=0.5), 1, 200)
    assert all(n * 10 <= at / MICROSECONDS <= (n + 1) * 10 for n, at in enumerate(moments))
    phases = [at / MICROSECONDS % 10 for at in moments]
    assert 4.0 < sum(phases) / len(phases) < 5.5  # half of (10 s - 0.5 s), within three standard errors


def test_random_events_must_fit_their_rate():
    with pytest.raises(ValidationError, match="more than always"):
        Random(rate=2.0, width=1.0)


def test_a_form_alone_is_a_shape_where_all_else_has_a_default():
    adapter = TypeAdapter(Shape)
    assert adapter.validate_python("step") == Step()
    assert adapter.validate_python({"form": "pulse", "width": "200ms"}) == Pulse(width=0.2)
    with pytest.raises(ValidationError):
        adapter.validate_python("ramp")
