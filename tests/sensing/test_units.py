"""Monitoring units that are broken, a silent chiller, contacts, and the second sensors."""

import math

import numpy as np
import pytest

from tests.sensing.rig import EXACT, build, faults

COMMUNICATION, INTEGRITY, OPEN_WIRE = 1.0, 2.0, 4.0
CELLS, SENSORS = slice(104, 208), slice(52, 104)
"""Of the second pack."""


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_a_pack_that_does_not_answer_keeps_its_readings_and_they_grow_older(dt: float) -> None:
    rig = build(EXACT, dt=dt)
    rig.step(round(2 / dt))
    rig.truth.units.cmu_faults[1, 1] = COMMUNICATION
    rig.truth.cells.voltage += 0.1
    rig.truth.cells.temperature_surface += 10.0
    rig.step(round(3 / dt))
    measured = rig.measured
    assert (measured.cell_voltage[1, CELLS] == 3.3).all()
    assert (measured.temperature[1, SENSORS] == 298.15).all()
    assert 2.89 < measured.cell_voltage_age[1, 1] < 3.11
    assert 2.89 < measured.temperature_age[1, 1] < 4.01
    others = np.ones((2, 4), bool)
    others[1, 1] = False
    assert (measured.cell_voltage_age[others] < 0.1).all()
    assert (measured.cell_voltage.reshape(2, 4, -1)[others] == 3.4).all()
    assert measured.cmu_faults[1].tolist() == [0.0, COMMUNICATION, 0.0, 0.0]
    rig.truth.units.cmu_faults[...] = 0.0
    rig.step(round(2 / dt))
    assert (measured.cell_voltage == 3.4).all()
    assert (measured.cell_voltage_age < 0.1).all()
    assert (measured.temperature_age < 1.0 + dt).all()


def test_faults_of_sensors_do_not_act_on_readings_that_stand() -> None:
    rig = build(EXACT)
    rig.bend(cell_voltage=faults((416 + 110, {"gain": 1.1})))
    rig.step()
    assert rig.measured.cell_voltage[1, 110] == 3.63
    rig.truth.units.cmu_faults[1, 1] = COMMUNICATION
    rig.step(20)
    assert rig.measured.cell_voltage[1, 110] == 3.63


def test_a_unit_whose_answers_fail_their_check_has_no_valid_reading_for_as_long_as_that_lasts() -> None:
    rig = build(EXACT)
    rig.step()
    rig.truth.units.cmu_faults[0, 1] = INTEGRITY
    rig.step(10)
    measured = rig.measured
    assert np.flatnonzero(np.isnan(measured.cell_voltage[0])).tolist() == list(range(104, 208))
    assert np.flatnonzero(np.isnan(measured.temperature[0])).tolist() == list(range(52, 104))
    assert not np.isnan(measured.cell_voltage[1]).any()
    assert measured.cell_voltage_age[0, 1] == 0.0
    rig.truth.units.cmu_faults[...] = 0.0
    rig.step(10)
    assert not np.isnan(measured.cell_voltage).any()
    assert not np.isnan(measured.temperature).any()


def test_an_invalid_reading_wins_over_one_that_a_fault_holds() -> None:
    rig = build(EXACT)
    rig.bend(cell_voltage=faults((110, {"hold": 3.7})))
    rig.truth.units.cmu_faults[0, 1] = INTEGRITY
    rig.step()
    assert math.isnan(rig.measured.cell_voltage[0, 110])


def test_an_open_wire_takes_the_first_cell_of_its_pack() -> None:
    rig = build(EXACT)
    rig.truth.units.cmu_faults[0, 2] = OPEN_WIRE
    rig.step(5)
    assert np.flatnonzero(np.isnan(rig.measured.cell_voltage[0])).tolist() == [208]
    assert not np.isnan(rig.measured.temperature).any()


def test_a_silent_chiller_leaves_its_last_report_and_its_age_grows() -> None:
    rig = build()
    rig.step()
    assert rig.measured.chiller_age[0] == 0.0
    rig.truth.units.chiller_silent[0] = rig.truth.units.chiller_tripped[0] = 1.0
    rig.truth.containers.coolant_supply_temperature += 5.0
    rig.truth.containers.chiller_mode[0] = 3.0
    rig.truth.containers.ambient_temperature += 1.0
    rig.bend(coolant_supply_temperature=faults((0, {"offset": 2.0})))
    rig.step(30)
    measured = rig.measured
    assert measured.coolant_supply_temperature[0] == 293.15
    assert (measured.chiller_mode[0], measured.chiller_fault[0]) == (2.0, 0.0)
    assert measured.chiller_age[0] == pytest.approx(3.0)
    assert measured.ambient_temperature[0] == 304.15
    rig.truth.units.chiller_silent[0] = 0.0
    rig.step()
    assert measured.coolant_supply_temperature[0] == pytest.approx(300.15)
    assert (measured.chiller_mode[0], measured.chiller_fault[0], measured.chiller_age[0]) == (3.0, 1.0, 0.0)


