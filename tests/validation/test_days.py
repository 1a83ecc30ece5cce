"""A day on the bench: meters and temperatures of the demo container with its firmware."""

import numpy as np
import pytest

from bms_emulator.validation.days import WATCHED, Day, run_day


@pytest.fixture(scope="module")
def quarter_hour() -> Day:
    start = {"initial.soc_percent": 50, "initial.temperature_degc": 25, "weather.swing_k": 0}
    return run_day(start, [(0.05, 1.0)], seed=1, progress=lambda _: None, hours=0.25)


def test_the_schedule_is_followed(quarter_hour: Day) -> None:
    power = quarter_hour.series["power"]
    assert power[0] == pytest.approx(0.0, abs=1e-6)
    assert power[-1] == pytest.approx(2.5e6)


def test_meters_agree_with_the_power_that_was_seen(quarter_hour: Day) -> None:
    assert quarter_hour.over["ac_out"] == pytest.approx(float(quarter_hour.series["power"].sum()) * 60.0, rel=0.1)
    assert quarter_hour.over["dc_out"] > quarter_hour.over["ac_out"]
    assert [quarter_hour.over[meter] for meter in ("ac_in", "dc_in")] == pytest.approx([0.0, 0.0], abs=1e4)
    assert np.ptp(quarter_hour.series["soc"]) == pytest.approx(0.11, abs=0.02)


def test_every_series_has_a_value_a_minute(quarter_hour: Day) -> None:
    assert set(WATCHED) < set(quarter_hour.series)
    assert all(series.shape == (15,) and np.isfinite(series).all() for series in quarter_hour.series.values())
    assert (quarter_hour.series["cell_max"] >= quarter_hour.series["cell_mean"]).all()
    assert (quarter_hour.series["cell_mean"] >= quarter_hour.series["cell_min"]).all()
