"""The reference firmware: one period of all racks and bank controllers of a site.

A period has three parts. The bank controllers listen to their masters and give orders to their racks; the controllers
of the racks decide; the bank controllers report what has become of it. Between the second and the third part a user's
firmware may put its own decisions in the place of those of some racks.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.firmware.contract import GROUPS as CONTRACT_GROUPS
from bms_emulator.firmware.contract import (
    BankLog,
    BankOutputs,
    Commands,
    MasterLink,
    Measurements,
    RackOrders,
    RackOutputs,
)
from bms_emulator.firmware.reference.bank import find_bank_extremes, summarise_banks
from bms_emulator.firmware.reference.estimator import estimate_charge
from bms_emulator.firmware.reference.extremes import find_extremes
from bms_emulator.firmware.reference.limits import limit_banks, limit_currents
from bms_emulator.firmware.reference.model import build_firmware_model
from bms_emulator.firmware.reference.protection import SIGNAL_COUNT, derive_signals, evaluate_alarms
from bms_emulator.firmware.reference.requests import keep_heartbeats, take_requests
from bms_emulator.firmware.reference.sequencer import advance_sequence, grant_joins, observe_conditions
from bms_emulator.firmware.reference.state import GROUPS, ReferenceState
from bms_emulator.firmware.reference.thermal import manage_temperature
from bms_emulator.profile.site import SiteProfile


@dataclass(frozen=True)
class FirmwareArrays:
    """Everything that the reference firmware reads beside measurements, and writes.

    Attributes:
        commands: The mailbox of the masters.
        master: What is known of their writes.
        orders: From bank controllers to racks.
        racks: What is published for every rack.
        bank: What is published for every container.
        log: Event logs of the bank controllers.
        private: Memory between periods.
    """

    commands: Commands
    master: MasterLink
    orders: RackOrders
    racks: RackOutputs
    bank: BankOutputs
    log: BankLog
    private: ReferenceState

    @classmethod
    def of(cls, arena: Arena) -> Self:
        """The groups of an arena."""
        return cls(
            commands=arena.group("commands", Commands),
            master=arena.group("master", MasterLink),
            orders=arena.group("firmware.orders", RackOrders),
            racks=arena.group("firmware.racks", RackOutputs),
            bank=arena.group("firmware.bank", BankOutputs),
            log=arena.group("firmware.log", BankLog),
            private=arena.group("firmware.private", ReferenceState),
        )

    @classmethod
    def own(cls, site: SiteProfile) -> Self:
        """Arrays that nobody else sees."""
        return cls.of(Arena(Layout(site.counts, CONTRACT_GROUPS | GROUPS)))


class ReferenceFirmware:
    """Firmware for liquid-cooled racks, in parallel on the DC bus of their container.

    It fulfils :class:`bms_emulator.firmware.contract.Firmware` and knows nothing but measurements and commands.

    Args:
        site: Counts and firmware settings.
        arrays: What it reads and writes.
        capacity: Capacity of every rack as a capacity test found it [A s], (rack,); that of fresh cells where None.
    """

    def __init__(self, site: SiteProfile, arrays: FirmwareArrays, capacity: Array | None = None) -> None:
        self._model = build_firmware_model(site)
        self._commands = arrays.commands
        self._orders = arrays.orders
        self._racks = arrays.racks
        self._bank = arrays.bank
        self._private = arrays.private
        self._signals: Array = np.zeros((SIGNAL_COUNT, site.rack_count))
        self._may_trip: Array = np.ones((SIGNAL_COUNT, site.rack_count))
        self._conditions: NDArray[np.int64] = np.zeros(site.rack_count, np.int64)
        self.commission(np.full(site.rack_count, self._model.fresh_capacity) if capacity is None else capacity)

    def commission(self, capacity: Array) -> None:
        """Take over the result of a capacity test: capacity of every rack [A s], (rack,).

        It scales the counting of charge, and relative to the rating it is the state of health, at most 1.
        """
        self._private.capacity[...] = capacity
        self._racks.soh[...] = np.minimum(1.0, capacity / self._model.rated_capacity)

    def step(self, measurements: Measurements, time: float, dt: float) -> None:
        """Read measurements and commands, write the outputs. time, dt: since the start, one firmware period [s]."""
        self.give_orders(measurements, time, dt)
        self.run_racks(measurements, time, dt)
        self.report(measurements, time, dt)

    def give_orders(self, measurements: Measurements, time: float, dt: float) -> None:
        """The bank controllers' first part: from masters' commands to orders for the racks."""
        self._listen(dt)

    def run_racks(self, measurements: Measurements, time: float, dt: float) -> None:
        """The controllers of all racks: from measurements and orders to outputs."""
        find_extremes(measurements, self._model.first_cell, self._private.temperature_age_seen, self._racks)
        self._estimate(measurements, dt)
        self._protect(measurements, dt)
        self._sequence(measurements, dt)
        self._limit_racks(dt)

    def report(self, measurements: Measurements, time: float, dt: float) -> None:
        """The bank controllers' second part: from the racks' outputs to their own."""
        find_bank_extremes(measurements, self._racks, self._bank)
        self._summarise(measurements)
        self._limit_banks()
        self._manage_temperature()

    def _estimate(self, measurements: Measurements, dt: float) -> None:
        racks, private = self._racks, self._private
        estimate_charge(
            *self._model.estimation,
            private.capacity,
            private.soc_known,
            private.hysteresis,
            private.rest_time,
            measurements.current,
            racks.cell_voltage_avg,
            racks.soc,
            racks.cycle_count,
            dt,
        )

    def _listen(self, dt: float) -> None:
        commands, private, bank = self._commands, self._private, self._bank
        take_requests(
            private.request_seen,
            private.rack_request_seen,
            commands.request,
            commands.rack_request,
            private.standing_request,
        )
        keep_heartbeats(
            *self._model.heartbeat,
            private.heartbeat_time,
            private.heartbeat_seen,
            private.heartbeat_silence,
            private.master_supervised,
            commands.heartbeat_master,
            bank.heartbeat,
            bank.master_lost,
            private.master_gone,
            dt,
        )

    def _protect(self, measurements: Measurements, dt: float) -> None:
        racks, private = self._racks, self._private
        derive_signals(
            *self._model.permitted,
            private.cell_voltage_lost_time,
            private.temperature_lost_time,
            private.current_lost_time,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            racks.cell_voltage_invalid_count,
            racks.temperature_max,
            racks.temperature_min,
            racks.temperature_invalid_count,
            measurements.current,
            measurements.cell_voltage_age,
            measurements.temperature_age,
            measurements.current_age,
            self._signals,
            self._may_trip,
            dt,
        )
        evaluate_alarms(
            *self._model.alarms,
            private.alarm_active,
            private.alarm_time,
            self._signals,
            self._may_trip,
            self._commands.alarm_reset,
            racks.alarm,
            racks.alarm_level,
            racks.alarm_latched,
            private.charge_alarm_level,
            private.discharge_alarm_level,
            dt,
        )

    def _sequence(self, measurements: Measurements, dt: float) -> None:
        commands, racks, private = self._commands, self._racks, self._private
        observe_conditions(
            *self._model.observation,
            private.step_time,
            private.feedback_time,
            private.precharge_tries,
            racks.contactor_command,
            measurements.contactor_feedback,
            measurements.fuse_feedback,
            measurements.current,
            measurements.string_voltage,
            measurements.link_voltage,
            racks.cell_voltage_max,
            racks.temperature_max,
            racks.alarm_latched,
            private.standing_request,
            commands.rack_enabled,
            private.master_gone,
            commands.alarm_reset,
            self._conditions,
            dt,
        )
        grant_joins(
            *self._model.joining,
            private.join_time,
            private.step,
            private.step_time,
            private.standing_request,
            commands.rack_enabled,
            measurements.string_voltage,
            measurements.link_voltage,
            private.charge_alarm_level,
            private.discharge_alarm_level,
            private.master_gone,
            self._conditions,
            racks.connect_failure,
            dt,
        )
        advance_sequence(
            *self._model.sequence,
            private.step,
            private.step_time,
            private.feedback_time,
            private.precharge_tries,
            private.join_time,
            self._conditions,
            measurements.current,
            racks.contactor_command,
            racks.mode,
            racks.connected,
            racks.connect_failure,
            racks.openings_under_load,
        )
        commands.alarm_reset.fill(0.0)

    def _summarise(self, measurements: Measurements) -> None:
        racks, bank = self._racks, self._bank
        summarise_banks(
            self._model.rated_energy,
            racks.mode,
            racks.connected,
            self._commands.rack_enabled,
            self._private.standing_request,
            racks.soc,
            racks.soh,
            racks.cycle_count,
            racks.alarm_level,
            measurements.current,
            measurements.link_voltage,
            bank.mode,
            bank.racks_connected,
            bank.soc,
            bank.soh,
            bank.cycle_count,
            bank.energy_available,
            bank.alarm_level,
            bank.voltage,
            bank.current,
            bank.power,
        )

    def _limit_racks(self, dt: float) -> None:
        commands, racks, bank, private = self._commands, self._racks, self._bank, self._private
        limit_currents(
            *self._model.derating,
            racks.mode,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            racks.temperature_max,
            racks.temperature_min,
            racks.soc,
            private.charge_alarm_level,
            private.discharge_alarm_level,
            commands.soc_reserve_min,
            commands.soc_reserve_max,
            bank.master_lost,
            private.charge_headroom,
            private.discharge_headroom,
            racks.charge_current_limit,
            racks.discharge_current_limit,
            dt,
        )

    def _limit_banks(self) -> None:
        racks, bank = self._racks, self._bank
        limit_banks(
            racks.connected,
            racks.charge_current_limit,
            racks.discharge_current_limit,
            bank.voltage,
            bank.charge_current_limit,
            bank.discharge_current_limit,
            bank.charge_power_limit,
            bank.discharge_power_limit,
        )

    def _manage_temperature(self) -> None:
        bank = self._bank
        manage_temperature(
            *self._model.thermal,
            bank.temperature_max,
            bank.temperature_min,
            bank.chiller_request,
            bank.chiller_setpoint,
        )
