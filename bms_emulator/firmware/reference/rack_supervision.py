"""Supervision of racks: their signals, and the alarm rows over them."""

from typing import TYPE_CHECKING

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Measurements
from bms_emulator.firmware.reference.alarm_model import cell_signals, contactor_signals, rack_rows, string_signals
from bms_emulator.firmware.reference.protection import evaluate_alarms
from bms_emulator.firmware.reference.signals_cells import derive_cell_signals
from bms_emulator.firmware.reference.signals_contactors import derive_contactor_signals
from bms_emulator.firmware.reference.signals_string import derive_string_signals
from bms_emulator.jit import Bound, bind
from bms_emulator.profile.signals import RACK_SIGNALS
from bms_emulator.profile.site import SiteProfile

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class RackSupervision:
    """The alarms of every rack.

    Args:
        site: Counts and firmware settings.
        arrays: What it reads and writes.
        measurements: What it knows of the plant.
        time: Time since the start [s], (1,).
        dt: Firmware period [s].

    Attributes:
        signals: What alarms look at, (rack, signal).
        sources: Where that is, (rack, signal).
        calls: What judges all racks; contactors by the commands of the last period.
    """

    def __init__(
        self, site: SiteProfile, arrays: "FirmwareArrays", measurements: Measurements, time: Array, dt: float
    ) -> None:
        self._measurements = measurements
        self._time = time
        self._dt = dt
        self._cells = cell_signals(site)
        self._string = string_signals(site)
        self._contactors = contactor_signals(site)
        self._rows = rack_rows(site)
        self._commands = arrays.commands
        self._orders = arrays.orders
        self._racks = arrays.racks
        self._private = arrays.private
        self._persistent = arrays.persistent
        self.signals: Array = np.zeros((site.rack_count, len(RACK_SIGNALS)))
        self.sources: Array = np.zeros_like(self.signals)
        self._direction: Array = np.zeros(site.rack_count)
        self.calls: tuple[Bound, ...] = (
            self._watch_cells(),
            self._watch_strings(),
            self._watch_contactors(),
            self._evaluate(),
        )

    def _evaluate(self) -> Bound:
        orders, racks, private = self._orders, self._racks, self._private
        return bind(
            evaluate_alarms,
            *self._rows,
            private.alarm_wake,
            private.alarm_active,
            private.alarm_time,
            self.signals,
            self.sources,
            self._direction,
            orders.alarm_reset,
            orders.service_reset,
            orders.action,
            orders.charge_action,
            orders.discharge_action,
            racks.alarm,
            racks.alarm_source,
            racks.alarm_first_time,
            racks.alarm_last_time,
            racks.alarm_count,
            racks.alarm_level,
            racks.alarm_latched,
            racks.alarm_action,
            private.charge_action,
            private.discharge_action,
            self._time,
            self._dt,
        )

    def _watch_cells(self) -> Bound:
        measurements = self._measurements
        racks, private = self._racks, self._private
        return bind(
            derive_cell_signals,
            *self._cells,
            private.cell_voltage_lost_time,
            private.temperature_lost_time,
            private.cell_voltage_max_followed,
            private.cell_voltage_min_followed,
            private.temperature_followed,
            private.rise_age,
            private.fall_age,
            measurements.cell_voltage,
            measurements.cell_voltage_age,
            measurements.temperature,
            measurements.temperature_age,
            measurements.cmu_faults,
            racks.cell_voltage_max,
            racks.cell_voltage_max_cell,
            racks.cell_voltage_min,
            racks.cell_voltage_min_cell,
            racks.cell_voltage_avg,
            racks.cell_voltage_invalid_count,
            racks.temperature_max,
            racks.temperature_max_pack,
            racks.temperature_min,
            racks.temperature_min_pack,
            racks.temperature_invalid_count,
            measurements.gas_alarm,
            self.signals,
            self.sources,
            self._dt,
        )

    def _watch_strings(self) -> Bound:
        measurements = self._measurements
        racks, private = self._racks, self._private
        return bind(
            derive_string_signals,
            *self._string,
            private.current_lost_time,
            private.current_mean,
            private.soc_seen,
            private.soc_jump,
            measurements.string_voltage,
            racks.cell_voltage_sum,
            racks.cell_voltage_invalid_count,
            measurements.current,
            measurements.current_second,
            measurements.current_age,
            racks.contactor_command,
            measurements.terminal_temperature,
            measurements.insulation_positive,
            measurements.insulation_negative,
            racks.soc,
            self._commands.soc_reserve_min,
            self._commands.soc_reserve_max,
            racks.soh,
            self._persistent.capacity,
            measurements.fuse_feedback,
            measurements.breaker_feedback,
            measurements.interlock_closed,
            measurements.controller_faults,
            self.signals,
            self._direction,
            self._dt,
        )

    def _watch_contactors(self) -> Bound:
        measurements = self._measurements
        return bind(
            derive_contactor_signals,
            *self._contactors,
            self._private.precharge_time,
            self._private.link_dead,
            self._racks.contactor_command,
            measurements.contactor_feedback,
            measurements.current,
            measurements.string_voltage,
            measurements.fuse_voltage,
            measurements.link_voltage,
            measurements.fuse_feedback,
            measurements.breaker_feedback,
            self.signals,
            self.sources,
            self._dt,
        )
