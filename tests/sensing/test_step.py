"""From truth to measurements, tick by tick."""

import math

import numpy as np
import pytest

from tests.reference import sensing_twin as twin
from tests.sensing.rig import EXACT, build, faults

TEMPERATURE = "container.rack.sensors.temperature_k"
VOLTAGE = "container.rack.sensors.cell_voltage_v"
CURRENT = "container.rack.sensors.current_a"


def test_every_channel_is_read_at_the_first_tick() -> None:
    rig = build(EXACT, dt=0.01)
    rig.step()
    assert np.all(rig.measured.cell_voltage == 3.3)
    assert np.all(rig.measured.temperature == 298.15)
    assert np.all(rig.measured.string_voltage == 1372.8)
    assert np.all(rig.measured.link_voltage == 1300.0)
    assert rig.measured.coolant_flow == pytest.approx([7.5])
    assert rig.measured.chiller_mode.tolist() == [2.0]


def test_cell_voltages_are_the_twins() -> None:
    rig = build()
    rig.truth.cells.voltage += np.random.default_rng(5).normal(0.0, 0.02, rig.truth.cells.voltage.shape)
    rig.step(4)
    channels, tick, cells = rig.model.cell_voltage, 3, rig.truth.cells.voltage.shape[1]
    for r, k in [(0, 0), (0, 415), (1, 7), (1, 208)]:
        noise = twin.gaussian(int(channels.key), tick, r * cells + k)
        sensed = channels.gain[r, k // 104] * rig.truth.cells.voltage[r, k] + channels.offset[r, k]
        expected = twin.reading(sensed + channels.noise * noise, *channels.scale)
        assert rig.measured.cell_voltage[r, k] == pytest.approx(expected, abs=1e-12)


def test_noise_and_offset_have_the_spread_of_the_profile() -> None:
    rig = build({f"{VOLTAGE}.resolution": 1e-6})
    samples = []
    for _ in range(50):
        rig.step()
        samples.append(rig.measured.cell_voltage - 3.3)
    error = np.array(samples)
    assert np.std(error - np.mean(error, axis=0)) == pytest.approx(0.3e-3, rel=0.05)
    assert np.std(np.mean(error, axis=0)) == pytest.approx(0.8e-3, rel=0.1)


def test_the_same_seed_reads_the_same_bits_and_a_tick_needs_no_history() -> None:
    one, other = build(seed=4), build(seed=4)
    one.step(20)
    other.tick = 19
    other.step()
    assert np.array_equal(one.measured.cell_voltage, other.measured.cell_voltage)
    assert np.array_equal(one.measured.current, other.measured.current)


def test_a_voltage_is_held_between_samples_and_grows_older() -> None:
    rig = build(EXACT, dt=0.01)
    rig.step()
    rig.truth.cells.voltage += 0.1
    rig.step(9)
    assert np.all(rig.measured.cell_voltage == 3.3)
    assert rig.measured.cell_voltage_age == pytest.approx(0.09)
    rig.step()
    assert np.all(rig.measured.cell_voltage == 3.4)
    assert np.all(rig.measured.cell_voltage_age == 0.0)


def test_temperatures_take_turns_by_pack_and_are_never_older_than_their_period() -> None:
    rig = build(EXACT)
    rig.step()
    assert np.all(rig.measured.temperature_age == 0.0)
    sampled = np.zeros(rig.measured.temperature_age.shape)
    for _ in range(10):
        rig.step()
        fresh = rig.measured.temperature_age == 0.0
        assert np.sum(fresh) <= 1
        sampled += fresh
        assert np.all(rig.measured.temperature_age < 1.0)
    assert np.all(sampled == 1.0)


def test_a_temperature_reads_the_cell_under_its_sensor() -> None:
    rig = build(EXACT)
    rig.truth.cells.temperature_surface[...] = 273.15 + np.arange(416) / 10
    rig.step()
    assert rig.measured.temperature[1] == pytest.approx(273.15 + rig.model.sensor_cell / 10)


def test_the_lag_of_a_temperature_sensor_is_exact() -> None:
    rig = build(EXACT | {f"{TEMPERATURE}.lag_s": 15})
    rig.step()
    rig.truth.cells.temperature_surface += 10.0
    rig.step(10)
    turns = np.array([[(r * 4 + p) * 10 // 8 for p in range(4)] for r in range(2)])  # ticks of the eight packs
    elapsed = 0.1 * np.where(turns == 0, 10, turns)
    expected = 308.15 - 10.0 * np.exp(-elapsed / 15.0)
    assert rig.state.temperature_lagged[:, ::52] == pytest.approx(expected, abs=1e-9)
    assert expected[1, 3] == pytest.approx(twin.lagged(308.15, 298.15, float(elapsed[1, 3]), 15.0), abs=1e-5)


def test_the_lag_of_a_sensor_does_not_depend_on_the_step() -> None:
    bodies = []
    for dt in (0.01, 0.1, 1.0):
        rig = build(EXACT | {f"{CURRENT}.lag_s": 0.5, f"{TEMPERATURE}.lag_s": 15}, dt=dt)
        rig.step()
        rig.truth.racks.current[...] = 100.0
        rig.truth.cells.temperature_surface += 10.0
        rig.step(round(2.0 / dt))
        bodies.append((rig.state.current_lagged[0], rig.state.temperature_lagged[0, 0]))
    assert [current for current, _ in bodies] == pytest.approx([100.0 * (1 - math.exp(-4.0))] * 3)
    assert [body for _, body in bodies] == pytest.approx([308.15 - 10.0 * math.exp(-2.0 / 15.0)] * 3)


def test_a_current_is_read_with_gain_offset_and_resolution() -> None:
    rig = build(EXACT | {f"{CURRENT}.gain_percent": 0.2, f"{CURRENT}.offset": 0.2})
    rig.truth.racks.current[...] = [157.0, -157.0]
    rig.step()
    channels = rig.model.current
    exact = channels.gain * rig.truth.racks.current + channels.offset
    assert rig.measured.current == pytest.approx(np.round(exact, 1))
    assert np.all(rig.measured.current_age == 0.0)


def test_a_reading_stays_within_the_range_of_its_sensor() -> None:
    rig = build(EXACT)
    rig.truth.racks.current[...] = [2000.0, -2000.0]
    rig.truth.cells.voltage[0, 0] = -1.0
    rig.step()
    assert rig.measured.current.tolist() == [500.0, -500.0]
    assert rig.measured.cell_voltage[0, 0] == 0.0


def test_contacts_read_what_conducts() -> None:
    rig = build()
    rig.truth.racks.contactor_closed[1] = [1.0, 0.0, 1.0]
    rig.truth.racks.fuse_closed[0] = 0.0
    rig.step()
    assert rig.measured.contactor_feedback.tolist() == [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]
    assert rig.measured.fuse_feedback.tolist() == [0.0, 1.0]


def test_an_offset_acts_once_however_long_a_reading_stands() -> None:
    rig = build(EXACT, dt=0.01)
    rig.bend(temperature=faults((7, {"offset": 20.0})))
    rig.bend(cell_voltage=faults((3, {"offset": 0.1})))
    rig.step(250)
    assert rig.measured.temperature[0, 7] == pytest.approx(318.15)
    assert rig.measured.cell_voltage[0, 3] == pytest.approx(3.4)


def test_clearing_a_fault_gives_the_true_reading_back_within_one_sampling_period() -> None:
    rig = build(EXACT)
    rig.bend(temperature=faults((7, {"hold": 400.0}), (300, {"lost": 1.0})))
    rig.bend(current=faults((1, {"hold": 55.0})))
    rig.bend(link_voltage=faults((0, {"gain": 0.5})))
    rig.bend(coolant_flow=faults((0, {"hold": 0.0})))
    rig.step(11)
    assert rig.measured.temperature[0, 7] == 400.0
    assert math.isnan(rig.measured.temperature[1, 300 - 208])
    assert rig.measured.current[1] == 55.0
    assert rig.measured.link_voltage.tolist() == [650.0, 1300.0]
    assert rig.measured.coolant_flow.tolist() == [0.0]
    rig.mend()
    rig.step()
    assert rig.measured.current[1] == 0.0
    assert rig.measured.link_voltage.tolist() == [1300.0, 1300.0]
    assert rig.measured.coolant_flow == pytest.approx([7.5])
    rig.step(9)
    assert np.all(rig.measured.temperature == 298.15)


def test_a_fault_leaves_the_memory_of_a_sensor_alone() -> None:
    sound, faulty = build(), build()
    faulty.bend(temperature=faults((7, {"hold": 400.0})))
    faulty.bend(current=faults((0, {"gain": 3.0})))
    for rig in (sound, faulty):
        rig.truth.racks.current[...] = 100.0
        rig.step(15)
    assert np.array_equal(sound.state.temperature_lagged, faulty.state.temperature_lagged)
    assert np.array_equal(sound.state.current_lagged, faulty.state.current_lagged)
