"""Air outside and inside the enclosure."""

import numpy as np
import pytest

from bms_emulator.plant.weather import build_weather_model, outside_temperature, step_enclosure
from bms_emulator.profile.loader import load_site
from tests.reference.coolant_twin import air_twin

DEMO = build_weather_model(load_site("demo", {"weather": {"mean_degc": 20, "swing_k": 8, "warmest_hour": 15}}))


SECONDS_PER_DAY = 86400.0
SERIES = {"weather": {"hourly_degc": [10.0, 14.0, -2.0]}, "initial.time_of_day_h": 1}


def outside_at(hour: float) -> float:
    return float(outside_temperature(DEMO, (hour - DEMO.start_hour) * 3600.0))


def test_constant_weather_needs_a_mean_only() -> None:
    model = build_weather_model(load_site("demo", {"weather": {"mean_degc": -7.5}}))
    assert {float(outside_temperature(model, t)) for t in (0.0, 1e4, 1e8)} == {273.15 - 7.5}


def test_series_is_linear_between_hours_and_repeats() -> None:
    model = build_weather_model(load_site("demo", SERIES))
    found = [
        float(outside_temperature(model, hour * 3600.0)) - 273.15 for hour in (0.0, 0.25, 1.0, 1.5, 2.0, 3.0, 300.5)
    ]
    np.testing.assert_allclose(found, [14.0, 10.0, -2.0, 4.0, 10.0, 14.0, 6.0], atol=1e-9)


def test_series_stays_within_its_values_at_any_time() -> None:
    model = build_weather_model(load_site("demo", SERIES))
    times = np.random.default_rng(0).uniform(0.0, 1e9, 1000)
    found = np.array([outside_temperature(model, t) for t in times]) - 273.15
    assert -2.0 <= found.min() < -1.5
    assert 13.5 < found.max() <= 14.0


def test_warmest_and_coldest_hour_stand_half_a_day_apart() -> None:
    assert outside_at(15) == pytest.approx(293.15 + 8)
    assert outside_at(3) == pytest.approx(293.15 - 8)
    assert outside_at(9) == pytest.approx(293.15)


def test_every_day_is_alike_and_its_mean_is_the_mean() -> None:
    times = np.arange(0.0, SECONDS_PER_DAY, 60.0)
    day = [float(outside_temperature(DEMO, t)) for t in times]
    np.testing.assert_allclose(day, [float(outside_temperature(DEMO, t + SECONDS_PER_DAY)) for t in times], rtol=1e-12)
    assert np.mean(day) == pytest.approx(293.15)


@pytest.mark.parametrize("dt", [0.01, 1.0, 3600.0])
def test_air_follows_its_balance_exactly_for_any_step(dt: float) -> None:
    racks = DEMO.racks_per_container
    pack_heat = np.random.default_rng(0).uniform(-10.0, 50.0, (2 * racks, 4))
    ambient, air = np.zeros(2), np.array([300.0, 280.0])
    step_enclosure(DEMO, ambient, air, pack_heat, np.zeros(()), np.zeros(2), 1000.0, dt)
    outside = outside_temperature(DEMO, 1000.0)
    np.testing.assert_array_equal(ambient, outside)
    for c, start in enumerate((300.0, 280.0)):
        heat = DEMO.base_load + pack_heat[c * racks : (c + 1) * racks].sum()
        assert air[c] == pytest.approx(air_twin(start, outside, DEMO.wall, DEMO.heat_capacity, heat, dt), rel=1e-12)
