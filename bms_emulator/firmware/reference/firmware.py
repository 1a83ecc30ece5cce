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
from bms_emulator.firmware.reference.bank_supervision import BankSupervision
from bms_emulator.firmware.reference.conditions import observe_conditions
from bms_emulator.firmware.reference.estimation import Balancing, Estimation
from bms_emulator.firmware.reference.extremes import find_extremes
from bms_emulator.firmware.reference.insulation import read_monitors, select_monitors
from bms_emulator.firmware.reference.interlock import keep_fire_interlock
from bms_emulator.firmware.reference.joining import permit_joins, show_refusals
from bms_emulator.firmware.reference.limits import limit_banks, limit_racks
from bms_emulator.firmware.reference.log import record_events
from bms_emulator.firmware.reference.model import build_firmware_model
from bms_emulator.firmware.reference.orders import write_orders
from bms_emulator.firmware.reference.power import Power
from bms_emulator.firmware.reference.rack_supervision import RackSupervision
from bms_emulator.firmware.reference.requests import count_heartbeats, supervise_masters, take_requests
from bms_emulator.firmware.reference.sequencer import advance_sequence, tell_readiness
from bms_emulator.firmware.reference.state import GROUPS, PersistentState, ReferenceState
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
        persistent: Memory that outlives the loss of the supply.
    """

    commands: Commands
    master: MasterLink
    orders: RackOrders
    racks: RackOutputs
    bank: BankOutputs
    log: BankLog
    private: ReferenceState
    persistent: PersistentState

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
            persistent=arena.group("firmware.persistent", PersistentState),
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
        self._log = arrays.log
        self._private = arrays.private
        self._persistent = arrays.persistent
        self._estimation = Estimation(self._model.estimation, arrays)
        self._balancing = Balancing(self._model.estimation, arrays)
        self._rack_supervision = RackSupervision(site, arrays)
        self._bank_supervision = BankSupervision(site, arrays)
        self._conditions: NDArray[np.int64] = np.zeros(site.rack_count, np.int64)
        self._power = Power(arrays, self._model.supply, self._model.fresh_capacity, self._model.rated_capacity)
        self.commission(np.full(site.rack_count, self._model.fresh_capacity) if capacity is None else capacity)

    def commission(self, capacity: Array) -> None:
        """Take over the result of a capacity test: capacity of every rack [A s], (rack,).

        It scales the counting of charge, and relative to the rating it is the state of health, at most 1.
        """
        self._persistent.capacity[...] = capacity
        self._persistent.fix_soc.fill(np.nan)
        self._racks.soh[...] = np.minimum(1.0, capacity / self._model.rated_capacity)

    def step(self, measurements: Measurements, time: float, dt: float) -> None:
        """Read measurements and commands, write the outputs. time, dt: since the start, one firmware period [s]."""
        self.give_orders(measurements, time, dt)
        self.run_racks(measurements, time, dt)
        self.report(measurements, time, dt)

    def give_orders(self, measurements: Measurements, time: float, dt: float) -> None:
        """The bank controllers' first part: from masters' commands to orders for the racks."""
        self._power.watch(measurements)
        self._listen(dt)
        self._bank_supervision.run(measurements, time, dt)
        self._permit(measurements, dt)

    def run_racks(self, measurements: Measurements, time: float, dt: float) -> None:
        """The controllers of all racks: from measurements and orders to outputs."""
        count_heartbeats(self._private.rack_heartbeat_time, self._racks.heartbeat, dt)
        find_extremes(measurements, self._model.first_cell, self._private.temperature_age_seen, self._racks)
        self._estimation.run(measurements, time, dt)
        self._rack_supervision.run(measurements, time, dt)
        self._sequence(measurements, dt)
        self._limit_racks(measurements, dt)
        self._balancing.run(measurements, time, dt)
        self._power.hold()

    def report(self, measurements: Measurements, time: float, dt: float) -> None:
        """The bank controllers' second part: from the racks' outputs to their own."""
        find_bank_extremes(measurements, self._racks, self._bank)
        self._summarise(measurements)
        self._limit_banks()
        self._manage_temperature()
        self._close(measurements)
        self._power.hold()
        self._record(measurements, time)

    def _listen(self, dt: float) -> None:
        commands, orders, private, bank = self._commands, self._orders, self._private, self._bank
        take_requests(
            private.request_seen,
            private.rack_request_seen,
            commands.request,
            commands.rack_request,
            private.standing_request,
        )
        count_heartbeats(private.heartbeat_time, bank.heartbeat, dt)
        supervise_masters(
            *self._model.heartbeat,
            private.heartbeat_seen,
            private.heartbeat_silence,
            private.master_supervised,
            commands.heartbeat_master,
            bank.master_lost,
            private.master_gone,
            dt,
        )
        write_orders(
            self._model.sound_count_min,
            private.standing_request,
            commands.rack_enabled,
            commands.rack_maintenance,
            commands.alarm_reset,
            commands.service_reset,
            commands.balancing_enabled,
            bank.master_lost,
            private.master_gone,
            self._racks.mode,
            orders.request,
            orders.enabled,
            orders.maintenance,
            orders.alarm_reset,
            orders.service_reset,
            orders.balancing_enabled,
            orders.master_lost,
            orders.master_gone,
        )

    def _permit(self, measurements: Measurements, dt: float) -> None:
        orders, racks, private = self._orders, self._racks, self._private
        permit_joins(
            *self._model.joining,
            private.join_time,
            private.permit_rack,
            private.permit_time,
            racks.mode,
            racks.ready,
            racks.connected,
            measurements.string_voltage,
            measurements.link_voltage,
            orders.request,
            orders.enabled,
            orders.maintenance,
            orders.master_gone,
            orders.join_permitted,
            private.refused,
            dt,
        )
        select_monitors(
            racks.mode,
            racks.connected,
            orders.join_permitted,
            measurements.contactor_feedback,
            measurements.controller_faults,
            self._bank.insulation_monitor_rack,
            orders.insulation_enabled,
        )

    def _sequence(self, measurements: Measurements, dt: float) -> None:
        orders, racks, private, persistent = self._orders, self._racks, self._private, self._persistent
        observe_conditions(
            *self._model.observation,
            private.step_time,
            private.feedback_time,
            private.precharge_tries,
            private.reset_age,
            private.service_age,
            racks.contactor_command,
            measurements.contactor_feedback,
            measurements.fuse_feedback,
            measurements.current,
            measurements.string_voltage,
            measurements.link_voltage,
            racks.cell_voltage_max,
            racks.temperature_max,
            racks.alarm_action,
            persistent.locked,
            persistent.powered,
            racks.ready,
            orders.request,
            orders.enabled,
            orders.maintenance,
            orders.join_permitted,
            orders.master_gone,
            orders.alarm_reset,
            orders.service_reset,
            self._conditions,
            dt,
        )
        advance_sequence(
            *self._model.sequence,
            private.step,
            private.step_time,
            private.feedback_time,
            private.precharge_tries,
            private.reset_age,
            private.service_age,
            persistent.locked,
            self._conditions,
            measurements.current,
            measurements.contactor_feedback,
            racks.contactor_command,
            racks.mode,
            racks.connected,
            racks.connect_failure,
            racks.openings_under_load,
            racks.breaker_trip,
        )
        tell_readiness(
            self._model.precharge_pause,
            private.step,
            private.step_time,
            orders.request,
            orders.enabled,
            orders.maintenance,
            orders.master_gone,
            private.charge_action,
            private.discharge_action,
            racks.ready,
            racks.connect_failure,
            dt,
        )
        racks.insulation_monitor_enabled[...] = orders.insulation_enabled

    def _close(self, measurements: Measurements) -> None:
        bank = self._bank
        show_refusals(self._private.refused, self._racks.connect_failure)
        read_monitors(bank.insulation_monitor_rack, measurements.insulation_resistance, bank.insulation_resistance)
        keep_fire_interlock(self._orders.action, measurements.fire_level, measurements.gas_alarm, bank.fire_interlock)

    def _record(self, measurements: Measurements, time: float) -> None:
        """Write the event log, and take back the pulses of the masters, which have been seen by all."""
        commands, racks, bank, log = self._commands, self._racks, self._bank, self._log
        private, persistent = self._private, self._persistent
        record_events(
            private.mode_seen,
            private.alarm_seen,
            private.bank_alarm_seen,
            persistent.openings_told,
            persistent.powered_told,
            persistent.powered,
            racks.mode,
            racks.alarm,
            racks.alarm_source,
            bank.alarm,
            bank.alarm_source,
            racks.openings_under_load,
            measurements.current,
            commands.alarm_reset,
            commands.service_reset,
            time,
            log.count,
            log.time,
            log.kind,
            log.rack,
            log.code,
            log.value,
            log.source,
        )
        commands.alarm_reset.fill(0.0)
        commands.service_reset.fill(0.0)

    def _summarise(self, measurements: Measurements) -> None:
        orders, racks, bank = self._orders, self._racks, self._bank
        summarise_banks(
            self._model.rated_energy,
            racks.mode,
            racks.connected,
            orders.enabled,
            orders.request,
            racks.soc,
            racks.soh,
            racks.soe_discharge,
            racks.soe_charge,
            racks.cycle_count,
            racks.alarm_level,
            self._private.bank_alarm_level,
            measurements.current,
            measurements.link_voltage,
            bank.mode,
            bank.racks_connected,
            bank.soc,
            bank.soh,
            bank.soe_discharge,
            bank.soe_charge,
            bank.cycle_count,
            bank.energy_available,
            bank.alarm_level,
            bank.voltage,
            bank.current,
            bank.power,
        )

    def _limit_racks(self, measurements: Measurements, dt: float) -> None:
        commands, racks, private = self._commands, self._racks, self._private
        limit_racks(
            *self._model.estimation.derating,
            racks.mode,
            measurements.current,
            measurements.string_voltage,
            racks.cell_voltage_avg,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            racks.temperature_max,
            racks.temperature_min,
            racks.soc,
            private.resistance0,
            private.pulse_resistance,
            private.charge_pulse,
            private.discharge_pulse,
            private.charge_action,
            private.discharge_action,
            measurements.coolant_supply_temperature,
            measurements.chiller_fault,
            commands.soc_reserve_min,
            commands.soc_reserve_max,
            self._orders.master_lost,
            private.charge_headroom,
            private.discharge_headroom,
            private.charge_headroom_60s,
            private.discharge_headroom_60s,
            racks.charge_current_limit,
            racks.discharge_current_limit,
            racks.charge_current_limit_60s,
            racks.discharge_current_limit_60s,
            racks.charge_power_limit,
            racks.discharge_power_limit,
            racks.charge_power_limit_60s,
            racks.discharge_power_limit_60s,
            dt,
        )

    def _limit_banks(self) -> None:
        racks, bank = self._racks, self._bank
        limit_banks(
            racks.connected,
            racks.charge_current_limit,
            racks.discharge_current_limit,
            racks.charge_power_limit,
            racks.discharge_power_limit,
            racks.charge_power_limit_60s,
            racks.discharge_power_limit_60s,
            bank.charge_current_limit,
            bank.discharge_current_limit,
            bank.charge_power_limit,
            bank.discharge_power_limit,
            bank.charge_power_limit_60s,
            bank.discharge_power_limit_60s,
        )

    def _manage_temperature(self) -> None:
        bank = self._bank
        manage_temperature(
            *self._model.estimation.thermal,
            self._private.own_chiller_request,
            bank.temperature_max,
            bank.temperature_min,
            self._racks.chiller_request,
            bank.chiller_request,
            bank.chiller_setpoint,
        )
