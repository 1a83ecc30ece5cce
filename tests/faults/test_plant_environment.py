"""Faults of the surroundings on a site with its firmware: effect, alarm, and what clearing restores."""

import pytest

from bms_emulator.plant.state import DetectorState
from tests.faults.plant_bench import PlantBench

CONTAINER, ENCLOSURE = "container[1]", "container[1].enclosure"


@pytest.fixture
def bench() -> PlantBench:
    return PlantBench()


@pytest.mark.parametrize(
    ("settings", "alarm"), [({"hydrogen": "2000ppm"}, "hydrogen"), ({"carbon_monoxide": "1000ppm"}, "carbon_monoxide")]
)
def test_gas_from_elsewhere_is_seen_as_any_other_and_goes_when_cleared(bench: PlantBench, settings, alarm: str):
    bench.hit("gas", ENCLOSURE, 120.0, **settings)
    assert bench.alarm(alarm, CONTAINER) > 0
    bench.mend(600.0)
    assert bench.get(f"{CONTAINER}.gas.{alarm}") == pytest.approx(0.0, abs=1e-6)


def test_smoke_from_elsewhere_trips_the_panel_which_waits_for_a_reset(bench: PlantBench):
    bench.hit("smoke", ENCLOSURE, 60.0, extinction="0.5/m")
    assert bench.alarm("smoke", CONTAINER) > 0
    assert bench.plant.fire.level[0] == 1.0
    bench.mend(300.0)
    assert bench.plant.fire.reading[0, 2] < 1e-3
    assert bench.plant.fire.level[0] == 1.0
    bench.write({f"{CONTAINER}.fire.reset": 1})
    bench.run(5.0)
    assert bench.plant.fire.level[0] == 0.0


def test_a_fire_in_the_enclosure_trips_its_heat_detectors(bench: PlantBench):
    bench.hit("heat", ENCLOSURE, 1200.0, power="200kW")
    hot = float(bench.plant.containers.air_temperature[0])
    assert hot > 350.0
    assert bench.alarm("heat", CONTAINER) == 3
    bench.mend(1800.0)
    assert bench.plant.containers.air_temperature[0] < hot - 10.0


@pytest.mark.parametrize(
    ("kind", "contact", "point", "alarm"),
    [
        ("water", "water", "floor.water", "water"),
        ("door-open", "door.open", "door.opened", "door_open"),
        ("emergency-stop", "emergency_stop.active", "emergency_stop.pressed", "emergency_stop"),
    ],
)
def test_a_contact_closes_for_a_fault_or_a_hand(bench: PlantBench, kind: str, contact: str, point: str, alarm: str):
    bench.hit(kind, ENCLOSURE, 5.0)
    assert bench.alarm(alarm, CONTAINER) > 0
    assert bench.get(f"{CONTAINER}.{contact}") == 1.0
    assert bench.get(f"{CONTAINER}.{point}") == 0.0
    bench.write({f"{CONTAINER}.{point}": 1})
    bench.mend(5.0)
    assert bench.get(f"{CONTAINER}.{contact}") == 1.0
    bench.write({f"{CONTAINER}.{point}": 0})
    bench.run(1.0)
    assert bench.get(f"{CONTAINER}.{contact}") == 0.0


def test_an_emergency_stop_opens_all_racks():
    bench = PlantBench().connect(1000.0).hit("emergency-stop", ENCLOSURE, 2.0)
    assert not bench.plant.racks.contactor_closed.any()


def test_a_gas_fan_that_stands_still_leaves_the_gas_where_it_is(bench: PlantBench):
    bench.write({f"{CONTAINER}.io.ventilation_enable": 1})
    bench.run(3.0)
    power = bench.get("plant.container[1].ventilation.power")
    assert power > 0.0
    bench.hit("weak", "container[1].ventilation", 3.0)
    assert bench.get("plant.container[1].ventilation.power") == 0.0
    bench.mend(3.0)
    assert bench.get("plant.container[1].ventilation.power") == power


def test_extreme_weather_is_outside_of_every_container_and_at_the_station(bench: PlantBench):
    bench.run(15.0)
    before = float(bench.plant.containers.ambient_temperature[0])
    bench.hit("extreme", "weather", 30.0, shift="25K")
    assert bench.plant.containers.ambient_temperature[0] == pytest.approx(before + 25.0, abs=0.5)
    assert bench.get("plant.weather.temperature") == pytest.approx(before + 25.0, abs=0.5)
    bench.mend(2.0)
    assert bench.plant.containers.ambient_temperature[0] == pytest.approx(before, abs=0.5)


def test_a_panel_that_has_lost_its_detectors_says_so_and_sees_no_fire(bench: PlantBench):
    bench.fault("fault", "container[1].fire", name="f")
    bench.fault("smoke", ENCLOSURE, extinction="2/m")
    bench.run(60.0)
    assert (bench.plant.panels.state == DetectorState.FAULT).all()
    assert bench.plant.fire.level[0] == 0.0
    bench.mend(30.0)
    assert bench.plant.fire.level[0] == 1.0
