"""Faults of the coolant loop and the chiller on a site with its firmware: effect, alarm, and what clearing restores."""

import pytest

from bms_emulator.plant.state import ChillerAlarm
from tests.faults.plant_bench import PlantBench

CHILLER, PUMP, CONTAINER = "container[1].chiller", "container[1].pump", "container[1]"


def has(bench: PlantBench, alarm: ChillerAlarm) -> bool:
    """Whether the chiller finds that wrong with itself."""
    return bool(int(bench.plant.chillers.alarms[0]) >> alarm & 1)


@pytest.fixture
def bench() -> PlantBench:
    """A site whose coolant turns."""
    return PlantBench().cool()


def test_a_pump_that_moves_nothing_still_turns(bench: PlantBench):
    flow = float(bench.plant.containers.coolant_flow[0])
    bench.hit("no-flow", PUMP, 90.0)
    assert bench.plant.containers.coolant_flow[0] == 0.0
    assert bench.get("plant.container[1].pump.speed") == 1.0
    assert bench.alarm("coolant_flow_low", CONTAINER) > 0
    assert has(bench, ChillerAlarm.FLOW_LOW)
    bench.mend(20.0)
    assert bench.plant.containers.coolant_flow[0] == pytest.approx(flow, rel=0.01)
    assert not has(bench, ChillerAlarm.FLOW_LOW)


def test_air_in_the_coolant_takes_head_and_flow(bench: PlantBench):
    before = [float(x[0]) for x in (bench.plant.containers.coolant_flow, bench.plant.containers.coolant_pressure)]
    bench.hit("air", PUMP, 20.0, share="9%")
    after = [float(x[0]) for x in (bench.plant.containers.coolant_flow, bench.plant.containers.coolant_pressure)]
    assert 0.5 * before[0] < after[0] < 0.8 * before[0]
    assert after[1] < 0.6 * before[1]
    bench.mend(5.0)
    assert bench.plant.containers.coolant_flow[0] == pytest.approx(before[0], rel=0.01)


def test_a_stuck_valve_starves_its_rack_and_feeds_the_others(bench: PlantBench):
    before = bench.plant.packs.coolant_flow.copy()
    bench.hit("valve-stuck", "container[1].rack[2]", 5.0)
    flow = bench.plant.packs.coolant_flow
    assert not flow[1].any()
    assert (flow[[0, 2]] > before[[0, 2]]).all()
    bench.mend(5.0)
    assert flow == pytest.approx(before, rel=1e-3)


def test_a_deaf_chiller_goes_on_as_the_bank_controller_last_asked():
    bench = PlantBench(initial__temperature_degc=33, weather__mean_degc=33)
    bench.run(30.0)
    before = float(bench.plant.chillers.setpoint[0])
    bench.fault("deaf", CHILLER, name="f")
    bench.write({"container[1].thermal.cooling_setpoint": before - 4.0})
    bench.run(10.0)
    assert bench.plant.chillers.setpoint[0] == before
    assert bench.plant.units.chiller_silent[0] == 0.0
    bench.mend(1.0)
    assert bench.plant.chillers.setpoint[0] == before - 4.0


def test_a_cut_line_is_silent_both_ways(bench: PlantBench):
    bench.hit("communication-lost", CHILLER, 60.0)
    assert bench.alarm("chiller_communication", CONTAINER) > 0
    assert (bench.plant.units.chiller_silent[0], bench.overlay.chiller_deaf[0]) == (1.0, 1.0)
    bench.mend(15.0)
    assert bench.alarm("chiller_communication", CONTAINER) == 0


def test_a_chiller_too_cold_makes_dew():
    bench = PlantBench(initial__temperature_degc=30, weather__mean_degc=30)
    bench.write({"container[1].enclosure.humidity": 0.5})
    bench.cool("cool")
    assert bench.alarm("condensation", CONTAINER) == 0
    setpoint = float(bench.plant.chillers.setpoint[0])
    bench.hit("too-cold", CHILLER, 600.0, by="15K")
    assert bench.plant.chillers.setpoint[0] == pytest.approx(setpoint - 15.0)
    assert bench.plant.containers.coolant_supply_temperature[0] < setpoint - 8.0
    assert bench.alarm("condensation", CONTAINER) > 0
    cold = float(bench.plant.containers.coolant_supply_temperature[0])
    bench.mend(1800.0)
    assert bench.plant.chillers.setpoint[0] == setpoint
    assert bench.plant.containers.coolant_supply_temperature[0] > cold + 0.3


def test_a_stuck_heater_warms_the_coolant_until_it_is_cleared(bench: PlantBench):
    bench.hit("heater-stuck", CHILLER, 300.0)
    power, hot = (
        bench.get("plant.container[1].chiller.power"),
        bench.get("plant.container[1].coolant.supply_temperature"),
    )
    assert hot > 303.0
    bench.run(3600.0)
    assert bench.alarm("coolant_supply_hot", CONTAINER) > 0
    assert bench.get("plant.container[1].coolant.supply_temperature") < 273.15 + 95.0
    bench.mend(1.0)
    assert bench.get("plant.container[1].chiller.power") < 0.1 * power


def test_a_condenser_without_a_fan_stops_the_compressor():
    bench = PlantBench(initial__temperature_degc=33, weather__mean_degc=33)
    bench.run(60.0)
    assert bench.plant.containers.compressor_on[0] == 1.0
    bench.hit("fan-stop", CHILLER, 400.0)
    assert bench.plant.containers.compressor_on[0] == 0.0
    assert has(bench, ChillerAlarm.CONDENSER_PRESSURE_HIGH)
    bench.mend(300.0)
    assert bench.plant.containers.compressor_on[0] == 1.0
    assert not has(bench, ChillerAlarm.CONDENSER_PRESSURE_HIGH)


def test_a_low_level_is_a_warning_until_the_refill(bench: PlantBench):
    bench.hit("low-level", CHILLER, 5.0, level="2%")
    assert bench.plant.chillers.tank[0] == 0.02
    assert has(bench, ChillerAlarm.COOLANT_LEVEL_LOW)
    assert not bench.emulator.faults()
    bench.write({"container[1].coolant.refill": 1})
    bench.run(1.0)
    assert not has(bench, ChillerAlarm.COOLANT_LEVEL_LOW)


def test_a_low_pressure_stops_the_chiller_until_refill_and_reset(bench: PlantBench):
    bench.hit("low-pressure", CHILLER, 60.0)
    assert has(bench, ChillerAlarm.COOLANT_PRESSURE_LOW)
    assert bench.plant.containers.coolant_flow[0] == 0.0
    assert bench.alarm("chiller_trip", CONTAINER) > 0
    bench.write({"container[1].coolant.refill": 1})
    bench.run(1.0)
    bench.write({"container[1].chiller.reset": 1})
    bench.run(20.0)
    assert not has(bench, ChillerAlarm.COOLANT_PRESSURE_LOW)
    assert bench.plant.containers.coolant_flow[0] > 0.0
