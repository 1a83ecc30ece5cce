"""Sensors as built: their errors, and where they sit."""

import numpy as np
import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.sensing.model import build_sensing_model, sensor_cells
from tests.reference.sensing_twin import middle_cell


@pytest.mark.parametrize(("cells", "sensors"), [(104, 52), (52, 16), (52, 1), (7, 7), (10, 3)])
def test_a_sensor_sits_on_the_middle_of_the_cells_that_it_serves(cells: int, sensors: int) -> None:
    expected = [pack * cells + middle_cell(j, cells, sensors) for pack in range(3) for j in range(sensors)]
    assert sensor_cells(3, cells, sensors).tolist() == expected


def test_errors_have_the_spread_of_the_profile_and_no_channel_is_an_outlier() -> None:
    model = build_sensing_model(load_site("demo"), seed=3)
    offset = model.cell_voltage.offset
    assert offset.shape == (12, 416)
    assert np.std(offset) == pytest.approx(0.8e-3, rel=0.05)
    assert np.mean(offset) == pytest.approx(0.0, abs=0.05e-3)
    assert np.max(np.abs(offset)) <= 3 * 0.8e-3
    assert np.all(model.cell_voltage.gain == 1.0)
    assert 0.0 < np.max(np.abs(model.current.gain - 1.0)) <= 0.006


def test_the_same_seed_builds_the_same_sensors_and_another_seed_others() -> None:
    site = load_site("demo")
    one, same, other = (build_sensing_model(site, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.temperature.offset, same.temperature.offset)
    assert one.temperature.key == same.temperature.key
    assert not np.array_equal(one.temperature.offset, other.temperature.offset)
    assert one.temperature.key != other.temperature.key


def test_no_two_kinds_of_sensor_share_their_noise() -> None:
    model = build_sensing_model(load_site("demo"), seed=1)
    channels = (model.cell_voltage, model.temperature, model.current, model.string_voltage, model.link_voltage)
    assert len({int(channel.key) for channel in channels}) == len(channels)
