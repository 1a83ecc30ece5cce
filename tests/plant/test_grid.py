"""Grid, load, PV and weather of a site."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.grid import WANDER_PERIODS, relative_humidity, wander
from bms_emulator.plant.series import build_series_model, find_segment, value_at
from bms_emulator.profile.folders import shipped_folder
from tests.plant.site_bench import IDEAL, SiteBench
from tests.reference.grid_twin import interpolated, line_voltages

NOON = {"initial.time_of_day_h": 12}
SHARED = SiteBench().step()
"""A bench whose overlay a test may set by hand: without faults, nothing writes it any more."""


@settings(max_examples=100, deadline=None)
@given(
    times=st.lists(st.integers(0, 10_000), min_size=1, max_size=8, unique=True).map(sorted),
    values=st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=8),
    time=st.floats(0.0, 1e6),
)
def test_values_over_time_equal_a_twin_and_repeat_after_their_end(
    times: list[int], values: list[float], time: float
) -> None:
    given_times, given_values = [float(t) for t in times], values[: len(times)]
    series = build_series_model(np.array(given_times), np.array(given_values))
    found = value_at(series, find_segment(series, time), 0)
    assert found == pytest.approx(interpolated(given_times, given_values, time), rel=1e-6, abs=1e-3)


def test_values_at_their_own_times_are_exact() -> None:
    times, values = np.array([0.0, 900.0, 1700.0]), np.array([1.1, 2.3, -7.7])
    series = build_series_model(times, values)
    for turn in range(3):
        for time, value in zip(times, values, strict=True):
            assert value_at(series, find_segment(series, time + turn * 2500.0), 0) == value


@settings(max_examples=100, deadline=None)
@given(
    pcs=st.floats(-2e5, 2e5),
    reactive=st.floats(-1e5, 1e5),
    auxiliary=st.floats(0, 1e4),
    hour=st.floats(0, 400),
    dip=st.floats(0.05, 1.2),
)
def test_what_is_given_and_taken_adds_up_at_the_grid(
    pcs: float, reactive: float, auxiliary: float, hour: float, dip: float
) -> None:
    bench = SHARED.skip(hour * 3600.0).drive(pcs, reactive, auxiliary)
    bench.overlay.grid_phase_gain[1] = dip
    bench.step()
    grid, load, pv = bench.state.grid, bench.state.load, bench.state.pv
    assert grid.power == pytest.approx(pcs + pv.power - load.power - auxiliary, abs=1e-6)
    assert grid.reactive_power == pytest.approx(reactive + pv.reactive_power - load.reactive_power, abs=1e-6)
    assert grid.phase_power.sum() == pytest.approx(float(grid.power), abs=1e-6)
    assert grid.phase_reactive_power.sum() == pytest.approx(float(grid.reactive_power), abs=1e-6)
    apparent = np.hypot(grid.phase_power, grid.phase_reactive_power)
    np.testing.assert_allclose(grid.phase_current * grid.phase_voltage, apparent, atol=1e-6)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_energies_are_the_sum_of_power_over_time(dt: float) -> None:
    bench = SiteBench(IDEAL, NOON, dt=dt)
    exported = imported = consumed = generated = 0.0
    for pcs in (5e4, -8e4, 1.2e5) * 20:
        bench.drive(pcs).step()
        grid = bench.state.grid
        exported += max(float(grid.power), 0.0) * dt
        imported += max(-float(grid.power), 0.0) * dt
        consumed += float(bench.state.load.power) * dt
        generated += float(bench.state.pv.power) * dt
    assert grid.energy_exported == pytest.approx(exported)
    assert grid.energy_imported == pytest.approx(imported)
    assert bench.state.load.energy == pytest.approx(consumed)
    assert bench.state.pv.energy == pytest.approx(generated)


def test_load_and_sun_do_not_depend_on_the_step() -> None:
    found = []
    for dt in (0.01, 0.1, 1.0):
        bench = SiteBench(NOON, dt=dt).skip(12345.0).step()
        found.append(
            [float(bench.state.load.demand), float(bench.state.pv.available_power), float(bench.state.grid.voltage)]
        )
    assert found[0] == found[1] == found[2]


def test_load_is_what_its_file_says_at_the_time_of_day() -> None:
    bench = SiteBench(IDEAL, {"initial.time_of_day_h": 11.5, "load.scale": 2.0}).step()
    lines = (shipped_folder() / "loads/commercial-week.csv").read_text().splitlines()
    kilowatts, kilovars = next(line.split(",")[1:] for line in lines if line.startswith("11.5,"))
    assert bench.state.load.power == pytest.approx(2e3 * float(kilowatts))
    assert bench.state.load.reactive_power == pytest.approx(2e3 * float(kilovars))


def test_week_repeats_after_its_end() -> None:
    bench = SiteBench(IDEAL, NOON).step()
    monday = float(bench.state.load.power), float(bench.state.pv.power)
    bench.skip(7 * 86400.0 - bench.dt).step()
    assert (float(bench.state.load.power), float(bench.state.pv.power)) == monday


def test_test_may_take_the_place_of_the_load() -> None:
    bench = SiteBench(IDEAL, NOON)
    commands = bench.state.load_commands
    commands.override_enabled[...], commands.override_power[...] = 1.0, 33e3
    commands.override_reactive_power[...] = -4e3
    bench.step()
    assert bench.state.load.power == pytest.approx(33e3)
    assert bench.state.load.reactive_power == pytest.approx(-4e3)
    commands.override_enabled[...] = 0.0
    assert bench.step().state.load.power > 100e3


def test_limit_curtails_pv_and_says_so() -> None:
    bench = SiteBench(IDEAL, NOON).step()
    free = float(bench.pv.power)
    assert free > 80e3
    assert bench.pv.limited == 0.0
    bench.state.pv_commands.limit_fraction[...] = 0.3
    bench.step()
    assert bench.pv.power == pytest.approx(30e3)
    assert bench.pv.limited == 1.0
    bench.state.pv_commands.limit_fraction[...] = 1.0
    assert bench.step().pv.power == pytest.approx(free, rel=1e-5)
    assert bench.pv.limited == 0.0


def test_shares_spread_a_load_over_the_phases() -> None:
    bench = SiteBench(IDEAL, {"load": {"power_kw": 60, "phase_shares_percent": [50, 30, 20]}, "pv": {"power_kw": 0}})
    bench.step()
    np.testing.assert_allclose(bench.state.grid.phase_power, [-30e3, -18e3, -12e3])


@settings(max_examples=100, deadline=None)
@given(gains=st.lists(st.floats(0.0, 1.3), min_size=3, max_size=3))
def test_voltages_from_line_to_line_are_those_of_phasors(gains: list[float]) -> None:
    SHARED.overlay.grid_phase_gain[...] = gains
    SHARED.step()
    grid = SHARED.state.grid
    np.testing.assert_allclose(grid.line_voltage, line_voltages(grid.phase_voltage), rtol=1e-9, atol=1e-6)
    assert grid.voltage == pytest.approx(grid.line_voltage.mean())


def test_healthy_grid_has_nominal_voltage_and_frequency() -> None:
    bench = SiteBench(IDEAL, {"grid.voltage_v": 480, "grid.frequency_hz": 60}).step()
    assert bench.state.grid.voltage == pytest.approx(480.0)
    assert bench.state.grid.voltage_fraction == pytest.approx(1.0)
    assert bench.state.grid.frequency == 60.0


def test_outage_leaves_no_voltage_and_no_power_and_ends_without_a_trace() -> None:
    bench = SiteBench(IDEAL, NOON).drive(5e4, 1e4, 2e3).step(10)
    energies = float(bench.state.grid.energy_exported), float(bench.state.grid.energy_imported)
    bench.fault("outage", "grid", name="gone")
    bench.step()
    grid = bench.state.grid
    for dead in (
        grid.voltage,
        grid.frequency,
        grid.power,
        grid.reactive_power,
        *grid.phase_voltage,
        *grid.phase_current,
    ):
        assert dead == 0.0
    assert bench.state.load.power == bench.state.pv.power == bench.state.grid.auxiliary_power == 0.0
    assert energies == (float(grid.energy_exported), float(grid.energy_imported))
    bench.faults.clear("gone")
    bench.step()
    assert grid.voltage == pytest.approx(400.0)
    assert grid.frequency == 50.0


def test_pv_returns_once_the_grid_has_been_sound_long_enough() -> None:
    bench = SiteBench(IDEAL, NOON, {"pv.reconnect_s": 5.0}).step()
    bench.fault("voltage", "grid", name="dip", voltage="50%")
    assert bench.step().state.pv.power == 0.0
    bench.faults.clear("dip")
    assert bench.step(49).state.pv.connected == 0.0
    assert bench.step().state.pv.connected == 1.0
    assert bench.state.pv.power > 80e3


@pytest.mark.parametrize("deviation", ["-3Hz", "2Hz"])
def test_pv_leaves_a_grid_whose_frequency_is_far_off(deviation: str) -> None:
    bench = SiteBench(IDEAL, NOON).step()
    bench.fault("frequency", "grid", deviation=deviation)
    bench.step()
    assert bench.state.grid.frequency == 50.0 + float(deviation.removesuffix("Hz"))
    assert bench.state.pv.power == 0.0


def test_load_falls_with_the_square_of_the_voltage() -> None:
    bench = SiteBench(IDEAL, {"load": {"power_kw": 60}}).step()
    bench.fault("voltage", "grid", voltage="90%")
    assert bench.step().state.load.power == pytest.approx(0.81 * 60e3)


def test_lost_phase_carries_nothing() -> None:
    bench = SiteBench(IDEAL, {"load": {"power_kw": 60}}).drive(3e4).step()
    bench.fault("loss", "grid.phase[b]")
    bench.step()
    grid = bench.state.grid
    assert grid.phase_voltage[1] == grid.phase_power[1] == grid.phase_current[1] == 0.0
    assert bench.state.load.power == pytest.approx(40e3)
    assert grid.line_voltage[2] == pytest.approx(400.0)


def test_faults_of_voltage_multiply_and_shifts_of_frequency_add() -> None:
    bench = SiteBench(IDEAL)
    bench.fault("voltage", "grid", voltage="80%")
    bench.fault("voltage", "grid", voltage="50%")
    bench.fault("frequency", "grid", deviation="-1Hz")
    bench.fault("frequency", "grid", deviation="0.25Hz")
    bench.step()
    assert bench.state.grid.voltage_fraction == pytest.approx(0.4)
    assert bench.state.grid.frequency == 49.25


def test_what_wanders_has_its_root_mean_square_and_no_mean() -> None:
    phases = np.array([0.1, 2.0, 3.0, 5.0])
    found = np.array([wander(phases, float(t)) for t in range(0, 200_000, 7)])
    assert found.mean() == pytest.approx(0.0, abs=0.02)
    assert np.sqrt((found**2).mean()) == pytest.approx(1.0, abs=0.02)
    assert WANDER_PERIODS.size == phases.size


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    def run(seed: int) -> bytes:
        bench = SiteBench(NOON, seed=seed).drive(5e4).step(50)
        return bench.arena.buffer.tobytes()

    assert run(1) == run(1) != run(2)


def test_air_is_saturated_at_its_dew_point_and_drier_above() -> None:
    assert relative_humidity(283.15, 283.15) == 1.0
    assert relative_humidity(278.15, 283.15) == 1.0
    assert relative_humidity(298.15, 283.15) == pytest.approx(0.387, abs=0.005)
