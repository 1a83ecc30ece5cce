"""Faults of cells, strings and contactors on a site with its firmware: effect, alarm, and what clearing restores."""

import numpy as np
import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.testing.bench import Bench
from tests.faults.plant_bench import RACK, PlantBench

POSITIVE = f"{RACK}.contactor[main_positive]"


def test_self_discharge_takes_its_current_beside_the_string_and_what_is_lost_stays_lost():
    bench = PlantBench().hit("self-discharge", f"{RACK}.cell[3]", 600.0, current="20A")
    cells = bench.plant.cells
    assert cells.bypass_current[0, 2] == pytest.approx(20.0, rel=0.02)
    lost = cells.soc[0, 2]
    bench.mend(60.0)
    assert cells.bypass_current[0, 2] < 0.1
    assert cells.soc[0, 2] == pytest.approx(lost, abs=1e-3)


def test_lost_capacity_comes_back_empty():
    bench = PlantBench()
    capacity, soc, heat = (float(bench.plant.cells.__dict__[n][0, 2]) for n in ("capacity", "soc", "temperature_core"))
    bench.hit("capacity-loss", f"{RACK}.cell[3]", 700.0, loss="40%")
    cells = bench.plant.cells
    assert cells.capacity[0, 2] == pytest.approx(0.6 * capacity, rel=1e-4)
    assert bench.plant.ageing.soh[0, 2] == pytest.approx(0.6 * bench.plant.ageing.soh[0, 3], rel=1e-3)
    assert cells.soc[0, 2] == pytest.approx(soc, abs=1e-3)
    assert cells.temperature_core[0, 2] == pytest.approx(heat, abs=0.5)
    bench.mend(10.0)
    assert cells.capacity[0, 2] == pytest.approx(capacity, rel=1e-4)
    assert cells.soc[0, 2] == pytest.approx(0.6 * soc, abs=1e-3)


def test_a_shift_of_charge_happens_once_and_stays():
    bench = PlantBench()
    before = bench.plant.cells.soc.copy()
    bench.hit("soc-shift", f"{RACK}.cell[3]", 5.0, shift="-30%")
    bench.hit("soc-shift", f"{RACK}.pack[2]", 5.0, shift="10%")
    moved = bench.plant.cells.soc - before
    expected = np.zeros_like(moved)
    expected[0, 2], expected[0, 4:] = -0.3, 0.1
    assert moved == pytest.approx(expected, abs=1e-4)
    assert not bench.emulator.faults()
    bench.hit("soc-shift", f"{RACK}.pack[2]", 5.0, shift="100%")
    assert bench.plant.cells.soc[0, 4:] == pytest.approx(1.0, abs=1e-4)


def test_a_rack_too_far_away_is_kept_from_the_bus():
    bench = Bench(load_site("demo", {"modbus.devices": [], "initial.connect": True, "initial.soc_percent": 50}))
    bench.fault("soc-shift", "container[1].rack[7]", shift="-45%")
    bench.run(60.0)
    assert bench.get("container[1].rack[7].connected") == 0.0
    assert bench.get("container[1].racks_connected") == 11.0


def test_a_reversed_cell_counts_against_its_string_and_charges_while_the_others_give():
    bench = PlantBench().connect(1000.0)
    string, soc = float(bench.plant.racks.voltage[0]), bench.plant.cells.soc[0].copy()
    bench.fault("reversed", f"{RACK}.cell[3]", name="f")
    bench.run(0.1)
    assert bench.plant.cells.voltage_gain[0, 2] == -1.0
    bench.run(60.0)
    assert bench.plant.cells.voltage[0, 2] < -3.0
    assert bench.alarm("cell_undervoltage") == 3
    assert bench.get(f"{RACK}.connected") == 0.0
    bench.mend(60.0)
    assert bench.plant.cells.voltage[0, 2] > 3.0
    assert bench.plant.racks.voltage[0] == pytest.approx(string, rel=0.02)
    assert bench.plant.cells.soc[0] == pytest.approx(soc, abs=0.02)


def test_a_reversed_module_and_a_reversed_cell_in_it_cancel():
    bench = PlantBench()
    bench.fault("reversed", f"{RACK}.pack[1]", name="module")
    bench.hit("reversed", f"{RACK}.cell[3]", 2.0)
    assert bench.plant.cells.voltage_gain[0].tolist() == [-1, -1, 1, -1, 1, 1, 1, 1]
    assert abs(bench.plant.racks.voltage[0]) == pytest.approx(2 * 3.3, abs=0.2)
    assert bench.alarm("cell_undervoltage") == 3
    bench.clear("module")
    bench.mend(2.0)
    assert (bench.plant.cells.voltage_gain == 1.0).all()


def test_an_open_module_stops_the_current_of_its_string_only_and_its_terminals_show_the_bus():
    bench = PlantBench().connect(3000.0)
    share = float(bench.plant.racks.current[0])
    bench.hit("open", f"{RACK}.pack[2]", 5.0)
    racks = bench.plant.racks
    assert racks.current[0] == 0.0
    assert racks.current[1:].sum() == pytest.approx(3.0 * share, rel=0.1)
    assert racks.voltage[0] == pytest.approx(bench.plant.containers.bus_voltage[0], rel=1e-3)
    assert bench.plant.cells.voltage[0].min() > 3.0
    bench.mend(5.0)
    assert racks.current[0] == pytest.approx(share, rel=0.1)


