"""Loss and return of the auxiliary supply of a container's controllers.

While they are off, nothing that acts is energised and what they published stands still; what they did not write into
persistent memory is gone when they start again.
"""

import dataclasses
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array, FieldInfo
from bms_emulator.firmware.contract import (
    BankMode,
    ChillerRequest,
    ControllerFault,
    Measurements,
    RackMode,
)
from bms_emulator.firmware.reference.reports import COUNTERS
from bms_emulator.firmware.reference.sequence import Step
from bms_emulator.firmware.reference.settings import Defaults
from bms_emulator.jit import bind, kernel
from bms_emulator.program import Program

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays

_PERSISTENT_MEMORY = 1 << ControllerFault.PERSISTENT_MEMORY

_MAILBOX = ("request", "operation", "rack_request", "alarm_reset", "service_reset", "heartbeat_master")
"""Commands that a bank controller forgets without its supply; the others are settings and kept."""

_KEPT = (
    "soc",
    "soh",
    "soh_resistance",
    "cycle_count",
    "openings_under_load",
    "alarm_source",
    "alarm_first_time",
    "alarm_last_time",
    "alarm_count",
)
"""Outputs of a rack that stand in its persistent memory."""

_RACK_OFF: dict[str, float] = {
    "contactor_command": 0.0,
    "mode": float(RackMode.SHUTDOWN),
    "connected": 0.0,
    "ready": 0.0,
    "charge_current_limit": 0.0,
    "discharge_current_limit": 0.0,
    "charge_current_limit_60s": 0.0,
    "discharge_current_limit_60s": 0.0,
    "charge_power_limit": 0.0,
    "discharge_power_limit": 0.0,
    "charge_power_limit_60s": 0.0,
    "discharge_power_limit_60s": 0.0,
    "breaker_trip": 0.0,
    "insulation_monitor_enabled": 0.0,
    "chiller_request": float("nan"),
    "balancing": 0.0,
    "balancing_count": 0.0,
}
"""Outputs of a rack whose controller is off."""

_BANK_OFF: dict[str, float] = {
    "mode": float(BankMode.DISCONNECTED),
    "racks_connected": 0.0,
    "charge_current_limit": 0.0,
    "discharge_current_limit": 0.0,
    "charge_power_limit": 0.0,
    "discharge_power_limit": 0.0,
    "charge_power_limit_60s": 0.0,
    "discharge_power_limit_60s": 0.0,
    "insulation_resistance": float("nan"),
    "insulation_monitor_rack": 0.0,
    "fire_interlock": 0.0,
    "chiller_request": float(ChillerRequest.STANDBY),
}
"""Outputs of a bank controller that is off."""

_OFF, _CHANGED = 0, 1
"""Places among the counts of controllers."""

Rows = NDArray[np.bool_]


@kernel
def watch_supply(
    # model
    brown_out,
    recovery,
    # inputs
    supply_voltage,
    # out
    powered,
    was_powered,
    counts,
):
    """Switch controllers off and on by their supply [V], (container,); counts: how many are off, and have changed."""
    off = 0
    changed = 0
    for c in range(powered.shape[0]):
        was_powered[c] = powered[c]
        if powered[c] != 0.0:
            if supply_voltage[c] < brown_out:
                powered[c] = 0.0
                changed += 1
        elif supply_voltage[c] >= recovery:
            powered[c] = 1.0
            changed += 1
        if powered[c] == 0.0:
            off += 1
    counts[0] = off
    counts[1] = changed


