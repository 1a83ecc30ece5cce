"""Supervision of containers: their signals, the alarm rows over them, and what these ask of the racks."""

from typing import TYPE_CHECKING

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Measurements
from bms_emulator.firmware.reference.alarm_model import container_rows, container_signals
from bms_emulator.firmware.reference.protection import ask_racks
from bms_emulator.firmware.reference.signals_container import compare_racks, derive_container_signals
from bms_emulator.firmware.reference.supervision import Asked, Effect, Memory, Supervision, Thresholds
from bms_emulator.jit import Bound, bind
from bms_emulator.profile.signals import CONTAINER_SIGNALS
from bms_emulator.profile.site import SiteProfile

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class BankSupervision(Supervision):
    """The alarms of every container; what they ask of its racks goes into the orders.

    Args:
        site: Counts and firmware settings.
        arrays: What it reads and writes.
        measurements: What it knows of the plant.
        time: Time since the start [s], (1,).
        dt: Firmware period [s].

    Attributes:
        calls: What judges all containers, by measurements and by what their racks published last.
    """

    def __init__(
        self, site: SiteProfile, arrays: "FirmwareArrays", measurements: Measurements, time: Array, dt: float
    ) -> None:
        super().__init__(arrays, measurements, (site.container_count, len(CONTAINER_SIGNALS)), time, dt)
        self._container = container_signals(site)
        self._rated_current = site.container.rack.rated_current_a
        self.calls: tuple[Bound, ...] = (
            self._watch_container(),
            self._watch_racks(),
            self._judge(site, arrays),
            self._ask_racks(),
        )

    def _judge(self, site: SiteProfile, arrays: "FirmwareArrays") -> Bound:
        commands, bank, private = self._commands, self._bank, self._private
        nobody = np.zeros(site.container_count)  # has a current, or asks for an action
        return self._evaluate(
            container_rows(site),
            Memory(private.bank_alarm_wake, private.bank_alarm_active, private.bank_alarm_time),
            Thresholds(arrays.thresholds.bank_set, arrays.thresholds.bank_clear),
            nobody,
            Asked(commands.alarm_reset, commands.service_reset, nobody, nobody, nobody),
            bank,
            Effect(
                private.bank_alarm_level,
                bank.alarm_latched,
                private.bank_action,
                private.bank_charge_action,
                private.bank_discharge_action,
            ),
        )

    def _ask_racks(self) -> Bound:
        orders, private = self._orders, self._private
        return bind(
            ask_racks,
            private.bank_action,
            private.bank_charge_action,
            private.bank_discharge_action,
            orders.action,
            orders.charge_action,
            orders.discharge_action,
        )

    def _watch_container(self) -> Bound:
        measurements = self._measurements
        bank = self._bank
        return bind(
            derive_container_signals,
            *self._container,
            measurements.coolant_supply_temperature,
            measurements.coolant_return_temperature,
            measurements.coolant_flow,
            measurements.coolant_pressure,
            measurements.chiller_mode,
            measurements.chiller_fault,
            measurements.chiller_age,
            measurements.dew_point,
            measurements.hydrogen,
            measurements.carbon_monoxide,
            measurements.smoke,
            measurements.fire_detectors,
            measurements.fire_level,
            measurements.gas_alarm,
            measurements.supply_voltage,
            measurements.emergency_stop,
            measurements.door_open,
            measurements.water,
            bank.master_lost,
            self._private.master_gone,
            bank.insulation_monitor_rack,
            measurements.insulation_positive,
            measurements.insulation_negative,
            self._racks.connected,
            self.signals,
            self.sources,
        )

    def _watch_racks(self) -> Bound:
        measurements = self._measurements
        racks, private = self._racks, self._private
        return bind(
            compare_racks,
            self._rated_current,
            private.rack_heartbeat_seen,
            private.rack_heartbeat_silence,
            racks.heartbeat,
            racks.connected,
            racks.soc,
            measurements.current,
            self.signals,
            self.sources,
            self._dt,
        )
