"""Supervision of racks: their signals, and the alarm rows over them."""

from typing import TYPE_CHECKING

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Measurements
from bms_emulator.firmware.reference.alarm_model import cell_signals, contactor_signals, rack_rows, string_signals
from bms_emulator.firmware.reference.signals_cells import derive_cell_signals
from bms_emulator.firmware.reference.signals_contactors import derive_contactor_signals
from bms_emulator.firmware.reference.signals_string import derive_string_signals
from bms_emulator.firmware.reference.supervision import Asked, Effect, Memory, Supervision, Thresholds
from bms_emulator.jit import Bound, bind
from bms_emulator.profile.signals import RACK_SIGNALS
from bms_emulator.profile.site import SiteProfile

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class RackSupervision(Supervision):
    """The alarms of every rack.

    Args:
        site: Counts and firmware settings.
        arrays: What it reads and writes.
        measurements: What it knows of the plant.
        time: Time since the start [s], (1,).
        dt: Firmware period [s].

    Attributes:
        calls: What judges all racks; contactors by the commands of the last period.
    """

    def __init__(
        self, site: SiteProfile, arrays: "FirmwareArrays", measurements: Measurements, time: Array, dt: float
    ) -> None:
        super().__init__(arrays, measurements, (site.rack_count, len(RACK_SIGNALS)), time, dt)
        self._cells = cell_signals(site)
        self._string = string_signals(site)
        self._contactors = contactor_signals(site)
        self._direction: Array = np.zeros(site.rack_count)
        self.calls: tuple[Bound, ...] = (
            self._watch_cells(),
            self._watch_strings(),
            self._watch_contactors(),
            self._judge(site, arrays),
        )

    def _judge(self, site: SiteProfile, arrays: "FirmwareArrays") -> Bound:
        orders, racks, private = self._orders, self._racks, self._private
        return self._evaluate(
            rack_rows(site),
            Memory(private.alarm_wake, private.alarm_active, private.alarm_time),
            Thresholds(arrays.thresholds.rack_set, arrays.thresholds.rack_clear),
            self._direction,
            Asked(
                orders.alarm_reset,
                orders.service_reset,
                orders.action,
                orders.charge_action,
                orders.discharge_action,
            ),
            racks,
            Effect(
                racks.alarm_level,
                racks.alarm_latched,
                racks.alarm_action,
                private.charge_action,
                private.discharge_action,
            ),
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
