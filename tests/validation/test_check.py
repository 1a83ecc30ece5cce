"""Rows: how far ours is from a reference, and when that holds."""

import math

import pytest

from bms_emulator import page
from bms_emulator.validation import wording
from bms_emulator.validation.check import Row

SOURCE = "[D] by hand"


def close(ours: float) -> Row:
    return Row.close("r", ours, 10.0, 0.5, "V", SOURCE)


@pytest.mark.parametrize(("ours", "held"), [(9.49, False), (9.5, True), (10.0, True), (10.5, True), (10.51, False)])
def test_a_number_holds_within_its_tolerance(ours: float, held: bool) -> None:
    assert close(ours).held is held
    assert close(ours).difference == pytest.approx(ours - 10.0)


@pytest.mark.parametrize(
    ("ours", "difference", "held"), [(0.8, -0.2, False), (0.95, -0.05, True), (1.5, 0.0, True), (2.2, 0.2, False)]
)
def test_a_range_holds_inside_and_by_its_tolerance_outside(ours: float, difference: float, held: bool) -> None:
    row = Row.within("r", ours, (1.0, 2.0), 0.1, "1", SOURCE)
    assert (row.held, row.difference) == (held, pytest.approx(difference))


def test_a_bound_holds_on_its_right_side_only() -> None:
    assert Row.at_most("r", 2.0, 2.0, "K", SOURCE).held
    assert not Row.at_most("r", 2.0001, 2.0, "K", SOURCE).held
    assert Row.at_least("r", 2.0, 2.0, "K", SOURCE).held
    assert not Row.at_least("r", 1.9999, 2.0, "K", SOURCE).held


def test_what_is_shown_beside_a_number_does_not_count() -> None:
    beside = Row.beside("r", 2.15, 3.74, "K", SOURCE, "the heat is not told")
    assert beside.held
    assert wording.verdict(beside) == "not judged"
    assert wording.tally([close(10.0), close(11.0), beside]) == "1 of 2 rows held, 1 not judged"
    assert not Row.beside("r", math.inf, 3.74, "K", SOURCE, "").held


@pytest.mark.parametrize("ours", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_never_holds(ours: float) -> None:
    assert not close(ours).held
    assert not Row.within("r", ours, (1.0, 2.0), 5.0, "1", SOURCE).held


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.56, "1,235"),
        (94.6874, "94.69"),
        (0.0171132, "0.01711"),
        (-0.2626, "−0.2626"),
        (2.34e-14, "2.3 × 10⁻¹⁴"),
        (-2.34e-14, "−2.3 × 10⁻¹⁴"),
        (math.nan, "no number"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_read_as_people_write_them(value: float, text: str) -> None:
    assert page.number(value) == text


def test_a_row_reads_with_its_units() -> None:
    row = Row.within("r", 95.0, (89.5, 92.5), 0.5, "%", SOURCE)
    texts = [wording.reference(row), wording.quantity(row.ours, row), wording.difference(row), wording.tolerance(row)]
    assert texts == ["89.5 to 92.5 %", "95 %", "+2.5 %", "± 0.5 %"]
    assert wording.reference(Row.at_most("r", 1.0, 37.6, "kW", SOURCE)) == "≤ 37.6 kW"
    assert wording.reference(Row.at_least("r", 1.0, 314.0, "Ah", SOURCE)) == "≥ 314 Ah"
