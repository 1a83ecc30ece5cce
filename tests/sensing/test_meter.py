"""Grid meter and weather station."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.sensing.meter import REGISTERS, quadrant_of
from tests.plant.site_bench import IDEAL, SiteBench
from tests.reference.grid_twin import quadrant

NOON = {"initial.time_of_day_h": 12}


def test_meter_without_errors_reads_the_truth() -> None:
    bench = SiteBench(IDEAL, NOON).drive(-7e4, 2e4, 1e3).step()
    grid, meter = bench.state.grid, bench.meter
    for name in ("power", "reactive_power", "frequency", "voltage"):
        assert getattr(meter, name) == pytest.approx(float(getattr(grid, name)))
    for name in ("phase_power", "phase_reactive_power", "phase_voltage", "line_voltage", "phase_current"):
        np.testing.assert_allclose(getattr(meter, name), getattr(grid, name))
    assert meter.current == pytest.approx(grid.phase_current.sum())
    assert meter.neutral_voltage == pytest.approx(grid.phase_voltage.mean())
    assert meter.apparent_power == pytest.approx(math.hypot(grid.power, grid.reactive_power))
    assert meter.power_factor == pytest.approx(grid.power / meter.apparent_power)
    assert bench.load.power == bench.state.load.power


def test_readings_of_one_sample_fit_each_other() -> None:
    meter = SiteBench(NOON, {"meter.noise_percent": 1, "meter.accuracy_percent": 5}).drive(3e4, 1e4).step(3).meter
    np.testing.assert_allclose(meter.phase_apparent_power, meter.phase_voltage * meter.phase_current)
    np.testing.assert_allclose(meter.phase_power_factor * meter.phase_apparent_power, meter.phase_power)
    np.testing.assert_allclose(np.hypot(meter.phase_power, meter.phase_reactive_power), meter.phase_apparent_power)
    assert meter.power == pytest.approx(meter.phase_power.sum())
    assert meter.current == pytest.approx(meter.phase_current.sum())


@pytest.mark.parametrize("seed", range(5))
def test_powers_lie_within_the_accuracy(seed: int) -> None:
    bench = SiteBench(NOON, {"meter.noise_percent": 0, "meter.accuracy_percent": 1}, seed=seed).drive(-3e4).step()
    error = bench.meter.phase_power / bench.state.grid.phase_power - 1.0
    assert 0.0 < np.abs(error).max() <= 0.0101


def test_meter_reads_once_in_its_period_and_its_age_says_when() -> None:
    bench = SiteBench(IDEAL, {"meter.period_s": 0.5}).drive(1e4).step()
    power = float(bench.meter.power)
    bench.drive(5e4)
    for n in range(1, 5):
        bench.step()
        assert bench.meter.power == power
        assert bench.meter.age == pytest.approx(0.1 * n)
    bench.step()
    assert bench.meter.power != power
    assert bench.meter.age == 0.0


@settings(deadline=None)
@given(power=st.floats(-1e6, 1e6), reactive=st.floats(-1e6, 1e6))
def test_quadrants_are_those_of_a_meter_that_counts_import_as_positive(power: float, reactive: float) -> None:
    assert REGISTERS[quadrant_of(power, reactive)] == f"reactive_energy_q{quadrant(power, reactive)}"


@pytest.mark.parametrize(("pcs", "number"), [((-1e5, -2e4), 1), ((1e5, -2e4), 2), ((1e5, 2e4), 3), ((-1e5, 2e4), 4)])
def test_energy_registers_sum_what_is_read(pcs: tuple[float, float], number: int) -> None:
    bench = SiteBench(IDEAL, {"load": {"power_kw": 0}, "pv": {"power_kw": 0}}).drive(*pcs).step(36)
    meter, seconds = bench.meter, 3.6
    way = "exported" if pcs[0] > 0 else "imported"
    due = dict.fromkeys(REGISTERS, 0.0) | {
        f"energy_{way}": abs(pcs[0]) * seconds,
        f"apparent_energy_{way}": math.hypot(*pcs) * seconds,
        f"reactive_energy_q{number}": abs(pcs[1]) * seconds,
    }
    for name, value in due.items():
        assert getattr(meter, name) == pytest.approx(value)
        np.testing.assert_allclose(getattr(meter, f"phase_{name}"), value / 3.0)


def test_reversed_current_transformer_turns_the_power_of_its_phase() -> None:
    right = SiteBench(IDEAL, NOON).drive(3e4, 1e4).step().meter
    wrong = SiteBench(IDEAL, NOON, {"meter.reversed_phases": ["b"]}).drive(3e4, 1e4).step().meter
    np.testing.assert_array_equal(wrong.phase_power, right.phase_power * [1, -1, 1])
    np.testing.assert_array_equal(wrong.phase_reactive_power, right.phase_reactive_power * [1, -1, 1])
    np.testing.assert_array_equal(wrong.phase_current, right.phase_current)


def test_silent_meter_stands_still_and_goes_on_counting() -> None:
    bench = SiteBench(IDEAL, {"load": {"power_kw": 0}, "pv": {"power_kw": 0}}).drive(1e4).step(10)
    bench.fault("silence", "meter", name="cut")
    bench.drive(2e4).step(10)
    assert bench.meter.power == pytest.approx(1e4)
    assert bench.meter.energy_exported == pytest.approx(1e4)
    assert bench.meter.age == pytest.approx(1.0)
    bench.faults.clear("cut")
    bench.step()
    assert bench.meter.power == pytest.approx(2e4)
    assert bench.meter.energy_exported == pytest.approx(1e4 + 2.2e4)
    assert bench.meter.age == 0.0


def test_failed_meter_reads_nothing_valid_and_keeps_its_registers() -> None:
    bench = SiteBench(IDEAL, {"load": {"power_kw": 0}, "pv": {"power_kw": 0}}).drive(1e4).step(10)
    bench.fault("failure", "meter", name="broken")
    bench.step()
    assert math.isnan(bench.meter.power)
    assert np.isnan(bench.meter.phase_voltage).all()
    assert math.isnan(bench.meter.energy_exported)
    bench.faults.clear("broken")
    bench.step()
    assert bench.meter.energy_exported == pytest.approx(1.2e4)


def test_meter_tells_what_is_wrong_with_the_grid() -> None:
    bench = SiteBench(IDEAL, {"load": {"power_kw": 0}, "pv": {"power_kw": 0}, "meter.rated_current_a": 100})
    meter = bench.meter

    def told() -> set[str]:
        names = ("power_failure", "under_voltage", "over_voltage", "over_current", "low_power_factor")
        return {name for name in names if getattr(meter, name) == 1.0}

    bench.drive(2e4).step()
    assert told() == set()
    bench.drive(2e4, 4e4).step()
    assert told() == {"low_power_factor"}
    bench.drive(1e5).step()
    assert told() == {"over_current"}
    bench.drive(0.0).fault("voltage", "grid", name="x", voltage="85%")
    bench.step()
    assert told() == {"under_voltage"}
    bench.fault("voltage", "grid", name="x", voltage="115%")
    bench.step()
    assert told() == {"over_voltage"}
    bench.fault("loss", "grid.phase[c]", name="x")
    bench.step()
    assert told() == {"power_failure", "under_voltage"}


def test_channels_of_meter_and_weather_station_can_be_bent() -> None:
    bench = SiteBench(IDEAL, NOON).drive(1e4)
    bench.fault("offset", "meter.power", offset="5kW")
    bench.fault("stuck", "weather.ambient_temperature", value="60degC")
    bench.fault("invalid", "weather.humidity")
    bench.step(30)
    assert bench.meter.power == pytest.approx(float(bench.state.grid.power) + 5e3, abs=1e-3)
    assert bench.weather.ambient_temperature == pytest.approx(333.15)
    assert math.isnan(bench.weather.humidity)


def test_weather_station_reads_once_a_second_within_its_errors() -> None:
    bench = SiteBench(NOON).step()
    truth, read = bench.state.weather, bench.weather
    assert read.ambient_temperature == pytest.approx(float(truth.temperature), abs=0.3)
    assert read.humidity == pytest.approx(float(truth.humidity), abs=0.03)
    assert read.irradiance == pytest.approx(950.0, rel=0.03)
    first = float(read.ambient_temperature)
    assert bench.step(9).weather.ambient_temperature == first
    assert bench.step().weather.ambient_temperature != first


def test_site_without_irradiance_reads_none() -> None:
    assert math.isnan(SiteBench({"pv": {"power_kw": 10}}).step().weather.irradiance)


def test_silent_weather_station_stands_still() -> None:
    bench = SiteBench(NOON).step(11)
    bench.fault("silence", "weather")
    first = float(bench.weather.ambient_temperature)
    bench.step(30)
    assert bench.weather.ambient_temperature == first
    assert bench.weather.age == pytest.approx(3.0)
