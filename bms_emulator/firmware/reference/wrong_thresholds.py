"""Thresholds that are other than was configured."""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Thresholds
from bms_emulator.firmware.reference.state import ReferenceState


class WrongThresholds:
    """Holds thresholds at wrong values, and gives back what was configured, also by masters meanwhile.

    Args:
        thresholds: Of all alarms.
        private: Memory of controllers, which look at their alarms anew when a threshold has changed.
        held: Value at which each level of each rack's alarms is held, NaN free, (alarm, rack, level).
    """

    def __init__(self, thresholds: Thresholds, private: ReferenceState, held: Array) -> None:
        self._set = thresholds.rack_set.reshape(-1)
        self._wake = private.alarm_wake
        self._held = held.reshape(-1)
        self._configured: dict[int, tuple[float, float]] = {}  # place: configured, held at

    def bend(self) -> None:
        """Take over what is held where."""
        self.hold()
        held = {int(place): float(self._held[place]) for place in np.flatnonzero(~np.isnan(self._held))}
        if held == {place: value for place, (_, value) in self._configured.items()}:
            return
        for place, (configured, _) in self._configured.items():
            self._set[place] = configured
        self._configured = {place: (float(self._set[place]), value) for place, value in held.items()}
        for place, value in held.items():
            self._set[place] = value
        self._wake.fill(-np.inf)

    def hold(self) -> None:
        """Hold on to the wrong values, where a master has written others, which count afterwards."""
        for place, (_, value) in self._configured.items():
            written = float(self._set[place])
            if written != value:
                self._configured[place] = (written, value)
                self._set[place] = value
                self._wake.fill(-np.inf)
