"""Faults around the contactors on a site with its firmware: effect, alarm, and what clearing restores."""

import math

import pytest

from tests.faults.plant_bench import RACK, PlantBench

RACKS = "container[1].rack[*]"


def test_an_open_precharge_resistor_lets_no_bus_come_up():
    bench = PlantBench()
    bench.fault("precharge-open", RACKS, name="f")
    bench.write({"container[1].request": "connect"})
    bench.run(90.0)
    assert bench.get("container[1].racks_connected") == 0.0
    assert bench.plant.containers.bus_voltage[0] < 1.0
    assert (bench.values("container[1].rack[*].alarm[precharge_timeout].count") > 0).all()
    assert not bench.plant.racks.contactor_closed.any()


def test_a_shorted_precharge_resistor_takes_no_heat_of_the_surge():
    sound, shorted = PlantBench(), PlantBench()
    shorted.fault("precharge-shorted", RACKS, name="f")
    warmest = []
    for bench in (sound, shorted):
        start = float(bench.plant.racks.precharge_temperature[0])
        bench.write({"container[1].request": "connect"})
        rise = 0.0
        for _ in range(400):
            bench.run(0.1)
            rise = max(rise, float(bench.plant.racks.precharge_temperature.max()) - start)
        warmest.append(rise)
    assert warmest[0] > 0.01
    assert warmest[1] < 0.1 * warmest[0]


def test_an_overheated_precharge_resistor_cools_down_after_clearing():
    bench = PlantBench()
    before = float(bench.plant.racks.precharge_temperature[0])
    bench.hit("precharge-overheated", RACK, 60.0, power="100W")
    hot = float(bench.plant.racks.precharge_temperature[0])
    assert hot > before + 5.0
    bench.mend(600.0)
    assert bench.plant.racks.precharge_temperature[0] < 0.5 * (hot + before)


def test_precharge_takes_longer_with_more_capacitance_on_the_link():
    times = []
    for capacitance in (None, "0.5F"):
        bench = PlantBench()
        if capacitance:
            bench.fault("extra-capacitance", "pcs[1]", name="f", capacitance=capacitance)
        bench.run(5.0)
        bench.write({"container[1].request": "connect"})
        while bench.plant.containers.bus_voltage[0] < 20.0 and bench.time < 60.0:
            bench.run(0.1)
        times.append(bench.time)
    assert times[1] > times[0] + 0.5


def test_a_tripped_breaker_stays_open_until_a_hand_closes_it():
    bench = PlantBench().connect(1000.0).hit("breaker-trip", RACK, 5.0)
    closed = bench.plant.racks.breaker_closed
    assert closed.tolist() == [0, 1, 1]
    assert bench.alarm("breaker_open") == 3
    bench.write({f"{RACK}.breaker.close": 1})
    bench.run(1.0)
    assert closed[0] == 0.0
    bench.mend(1.0)
    assert closed[0] == 0.0
    bench.write({f"{RACK}.breaker.close": 1})
    bench.run(1.0)
    assert closed[0] == 1.0


def test_a_broken_interlock_opens_its_rack_only_and_joins_with_the_hand():
    bench = PlantBench().connect().hit("interlock-open", RACK, 5.0)
    assert bench.alarm("interlock_open") == 3
    assert bench.get(f"{RACK}.interlock.closed") == 0.0
    assert bench.get("container[1].racks_connected") == 2.0
    assert bench.get(f"{RACK}.interlock.opened") == 0.0
    bench.write({f"{RACK}.interlock.opened": 1})
    bench.mend(1.0)
    assert bench.get(f"{RACK}.interlock.closed") == 0.0
    bench.write({f"{RACK}.interlock.opened": 0})
    bench.run(1.0)
    assert bench.get(f"{RACK}.interlock.closed") == 1.0


def test_a_failed_insulation_monitor_reads_nothing_and_says_so():
    bench = PlantBench()
    bench.run(15.0)
    bench.hit("insulation-monitor-failed", RACK, 10.0)
    assert bench.alarm("insulation_monitor") > 0
    assert math.isnan(bench.get(f"{RACK}.insulation_positive"))
    bench.mend(30.0)
    assert bench.alarm("insulation_monitor") == 0
    assert bench.get(f"{RACK}.insulation_positive") > 0.0


def test_two_monitors_on_one_bus_take_each_other_for_a_leak():
    bench = PlantBench().connect()
    bench.run(60.0)
    watching = int(bench.get("container[1].insulation_monitor_rack"))
    alone = bench.get(f"container[1].rack[{watching}].insulation_positive")
    other = 1 + watching % 3
    bench.hit("insulation-monitor-forced", f"container[1].rack[{other}]", 60.0)
    assert bench.plant.units.insulation_monitor_on.sum() == 2.0
    together = bench.get(f"container[1].rack[{watching}].insulation_positive")
    assert together < 0.9 * alone
    bench.mend(90.0)
    assert bench.get(f"container[1].rack[{watching}].insulation_positive") == pytest.approx(alone, rel=0.1)
