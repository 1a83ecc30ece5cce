import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.runtime.punctuality import Histogram, _bucket, _upper_edge


@given(st.integers(0, 1 << 62))
def test_every_duration_lies_in_a_bucket_at_most_an_eighth_wide(duration):
    bucket = _bucket(duration)
    assert duration <= _upper_edge(bucket) <= duration * 1.125
    assert bucket == 0 or _upper_edge(bucket - 1) < duration


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=200), st.sampled_from([0.5, 0.99, 0.999]))
def test_quantiles_agree_with_sorting_to_an_eighth(durations, q):
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    exact = np.quantile(durations, q, method="inverted_cdf") * 1e-9
    assert exact - 1e-12 <= histogram.quantile(q) <= exact * 1.125 + 1e-12


def test_recent_figures_forget_what_is_long_past():
    histogram = Histogram()
    histogram.add(10**9)
    for _ in range(1024):
        histogram.add(1000)
    assert histogram.recent() == pytest.approx((1e-6, 1e-6, 1e-6))
    assert histogram.summary()["max"] == 1.0


def test_without_durations_all_figures_are_zero():
    histogram = Histogram()
    assert histogram.quantile(0.99) == 0.0
    assert histogram.recent() == (0.0, 0.0, 0.0)
