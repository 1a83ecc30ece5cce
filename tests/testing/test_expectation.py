"""Expectations are read as people write them, and refused where they mean nothing."""

import pytest

from bms_emulator.interfaces.link import Event
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.testing.expectation import Expectation, ExpectationError, nothing_else_tripped
from bms_emulator.testing.record import Verdict
from bms_emulator.testing.tripped import unknown_alarms


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(load_site("cabinet"))


def band(catalogue: Catalogue, **written: object) -> tuple[float, float]:
    found = Expectation.read(written).watch(catalogue).claim.band  # type: ignore[arg-type]
    return found.low, found.high


def test_units_names_and_numbers_mean_the_same_as_in_a_write(catalogue):
    assert band(catalogue, point="rack[1].cell_voltage_max", between=["3600mV", 3.7]) == (3.6, 3.7)
    assert band(catalogue, point="rack[1].mode", equals="connected") == (4.0, 4.0)
    assert band(catalogue, point="rack[1].connected", equals=True) == (1.0, 1.0)
    assert band(catalogue, point="rack[1].soc", equals="50%", tolerance="2%") == pytest.approx((0.48, 0.52))
    assert band(catalogue, point="rack[1].temperature_max", at_most="45degC")[1] == pytest.approx(318.15)
    assert band(catalogue, point="rack[1].temperature_max", equals="25degC", tolerance="2K") == pytest.approx(
        (296.15, 300.15)
    )


def test_the_mode_follows_from_the_times_that_are_given():
    def mode(**times: object) -> str:
        return Expectation.read({"point": "rack[1].soc", "above": 0.1, **times}).mode

    assert mode() == "now"
    assert mode(within="5s") == "become"
    assert mode(always="5s", after="1s") == "always"
    assert mode(never="end") == "never"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({}, "needs one of equals, above"),
        ({"above": 1, "below": 2}, "there is above and below"),
        ({"above": 1, "within": "1s", "always": "2s"}, "at most one of within, always, never"),
        ({"above": 1, "within": "5s", "after": "6s"}, "after must not be later than within"),
        ({"above": 1, "hold": "1s"}, "hold goes with within only"),
        ({"crosses": 1}, "crosses needs within or never"),
        ({"crosses": 1, "within": "5s", "hold": "1s"}, "hold needs a direction"),
        ({"above": 1, "direction": "rising"}, "direction goes with crosses only"),
        ({"above": 1, "withn": "1s"}, "near: within"),
        ({"above": 1, "within": "5V"}, "'V' is no unit of time"),
    ],
)
def test_an_expectation_that_means_nothing_is_refused(written, told):
    with pytest.raises(ExpectationError, match=told):
        Expectation.read({"point": "rack[1].soc", **written})


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"point": "rack[1].socc", "above": 0.1}, "no such point"),
        ({"point": "rack[1].mode", "equals": "closed"}, "connected"),
        ({"point": "rack[1].soc", "equals": 0.5}, "equals needs a tolerance"),
        ({"point": "rack[1].soc", "between": [0.9, 0.1]}, "there is nothing"),
        ({"point": "rack[1].*", "above": 1}, "points of different kinds"),
        ({"point": "rack[1].soc", "equals": 0.5, "tolerance": -0.1}, "must be >= 0"),
    ],
)
def test_an_expectation_that_does_not_fit_its_point_is_refused(catalogue, written, told):
    with pytest.raises(ExpectationError, match=told):
        Expectation.read(written).watch(catalogue)


def rise(alarm: str, time: float = 1.0, source: str = "container[1].rack[3]", level: int = 2) -> Event:
    return Event(1, 1, time, "alarm", source, {"alarm": alarm, "level": level, "previous": 0})


@pytest.mark.parametrize(
    "named", ["cell_overvoltage", "rack[3].cell_overvoltage", "rack[*].cell_overvoltage", "cell_*"]
)
def test_an_alarm_that_is_named_may_trip(named):
    assert nothing_else_tripped([rise("cell_overvoltage")], [named]).verdict is Verdict.PASSED


@pytest.mark.parametrize("named", [(), ("rack[4].cell_overvoltage",), ("fire",)])
def test_an_alarm_that_is_not_named_fails(named):
    check = nothing_else_tripped([rise("cell_overvoltage", 7.0)], named)
    assert check.verdict is Verdict.FAILED
    assert "rack[3].cell_overvoltage at 7 s" in check.reason


def test_alarms_that_fall_or_lie_outside_the_window_do_not_count():
    fallen = Event(1, 1, 5.0, "alarm", "container[1]", {"alarm": "fire", "level": 0, "previous": 2})
    assert nothing_else_tripped([fallen, rise("fire", 20.0)], (), 0.0, 10.0).verdict is Verdict.PASSED


def test_faults_of_the_pcs_have_tripped_too():
    tripped = Event(1, 1, 1.0, "state", "pcs[1]", {"point": "faults", "value": 4, "previous": 0})
    assert nothing_else_tripped([tripped]).reason == "pcs[1].pcs_faults at 1 s"


def test_an_alarm_that_there_is_not_is_told_with_what_is_near():
    (message,) = unknown_alarms(load_site("cabinet"), ["cell_overvoltge"])
    assert "near: cell_overvoltage" in message
