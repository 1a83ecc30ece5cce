"""What each kind does to the overlays, and that nothing of it stays."""

import dataclasses
import re

import numpy as np
import pytest

from bms_emulator.arrays import ROOTS
from bms_emulator.faults.fold import NEUTRAL, PLANT_RULES
from bms_emulator.faults.kind import KINDS
from bms_emulator.faults.registry import kinds
from bms_emulator.faults.spec import FaultError
from bms_emulator.faults.target import SIGNALS, Component, resolve
from bms_emulator.plant.state import Contactor, PlantOverlay
from bms_emulator.sensing.modifier import SensorOverlay
from tests.faults.conftest import Bench, read, sensor_bits

RACK3, CELL41 = 2, 40

PLANT = [
    ("internal-short", "rack[3].cell[41]", {"resistance": "0.5ohm"}, "cell_short_conductance", (RACK3, CELL41), 2.0),
    ("resistance-growth", "rack[3].cell[41]", {"factor": "250%"}, "cell_resistance_gain", (RACK3, CELL41), 2.5),
    ("heater", "rack[3].cell[41]", {"power": "1.2kW"}, "cell_heat", (RACK3, CELL41), 1200.0),
    ("runaway", "rack[3].cell[41]", {}, "cell_runaway_heat", (RACK3, CELL41), 2000.0),
    (
        "insulation",
        "rack[3]",
        {"resistance": "100kohm", "pole": "positive"},
        "insulation_leak_positive",
        (RACK3,),
        1e-5,
    ),
    (
        "insulation",
        "rack[3]",
        {"resistance": "100kohm", "pole": "negative"},
        "insulation_leak_negative",
        (RACK3,),
        1e-5,
    ),
    ("welded", "rack[3].contactor[main_positive]", {}, "contactor_hold", (RACK3, Contactor.MAIN_POSITIVE), 1.0),
    ("stuck-open", "rack[3].contactor[2]", {}, "contactor_hold", (RACK3, Contactor.PRECHARGE), 0.0),
    ("stop", "container[1].pump", {}, "pump_gain", (0,), 0.0),
    ("slow", "container[2].pump", {"speed": "30%"}, "pump_gain", (1,), 1.0 - 0.7),
    ("blockage", "rack[3].pack[2].branch", {}, "branch_conductance_gain", (RACK3, 1), 0.0),
    ("blockage", "rack[3].pack[2]", {"blocked": 0.25}, "branch_conductance_gain", (RACK3, 1), 0.75),
    ("trip", "container[2].chiller", {}, "chiller_gain", (1,), 0.0),
    ("limited", "container[1].chiller", {"capacity": "50%"}, "chiller_gain", (0,), 0.5),
    ("silence", "container[2].chiller", {}, "chiller_silent", (1,), 1.0),
    ("sensor-failed", "container[2].chiller", {}, "chiller_faults", (1,), 1.0),
    ("leak", "container[2].chiller", {"rate": "360kg/h"}, "coolant_leak", (1,), 0.1),
    ("stuck", "container[2].detector[smoke]", {"reading": "150%"}, "detector_hold", (1, 2), 1.5),
    ("failed", "container[1].detector[4]", {}, "detector_failed", (0, 3), 1.0),
    ("leak", "container[2].fire", {"rate": "0.01/s"}, "agent_leak", (1,), 0.01),
    ("failure", "container[2].supply", {}, "supply_failed", (1,), 1.0),
    ("dip", "container[2].supply", {"voltage": "18V"}, "supply_hold", (1,), 18.0),
    ("loss", "container[1].ups", {}, "supply_hold", (0,), 0.0),
    ("weak", "container[2].ups", {"energy": "25%"}, "ups_gain", (1,), 0.25),
    ("silence", "rack[3].pack[2].cmu", {}, "cmu_faults", (RACK3, 1), 1.0),
    ("integrity", "rack[3].pack[2].cmu", {}, "cmu_faults", (RACK3, 1), 2.0),
    ("open-wire", "rack[3].pack[2].cmu", {}, "cmu_faults", (RACK3, 1), 4.0),
    ("trip", "pcs[2]", {}, "pcs_trip", (1,), 1.0),
    ("derate", "pcs[1]", {"capacity": "60%"}, "pcs_gain", (0,), 0.6),
    ("fan-stop", "pcs[2]", {}, "pcs_fan_gain", (1,), 0.0),
    ("welded", "pcs[2].dc_breaker", {}, "dc_breaker_hold", (1,), 1.0),
    ("stuck-open", "pcs[1].dc_breaker", {}, "dc_breaker_hold", (0,), 0.0),
    ("welded", "pcs[1].ac_breaker", {}, "ac_breaker_hold", (0,), 1.0),
    ("stuck-open", "pcs[2].ac_breaker", {}, "ac_breaker_hold", (1,), 0.0),
    ("voltage", "grid", {"voltage": "70%"}, "grid_voltage_gain", (), 0.7),
    ("outage", "grid", {}, "grid_voltage_gain", (), 0.0),
    ("frequency", "grid", {"deviation": "-0.2Hz"}, "grid_frequency_shift", (), -0.2),
    ("voltage", "grid.phase[b]", {"voltage": 1.2}, "grid_phase_gain", (1,), 1.2),
    ("loss", "grid.phase[3]", {}, "grid_phase_gain", (2,), 0.0),
    ("silence", "meter", {}, "meter_silent", (), 1.0),
    ("failure", "meter", {}, "meter_failed", (), 1.0),
    ("silence", "weather", {}, "weather_silent", (), 1.0),
]

