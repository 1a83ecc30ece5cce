"""Supervision of containers: their signals, the alarm rows over them, and what these ask of the racks."""

from typing import TYPE_CHECKING

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Measurements
from bms_emulator.firmware.reference.alarm_model import container_rows, container_signals
from bms_emulator.firmware.reference.protection import ask_racks, evaluate_alarms
from bms_emulator.firmware.reference.signals_container import compare_racks, derive_container_signals
from bms_emulator.profile.signals import CONTAINER_SIGNALS
from bms_emulator.profile.site import SiteProfile

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class BankSupervision:
    """The alarms of every container; what they ask of its racks goes into the orders.

    Args:
        site: Counts and firmware settings.
        arrays: What it reads and writes.
    """

    def __init__(self, site: SiteProfile, arrays: "FirmwareArrays") -> None:
        self._container = container_signals(site)
        self._rated_current = site.container.rack.rated_current_a
        self._rows = container_rows(site)
        self._commands = arrays.commands
        self._orders = arrays.orders
        self._racks = arrays.racks
        self._bank = arrays.bank
        self._private = arrays.private
        self.signals: Array = np.zeros((site.container_count, len(CONTAINER_SIGNALS)))
        self.sources: Array = np.zeros_like(self.signals)
        self._neutral: Array = np.zeros(site.container_count)
        """No direction of current, and nobody who asks for an action."""

    def run(self, measurements: Measurements, time: float, dt: float) -> None:
        """Judge all containers by measurements and by what their racks published last; time, dt [s]."""
        self._watch_container(measurements)
        self._watch_racks(measurements, dt)
        commands, bank, private = self._commands, self._bank, self._private
        evaluate_alarms(
            *self._rows,
            private.bank_alarm_wake,
            private.bank_alarm_active,
            private.bank_alarm_time,
            self.signals,
            self.sources,
            self._neutral,
            commands.alarm_reset,
            commands.service_reset,
            self._neutral,
            self._neutral,
            self._neutral,
            bank.alarm,
            bank.alarm_source,
            bank.alarm_first_time,
            bank.alarm_last_time,
            bank.alarm_count,
            private.bank_alarm_level,
            bank.alarm_latched,
            private.bank_action,
            private.bank_charge_action,
            private.bank_discharge_action,
            time,
            dt,
        )
        orders = self._orders
        ask_racks(
            private.bank_action,
            private.bank_charge_action,
            private.bank_discharge_action,
            orders.action,
            orders.charge_action,
            orders.discharge_action,
        )

    def _watch_container(self, measurements: Measurements) -> None:
        bank = self._bank
        derive_container_signals(
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
            self.signals,
            self.sources,
        )

    def _watch_racks(self, measurements: Measurements, dt: float) -> None:
        racks, private = self._racks, self._private
        compare_racks(
            self._rated_current,
            private.rack_heartbeat_seen,
            private.rack_heartbeat_silence,
            racks.heartbeat,
            racks.connected,
            racks.soc,
            measurements.current,
            self.signals,
            self.sources,
            dt,
        )
