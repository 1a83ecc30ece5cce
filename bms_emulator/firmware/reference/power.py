"""Loss and return of the auxiliary supply of a container's controllers.

While they are off, nothing that acts is energised, what tells a state is what it is before the start, and what they
have measured stands still; what they did not write into persistent memory is gone when they start again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import (
    BankMode,
    ChargeStatus,
    ChillerRequest,
    ControllerFault,
    InverterRequest,
    Measurements,
    OperatingState,
    PowerState,
    PrechargeStage,
    RackMode,
    Status,
)
from bms_emulator.firmware.reference.reports import COUNTERS
from bms_emulator.firmware.reference.rows import Kept, Rows, clear, fields
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

_REPORT_OFF: dict[str, float] = {
    "charge_status": float(ChargeStatus.OFF),
    "status": float(Status.INITIAL),
    "charge_forbidden": 1.0,
    "discharge_forbidden": 1.0,
    "charge_requested": 0.0,
    "balance_requested": 0.0,
    "operating_state": float(OperatingState.STOPPED),
}
"""What is told of a rack, or of its container, whose controller is off."""

_RACK_REPORT_OFF: dict[str, float] = {
    **_REPORT_OFF,
    "precharge_stage": float(PrechargeStage.IDLE),
    "pack_balancing_count": 0.0,
}
"""The same, of racks only."""

_BANK_REPORT_OFF: dict[str, float] = {
    **_REPORT_OFF,
    "power_state": float(PowerState.OFF_READY),
    "inverter_request": float(InverterRequest.NONE),
    "power_request": 0.0,
    "insulation_positive": float("nan"),
    "insulation_negative": float("nan"),
    "racks_ready": 0.0,
    "balancing_count": 0.0,
}
"""The same, of containers only."""

_AT_REST = frozenset((*_RACK_OFF, *_BANK_OFF, *_RACK_REPORT_OFF, *_BANK_REPORT_OFF))
"""Names of all that is not held while its controller is off."""

_OFF, _CHANGED = 0, 1
"""Places among the counts of controllers."""

_OF_BANKS = ("standing_request", "rack_request_seen", "refused", "mode_seen", "alarm_seen")
"""Memory of bank controllers that stands in rows of racks."""


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
        self._stale = Kept((), powered > 0.0, powered > 0.0)

    def watch(self) -> None:
        """Look at the supply at the beginning of a period, before anything else is done in it."""
        self.watching()
        powered = self._arrays.persistent.powered
        if self._counts[_CHANGED]:
            containers = powered > self._was_powered
            self.start_banks(containers)
            self.start_racks(self.racks_of(containers))
        if self._counts[_OFF]:
            containers = powered == 0.0
            racks = self.racks_of(containers)
            arrays = self._arrays
            groups = arrays.racks, arrays.bank, arrays.rack_report, arrays.bank_report, arrays.persistent
            self._stale = Kept(groups, containers, racks, {*_AT_REST, "balancing_revision"})

    def hold(self) -> None:
        """Undo what controllers that are off have done in this period, and take the energy from all that acts.

        Called after those of the racks have run and after bank controllers have reported.
        """
        if not self._counts[_OFF]:
            return
        self._stale.put_back()
        containers = self._arrays.persistent.powered == 0.0
        self.rest_racks(self.racks_of(containers))
        self.rest_banks(containers)

    def rest_racks(self, racks: Rows) -> None:
        """Take the energy from all that controllers of racks drive."""
        outputs = self._arrays.racks
        bled = racks & (outputs.balancing_count > 0.0)
        outputs.balancing_revision[bled] = (outputs.balancing_revision[bled] + 1.0) % 65536.0
        _set(outputs, _RACK_OFF, racks)
        _set(self._arrays.rack_report, _RACK_REPORT_OFF, racks)

    def rest_banks(self, containers: Rows) -> None:
        """The same, of bank controllers."""
        _set(self._arrays.bank, _BANK_OFF, containers)
        _set(self._arrays.bank_report, _BANK_REPORT_OFF, containers)
        self._arrays.bank_report.racks_failed[containers] = float(self._racks_per_container)

    def start_banks(self, containers: Rows) -> None:
        """Let bank controllers begin with empty memory, which their racks' orders are made from."""
        arrays, racks = self._arrays, self.racks_of(containers)
        clear(arrays.private, containers, np.zeros_like(racks))
        clear(arrays.private, containers, racks, _OF_BANKS)
        clear(arrays.orders, containers, racks)
        clear(arrays.commands, containers, racks, _MAILBOX)
        clear(arrays.bank_report, containers, racks, ("standby",))

    def start_racks(self, racks: Rows) -> None:
        """Let controllers of racks begin with empty memory, and with default values where persistent memory is lost."""
        arrays, none = self._arrays, np.zeros(self._arrays.persistent.powered.size, np.bool_)
        clear(arrays.private, none, racks, [name for name, *_ in fields(arrays.private) if name not in _OF_BANKS])
        arrays.private.step[racks] = float(Step.SHUTDOWN)
        forgetful = racks & (self._controller_faults.astype(np.int64) & _PERSISTENT_MEMORY != 0)
        if forgetful.any():
            clear(arrays.persistent, none, forgetful)
            clear(arrays.racks, none, forgetful, _KEPT)
            clear(arrays.rack_report, none, forgetful, COUNTERS)
            self._defaults.restore_racks(forgetful)
            arrays.persistent.capacity[forgetful] = self._fresh_capacity
            arrays.racks.soh[forgetful] = self._fresh_soh

    def racks_of(self, containers: Rows) -> Rows:
        """Racks of containers."""
        return containers.repeat(self._racks_per_container)


def _set(group: object, values: Mapping[str, float], rows: Rows) -> None:
    for name, value in values.items():
        getattr(group, name)[rows] = value