CELL_VOLTAGE, TEMPERATURE = "rack[3].cell[41].voltage", "rack[3].temperature_sensor[5].temperature"
READINGS = [
    ("stuck", CELL_VOLTAGE, {"value": "3.70V"}, 3.3, 3.7),
    ("stuck", CELL_VOLTAGE, {}, 3.3, 3.3),
    ("offset", CELL_VOLTAGE, {"offset": "-30mV"}, 3.25, 3.22),
    ("gain", CELL_VOLTAGE, {"gain": "102%"}, 3.0, 3.06),
    ("open", CELL_VOLTAGE, {}, 3.3, np.nan),
    ("short", CELL_VOLTAGE, {}, 3.3, 0.0),
    ("invalid", CELL_VOLTAGE, {}, 3.3, np.nan),
    ("open", TEMPERATURE, {}, 298.15, 233.15),
    ("short", TEMPERATURE, {}, 298.15, 398.15),
    ("invalid", TEMPERATURE, {}, 298.15, np.nan),
    ("offset", TEMPERATURE, {"offset": "5K"}, 298.15, 303.15),
    ("gain", "rack[3].current", {"gain": -1}, 120.0, -120.0),
    ("open", "rack[3].current", {}, 120.0, np.nan),
    ("open", "rack[3].string_voltage", {}, 1331.2, 0.0),
    ("stuck", "rack[3].link_voltage", {"value": "1.3kV"}, 1331.2, 1300.0),
    ("open", "container[1].coolant.supply_temperature", {}, 298.15, 233.15),
    ("stuck", "container[1].coolant.return_temperature", {"value": "25degC"}, 290.0, 298.15),
    ("open", "container[1].coolant.flow", {}, 6.0, 0.0),
    ("offset", "rack[3].current_second", {"offset": "5A"}, 120.0, 125.0),
    ("open", "rack[3].fuse_voltage", {}, 1331.2, 0.0),
    ("short", "rack[3].terminal_temperature", {}, 298.15, 398.15),
    ("offset", "meter.power", {"offset": "-5kW"}, 20e3, 15e3),
    ("open", "meter.voltage", {}, 400.0, 0.0),
    ("gain", "meter.current", {"gain": "150%"}, 100.0, 150.0),
    ("stuck", "meter.frequency", {"value": "49.8Hz"}, 50.0, 49.8),
    ("open", "weather.ambient_temperature", {}, 298.15, 233.15),
    ("stuck", "weather.humidity", {"value": "95%"}, 0.5, 0.95),
    ("offset", "weather.irradiance", {"offset": "50W/m2"}, 900.0, 950.0),
    ("stuck", "rack[3].contactor[main_positive].feedback", {"value": 1}, 0.0, 1.0),
    ("open", "rack[3].contactor[main_positive].feedback", {}, 1.0, 0.0),
    ("short", "rack[3].contactor[main_positive].feedback", {}, 0.0, 1.0),
    ("inverted", "rack[3].contactor[main_positive].feedback", {}, 1.0, 0.0),
    ("inverted", "rack[3].contactor[main_positive].feedback", {}, 0.0, 1.0),
]


ELSEWHERE = {"afe", "cmu", "converter", "electrical", "modifier", "ntc"} | {
    "clock",
    "firmware",
    "link",
    "master",
    "mqtt",
    "system",
}
ELSEWHERE |= {"cell", "contactor", "cooling", "environment", "hv", "safety", "string"}
"""Families that have tests of their own: of sensors, of controllers, and of the plant."""


def _with_containers(target: str) -> str:
    return target if re.split(r"[.\[]", target)[0] in ROOTS else f"container[1].{target}"


