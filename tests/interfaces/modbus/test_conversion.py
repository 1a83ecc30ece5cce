"""Units at the edge: each is a straight line that leads back."""

import math

import pytest

from bms_emulator.interfaces.modbus.conversion import EDGE_UNITS, Conversion, conversion
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site

EVERY = [(own, shown) for own, units in EDGE_UNITS.items() for shown in units]


@pytest.mark.parametrize(("own", "shown"), EVERY)
def test_a_raw_value_leads_back_to_the_value(own: str, shown: str) -> None:
    line = conversion(own, shown, 0.1, 0.0, negate=True)
    for value in (-1.5, 0.0, 273.15, 4e6):
        assert math.isclose(line.value(line.raw(value)), value, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("own", "shown", "value", "expected"),
    [
        ("K", "degC", 298.15, 25.0),
        ("K", "degF", 298.15, 77.0),
        ("J", "kWh", 3.6e6, 1.0),
        ("var s", "kvarh", 7.2e6, 2.0),
        ("C", "Ah", 3600.0, 1.0),
        ("1", "ppm", 1e-6, 1.0),
        ("Pa", "bar", 2.5e5, 2.5),
        ("Ohm", "kOhm", 5e5, 500.0),
        ("1/m", "dB/m", 1.0, 4.3429448),
        ("K/s", "K/min", 0.5, 30.0),
        ("s", "d", 86400.0, 1.0),
    ],
)
def test_units_are_what_they_are(own: str, shown: str, value: float, expected: float) -> None:
    assert conversion(own, shown, 1.0, 0.0, negate=False).raw(value) == pytest.approx(expected)


def test_every_value_can_be_shown_in_its_own_unit() -> None:
    for family in Catalogue(load_site("cabinet")).families.values():
        assert conversion(family.unit, family.unit, 1.0, 0.0, negate=False) == Conversion(1.0, 0.0)
