"""What each kind of fault of the plant does to its overlay, and that nothing of it stays."""

import pytest

from bms_emulator.faults import cell, contactor, cooling, environment, hv, safety, string
from bms_emulator.faults.fold import NEUTRAL
from bms_emulator.faults.kind import KINDS, Blow
from bms_emulator.faults.spec import FaultError
from bms_emulator.plant.state import Contactor
from tests.faults.conftest import Bench
from tests.faults.test_kinds import PLANT

RACK3, CELL41, PACK2 = 2, 40, 1
POSITIVE = "rack[3].contactor[main_positive]"
BENDS = [
    ("cell-capacity-loss", "rack[3].cell[41]", {"loss": "30%"}, "cell_capacity_gain", (RACK3, CELL41), 0.7),
    ("cell-reversed", "rack[3].cell[41]", {}, "cell_reversed", (RACK3, CELL41), 1.0),
    ("module-reversed", "rack[3].pack[2]", {}, "module_reversed", (RACK3, PACK2), 1.0),
    ("module-open", "rack[3].pack[2]", {}, "module_open", (RACK3, PACK2), 1.0),
    ("module-joint", "rack[3].pack[2]", {"resistance": "20mohm"}, "module_joint_resistance", (RACK3, PACK2), 0.02),
    ("fuse-blown", "rack[3]", {}, "fuse_blown", RACK3, 1.0),
    ("bus-short", "container[2].bus", {"resistance": "10mohm"}, "bus_short_conductance", 1, 100.0),
    (
        "ground-fault",
        "rack[3]",
        {"resistance": "10kohm", "place": "100%"},
        "insulation_leak_positive",
        RACK3,
        1e-4,
    ),
    ("ground-fault", "rack[3]", {"resistance": "10kohm", "place": 0}, "insulation_leak_negative", RACK3, 1e-4),
    ("contactor-slow", POSITIVE, {"time": "300ms"}, "contactor_delay", (RACK3, Contactor.MAIN_POSITIVE), 0.3),
    ("contactor-chatter", POSITIVE, {"frequency": "4Hz"}, "contactor_chatter", (RACK3, Contactor.MAIN_POSITIVE), 4.0),
    ("contactor-coil-supply", POSITIVE, {"voltage": "40%"}, "coil_gain", (RACK3, Contactor.MAIN_POSITIVE), 0.4),
    ("precharge-open", "rack[3]", {}, "precharge_gain", RACK3, 1e9),
    ("precharge-shorted", "rack[3]", {}, "precharge_gain", RACK3, 0.0),
    ("precharge-overheated", "rack[3]", {"power": "1kW"}, "precharge_heat", RACK3, 1000.0),
    ("link-capacitance", "pcs[2]", {"capacitance": "50mF"}, "link_capacitance", 1, 0.05),
    ("breaker-trip", "rack[3]", {}, "rack_breaker_trip", RACK3, 1.0),
    ("interlock-open", "rack[3]", {}, "interlock_open", RACK3, 1.0),
    ("insulation-monitor-failed", "rack[3]", {}, "controller_faults", RACK3, 64.0),
    ("insulation-monitor-forced", "rack[3]", {}, "insulation_monitor_forced", RACK3, 1.0),
    ("pump-no-flow", "container[2].pump", {}, "pump_head_gain", 1, 0.0),
    ("coolant-air", "container[2].pump", {"share": "3%"}, "pump_head_gain", 1, 0.8),
    ("chiller-deaf", "container[2].chiller", {}, "chiller_deaf", 1, 1.0),
    ("chiller-too-cold", "container[2].chiller", {"by": "12K"}, "chiller_setpoint_shift", 1, -12.0),
    ("heater-stuck", "container[2].chiller", {"share": "50%"}, "heater_stuck", 1, 0.5),
    ("chiller-fan-stop", "container[2].chiller", {}, "chiller_faults", 1, 2.0),
    ("enclosure-smoke", "container[2].enclosure", {"extinction": "0.3/m"}, "smoke_added", 1, 0.3),
    ("enclosure-gas", "container[2].enclosure", {"hydrogen": "1000ppm"}, "hydrogen_added", 1, 1e-3),
    ("enclosure-gas", "container[2].enclosure", {"carbon_monoxide": "0.2%"}, "carbon_monoxide_added", 1, 2e-3),
    ("enclosure-heat", "container[2].enclosure", {"power": "5kW"}, "enclosure_heat", 1, 5000.0),
    ("enclosure-water", "container[2].enclosure", {}, "water", 1, 1.0),
    ("enclosure-door-open", "container[2].enclosure", {}, "door_open", 1, 1.0),
    ("emergency-stop", "container[2].enclosure", {}, "emergency_stop", 1, 1.0),
    ("ventilation-weak", "container[2].ventilation", {"air": "30%"}, "ventilation_gain", 1, 1.0 - 0.7),
    ("weather-extreme", "weather", {"shift": "-30K"}, "ambient_shift", (), -30.0),
]
SPREAD = {
    "chiller-communication-lost": ("container[2].chiller", {}, {"chiller_silent": 1, "chiller_deaf": 1}),
    "rack-valve-stuck": ("container[2].rack[1]", {"opening": "25%"}, {"branch_conductance_gain": 4}),
    "fire-panel-fault": ("container[2].fire", {}, {"detector_failed": 5}),
    "cell-self-discharge": ("container[2].rack[1].cell[1..3]", {"current": "1A"}, {"cell_short_conductance": 3}),
}
"""Kinds that bend several places or by what the site says: target, settings, places by array."""


