"""Curves on a uniform grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.table import monotone_curve, segment, tabulate
from bms_emulator.profile.loader import load_site

CELL = load_site("demo").container.rack.pack.cell


def test_curve_equals_an_independent_implementation() -> None:
    x, y = np.array(CELL.open_circuit.soc), np.array(CELL.open_circuit.hysteresis_mv)
    at = np.linspace(0.0, 1.0, 4001)
    assert monotone_curve(x, y, at) == pytest.approx(PchipInterpolator(x, y)(at), rel=1e-12)


def test_curve_through_two_points_is_straight() -> None:
    at = np.linspace(0.0, 2.0, 9)
    assert monotone_curve(np.array([0.0, 2.0]), np.array([1.0, 5.0]), at) == pytest.approx(1.0 + 2.0 * at)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-6, 10.0), min_size=2, max_size=12))
def test_curve_through_rising_points_rises_and_meets_them(rises: list[float]) -> None:
    y = np.cumsum(rises)
    x = np.linspace(0.0, 1.0, y.size)
    fine = monotone_curve(x, y, np.linspace(0.0, 1.0, 1001))
    assert np.diff(fine).min() >= -1e-12
    assert monotone_curve(x, y, x) == pytest.approx(y)


def test_open_circuit_voltage_rises_everywhere() -> None:
    table = build_plant_model(load_site("demo"), 1).cells.open_circuit
    assert table[:, 1].min() > 0.0
    assert table[1:, 0] == pytest.approx(table[:-1, 0] + table[:-1, 1], abs=1e-15)


def test_table_holds_values_and_rises_of_all_curves() -> None:
    assert tabulate(np.array([1.0, 2.0, 4.0]), np.array([5.0, 3.0, 3.0])).tolist() == [[1, 1, 5, -2], [2, 2, 3, 0]]


@pytest.mark.parametrize(
    ("position", "index", "fraction"), [(-0.5, 0, -0.5), (0.0, 0, 0.0), (1.25, 1, 0.25), (3.0, 2, 1.0), (3.5, 2, 1.5)]
)
def test_position_outside_a_table_belongs_to_its_end(position: float, index: int, fraction: float) -> None:
    assert segment(position, 3.0) == (index, fraction)


def test_segment_is_in_range_even_for_nan() -> None:
    assert 0 <= segment(float("nan"), 3.0)[0] <= 2
