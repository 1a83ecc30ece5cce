"""Kernels as Python calls them."""

import numpy as np
import pytest

from bms_emulator.jit import bind, kernel


@kernel
def scale(factor, values, out, tick, dt):  # type: ignore[no-untyped-def]
    """Out is factor times values, later in time."""
    total = 0.0
    for n in range(values.size):
        out[n] = factor * values[n] + tick * dt
        total += out[n]
    return total


def test_a_bound_kernel_does_in_every_call_what_the_kernel_does() -> None:
    values, out, expected = np.arange(4.0), np.zeros(4), np.zeros(4)
    bound = bind(scale, 2.0, values, out)
    for tick in range(3):
        values += 1.0
        assert bound.call(tick, 0.1) == scale(2.0, values, expected, tick, 0.1)
        assert (out == expected).all()


def test_kernels_that_are_bound_to_other_types_do_not_disturb_each_other() -> None:
    wide, narrow, out = np.full(3, 0.1), np.full(3, 0.1, np.float32), np.zeros(3)
    first, second = bind(scale, 1.0, wide, out), bind(scale, 1.0, narrow, out)
    for _ in range(2):
        first.call(0, 1.0)
        assert (out == 0.1).all()
        second.call(0, 1.0)
        assert (out == np.float64(np.float32(0.1))).all()


def test_a_bound_kernel_refuses_too_few_arguments_each_time() -> None:
    bound = bind(scale, 1.0, np.zeros(2), np.zeros(2))
    for _ in range(2):
        with pytest.raises(TypeError):
            bound.call(0)
        bound.call(0, 1.0)


@kernel
def exceeds(values, key, most):  # type: ignore[no-untyped-def]
    """Whether a value, less the lowest bit of a key, is more than this."""
    return values[0] - np.float64(key & np.uint64(1)) > most


@kernel
def fail(divisor, by):  # type: ignore[no-untyped-def]
    """Divide whole numbers, unless by nothing."""
    if by == 0:
        raise ZeroDivisionError
    divisor[0] = divisor[0] / by


def test_a_bound_kernel_hands_on_truth_and_numbers_beyond_the_signed_ones() -> None:
    values = np.array([2.5])
    bound = bind(exceeds, values, (1 << 64) - 1)
    assert [bound.call(most) for most in (1.0, 1.4, 1.5, 2.0)] == [True, True, False, False]
    values[0] = 9.0
    assert bound.call(2.0) is True


def test_a_bound_kernel_refuses_a_number_that_its_code_would_take_for_another() -> None:
    bound = bind(scale, 2.0, np.ones(1), np.zeros(1))
    bound.call(0, 1.0)
    with pytest.raises(TypeError, match="scale"):
        bound.call(0.5, 1.0)


def test_a_bound_kernel_that_fails_is_named() -> None:
    bound = bind(fail, np.ones(1))
    bound.call(2)
    with pytest.raises(RuntimeError, match="fail has failed"):
        bound.call(0)
