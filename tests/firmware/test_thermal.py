"""Thermal management: requests with hysteresis."""

import math

import pytest

from bms_emulator.firmware.reference.thermal import CIRCULATION, COOLING, HEATING, STANDBY
from bms_emulator.units import kelvin
from tests.firmware.rig import Rig


def request(rig: Rig, coldest: float, hottest: float) -> float:
    """Request at these extremes [°C]."""
    rig.measured.temperature.fill(kelvin((coldest + hottest) / 2))
    rig.measured.temperature[0, 0] = kelvin(coldest)
    rig.measured.temperature[2, 0] = kelvin(hottest)
    rig.step()
    return float(rig.bank.chiller_request[0])


def test_cooling_begins_at_its_upper_and_ends_at_its_lower_temperature() -> None:
    rig = Rig()
    seen = [request(rig, 24.0, hottest) for hottest in (27.9, 28.0, 27.0, 26.6, 26.4, 27.9)]
    assert seen == [STANDBY, COOLING, COOLING, COOLING, STANDBY, STANDBY]


def test_heating_begins_below_its_lower_and_ends_at_its_upper_temperature() -> None:
    rig = Rig()
    seen = [request(rig, coldest, 14.0) for coldest in (12.1, 11.9, 13.0, 13.4, 13.5, 12.1)]
    assert seen == [STANDBY, HEATING, HEATING, HEATING, STANDBY, STANDBY]


def test_the_set_point_is_that_of_the_request() -> None:
    rig = Rig()
    request(rig, 24.0, 29.0)
    assert rig.bank.chiller_setpoint[0] == pytest.approx(kelvin(22.0))
    request(rig, 5.0, 9.0)
    assert rig.bank.chiller_setpoint[0] == pytest.approx(kelvin(25.0))


def test_a_spread_circulates_until_it_has_fallen_by_the_hysteresis() -> None:
    rig = Rig()
    seen = [request(rig, 20.0, 20.0 + spread) for spread in (4.9, 5.1, 4.0, 3.6, 3.4, 4.9)]
    assert seen == [STANDBY, CIRCULATION, CIRCULATION, CIRCULATION, STANDBY, STANDBY]


def test_cooling_comes_before_heating() -> None:
    assert request(Rig(), 5.0, 35.0) == COOLING


def test_the_request_stands_while_no_temperature_is_valid() -> None:
    rig = Rig()
    assert request(rig, 24.0, 29.0) == COOLING
    rig.measured.temperature.fill(math.nan)
    rig.step()
    assert rig.bank.chiller_request[0] == COOLING


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((math.nan, math.nan, math.nan), CIRCULATION),
        ((math.nan, STANDBY, math.nan), CIRCULATION),
        ((math.nan, HEATING, math.nan), HEATING),
        ((HEATING, COOLING, STANDBY), COOLING),
    ],
)
def test_the_most_urgent_of_all_requests_is_passed_on(asked: tuple[float, float, float], expected: float) -> None:
    rig = Rig()
    rig.racks.chiller_request[...] = asked
    assert request(rig, 20.0, 25.5) == expected


def test_what_a_rack_asked_is_forgotten_with_its_request() -> None:
    rig = Rig()
    rig.racks.chiller_request[1] = COOLING
    assert request(rig, 25.0, 27.0) == COOLING
    rig.racks.chiller_request[1] = math.nan
    assert request(rig, 25.0, 27.0) == STANDBY
