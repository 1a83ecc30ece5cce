"""Time stamps of controllers whose clocks are wrong."""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import BankLog, BankOutputs, RackOutputs


class Stamps:
    """Corrects stamps that controllers have just written to what their own clocks say.

    Args:
        outputs: With the times of their alarms, (controller, alarm).
        offset: How far each clock is ahead [s], (controller,).
        log: With the times of entries, (controller, entry); None where they keep none.
    """

    def __init__(self, outputs: RackOutputs | BankOutputs, offset: Array, log: BankLog | None = None) -> None:
        self._offset = offset
        self._log = log
        self._stamps: list[Array] = [outputs.alarm_first_time, outputs.alarm_last_time]
        self._before: list[Array] = []
        self._entries = np.zeros(0)

    def look(self) -> None:
        """Note what stands there before the controllers run."""
        if not self._offset.any():
            self._before = []
            return
        self._before = [stamps.copy() for stamps in self._stamps]
        if self._log is not None:
            self._entries = self._log.count.copy()

    def correct(self) -> None:
        """Put what is new to their own time."""
        if not self._before:
            return
        for stamps, before in zip(self._stamps, self._before, strict=True):
            new = (stamps != before) & ~np.isnan(stamps)
            stamps[new] += np.broadcast_to(self._offset[:, None], stamps.shape)[new]
        if self._log is not None:
            length = self._log.time.shape[1]
            for c in np.flatnonzero(self._log.count > self._entries):
                entries = np.arange(int(self._entries[c]), int(self._log.count[c])) % length
                self._log.time[c, np.unique(entries)] += self._offset[c]