def test_two_current_sensors_have_errors_of_their_own_and_a_fault_hits_one() -> None:
    rig = build()
    rig.truth.racks.current[...] = 150.0
    samples = []
    for _ in range(60):
        rig.step()
        samples.append(rig.measured.current - rig.measured.current_second)
    apart = np.array(samples)
    assert (np.abs(apart[2:]) < 4.0).all()
    assert np.std(apart[2:]) > 0.1
    assert (apart.mean(axis=0) != 0.0).all()
    rig.bend(current_second=faults((0, {"offset": -30.0})))
    rig.step()
    assert rig.measured.current == pytest.approx([150.0, 150.0], abs=3.0)
    assert rig.measured.current_second == pytest.approx([120.0, 150.0], abs=3.0)
    rig.mend()
    rig.bend(current=faults((1, {"lost": 1.0})))
    rig.step()
    assert np.isnan(rig.measured.current).tolist() == [False, True]
    assert rig.measured.current_second == pytest.approx([150.0, 150.0], abs=3.0)


def test_no_two_sensors_of_a_rack_share_their_noise() -> None:
    model = build().model
    kinds = ("current", "current_second", "string_voltage", "fuse_voltage", "link_voltage", "terminal", "insulation")
    assert len({int(getattr(model, kind).key) for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("fuse", "breaker", "contacts", "volts"),
    [
        (1, 1, (0, 0, 0), 1372.8),
        (1, 1, (1, 0, 1), 1372.8),
        (0, 1, (0, 0, 0), 0.0),
        (1, 0, (0, 0, 0), 0.0),
        (0, 1, (1, 0, 1), 1300.0),
        (1, 0, (1, 1, 0), 1300.0),
        (0, 1, (0, 0, 1), 0.0),
        (0, 0, (1, 0, 0), 0.0),
    ],
)
def test_behind_the_fuse_is_the_string_or_the_link_or_nothing(
    fuse: float, breaker: float, contacts: tuple[float, ...], volts: float
) -> None:
    rig = build(EXACT)
    racks = rig.truth.racks
    racks.fuse_closed[0], racks.breaker_closed[0], racks.contactor_closed[0] = fuse, breaker, contacts
    rig.step()
    assert rig.measured.fuse_voltage.tolist() == [volts, 1372.8]
    assert (rig.measured.fuse_feedback[0], rig.measured.breaker_feedback[0]) == (fuse, breaker)


def test_a_terminal_is_measured_with_the_lag_and_the_scale_of_a_temperature_sensor() -> None:
    rig = build(EXACT | {"container.rack.sensors.temperature_k.lag_s": 15.0})
    rig.step()
    assert rig.measured.terminal_temperature == pytest.approx(308.15)
    rig.truth.racks.terminal_temperature[1] += 20.0
    rig.step(150)
    assert rig.measured.terminal_temperature[1] == pytest.approx(308.15 + 20.0 * (1.0 - math.exp(-1.0)), abs=0.06)
    assert rig.measured.terminal_temperature[0] == pytest.approx(308.15)


def test_contacts_and_reports_are_those_of_the_surroundings() -> None:
    rig = build()
    around, measured = rig.truth.conditions, rig.measured
    rig.step()
    assert measured.interlock_closed.tolist() == [1.0, 1.0]
    around.interlock_open[1], around.controller_faults[0] = 1.0, 65.0
    around.emergency_stop[0] = around.door_open[0] = around.water[0] = 1.0
    rig.truth.supply.voltage[0] = 19.5
    rig.bend(contactor_feedback=faults((3, {"hold": 1.0}), (5, {"gain": -1.0, "offset": 1.0})))
    rig.step()
    assert measured.interlock_closed.tolist() == [1.0, 0.0]
    assert measured.controller_faults.tolist() == [65.0, 0.0]
    assert (measured.emergency_stop[0], measured.door_open[0], measured.water[0]) == (1.0, 1.0, 1.0)
    assert measured.supply_voltage[0] == 19.5
    assert measured.contactor_feedback.tolist() == [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("degc", "humidity", "dew_degc"), [(20.0, 1.0, 20.0), (20.0, 0.5, 9.27), (30.0, 0.8, 26.16), (0.0, 0.6, -6.81)]
)
def test_dew_points_are_those_of_tables(degc: float, humidity: float, dew_degc: float) -> None:
    rig = build()
    rig.truth.containers.air_temperature[...] = degc + 273.15
    rig.truth.conditions.humidity[...] = humidity
    rig.step()
    assert rig.measured.dew_point[0] - 273.15 == pytest.approx(dew_degc, abs=0.05)


def test_dry_air_has_a_dew_point_too() -> None:
    rig = build()
    rig.truth.conditions.humidity[...] = 0.0
    rig.step()
    assert 200.0 < rig.measured.dew_point[0] < 250.0
