"""Supervision: signals of racks or of containers, and alarm rows over them whose thresholds masters may change."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import BankOutputs, Measurements, RackOutputs
from bms_emulator.firmware.reference.alarm_model import AlarmRows
from bms_emulator.firmware.reference.protection import evaluate_alarms
from bms_emulator.jit import Bound, bind

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class Thresholds(NamedTuple):
    """Values at which levels set and clear, (alarm, unit, level)."""

    set: Array
    clear: Array


class Memory(NamedTuple):
    """What alarm rows remember: from where they wake (unit, alarm), what is active or due (unit, alarm, level)."""

    wake: Array
    active: Array
    elapsed: Array


class Asked(NamedTuple):
    """Resets, and actions that others ask for, (unit,)."""

    alarm_reset: Array
    service_reset: Array
    action: Array
    charge_action: Array
    discharge_action: Array


class Effect(NamedTuple):
    """What follows from the alarms of a unit, (unit,)."""

    level: Array
    latched: Array
    action: Array
    charge_action: Array
    discharge_action: Array


class Supervision:
    """The alarms of all units of one kind, racks or containers.

    Args:
        arrays: What it reads and writes.
        measurements: What it knows of the plant.
        shape: Units and signals of each.
        time: Time since the start [s], (1,).
        dt: Firmware period [s].

    Attributes:
        signals: What alarms look at, (unit, signal).
        sources: Where that is, (unit, signal).
    """

    def __init__(
        self,
        arrays: "FirmwareArrays",
        measurements: Measurements,
        shape: tuple[int, int],
        time: Array,
        dt: float,
    ) -> None:
        self._measurements = measurements
        self._commands = arrays.commands
        self._orders = arrays.orders
        self._racks = arrays.racks
        self._bank = arrays.bank
        self._private = arrays.private
        self._persistent = arrays.persistent
        self._time = time
        self._dt = dt
        self.signals: Array = np.zeros(shape)
        self.sources: Array = np.zeros(shape)

    def _evaluate(
        self,
        rows: AlarmRows,
        memory: Memory,
        thresholds: Thresholds,
        direction: Array,
        asked: Asked,
        published: RackOutputs | BankOutputs,
        effect: Effect,
    ) -> Bound:
        """What judges all units by their signals; direction of the current (unit,)."""
        return bind(
            evaluate_alarms,
            *rows,
            *memory,
            *thresholds,
            self.signals,
            self.sources,
            direction,
            *asked,
            published.alarm,
            published.alarm_source,
            published.alarm_first_time,
            published.alarm_last_time,
            published.alarm_count,
            *effect,
            self._time,
            self._dt,
        )
