"""What the reference firmware makes of faults of measurements, and what those of sense wires do to the cells."""

from typing import Any

import numpy as np
import pytest

from bms_emulator.testing.bench import Bench

CELL, NTC, CMU = "rack[1].cell[60]", "rack[1].temperature_sensor[3].temperature", "rack[1].pack[2].cmu"
CURRENT, FEEDBACK = "rack[1].current", "rack[1].contactor[main_positive].feedback"
VOLTAGE = f"{CELL}.voltage"

ALARMS: list[tuple[str, str, dict[str, Any], str, float]] = [
    ("stuck", VOLTAGE, {"value": "3.7V"}, "cell_overvoltage", 3.0),
    ("offset", VOLTAGE, {"offset": "-1V"}, "cell_undervoltage", 2.0),
    ("drift", VOLTAGE, {"rate": "50mV/s"}, "cell_voltage_spread", 12.0),
    ("invalid", VOLTAGE, {}, "stale_voltage", 1.0),
    ("open", VOLTAGE, {}, "stale_voltage", 1.0),
    ("short", VOLTAGE, {}, "deep_discharge", 3.0),
    ("out-of-range", VOLTAGE, {"end": "high"}, "cell_overvoltage", 3.0),
    ("noise", "rack[1].cell[*].voltage", {"sigma": "100mV"}, "cell_voltage_spread", 10.0),
    ("stale", VOLTAGE, {}, "stale_voltage", 1.0),
    ("stale", NTC, {}, "stale_temperature", 3.0),
    ("stale", CURRENT, {}, "stale_current", 1.0),
    ("open", NTC, {}, "undertemperature_discharge", 6.5),
    ("short", NTC, {}, "overtemperature_discharge", 4.0),
    ("drift", NTC, {"rate": "3K/s"}, "temperature_spread", 12.0),
    ("open", CURRENT, {}, "stale_current", 1.0),
    ("offset", "rack[1].current_second", {"offset": "40A"}, "current_sensor_mismatch", 6.0),
    ("out-of-range", CURRENT, {"end": "high"}, "overcurrent_discharge", 3.0),
    ("gain", "rack[1].string_voltage", {"gain": "93%"}, "sum_of_cells_mismatch", 11.0),
    ("out-of-range", "rack[1].insulation_positive", {"end": "low"}, "insulation_positive", 40.0),
    ("inverted", FEEDBACK, {}, "contactor_positive_welded", 2.0),
    ("stuck", "rack[1].fuse_feedback", {"value": 0}, "fuse_open", 1.0),
    ("open", "rack[1].interlock.closed", {}, "interlock_open", 1.0),
    ("short", "emergency_stop.active", {}, "emergency_stop", 1.0),
    ("short", "water", {}, "water", 2.0),
    ("short", "coolant.supply_temperature", {}, "coolant_supply_hot", 65.0),
    ("sense-wire-open", CELL, {}, "cell_voltage_spread", 6.0),
    ("sense-wire-open", CELL, {"found": "yes"}, "cmu_open_wire", 2.0),
    ("sense-wire-short", CELL, {}, "cell_undervoltage", 2.0),
    ("sense-leakage", CELL, {"resistance": "10kohm"}, "cell_voltage_spread", 6.0),
    ("sense-wires-swapped", CELL, {}, "cell_overvoltage", 3.0),
    ("gain", CMU, {"gain": "110%"}, "cell_voltage_spread", 6.0),
    ("offset", CMU, {"offset": "0.3V"}, "cell_overvoltage", 6.0),
    ("reference-drift", CMU, {"rate": "1%/s"}, "cell_voltage_spread", 18.0),
    ("reset", CMU, {}, "cell_undervoltage", 2.0),
    ("cell-count", CMU, {"cells": 50}, "cmu_integrity", 1.0),
    ("crc-errors", CMU, {"rate": "100%"}, "stale_voltage", 1.0),
    ("stale-counter", CMU, {}, "stale_voltage", 1.0),
    ("chain-break", CMU, {}, "cmu_communication", 1.0),
]


@pytest.mark.parametrize(
    ("kind", "target", "parameters", "alarm", "within"), ALARMS, ids=[f"{r[0]} {r[1]}" for r in ALARMS]
)
def test_the_firmware_notices(kind: str, target: str, parameters: dict[str, Any], alarm: str, within: float) -> None:
    with Bench("cabinet") as bench:
        bench.run(12.0)
        assert not _alarms(bench)
        bench.fault(kind, target, **parameters)
        bench.run(within)
        assert alarm in _alarms(bench)


