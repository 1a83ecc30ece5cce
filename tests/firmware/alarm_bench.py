"""Alarm rows over signals that a test sets: nothing but the kernel that evaluates them."""

from collections.abc import Sequence

import numpy as np

from bms_emulator.firmware.reference.alarm_model import alarm_rows, threshold_levels
from bms_emulator.firmware.reference.protection import evaluate_alarms
from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.signals import CONTAINER_SIGNALS, RACK_SIGNALS, SIGNALS
from bms_emulator.profile.thresholds import Ratings


class AlarmBench:
    """Units, all racks or all containers, with the given rows.

    Args:
        rows: Alarm rows, all of one kind of unit.
        units: How many units.
        dt: Period [s].
    """

    def __init__(self, rows: Sequence[AlarmRow], units: int = 2, dt: float = 0.1) -> None:
        self.rows, self.dt, self.count = tuple(rows), dt, 0
        self.columns = CONTAINER_SIGNALS if rows[0].scope == "container" else RACK_SIGNALS
        self._model = alarm_rows(self.rows, self.columns, Ratings())
        self.set, self.clear = (
            np.repeat(levels[:, None, :], units, axis=1) for levels in threshold_levels(self.rows, Ratings())
        )
        alarms = (units, len(rows))
        self.signals = np.full((units, len(self.columns)), np.nan)
        self.sources = np.zeros_like(self.signals)
        self.direction, self.alarm_reset, self.service_reset = np.zeros((3, units))
        self.asked = np.zeros((3, units))
        self._wake = np.full(alarms, -np.inf)
        self._active, self._elapsed = np.zeros((2, *alarms, 3))
        self.alarm, self.source, self.raised = np.zeros((3, *alarms))
        self.first_time, self.last_time = np.full((2, *alarms), np.nan)
        self.level, self.latched, self.action, self.charge_action, self.discharge_action = np.zeros((5, units))

    def show(self, signal: str, quantity: float, unit: int = 0, source: int = 0) -> None:
        """Set a signal, in the unit of the profile."""
        self.signals[unit, self.columns.index(signal)] = SIGNALS[signal].si(quantity)
        self.sources[unit, self.columns.index(signal)] = source

    def change(self, level: int, *, set: float, clear: float, unit: int = 0) -> None:
        """Change the thresholds of a level of the first row, in SI, and let all rows be looked at."""
        self.set[0, unit, level - 1], self.clear[0, unit, level - 1] = set, clear
        self._wake.fill(-np.inf)

    def step(self, count: int = 1) -> None:
        """Evaluate for a number of periods; resets are pulses."""
        for _ in range(count):
            evaluate_alarms(
                *self._model,
                self._wake,
                self._active,
                self._elapsed,
                self.set,
                self.clear,
                self.signals,
                self.sources,
                self.direction,
                self.alarm_reset,
                self.service_reset,
                *self.asked,
                self.alarm,
                self.source,
                self.first_time,
                self.last_time,
                self.raised,
                self.level,
                self.latched,
                self.action,
                self.charge_action,
                self.discharge_action,
                np.array([self.count * self.dt]),
                self.dt,
            )
            self.count += 1
            self.alarm_reset.fill(0.0)
            self.service_reset.fill(0.0)

    def run(self, duration: float) -> None:
        """Evaluate for a time [s]."""
        self.step(round(duration / self.dt))
