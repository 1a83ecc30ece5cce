"""Programs: kernels called one after the other, with arguments that were given once."""

from typing import NamedTuple

import numpy as np
import pytest

from bms_emulator.arrays import Array
from bms_emulator.jit import bind, kernel
from bms_emulator.program import Program


class Line(NamedTuple):
    """A model with all that a model may hold."""

    slope: float
    offsets: Array
    power: int


@kernel
def follow_line(model, position, count, out):
    """out += count * slope * position ** power + offset; position (row, column), out (row,)."""
    for k in range(out.shape[0]):
        out[k] += count[0] * model.slope * position[k, 1] ** model.power + model.offsets[k]


@kernel
def double(out):
    """Twice as much."""
    for k in range(out.shape[0]):
        out[k] *= 2.0


@kernel
def total(row):
    """Sum of a row."""
    result = 0.0
    for k in range(row.shape[0]):
        result += row[k]
    return result


@kernel
def divide(dividend, divisor, out):
    """Of whole numbers, which cannot be divided by all."""
    if divisor[0] == 0:
        raise ZeroDivisionError
    out[0] = dividend / divisor[0]


def columns() -> Array:
    """Rows that do not lie next to each other in memory."""
    return np.arange(24.0).reshape(4, 6)[:, ::3]


def test_a_program_does_what_its_calls_do_one_by_one_in_their_order() -> None:
    model, position, count = Line(0.25, np.array([1.0, -2.0, 3.0, 0.1]), 2), columns(), np.array([7])
    by_program, by_hand = np.ones(4), np.ones(4)
    program = Program(bind(follow_line, model, position, count, by_program), bind(double, by_program))
    for _ in range(3):
        program()
        follow_line(model, position, count, by_hand)
        double(by_hand)
    assert by_program.tolist() == by_hand.tolist()


def test_a_program_sees_what_arrays_hold_now_and_not_what_they_held_when_it_was_made() -> None:
    count, out = np.array([1]), np.zeros(4)
    program = Program(bind(follow_line, Line(1.0, np.zeros(4), 0), columns(), count, out))
    program()
    count[0] = 41
    program()
    assert out.tolist() == [42.0] * 4


def test_programs_with_the_same_kernels_keep_their_arrays_apart() -> None:
    first, second = np.ones(2), np.ones(2)
    programs = Program(bind(double, first)), Program(bind(double, second), bind(double, second))
    for program in programs:
        program()
    assert (first.tolist(), second.tolist()) == ([2.0, 2.0], [4.0, 4.0])


def test_a_program_keeps_alive_what_it_works_on() -> None:
    def make(out: Array) -> Program:
        return Program(bind(follow_line, Line(1.0, np.full(4, 0.5), 1), columns().copy(), np.array([2]), out))

    out = np.zeros(4)
    program = make(out)
    program()
    crowd = [np.full(100, -1.0) for _ in range(1000)]
    program()
    assert out.tolist() == [2 * (2 * x + 0.5) for x in columns()[:, 1]]
    assert len(crowd) == 1000


def test_a_program_of_nothing_does_nothing() -> None:
    Program()()


def test_a_failing_kernel_is_named_and_nothing_after_it_is_called() -> None:
    divisor, out, after = np.array([2]), np.zeros(1), np.ones(1)
    program = Program(bind(divide, 4, divisor, out), bind(double, after))
    program()
    divisor[0] = 0
    with pytest.raises(RuntimeError, match="divide has failed"):
        program()
    assert (out[0], after[0]) == (2.0, 2.0)


def test_a_kernel_that_returns_something_cannot_be_part_of_a_program() -> None:
    with pytest.raises(TypeError, match="total returns something"):
        Program(bind(total, np.ones(3)))()


def test_compiling_in_advance_runs_nothing() -> None:
    out = np.ones(2)
    program = Program(bind(double, out), bind(double, out))
    program.compile_backwards()
    assert out.tolist() == [1.0, 1.0]
    program()
    assert out.tolist() == [4.0, 4.0]