UNNOTICED: list[tuple[str, str, dict[str, Any]]] = [
    ("spike", VOLTAGE, {"rate": "0.2/s", "height": "40mV"}),
    ("quantise", "rack[1].cell[*].voltage", {"step": "10mV"}),
    ("swapped", VOLTAGE, {"other": "rack[1].cell[70].voltage"}),
    ("mux-stuck", CMU, {}),
    ("delayed", VOLTAGE, {"time": "1s"}),
    ("slow", NTC, {"lag": "5min"}),
    ("crc-errors", CMU, {"rate": "2%"}),
]


@pytest.mark.parametrize(("kind", "target", "parameters"), UNNOTICED, ids=[row[0] for row in UNNOTICED])
def test_the_firmware_does_not_notice_at_rest(kind: str, target: str, parameters: dict[str, Any]) -> None:
    with Bench("cabinet") as bench:
        bench.run(12.0)
        bench.fault(kind, target, **parameters)
        bench.run(20.0)
        assert not _alarms(bench)


def _alarms(bench: Bench) -> set[str]:
    return {event.data["alarm"] for event in bench.events() if event.kind == "alarm" and event.data["level"]}


def test_a_break_of_the_chain_silences_all_units_behind_it_until_it_is_mended() -> None:
    with Bench("cabinet") as bench:
        bench.run(5.0)
        assert bench.fault("chain-break", "rack[1].pack[3].cmu", name="x")["count"] == 3
        bench.run(2.0)
        assert (bench.values("rack[1].pack[*].cell_voltage_age") > 1.0).tolist() == [False, False, True, True, True]
        assert bench.values("rack[1].pack[*].cmu_faults").tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
        bench.clear()
        bench.run(0.2)
        assert not bench.values("rack[1].pack[*].cell_voltage_age").any()


@pytest.mark.parametrize(
    ("kind", "parameters", "between", "wire"),
    [("sense-wire-short", {"wire": "10ohm"}, 0.0, 10.0), ("sense-leakage", {"resistance": "2kohm"}, 2e3, 1e3)],
)
def test_what_conducts_between_sense_wires_bends_three_readings_and_discharges_the_cell(
    kind: str, parameters: dict[str, str], between: float, wire: float
) -> None:
    with Bench("cabinet") as bench:
        bench.run(5.0)
        before = bench.get(f"plant.{CELL}.bypass_current")
        bench.fault(kind, CELL, **parameters)
        bench.run(2.0)
        truth = bench.values("plant.rack[1].cell[58..62].voltage")
        current = truth[2] / (between + 2.0 * wire)
        assert bench.get(f"plant.{CELL}.bypass_current") - before == pytest.approx(current, rel=0.02)
        drop = wire * current
        expected = truth + drop * np.array([0.0, 1.0, -2.0, 1.0, 0.0])
        assert bench.values("rack[1].cell[58..62].voltage") == pytest.approx(expected, abs=5e-3)
        bench.clear()
        bench.run(2.0)
        assert bench.values("rack[1].cell[58..62].voltage") == pytest.approx(truth, abs=5e-3)
        assert bench.get(f"plant.{CELL}.bypass_current") == pytest.approx(before, rel=0.02)


def test_a_balancing_switch_that_is_stuck_bleeds_or_does_not_whatever_is_asked() -> None:
    with Bench("cabinet") as bench:
        bench.run(5.0)
        bled = f"plant.{CELL}.balancing_current"
        assert bench.get(bled) == 0.0
        bench.fault("balancing-stuck-on", CELL, name="on")
        bench.run(3.0)
        assert bench.get(bled) > 0.05
        assert not bench.values("plant.rack[1].cell[1..59].balancing_current").any()
        bench.fault("balancing-stuck-off", CELL, name="off")
        bench.run(3.0)
        assert bench.get(bled) == 0.0
        bench.clear("off")
        bench.run(3.0)
        assert bench.get(bled) > 0.05
        bench.clear()
        bench.run(3.0)
        assert bench.get(bled) == 0.0


def test_a_sensor_off_its_cell_reads_the_air_or_the_coolant() -> None:
    with Bench("cabinet", {"container.rack.sensors.temperature_k.lag_s": 0}) as bench:
        for reads, truth in (("air", "plant.air_temperature"), ("coolant", "plant.coolant.supply_temperature")):
            bench.fault("detached", NTC, name="x", reads=reads)
            bench.run(2.0)
            assert bench.get(NTC) == pytest.approx(bench.get(truth), abs=0.7)