class Power:
    """Supply of the controllers, and what its loss does to their memory and outputs.

    Args:
        arrays: Everything that they read and write.
        measurements: What it knows of the supply.
        model: Brown-out and recovery voltage [V].
        fresh_capacity: Capacity of a rack of which nothing is known [A s].
        rated_capacity: Capacity at which its state of health is 1 [A s].
        defaults: Thresholds of racks whose memory is lost.

    Attributes:
        watching: What switches controllers off and on.
    """

    def __init__(
        self,
        arrays: "FirmwareArrays",
        measurements: Measurements,
        model: tuple[float, float],
        fresh_capacity: float,
        rated_capacity: float,
        defaults: Defaults,
    ) -> None:
        self._arrays = arrays
        self._controller_faults = measurements.controller_faults
        self._fresh_capacity = fresh_capacity
        self._defaults = defaults
        self._fresh_soh = min(1.0, fresh_capacity / rated_capacity)
        self._racks_per_container = arrays.racks.mode.size // arrays.persistent.powered.size
        powered = arrays.persistent.powered
        self._was_powered: Array = powered.copy()
        self._counts: NDArray[np.int64] = np.zeros(2, np.int64)
        self.watching = Program(
            bind(watch_supply, *model, measurements.supply_voltage, powered, self._was_powered, self._counts)
        )
        self._stale: list[tuple[Array, Rows, Array]] = []

    def watch(self) -> None:
        """Look at the supply at the beginning of a period, before anything else is done in it."""
        self.watching()
        powered = self._arrays.persistent.powered
        if self._counts[_CHANGED]:
            self._start(powered > self._was_powered)
        self._stale = self._copies(powered == 0.0) if self._counts[_OFF] else []

    def hold(self) -> None:
        """Undo what controllers that are off have done in this period, and take the energy from all that acts.

        Called after those of the racks have run and after bank controllers have reported.
        """
        if not self._counts[_OFF]:
            return
        for array, rows, copy in self._stale:
            array[rows] = copy
        arrays = self._arrays
        containers = arrays.persistent.powered == 0.0
        racks = self._racks_of(containers)
        bled = racks & (arrays.racks.balancing_count > 0.0)
        arrays.racks.balancing_revision[bled] = (arrays.racks.balancing_revision[bled] + 1.0) % 65536.0
        for name, at_rest in _RACK_OFF.items():
            getattr(arrays.racks, name)[racks] = at_rest
        for name, at_rest in _BANK_OFF.items():
            getattr(arrays.bank, name)[containers] = at_rest

    def _start(self, containers: Rows) -> None:
        """Begin with empty memory where the supply has returned, and with default values where that was lost too."""
        arrays, racks = self._arrays, self._racks_of(containers)
        _clear(arrays.private, containers, racks)
        _clear(arrays.orders, containers, racks)
        arrays.private.step[racks] = float(Step.SHUTDOWN)
        _clear(arrays.commands, containers, racks, _MAILBOX)
        _clear(arrays.bank_report, containers, racks, ("standby",))
        forgetful = racks & (self._controller_faults.astype(np.int64) & _PERSISTENT_MEMORY != 0)
        if forgetful.any():
            none = np.zeros_like(containers)
            _clear(arrays.persistent, none, forgetful)
            _clear(arrays.racks, none, forgetful, _KEPT)
            _clear(arrays.rack_report, none, forgetful, COUNTERS)
            self._defaults.restore_racks(forgetful)
            arrays.persistent.capacity[forgetful] = self._fresh_capacity
            arrays.racks.soh[forgetful] = self._fresh_soh

    def _copies(self, containers: Rows) -> list[tuple[Array, Rows, Array]]:
        """The outputs of these containers that are not set at rest, and all persistent memory, as they stand."""
        arrays, racks = self._arrays, self._racks_of(containers)
        moving = {*_RACK_OFF, *_BANK_OFF, "balancing_revision"}
        copies = []
        for group in (arrays.racks, arrays.bank, arrays.rack_report, arrays.bank_report, arrays.persistent):
            for name, array, by_rack, _ in _fields(group):
                if name not in moving:
                    rows = racks if by_rack else containers
                    copies.append((array, rows, array[rows]))
        return copies

    def _racks_of(self, containers: Rows) -> Rows:
        return containers.repeat(self._racks_per_container)


def _clear(group: Any, containers: Rows, racks: Rows, names: Collection[str] = ()) -> None:
    """Set all arrays of a group, or those that are named, to their initial values in these rows."""
    for name, array, by_rack, initial in _fields(group):
        if not names or name in names:
            array[racks if by_rack else containers] = initial


def _fields(group: Any) -> Iterator[tuple[str, Array, bool, float]]:
    """Name, array, whether its rows are racks, not containers, and initial value."""
    for field in dataclasses.fields(group):
        info: FieldInfo = field.metadata["array"]
        yield field.name, getattr(group, field.name), info.axes[0] == "rack", info.initial
