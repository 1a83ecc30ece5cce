"""Air outside and inside the enclosure."""

import numpy as np
import pytest

from bms_emulator.plant.weather import SECONDS_PER_DAY, build_weather_model, outside_temperature, step_enclosure
from bms_emulator.profile.loader import load_site
from tests.reference.coolant_twin import air_twin

DEMO = build_weather_model(load_site("demo", {"weather": {"mean_degc": 20, "swing_k": 8, "warmest_hour": 15}}))


def outside_at(hour: float) -> float:
    return float(outside_temperature(DEMO, hour * 3600.0 - DEMO.start_time))


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
    step_enclosure(DEMO, ambient, air, pack_heat, 1000.0, dt)
    outside = outside_temperature(DEMO, 1000.0)
    np.testing.assert_array_equal(ambient, outside)
    for c, start in enumerate((300.0, 280.0)):
        heat = DEMO.base_load + pack_heat[c * racks : (c + 1) * racks].sum()
        assert air[c] == pytest.approx(air_twin(start, outside, DEMO.wall, DEMO.heat_capacity, heat, dt), rel=1e-12)
