"""Noise, scales and sampling."""

import numpy as np
import pytest

from bms_emulator.sensing.channel import EXACT, gaussian, noise_counter, period_ticks, quantise
from tests.reference import sensing_twin as twin

KEY = np.uint64(0xFEDCBA9876543210)
VOLTAGE = (1e-3, 0.0, 0.0, 5.0)


def noise(tick: int, channel: int) -> float:
    return float(gaussian(np.uint64(noise_counter(KEY, tick, channel))))


def test_noise_is_the_twins_to_the_last_bit() -> None:
    for tick, channel in [(0, 0), (1, 0), (0, 1), (123_456_789, 1_098_239)]:
        assert noise(tick, channel) == twin.gaussian(int(KEY), tick, channel)


def test_noise_has_mean_zero_and_standard_deviation_one() -> None:
    samples = np.array([noise(tick, k) for tick in range(100) for k in range(1000)])
    assert np.mean(samples) == pytest.approx(0.0, abs=0.01)
    assert np.std(samples) == pytest.approx(1.0, abs=0.01)
    assert np.mean(np.abs(samples) < 1.0) == pytest.approx(0.68, abs=0.02)


def test_noise_is_independent_over_ticks_and_over_channels() -> None:
    samples = np.array([[noise(tick, k) for k in range(200)] for tick in range(200)])
    for product in (samples[1:, :] * samples[:-1, :], samples[:, 1:] * samples[:, :-1]):
        assert np.mean(product) == pytest.approx(0.0, abs=0.02)


def test_a_reading_is_a_decimal_to_the_last_bit() -> None:
    assert [quantise(v, *VOLTAGE) for v in (2.80004, 3.5499, 3.65)] == [2.8, 3.55, 3.65]


@pytest.mark.parametrize("quantity", [-0.2, 0.0, 0.0005, 2.34567, 4.9999, 7.0])
def test_quantisation_is_the_twins(quantity: float) -> None:
    assert quantise(quantity, *VOLTAGE) == twin.reading(quantity, *VOLTAGE)


def test_a_scale_in_degrees_is_quantised_in_degrees() -> None:
    assert quantise(298.18, 0.1, 273.15, -40.0, 125.0) == 273.15 + 25.0
    assert quantise(200.0, 0.1, 273.15, -40.0, 125.0) == 273.15 - 40.0


def test_the_neutral_scale_changes_nothing_that_counts() -> None:
    for quantity in (0.0, -7.512345678, 2.5e6 + 1 / 3):
        assert quantise(quantity, *EXACT) == pytest.approx(quantity, abs=2e-10)


def test_a_channel_is_sampled_every_period_whatever_the_step() -> None:
    assert [period_ticks(0.1, dt) for dt in (0.01, 0.1, 1.0)] == [10, 1, 1]
