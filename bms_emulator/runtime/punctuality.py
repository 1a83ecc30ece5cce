"""How late ticks began and how long they took: histograms of fixed size, filled without allocation."""

import numpy as np

from bms_emulator.arrays import Array

_STEPS = 8
"""Buckets to an octave: a bucket is at most an eighth wide."""
_BUCKETS = 64 * _STEPS
_RECENT = 1024


def _bucket(duration: int) -> int:
    """Number of the bucket of a duration [ns]: below 8 ns one each, then 8 to an octave."""
    if duration < _STEPS:
        return max(duration, 0)
    octave = duration.bit_length() - 4
    return (octave << 3) + (duration >> octave)


def _upper_edge(bucket: int) -> int:
    """Largest duration of a bucket [ns]."""
    if bucket < 2 * _STEPS:
        return bucket
    octave = (bucket >> 3) - 1
    return ((bucket - (octave << 3) + 1) << octave) - 1


class Histogram:
    """Durations of a run, in log-spaced buckets, and the last 1024 of them exactly."""

    def __init__(self) -> None:
        self.count = 0
        self.maximum = 0
        self._counts = [0] * _BUCKETS
        self._recent: Array = np.zeros(_RECENT)

    def add(self, duration: int) -> None:
        """Count a duration [ns]."""
        self._counts[_bucket(duration)] += 1
        self._recent[self.count % _RECENT] = duration
        self.count += 1
        self.maximum = max(self.maximum, duration)

    def quantile(self, q: float) -> float:
        """Duration [s] that a share q of all durations does not exceed, rounded up to its bucket's edge."""
        wanted = q * self.count
        passed = 0
        for bucket, count in enumerate(self._counts):
            passed += count
            if passed >= wanted and passed > 0:
                return min(_upper_edge(bucket), self.maximum) * 1e-9
        return 0.0

    def recent(self) -> tuple[float, float, float]:
        """Median, 99th percentile and largest of the last 1024 durations [s]."""
        last = self._recent[: min(self.count, _RECENT)]
        if len(last) == 0:
            return 0.0, 0.0, 0.0
        p50, p99 = np.percentile(last, (50, 99), method="higher")
        return float(p50) * 1e-9, float(p99) * 1e-9, float(last.max()) * 1e-9

    def summary(self) -> dict[str, float]:
        """Count, median, percentiles and maximum of the whole run [s]."""
        return {
            "count": self.count,
            "p50": self.quantile(0.5),
            "p99": self.quantile(0.99),
            "p999": self.quantile(0.999),
            "max": self.maximum * 1e-9,
        }
