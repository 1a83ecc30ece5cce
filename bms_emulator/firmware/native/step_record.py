"""What is known of the steps of one firmware: how many, how long, and a digest of all their outputs."""

import hashlib
import struct
from statistics import median
from typing import Any

from bms_emulator.firmware.native.output_block import OutputBlock

DIGEST_BYTES = 16
TIMES_KEPT = 512
"""Steps whose durations the median is taken of."""


class StepRecord:
    """Counts, times and digests steps."""

    def __init__(self) -> None:
        self._count = 0
        self._times = [0.0] * TIMES_KEPT
        self._longest = 0.0
        self._digest = hashlib.blake2b(digest_size=DIGEST_BYTES)

    def add(self, duration: float, tick: int, outputs: OutputBlock, log: str) -> None:
        """Add a step.

        Args:
            duration: Real time from its beginning to its end, as the emulator sees it [s].
            tick: When.
            outputs: Of its last period.
            log: Text of all its periods.
        """
        self._times[self._count % TIMES_KEPT] = duration
        self._count += 1
        self._longest = max(self._longest, duration)
        self._digest.update(struct.pack("<q", tick))
        outputs.digest(self._digest)
        if log:
            self._digest.update(log.encode())

    def digest(self) -> bytes:
        """Of all outputs of all steps, with their ticks."""
        return self._digest.digest()

    def summary(self) -> dict[str, Any]:
        """Count, and median and longest duration [s], as plain data."""
        times = self._times[: min(self._count, TIMES_KEPT)]
        return {"steps": self._count, "step_time": {"p50": median(times) if times else 0.0, "max": self._longest}}
