"""The set of faults: composition, names, timing, and that looking changes nothing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.faults.engine import FaultError, FaultSet
from bms_emulator.sensing.modifier import SensorOverlay
from tests.faults.conftest import Bench, read, sensor_bits

CELL = "container[1].rack[3].cell[41]"
VOLTAGE = f"{CELL}.voltage"
CONTACTOR = "container[1].rack[1].contactor[main_negative]"
PUMP = "container[1].pump"


def pump(bench: Bench) -> float:
    return float(bench.overlay.pump_gain[0])


def test_two_faults_on_one_cell_compose_and_clearing_one_leaves_the_other_exactly(bench: Bench):
    bench.add("internal-short", CELL, resistance=0.3, name="a")
    bench.add("resistance-growth", CELL, factor=1.7, name="r")
    bench.fold(0.0)
    alone = bench.plant_bits()
    bench.add("internal-short", CELL, resistance=0.7, name="b")
    bench.add("resistance-growth", CELL, factor=3.1, name="s")
    bench.fold(0.1)
    assert bench.overlay.cell_short_conductance[2, 40] == 1 / 0.3 + 1 / 0.7
    assert bench.overlay.cell_resistance_gain[2, 40] == 1.7 * 3.1
    bench.faults.clear(names=["b", "s"])
    bench.fold(0.2)
    assert bench.plant_bits() == alone


def test_of_several_faults_on_a_contactor_the_youngest_wins(bench: Bench):
    bench.add("welded", CONTACTOR, name="w")
    bench.add("stuck-open", CONTACTOR, name="o")
    bench.fold(0.0)
    assert bench.overlay.contactor_hold[0, 0] == 0.0
    bench.faults.clear(names=["o"])
    bench.fold(0.1)
    assert bench.overlay.contactor_hold[0, 0] == 1.0


def test_readings_compose_invalid_over_held_over_gain_and_offset(bench: Bench):
    truth = np.full(bench.arena["measured.cell_voltage"].size, 3.0)
    channel = 2 * 416 + 40

    def reading(time: float) -> float:
        bench.fold(time)
        return float(read(bench.faults.sensors, "measured.cell_voltage", truth)[channel])

    bench.add("offset", VOLTAGE, offset="20mV", name="o1")
    bench.add("gain", f"{CELL.replace('[41]', '[40..42]')}.voltage", gain=1.1, name="g")
    bench.add("offset", VOLTAGE, offset="5mV", name="o2")
    assert reading(0.0) == pytest.approx(3.0 * 1.1 + 0.025, abs=1e-9)
    bench.add("stuck", VOLTAGE, value=3.6, name="s1")
    bench.add("stuck", VOLTAGE, value=3.7, name="s2")
    assert reading(0.1) == 3.7
    bench.add("invalid", VOLTAGE, name="i")
    assert np.isnan(reading(0.2))
    bench.faults.clear(names=["i", "s2"])
    assert reading(0.3) == 3.6
    bench.faults.clear(names=["s1", "o1"])
    assert reading(0.4) == pytest.approx(3.0 * 1.1 + 0.005, abs=1e-9)
    assert read(bench.faults.sensors, "measured.cell_voltage", truth)[channel + 1] == pytest.approx(3.0 * 1.1, abs=1e-9)


def test_the_same_name_replaces(bench: Bench):
    bench.add("internal-short", CELL, resistance=1.0, name="x")
    bench.fold(0.0)
    added = bench.add("slow", PUMP, speed=0.5, name="x", now=0.1)
    bench.fold(0.1)
    assert added["replaced"]
    assert bench.overlay.cell_short_conductance[2, 40] == 0.0
    assert [fault["name"] for fault in bench.faults.listing()] == ["x"]
    again = bench.plant_bits()
    bench.add("slow", PUMP, speed=0.5, name="x", now=0.2)
    bench.fold(0.2)
    assert bench.plant_bits() == again


def test_a_fault_without_a_name_never_replaces(bench: Bench):
    bench.add("slow", PUMP, speed=0.5, name="pump-slow-2")
    assert not bench.add("slow", PUMP, speed=0.5)["replaced"]
    assert [fault["name"] for fault in bench.faults.listing()] == ["pump-slow-2", "pump-slow-3"]


def test_a_refused_replacement_leaves_the_old_fault(bench: Bench):
    bench.add("internal-short", CELL, resistance=1.0, name="x")
    with pytest.raises(FaultError):
        bench.add("internal-short", CELL, resistance=-1.0, name="x")
    bench.fold(0.0)
    assert bench.overlay.cell_short_conductance[2, 40] == 1.0


def test_a_fault_waits_acts_and_ends_by_itself(bench: Bench):
    added = bench.add("stop", PUMP, now=2.0, at="+5s", name="p", **{"for": "3s"})
    assert (added["begin"], added["end"], added["phase"]) == (7.0, 10.0, "pending")
    seen = []
    for n in range(20, 110):
        changed = bench.fold(n * 0.1)
        seen.append((n, changed, pump(bench), bench.phases("p")))
    assert [n for n, changed, _, _ in seen if changed] == [20, 70, 100]
    assert {gain for n, _, gain, _ in seen if 70 <= n < 100} == {0.0}
    assert {gain for n, _, gain, _ in seen if not 70 <= n < 100} == {1.0}
    assert [phase for phase, _ in itertools.groupby(row[3] for row in seen)] == ["pending", "active", "gone"]
    assert bench.plant_bits() == bench.neutral
    events = bench.faults.take_events()
    assert [(event["action"], event["time"]) for event in events] == [("began", 7.0), ("ended", 10.0)]
    assert bench.faults.take_events() == []


def test_a_fault_that_ends_between_two_ticks_is_gone_at_the_next(bench: Bench):
    bench.add("stop", PUMP, at=0.05, name="p", **{"for": "120ms"})
    gains = [(bench.fold(n * 0.1), pump(bench))[1] for n in range(4)]
    assert gains == [1.0, 0.0, 1.0, 1.0]


def test_a_ramp_moves_every_tick_and_then_rests(bench: Bench):
    bench.add("stop", PUMP, shape={"form": "ramp", "duration": "1s"}, name="p")
    steps = [(bench.fold(n * 0.25), pump(bench), bench.phases("p")) for n in range(7)]
    assert [gain for _, gain, _ in steps] == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0]
    assert [changed for changed, _, _ in steps] == [True] * 5 + [False] * 2
    assert [phase for _, _, phase in steps] == ["rising"] * 4 + ["active"] * 3


def test_pulses_come_and_go_and_the_fault_ends_with_the_last(bench: Bench):
    bench.add("stop", PUMP, shape={"form": "pulse", "count": 2, "width": "200ms"}, name="p")
    gains = [(bench.fold(n * 0.1), pump(bench), bench.phases("p")) for n in range(9)]
    assert [gain for _, gain, _ in gains] == [0, 0, 1, 1, 0, 0, 1, 1, 1]
    assert [phase for *_, phase in gains] == ["active"] * 2 + ["resting"] * 2 + ["active"] * 2 + ["gone"] * 3
    assert [event["action"] for event in bench.faults.take_events()] == ["began", "rested", "resumed", "ended"]


def test_a_periodic_fault_keeps_time_over_days(bench: Bench):
    bench.add("stop", PUMP, shape={"form": "periodic", "period": "300ms", "duty": "50%"})
    day = 864_000
    for n in (0, 1, 2, 3, day * 3, day * 3 + 1, day * 3 + 2):
        bench.fold(n * 0.1)
        assert pump(bench) == (1.0 if n % 3 == 2 else 0.0)


def test_random_faults_are_equal_in_equal_runs(site, catalogue):
    def run() -> list[float]:
        bench = Bench(site, catalogue)
        for _ in range(2):
            bench.add("slow", PUMP, speed=0.5, shape={"form": "random", "rate": "12/min", "width": "1s"})
        return [(bench.fold(n * 0.1), pump(bench))[1] for n in range(2000)]

    first = run()
    assert first == run()
    assert set(first) == {1.0, 0.5, 0.25}  # the two have seeds of their own


def test_a_dry_run_touches_nothing(bench: Bench):
    bench.fold(0.0)
    spec = {"kind": "stop", "target": PUMP, "name": "p"}
    shown = bench.faults.preview(spec)
    assert (shown["count"], shown["hits"], shown["replaces"]) == (1, ["container[1].pump"], None)
    assert bench.faults.listing() == []
    assert not bench.fold(0.1)
    assert bench.plant_bits() == bench.neutral
    bench.faults.add(spec, 0.2)
    assert bench.faults.preview(spec)["replaces"] == "p"


def test_nothing_is_written_while_nothing_changes(bench: Bench):
    assert bench.fold(0.0)
    assert not any(bench.fold(n * 0.1) for n in range(1, 20))
    sensors = bench.faults.sensors
    bench.add("stop", PUMP, now=2.0)
    assert bench.fold(2.0)
    assert bench.faults.sensors is sensors
    bench.add("invalid", VOLTAGE, now=2.1)
    assert not bench.fold(2.1)
    assert bench.faults.sensors is not sensors


def test_clearing_by_name_pattern_and_all(bench: Bench):
    bench.add("internal-short", "container[1].rack[3].cell[1]", resistance=1, name="a")
    bench.add("internal-short", "container[1].rack[2].cell[1]", resistance=1, name="b")
    bench.add("open", "container[1].rack[3].current", name="c")
    bench.add("stop", PUMP, name="pump.7")
    assert bench.faults.clear(match="rack[3]*") == ["a", "c"]
    assert bench.faults.clear(match="nothing*") == []
    assert bench.faults.clear(match="pump.*") == ["pump.7"]
    assert bench.faults.clear(everything=True) == ["b"]
    bench.fold(0.0)
    assert bench.plant_bits() == bench.neutral


def test_clearing_an_unknown_name_clears_nothing(bench: Bench):
    bench.add("stop", PUMP, name="pump1")
    with pytest.raises(FaultError, match="pumpe1: no such fault; near: pump1"):
        bench.faults.clear(names=["pump1", "pumpe1"])
    assert len(bench.faults.listing()) == 1
    with pytest.raises(FaultError, match="one of them"):
        bench.faults.clear()


def test_explain_says_what_when_and_what_to_expect(bench: Bench):
    bench.add("stuck", VOLTAGE, value="3.70V", at="+5s", name="ov1", **{"for": "30s"})
    bench.fold(0.0)
    told = bench.faults.explain("ov1")
    assert (told["phase"], told["next_change"], told["units"]) == ("pending", 5.0, {"value": "V"})
    assert all(told[key] for key in ("description", "changes", "expected"))
    bench.fold(6.0)
    told = bench.faults.explain("ov1")
    assert (told["phase"], told["strength"], told["next_change"], told["begin"]) == ("active", 1.0, 35.0, 5.0)
    with pytest.raises(FaultError, match="near: ov1"):
        bench.faults.explain("ov2")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "stop", "target": "container[1].pumpp"}, r"nothing that a fault can hit; near: pump"),
        ({"kind": "stpo", "target": PUMP}, r"no fault 'stpo' on a pump; near: stop.*; allowed: stop, slow"),
        ({"kind": "stop", "target": CELL}, r"stop is for: pump"),
        (
            {"kind": "cmu-silence", "target": "container[1].rack[2].pack[3]"},
            r"on a pack \(cmu-silence is for: container.*\.pack\[3\]\.cmu\)",
        ),
        ({"kind": "welded", "target": "pcs[1]"}, r"is for: pcs\[1\]\.ac_breaker, pcs\[1\]\.dc_breaker\)"),
        (
            {"kind": "stuck", "target": "container[1].rack[3].cell[*]"},
            r"is for: .*cell\[\*\]\.temperature, .*voltage\)",
        ),
        ({"kind": "internal-short", "target": CELL}, r"resistance: is required"),
        ({"kind": "internal-short", "target": CELL, "parameters": {"resistance": "0"}}, r"must be >= 1e-06"),
        (
            {"kind": "internal-short", "target": CELL, "parameters": {"resistence": 1}},
            r"resistance: is required; resistence: unknown; near: resistance",
        ),
        ({"kind": "internal-short", "target": "container[1].rack[3].cell[417]"}, r"cell\[417\] .*allowed: 1 to 416"),
        ({"kind": "stuck", "target": "container[1].rack[3].cell.voltage"}, r"cell needs an index"),
        ({"kind": "stuck", "target": "container[1].rack[3].soc"}, r"nothing that a fault can hit"),
        ({"kind": "stuck", "target": f"plant.{VOLTAGE}"}, r"the truth, which no fault can bend"),
        (
            {"kind": "stuck", "target": VOLTAGE, "shape": {"form": "ramp", "duration": 1}},
            r"takes no ramp; allowed: step",
        ),
        ({"kind": "stop", "target": PUMP, "shape": {"form": "rump"}}, r"'rump' is unknown; near: ramp"),
        (
            {"kind": "stop", "target": PUMP, "shape": {"form": "ramp", "durtion": 1}},
            r"durtion: unknown; near: duration",
        ),
        ({"kind": "stop", "target": PUMP, "at": "rack[3].soc > 0.5"}, r"a condition under .when."),
        ({"kind": "stop", "target": PUMP, "at": "-5s"}, r"lies in the past"),
        ({"kind": "stop", "target": PUMP, "for": "0s"}, r"for = '0s': must be >= 1e-06"),
        ({"kind": "stop", "target": PUMP, "name": "a b"}, r"name = 'a b'"),
        ({"kind": "stop", "target": PUMP, "fro": "1s"}, r"fro: unknown; near: for"),
        ({"target": PUMP, "at": "soon", "whne": 1}, r"kind: is required; at: .*whne: unknown"),
        (
            {"kind": "delay", "target": "modbus:pcs-sunspek", "parameters": {"time": 1}},
            r"no such register map.*near: pcs-sunspec",
        ),
        (
            {"kind": "delay", "target": "modbus:pcs-sunspec/300", "parameters": {"time": 1}},
            r"no unit 300 answers there; allowed: 0 to 255",
        ),
        ({"kind": "delay", "target": "modbus/1", "parameters": {"time": 1}}, r"write modbus, modbus:<map>"),
        ([1, 2], r"fault: it = "),
    ],
)
def test_a_refusal_says_where_what_and_what_is_near(bench: Bench, spec, message):
    with pytest.raises(FaultError, match=message):
        bench.faults.add(spec, 0.0)
    with pytest.raises(FaultError, match=message):
        bench.faults.preview(spec)
    assert bench.faults.listing() == []


def test_a_unit_that_does_not_answer_is_refused(site, catalogue):
    faults = FaultSet(catalogue, site, {"pcs-sunspec": {100}})
    spec = {"kind": "silence", "target": "modbus:pcs-sunspec/100"}
    assert faults.add(spec, 0.0)["count"] == 1
    with pytest.raises(FaultError, match="no unit 101 answers there; allowed: 100"):
        faults.add(spec | {"target": "modbus:pcs-sunspec/101"}, 0.0)


SPECS = st.sampled_from(
    [
        {"kind": "internal-short", "target": CELL, "parameters": {"resistance": 0.3}},
        {"kind": "resistance-growth", "target": "container[1].rack[3].cell[*]", "parameters": {"factor": 1.3}},
        {"kind": "slow", "target": PUMP, "parameters": {"speed": 0.3}, "shape": {"form": "ramp", "duration": 0.7}},
        {"kind": "stop", "target": PUMP, "shape": {"form": "periodic", "period": 0.5}},
        {"kind": "welded", "target": CONTACTOR, "for": 0.4},
        {"kind": "stuck-open", "target": CONTACTOR, "at": 0.2},
        {"kind": "offset", "target": VOLTAGE, "parameters": {"offset": 0.1}},
        {"kind": "drift", "target": "container[1].rack[3].cell[*].voltage", "parameters": {"rate": 0.1}},
        {"kind": "invalid", "target": VOLTAGE, "shape": {"form": "pulse", "count": 3, "width": 0.3}},
    ]
)
STEPS = st.lists(
    st.one_of(st.tuples(st.just("add"), SPECS), st.tuples(st.just("clear"), st.integers(0, 5))), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_happened_clearing_all_is_exact(site, catalogue, steps):
    bench = Bench(site, catalogue)
    for n, (action, what) in enumerate(steps):
        names = [fault["name"] for fault in bench.faults.listing()]
        if action == "add":
            bench.faults.add(what, n * 0.1)
        elif names:
            bench.faults.clear(names=[names[what % len(names)]])
        bench.fold(n * 0.1)
    bench.faults.clear(everything=True)
    bench.fold(len(steps) * 0.1)
    assert bench.plant_bits() == bench.neutral
    assert bench.sensor_bits() == sensor_bits(SensorOverlay.neutral())


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_the_overlay_depends_on_the_remaining_faults_only(site, catalogue, steps):
    """A run with a fault that is cleared in the end equals, bit for bit, a run that never had it."""
    with_, without = Bench(site, catalogue), Bench(site, catalogue)
    with_.faults.add({"kind": "resistance-growth", "target": CELL, "parameters": {"factor": 7.7}, "name": "gone"}, 0.0)
    with_.faults.add({"kind": "gain", "target": VOLTAGE, "parameters": {"gain": 7.7}, "name": "too"}, 0.0)
    with_.fold(0.0)
    for n, (action, what) in enumerate(steps, 1):
        for bench in (with_, without):
            if action == "add":
                bench.faults.add(what | {"name": f"f{n}", "seed": n}, n * 0.1)
            bench.fold(n * 0.1)
    with_.faults.clear(names=["gone", "too"])
    end = (len(steps) + 1) * 0.1
    with_.fold(end)
    without.fold(end)
    assert with_.plant_bits() == without.plant_bits()
    assert with_.sensor_bits() == without.sensor_bits()