def test_an_open_module_of_a_rack_off_the_bus_shows_at_the_sum_of_its_cells():
    bench = PlantBench()
    bench.run(15.0)
    bench.hit("open", f"{RACK}.pack[2]", 30.0)
    assert bench.plant.racks.voltage[0] == 0.0
    assert bench.alarm("sum_of_cells_mismatch") == 3
    bench.mend(20.0)
    assert bench.plant.racks.voltage[0] == pytest.approx(bench.plant.cells.voltage[0].sum(), rel=1e-6)


def test_a_bad_joint_drops_voltage_that_no_cell_shows_and_warms_the_cell_beside_it():
    bench = PlantBench().connect(3000.0)
    bench.hit("joint", f"{RACK}.pack[1]", 300.0, resistance="10mohm")
    racks, cells = bench.plant.racks, bench.plant.cells
    joints = cells.voltage[0].sum() - racks.voltage[0]
    assert joints == pytest.approx(racks.current[0] * 0.01, rel=0.15)
    assert bench.get(f"{RACK}.string_voltage") == pytest.approx(racks.voltage[0], abs=0.1)
    assert cells.temperature_core[0, 3] > cells.temperature_core[0, 0] + 0.1
    assert racks.current[0] < racks.current[1]
    bench.mend(2.0)
    assert cells.voltage[0].sum() - racks.voltage[0] < 0.2 * joints


def test_a_blown_fuse_is_put_back_by_clearing():
    bench = PlantBench().connect(1000.0).hit("fuse-blown", RACK, 5.0)
    assert bench.plant.racks.fuse_closed.tolist() == [0, 1, 1]
    assert bench.alarm("fuse_open") == 3
    assert bench.plant.racks.current[0] == 0.0
    bench.mend(1.0)
    assert (bench.plant.racks.fuse_closed == 1.0).all()


def test_a_short_across_the_bus_melts_fuses_and_they_stay_molten():
    bench = PlantBench().connect()
    bench.hit("short", "container[1].bus", 5.0, resistance="0.1mohm")
    assert not bench.plant.racks.fuse_closed.any()
    assert bench.alarm("fuse_open") == 3
    bench.fault("fuse-blown", RACK, name="also")
    bench.mend(5.0)
    bench.clear("also")
    bench.run(1.0)
    assert not bench.plant.racks.fuse_closed.any()


@pytest.mark.parametrize(
    ("place", "positive", "negative"), [("100%", True, False), ("0%", False, True), ("50%", True, True)]
)
def test_a_ground_fault_is_seen_at_the_pole_that_it_is_near(place: str, positive: bool, negative: bool):
    bench = Bench(load_site("cabinet", {"modbus.devices": []}))
    levels = [f"{RACK}.alarm[insulation_{pole}].level" for pole in ("positive", "negative")]
    bench.run(15.0)
    bench.fault("ground-fault", RACK, name="f", resistance="60kohm", place=place)
    bench.run(240.0)
    assert [bench.get(level) > 0 for level in levels] == [positive, negative]
    bench.clear("f")
    bench.run(1.0)
    assert all(bench.get(f"plant.{RACK}.insulation_{pole}") > 1e6 for pole in ("positive", "negative"))


def test_a_slow_contactor_is_found_while_it_is_late():
    bench = PlantBench()
    bench.run(15.0)
    bench.fault("slow", f"{RACK}.contactor[main_negative]", name="f", time="2s")
    bench.write({"container[1].request": "connect"})
    closed, command = bench.plant.racks.contactor_closed, bench.emulator.arena["plant.inputs.contactor_command"]
    for _ in range(300):
        bench.run(0.1)
        if bench.alarm("contactor_negative_stuck_open"):
            break
        assert not (command[0, 0] and closed[0, 0])
    assert bench.alarm("contactor_negative_stuck_open") > 0
    bench.mend(0.1)
    assert not bench.overlay.contactor_delay.any()


def test_contacts_that_are_slow_within_the_window_still_join():
    bench = PlantBench()
    bench.fault("slow", "container[1].rack[*].contactor[*]", time="100ms")
    bench.connect()
    assert bench.alarm("contactor_negative_stuck_open") == 0


@pytest.mark.parametrize("kind", ["chatter", "coil-supply"])
def test_a_contactor_that_falls_open_under_load_is_found(kind: str):
    bench = PlantBench().connect(1000.0).hit(kind, POSITIVE, 10.0)
    assert bench.alarm("contactor_positive_stuck_open") == 3
    assert bench.get(f"{RACK}.connected") == 0.0
    assert bench.plant.racks.current[1] > 0.0
    bench.mend(5.0)
    assert (bench.overlay.coil_gain == 1.0).all()
    assert not bench.overlay.contactor_chatter.any()


def test_a_coil_holds_down_to_its_drop_out_voltage():
    bench = PlantBench().connect().hit("coil-supply", POSITIVE, 5.0, voltage="60%")
    assert bench.get(f"{RACK}.connected") == 1.0
    bench.mend(1.0).hit("coil-supply", POSITIVE, 5.0, voltage="40%")
    assert bench.get(f"{RACK}.connected") == 0.0