@pytest.mark.parametrize(("kind", "target", "parameters", "array", "where", "bent"), PLANT)
def test_a_plant_fault_bends_one_place_and_clearing_it_is_exact(
    bench: Bench, *, kind, target, parameters, array, where, bent
):
    bench.add(kind, _with_containers(target), name="f", **parameters)
    assert bench.fold(0.0)
    place = getattr(bench.overlay, array)
    assert place[where] == bent
    place[where] = NEUTRAL[array]
    assert bench.plant_bits() == bench.neutral
    place[where] = bent
    bench.faults.clear(names=["f"])
    assert bench.fold(0.1)
    assert bench.plant_bits() == bench.neutral


@pytest.mark.parametrize(("kind", "target", "parameters", "truth", "reading"), READINGS)
def test_a_sensor_fault_bends_one_channel_and_clearing_it_is_exact(
    bench: Bench, *, kind, target, parameters, truth, reading
):
    target = _with_containers(target)
    hits = resolve(target, bench.faults._catalogue, bench.site)
    measured = bench.arena[hits.target.readings]
    measured.ravel()[hits.index] = truth
    bench.add(kind, target, name="f", **parameters)
    bench.fold(0.0)
    bent = read(bench.faults.sensors, hits.target.readings, measured)
    assert bent[hits.index] == pytest.approx([reading], abs=1e-9, nan_ok=True)
    assert list(bench.faults.sensors.samples) == [hits.target.readings]
    (hit,) = {tuple(each.index) for each in bench.faults.sensors.samples[hits.target.readings]}
    assert hit == tuple(hits.index)
    assert bench.plant_bits() == bench.neutral
    bench.faults.clear(names=["f"])
    bench.fold(0.1)
    assert bench.sensor_bits() == sensor_bits(SensorOverlay.neutral())


def test_every_kind_is_exercised_here_or_as_a_moving_or_link_fault():
    here = {row[0] for row in PLANT + READINGS}
    families = {kind.word: kind.__module__.rpartition(".")[2] for kind in KINDS.values()}
    missing = {word for word, family in families.items() if family not in ELSEWHERE} - here
    assert missing == {"drift"}


def test_a_leak_at_both_poles_is_shared_out_and_so_is_as_large_in_all(bench: Bench):
    bench.add("insulation", "container[1].rack[3]", resistance="100kohm")
    bench.fold(0.0)
    assert bench.overlay.insulation_leak_positive[RACK3] == bench.overlay.insulation_leak_negative[RACK3] == 0.5e-5


def test_faults_of_one_monitoring_unit_join_and_leave_each_other_alone(bench: Bench):
    for name, kind in (("a", "silence"), ("b", "open-wire"), ("c", "open-wire")):
        bench.add(kind, "container[1].rack[3].pack[2].cmu", name=name)
    bench.fold(0.0)
    assert bench.overlay.cmu_faults[RACK3, 1] == 5.0
    bench.faults.clear(names=["b"])
    bench.fold(0.1)
    assert bench.overlay.cmu_faults[RACK3, 1] == 5.0
    bench.faults.clear(names=["c"])
    bench.fold(0.2)
    assert bench.overlay.cmu_faults[RACK3, 1] == 1.0


def test_a_contact_takes_no_fault_of_an_analogue_channel(bench: Bench):
    with pytest.raises(FaultError, match="no fault 'offset' on a contactor feedback"):
        bench.add("offset", "container[1].rack[3].contactor[main_positive].feedback", offset=1)


def test_a_word_that_a_parameter_does_not_know_is_refused_with_those_it_knows(bench: Bench):
    with pytest.raises(FaultError, match=r"pole.*'both', 'positive' or 'negative'"):
        bench.add("insulation", "container[1].rack[3]", resistance="100kohm", pole="middle")


def test_drift_grows_with_time(bench: Bench):
    bench.add("drift", "container[1].rack[1].cell[1].voltage", rate="3.6mV/h", name="d", at=10)
    offsets = []
    for time in (0.0, 10.0, 11.0, 110.0):
        bench.fold(time)
        offsets.append(read(bench.faults.sensors, "measured.cell_voltage", np.zeros(4992))[0])
    assert offsets == pytest.approx([0.0, 0.0, 1e-6, 1e-4], abs=1e-9)


def test_the_last_reading_is_the_one_at_the_beginning(bench: Bench):
    bench.add("stuck", "container[1].rack[1].cell[1..3].voltage", at="2s", name="s")
    voltage = bench.arena["measured.cell_voltage"]
    for time, level in ((0.0, 3.1), (1.0, 3.2), (2.0, 3.3), (3.0, 3.4)):
        bench.fold(time)
        bent = read(bench.faults.sensors, "measured.cell_voltage", voltage)
        voltage[0, :3] = level
        if time >= 2.0:
            assert bent[:3] == pytest.approx([3.2] * 3, abs=0)


