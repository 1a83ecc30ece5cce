import pytest

from bms_emulator.cli.texts import elapsed, kilowatts, number


@pytest.mark.parametrize(
    ("value", "shown"), [(-0.04, "0.0 V"), (0.0, "0.0 V"), (-0.06, "-0.1 V"), (1370.25, "1,370.2 V"), (None, "-")]
)
def test_there_is_no_negative_zero_and_an_invalid_reading_is_a_dash(value, shown):
    assert number(value, 1, "V") == shown


def test_power_is_in_kilowatts():
    assert kilowatts(-1.2e6) == "-1,200 kW"
    assert kilowatts(-200.0) == "0 kW"
    assert kilowatts(None) == "-"


@pytest.mark.parametrize(("seconds", "shown"), [(59.9, "00:00:59"), (3661.0, "01:01:01"), (90061.0, "1 d 01:01:01")])
def test_time_is_days_and_hours(seconds, shown):
    assert elapsed(seconds) == shown