def _full(target: str) -> str:
    return f"container[1].{target}" if target.startswith("rack") else target


@pytest.mark.parametrize(("kind", "target", "parameters", "array", "where", "bent"), BENDS)
def test_a_plant_fault_bends_one_place_and_clearing_it_is_exact(
    bench: Bench, *, kind, target, parameters, array, where, bent
):
    bench.add(kind, _full(target), name="f", **parameters)
    assert bench.fold(0.0)
    place = getattr(bench.overlay, array)
    assert place[where] == pytest.approx(bent, rel=1e-15)
    place[where] = NEUTRAL[array]
    assert bench.plant_bits() == bench.neutral
    place[where] = bent
    bench.faults.clear(names=["f"])
    assert bench.fold(0.1)
    assert bench.plant_bits() == bench.neutral


@pytest.mark.parametrize("kind", SPREAD)
def test_a_fault_that_reaches_further_bends_all_of_its_places_and_no_other(bench: Bench, kind: str):
    target, parameters, places = SPREAD[kind]
    bench.add(kind, target, name="f", **parameters)
    bench.fold(0.0)
    for array, count in places.items():
        overlay = getattr(bench.overlay, array)
        assert int((overlay != NEUTRAL[array]).sum()) == count
        overlay[...] = NEUTRAL[array]
    assert bench.plant_bits() == bench.neutral


def test_every_kind_of_these_families_is_exercised():
    families = {f.__name__ for f in (cell, contactor, cooling, environment, hv, safety, string)}
    here = {row[0] for row in BENDS} | set(SPREAD)
    words = {row[0] for row in PLANT}
    missing = {
        name
        for name, kind in KINDS.items()
        if kind.__module__ in families and not issubclass(kind, Blow) and name not in here and kind.word not in words
    }
    assert missing == set()


def test_faults_of_one_contactor_leave_each_other_alone(bench: Bench):
    for name, time in (("a", "100ms"), ("b", "200ms")):
        bench.add("slow", _full(POSITIVE), name=name, time=time)
    bench.add("coil-supply", _full(POSITIVE), name="c")
    bench.fold(0.0)
    bench.faults.clear(names=["a", "c"])
    bench.fold(0.1)
    assert bench.overlay.contactor_delay[RACK3, Contactor.MAIN_POSITIVE] == 0.2
    assert bench.overlay.coil_gain[RACK3, Contactor.MAIN_POSITIVE] == 1.0


def test_gas_of_no_kind_is_refused(bench: Bench):
    with pytest.raises(FaultError, match="give hydrogen, carbon_monoxide or both"):
        bench.add("gas", "container[1].enclosure")


@pytest.mark.parametrize(
    ("word", "target", "hint"),
    [
        ("open", "container[1].rack[1].cell[1]", "no fault 'open' on a cell"),
        ("extra-capacitance", "container[1].rack[1]", "pcs"),
    ],
)
def test_a_word_on_the_wrong_thing_is_refused_with_what_it_is_for(bench: Bench, word, target, hint):
    with pytest.raises(FaultError, match=hint):
        bench.add(word, target)
