"""Conditions, leases and several faults at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.faults.condition import read_condition
from bms_emulator.faults.engine import FaultError
from bms_emulator.points.catalogue import Catalogue
from tests.faults.conftest import Bench

PUMP = "container[1].pump"
TWO = "container[1..2].rack[*].soc < 20%"


def soc(bench: Bench, value: float, rack: int = 2) -> None:
    bench.arena["firmware.racks.soc"][rack] = value


def events(bench: Bench) -> list[str]:
    return [event["action"] for event in bench.faults.take_events()]


def test_a_fault_begins_when_its_condition_is_met_and_lasts_from_then_on(bench: Bench) -> None:
    bench.add("stop", PUMP, when="container[1].rack[3].soc < 20%", **{"for": "2s"}, name="w")
    assert not bench.fold(0.0) or bench.overlay.pump_gain[0] == 1.0
    assert bench.phases("w") == "waiting"
    soc(bench, 0.19)
    bench.fold(100.0)
    assert (bench.phases("w"), bench.overlay.pump_gain[0]) == ("active", 0.0)
    soc(bench, 0.9)
    bench.fold(101.9)
    assert bench.overlay.pump_gain[0] == 0.0
    bench.fold(102.0)
    assert (bench.phases("w"), bench.overlay.pump_gain[0]) == ("gone", 1.0)
    assert events(bench) == ["met", "began", "ended"]


def test_a_condition_must_hold_for_its_time_without_a_break_and_the_delay_comes_after(bench: Bench) -> None:
    bench.add("stop", PUMP, when="container[1].rack[3].soc < 0.2 for 2s", at="+1s", name="w")
    for time, value in ((0.0, 0.1), (1.9, 0.1), (1.95, 0.3), (2.0, 0.1), (3.9, 0.1)):
        soc(bench, value)
        bench.fold(time)
        assert bench.phases("w") == "waiting"
    bench.fold(4.0)
    assert bench.phases("w") == "pending"
    bench.fold(5.0)
    assert bench.phases("w") == "active"


def test_a_rearmed_fault_waits_until_its_condition_has_failed_and_is_met_again(bench: Bench) -> None:
    bench.add("stop", PUMP, when=TWO, rearm=True, **{"for": "1s"}, name="w")
    soc(bench, 0.1)
    bench.fold(0.0)
    bench.fold(1.0)
    bench.fold(5.0)
    assert bench.phases("w") == "waiting"
    soc(bench, 0.5)
    bench.fold(6.0)
    soc(bench, 0.1)
    bench.fold(7.0)
    assert bench.phases("w") == "active"
    with pytest.raises(FaultError, match="give 'for'"):
        bench.add("stop", PUMP, when=TWO, rearm=True)
    with pytest.raises(FaultError, match="give 'when'"):
        bench.add("stop", PUMP, rearm=True, **{"for": "1s"})


def test_nothing_is_looked_at_where_no_fault_waits(bench: Bench) -> None:
    bench.add("stop", PUMP, when=TWO, name="w")
    bench.fold(0.0)
    bench.faults.clear(["w"])
    bench.fold(0.1)
    soc(bench, math.nan)
    assert bench.faults._due is None


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("container[1].rack[3].soc < 50%", True),
        ("container[1].rack[3].soc<0.3", False),
        ("container[*].rack[*].soc == 0.4", True),
        ("container[1].rack[3].soc != 0.4", False),
        ("container[1].rack[3].mode == connected", True),
        ("container[1].rack[3].mode != 'connected'", False),
        ("container[1].rack[3].cell_voltage_max > 3500mV and container[1].rack[3].soc < 1", True),
        ("container[1].rack[3].cell_voltage_max > 3.7V and container[1].rack[3].soc < 1", False),
        ("container[1].rack[3].soc > 1 or container[1].rack[3].temperature_max >= 20degC", True),
        ("container[1].rack[3].heartbeat >= 7", True),
        ("container[1].rack[3].connected == true", True),
        ("plant.container[1].rack[3].current > 0A", False),
        ("container[1].insulation_resistance < 1Mohm", False),
        ("container[1].insulation_resistance != 1Mohm", False),
    ],
)
def test_comparisons_mean_what_they_say_and_an_invalid_value_meets_none(bench: Bench, text: str, met: bool) -> None:
    soc(bench, 0.4)
    for name, value in (("mode", 4.0), ("cell_voltage_max", 3.6), ("heartbeat", 7.0), ("connected", 1.0)):
        bench.arena[f"firmware.racks.{name}"][2] = value
    catalogue: Catalogue = bench.faults._catalogue  # type: ignore[assignment]
    assert read_condition(text, catalogue).holds(bench.arena.buffer) is met


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("container[1].rack[3].sok < 1", r"when: .*no such point; near: .*soc"),
        ("container[1].rack[3].soc = 1", r"'=' is no comparison; allowed: <, <="),
        ("container[1].rack[3].soc", r"is no comparison; write a point"),
        ("container[1].rack[3].soc < 3V", r"'V' is no unit of ratio"),
        ("container[1].rack[3].mode == connectd", r"near: connected"),
        ("container[1].rack[3].soc < 1 for 2V", r"'V' is no unit of time"),
        ("container[1].rack[3].* < 1", r"picks points of \d+ kinds; name one"),
        (
            "container[*].rack[*].cell[*].voltage > 3V or container[*].rack[*].cell[*].voltage < 2V",
            r"looks at \d+ points; at most",
        ),
        ("container[1].rack[3].soc < 1 and", r"'1 and'"),
    ],
)
def test_a_condition_that_means_nothing_is_refused_and_says_what_is_allowed(bench: Bench, when, message) -> None:
    with pytest.raises(FaultError, match=message):
        bench.add("stop", PUMP, when=when)
    assert bench.faults.listing() == []


def test_a_lease_ends_a_fault_that_nobody_renews(bench: Bench) -> None:
    bench.add("stop", PUMP, lease="3s", name="l")
    bench.fold(0.0)
    bench.fold(2.9)
    assert bench.faults.renew(["l"], 2.9) == ["l"]
    bench.fold(5.8)
    assert bench.phases("l") == "active"
    bench.fold(5.9)
    assert (bench.phases("l"), bench.overlay.pump_gain[0]) == ("gone", 1.0)
    assert events(bench) == ["began", "lapsed"]
    with pytest.raises(FaultError, match="l: no such fault"):
        bench.faults.renew(["l"], 6.0)
    bench.add("stop", PUMP, name="free")
    with pytest.raises(FaultError, match="has no lease"):
        bench.faults.renew(["free"], 6.0)


def test_a_lease_ends_a_fault_that_still_waits_and_one_that_would_rearm(bench: Bench) -> None:
    bench.add("stop", PUMP, lease="3s", when=TWO, rearm=True, **{"for": "1s"}, name="l")
    soc(bench, 0.5)
    bench.fold(2.0)
    assert bench.phases("l") == "waiting"
    bench.fold(3.0)
    assert bench.phases("l") == "gone"


def test_several_faults_are_added_all_or_none(bench: Bench) -> None:
    good = {"kind": "stop", "target": PUMP, "name": "a"}
    with pytest.raises(FaultError, match=r"fault 2 of 2: .*no fault 'stopp'"):
        bench.faults.add_all([good, good | {"kind": "stopp", "name": "b"}], 0.0)
    with pytest.raises(FaultError, match=r"fault 2 of 2: name = 'a': is given twice"):
        bench.faults.add_all([good, good], 0.0)
    assert bench.faults.listing() == []
    both = bench.faults.add_all([good, {"kind": "trip", "target": "container[1].chiller"}], 0.0)
    assert [fault["name"] for fault in both] == ["a", "chiller-trip-2"]
    with pytest.raises(FaultError, match="none is given"):
        bench.faults.add_all([], 0.0)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=40), st.floats(0.0, 1.0))
def test_a_fault_has_begun_exactly_if_its_condition_was_met_at_some_fold(bench_of, values, level) -> None:
    bench = bench_of()
    bench.add("stop", PUMP, when=f"container[1].rack[3].soc < {level!r}", name="w")
    for n, value in enumerate(values):
        soc(bench, value)
        bench.fold(n / 10)
    assert (bench.phases("w") == "active") is any(value < level for value in values)


@pytest.fixture(scope="module")
def bench_of(site, catalogue):
    return lambda: Bench(site, catalogue)
