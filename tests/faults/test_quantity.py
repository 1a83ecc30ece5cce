"""Quantities: exact, and clear about what they do not take."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.faults import quantity as q

DIMENSIONS = [
    q.TIME,
    q.VOLTAGE,
    q.CURRENT,
    q.RESISTANCE,
    q.TEMPERATURE,
    q.TEMPERATURE_DIFFERENCE,
    q.MASS_FLOW,
    q.RATIO,
    q.FREQUENCY,
    q.VOLTAGE.per_time(),
]
NUMBERS = st.decimals(-10_000_000, 10_000_000, allow_nan=False, allow_infinity=False, places=6)


@pytest.mark.parametrize(
    ("text", "dimension", "si"),
    [
        ("3.70V", q.VOLTAGE, 3.7),
        ("-30 mV", q.VOLTAGE, -0.03),
        ("0.5ohm", q.RESISTANCE, 0.5),
        ("180mΩ", q.RESISTANCE, 0.18),
        ("10s", q.TIME, 10.0),
        ("+5s", q.TIME, 5.0),
        ("2m", q.TIME, 120.0),
        ("800ms", q.TIME, 0.8),
        ("1e3us", q.TIME, 0.001),
        ("-40degC", q.TEMPERATURE, 233.15),
        ("25 °C", q.TEMPERATURE, 298.15),
        ("300K", q.TEMPERATURE, 300.0),
        ("20%", q.RATIO, 0.2),
        ("0.2", q.RATIO, 0.2),
        (".5", q.RATIO, 0.5),
        ("6/min", q.FREQUENCY, 0.1),
        ("1mV/s", q.VOLTAGE.per_time(), 0.001),
        ("3.6V/h", q.VOLTAGE.per_time(), 0.001),
        ("500g/s", q.MASS_FLOW, 0.5),
        (3, q.VOLTAGE, 3.0),
        (233.15, q.TEMPERATURE, 233.15),
    ],
)
def test_texts_and_numbers_become_si(text, dimension, si):
    assert q.quantity(text, dimension) == si


@given(NUMBERS, st.sampled_from([(d, unit) for d in DIMENSIONS for unit in d.units]), st.sampled_from(["", " ", "  "]))
def test_scaling_is_exact_in_decimal(number, dimension_unit, blank):
    dimension, unit = dimension_unit
    exact = number * dimension.units[unit] + dimension.shifts.get(unit, Decimal(0))
    assert q.quantity(f"{number}{blank}{unit}", dimension) == float(exact)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(DIMENSIONS))
def test_numbers_are_si_already(number, dimension):
    assert q.quantity(number, dimension) == number


@given(st.text(max_size=12), st.sampled_from(DIMENSIONS))
def test_any_text_is_a_finite_number_or_a_value_error(text, dimension):
    with contextlib.suppress(ValueError):
        assert abs(q.quantity(text, dimension)) < float("inf")


@pytest.mark.parametrize(
    ("value", "dimension", "message"),
    [
        ("0.5V", q.RESISTANCE, "'V' is no unit of resistance; allowed: ohm"),
        ("25", q.TEMPERATURE, "needs a unit, one of K, degC"),
        ("fast", q.TIME, "is no time; write a number"),
        ("", q.TIME, "is no time"),
        ("1e999s", q.TIME, "no finite time"),
        (float("nan"), q.TIME, "no finite time"),
        (True, q.TIME, "is no time"),
        (None, q.TIME, "is no time"),
        ("5degC", q.TEMPERATURE_DIFFERENCE, "allowed: K, mK"),
    ],
)
def test_an_error_says_what_is_allowed(value, dimension, message):
    with pytest.raises(ValueError, match=message):
        q.quantity(value, dimension)