def test_a_channel_that_was_invalid_stays_invalid_when_stuck(bench: Bench):
    bench.arena["measured.cell_voltage"][0, 0] = np.nan
    bench.add("stuck", "container[1].rack[1].cell[1..2].voltage")
    bench.fold(0.0)
    bent = read(bench.faults.sensors, "measured.cell_voltage", np.full(4992, 3.3))
    assert np.isnan(bent[:3]).tolist() == [True, False, False]


def test_a_cell_temperature_is_the_sensor_that_serves_the_cell(bench: Bench):
    added = bench.add("open", "container[1].rack[1].cell[1..8].temperature")
    bench.fold(0.0)
    bent = read(bench.faults.sensors, "measured.temperature", np.full(24 * 208, 298.15))
    assert np.flatnonzero(bent == 233.15).tolist() == [0, 1, 2, 3]
    assert added["count"] == 4


def test_selectors_hit_all_that_they_pick(bench: Bench):
    added = bench.add("resistance-growth", "container[2].rack[*].cell[1..52]", factor=2)
    bench.fold(0.0)
    gain = bench.overlay.cell_resistance_gain
    assert added["count"] == 12 * 52 == int((gain == 2.0).sum())
    assert (gain[12:, :52] == 2.0).all()
    assert len(added["hits"]) == 8
    assert added["hits"][0] == "container[2].rack[1].cell[1]"


@pytest.mark.parametrize(
    ("kind", "parameters", "effect"),
    [
        (
            "delay",
            {"time": "800ms", "jitter": "200ms", "probability": "20%"},
            {"time": 0.8, "jitter": 0.2, "probability": 0.2},
        ),
        ("silence", {}, {"probability": 1.0, "lost": "reply"}),
    ],
)
def test_link_faults_are_listed_with_the_settings_in_effect(bench: Bench, kind, parameters, effect):
    bench.add(kind, "modbus:sunspec-battery/1", name="m", at=1, seed=5, **parameters)
    bench.fold(0.0)
    (waiting,) = bench.faults.listing()
    assert (waiting["kind"], waiting["wire"]) == (f"modbus-{kind}", None)
    bench.fold(1.0)
    (acting,) = bench.faults.listing()
    assert acting["wire"] == effect
    assert (acting["target"], acting["seed"]) == ("modbus:sunspec-battery/1", 5)
    assert bench.plant_bits() == bench.neutral


def test_every_signal_can_be_hit(bench: Bench):
    for signal in SIGNALS:
        for selector in signal.selectors:
            hits = resolve(selector, bench.faults._catalogue, bench.site)
            assert len(hits) == bench.arena[signal.readings].size


def test_every_array_of_the_plant_overlay_has_a_rule_and_a_kind(bench: Bench):
    arrays = [field.name for field in dataclasses.fields(PlantOverlay)]
    assert list(PLANT_RULES) == arrays
    bent = {array: kind for kind in KINDS.values() for array in getattr(kind, "arrays", ())}
    assert set(bent) == set(arrays)
    for array, kind in bent.items():
        for selector in (selector for target in kind.targets for selector in target.selectors):
            hits = resolve(selector, bench.faults._catalogue, bench.site)
            assert isinstance(hits.target, Component)
            hits = kind.reach(kind.model_construct(), hits, bench.site, bench.faults._find)
            assert list(hits.index) == list(range(getattr(bench.overlay, array).size))


def test_kinds_are_documented_with_units():
    everything = kinds()
    assert len(everything) == len(KINDS) >= 12
    for row in everything:
        assert all(row[key] for key in ("description", "changes", "expected", "targets"))
        assert all(parameter[key] for parameter in row["parameters"] for key in ("description", "unit"))


def test_kinds_of_a_target_know_its_units():
    (stuck,) = [row for row in kinds("rack[3].cell[41].temperature") if row["word"] == "stuck"]
    assert stuck["parameters"][0]["allowed"] == ["last", "K", "degC", "°C"]
    of_requests = {row["word"] for row in kinds("modbus:bank/1")}
    assert of_requests >= {"delay", "silence", "exception", "wrong"}
    assert {row["word"] for row in kinds("modbus:")} - of_requests == {
        "refuse",
        "mute",
        "half-open",
        "connection-limit",
        "restart",
    }
    assert {row["word"] for row in kinds("rack[3].cell[41]")} >= {
        "internal-short",
        "resistance-growth",
        "heater",
        "runaway",
        "sense-wire-open",
        "balancing-stuck-on",
    }


def test_words_are_unique_on_every_target():
    words = [(target, kind.word) for kind in KINDS.values() for target in kind.targets]
    assert len(words) == len(set(words))
