"""The reference firmware: one period of all racks and bank controllers of a site.

A period has three parts. The bank controllers listen to their masters and give orders to their racks; the controllers
of the racks decide; the bank controllers report what has become of it. Between the second and the third part a user's
firmware may put its own decisions in the place of those of some racks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.firmware.contract import GROUPS as CONTRACT_GROUPS
from bms_emulator.firmware.contract import (
    BankLog,
    BankOutputs,
    BankReport,
    Commands,
    ControllerOverlay,
    MasterLink,
    Measurements,
    RackOrders,
    RackOutputs,
    RackReport,
    Settings,
    Thresholds,
)
from bms_emulator.firmware.reference.bank import find_bank_extremes, summarise_banks
from bms_emulator.firmware.reference.bank_supervision import BankSupervision
from bms_emulator.firmware.reference.blows import Blows
from bms_emulator.firmware.reference.conditions import observe_conditions
from bms_emulator.firmware.reference.estimation import Balancing, Estimation
from bms_emulator.firmware.reference.extremes import find_extremes
from bms_emulator.firmware.reference.insulation import obey_orders, read_monitors, select_monitors
from bms_emulator.firmware.reference.interlock import keep_fire_interlock
from bms_emulator.firmware.reference.joining import permit_joins, show_refusals
from bms_emulator.firmware.reference.limits import limit_banks, limit_racks
from bms_emulator.firmware.reference.log import record_events
from bms_emulator.firmware.reference.model import build_firmware_model
from bms_emulator.firmware.reference.orders import write_orders
from bms_emulator.firmware.reference.power import Power
from bms_emulator.firmware.reference.rack_supervision import RackSupervision
from bms_emulator.firmware.reference.reports import Reports
from bms_emulator.firmware.reference.requests import (
    count_heartbeats,
    supervise_masters,
    take_back_pulses,
    take_requests,
)
from bms_emulator.firmware.reference.sequencer import advance_sequence, tell_readiness
from bms_emulator.firmware.reference.settings import Defaults
from bms_emulator.firmware.reference.state import GROUPS, PersistentState, ReferenceState
from bms_emulator.firmware.reference.thermal import manage_temperature
from bms_emulator.firmware.reference.upsets import Upsets
from bms_emulator.jit import Bound, bind
from bms_emulator.profile.site import SiteProfile
from bms_emulator.program import Program


@dataclass(frozen=True)
class FirmwareArrays:
    """Everything that the reference firmware reads beside measurements, and writes.

    Attributes:
        commands: The mailbox of the masters.
        settings: What they may set of the bank controllers.
        thresholds: What they may set of alarms.
        master: What is known of their writes.
        orders: From bank controllers to racks.
        racks: What is published for every rack.
        bank: What is published for every container.
        rack_report: What the bank controllers make of the racks' outputs, for every rack.
        bank_report: The same, for every container.
        log: Event logs of the bank controllers.
        private: Memory between periods.
        persistent: Memory that outlives the loss of the supply.
    """

    commands: Commands
    settings: Settings
    thresholds: Thresholds
    master: MasterLink
    orders: RackOrders
    racks: RackOutputs
    bank: BankOutputs
    rack_report: RackReport
    bank_report: BankReport
    log: BankLog
    private: ReferenceState
    persistent: PersistentState

    @classmethod
    def of(cls, arena: Arena) -> Self:
        """The groups of an arena."""
        return cls(
            commands=arena.group("commands", Commands),
            settings=arena.group("commands.settings", Settings),
            thresholds=arena.group("commands.thresholds", Thresholds),
            master=arena.group("master", MasterLink),
            orders=arena.group("firmware.orders", RackOrders),
            racks=arena.group("firmware.racks", RackOutputs),
            bank=arena.group("firmware.bank", BankOutputs),
            rack_report=arena.group("firmware.rack_report", RackReport),
            bank_report=arena.group("firmware.bank_report", BankReport),
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
        measurements: What it knows of the plant.
        dt: Firmware period [s].
        capacity: Capacity of every rack as a capacity test found it [A s], (rack,); that of fresh cells where None.
    """

    def __init__(
        self,
        site: SiteProfile,
        arrays: FirmwareArrays,
        measurements: Measurements,
        dt: float,
        capacity: Array | None = None,
    ) -> None:
        self._model = build_firmware_model(site)
        self._measurements = measurements
        self._dt = dt
        self._commands = arrays.commands
        self._settings = arrays.settings
        self._orders = arrays.orders
        self._racks = arrays.racks
        self._bank = arrays.bank
        self._bank_report = arrays.bank_report
        self._log = arrays.log
        self._private = arrays.private
        self._persistent = arrays.persistent
        self._time: Array = np.zeros(1)
        self._conditions: NDArray[np.int64] = np.zeros(site.rack_count, np.int64)
        model = self._model
        defaults = Defaults(site, arrays)
        self._power = Power(arrays, measurements, model.supply, model.fresh_capacity, model.rated_capacity, defaults)
        self._estimation = Estimation(model.estimation, arrays, measurements, dt)
        self._balancing = Balancing(model.estimation, arrays, measurements, dt)
        rack_supervision = RackSupervision(site, arrays, measurements, self._time, dt)
        bank_supervision = BankSupervision(site, arrays, measurements, self._time, dt)
        reports = Reports(site, model, arrays, measurements, self._time, dt)
        self._sums = reports.turns

        self._give_orders = Program(
            self._take_requests(),
            bind(count_heartbeats, self._private.heartbeat_time, self._bank.heartbeat, dt),
            self._supervise_masters(),
            self._write_orders(),
            *bank_supervision.calls,
            self._permit_joins(),
            self._select_monitors(),
        )
        self._estimate = Program(
            bind(count_heartbeats, self._private.rack_heartbeat_time, self._racks.heartbeat, dt),
            *find_extremes(measurements, model.first_cell, self._private.temperature_age_seen, self._racks),
            *self._estimation.calls,
        )
        self._judge = Program(*rack_supervision.calls)
        self._act = Program(
            self._observe_conditions(),
            self._advance_sequence(),
            self._tell_readiness(),
            bind(obey_orders, self._orders.insulation_enabled, self._racks.insulation_monitor_enabled),
            self._limit_racks(),
            *self._balancing.calls,
        )
        self._report = Program(
            *find_bank_extremes(measurements, self._racks, self._bank),
            self._summarise(),
            self._limit_banks(),
            self._manage_temperature(),
            bind(show_refusals, self._private.refused, self._racks.connect_failure),
            self._read_monitors(),
            self._keep_fire_interlock(),
            *reports.calls,
        )
        self._record = Program(
            self._record_events(),
            bind(take_back_pulses, self._commands.alarm_reset, self._commands.service_reset),
        )
        self._upsets: Upsets | None = None
        self._blows = Blows(arrays)
        self._arrays = arrays
        defaults.restore()
        self.commission(np.full(site.rack_count, model.fresh_capacity) if capacity is None else capacity)

    def compile_backwards(self) -> None:
        """Compile all kernels of a period, the last first; run none."""
        programs = (
            self._power.watching,
            self._give_orders,
            self._estimate,
            self._judge,
            self._act,
            self._report,
            self._record,
        )
        for program in reversed(programs):
            program.compile_backwards()

    def commission(self, capacity: Array) -> None:
        """Take over the result of a capacity test: capacity of every rack [A s], (rack,).

        It scales the counting of charge, and relative to the rating it is the state of health, at most 1.
        """
        self._persistent.capacity[...] = capacity
        self._persistent.fix_soc.fill(np.nan)
        self._racks.soh[...] = np.minimum(1.0, capacity / self._model.rated_capacity)

    # faults

    def expose(self, overlay: ControllerOverlay) -> None:
        """Let an overlay bend the controllers from now on."""
        self._upsets = Upsets(self._arrays, self._measurements, overlay, self._power, self._dt)

    def bend(self) -> None:
        """Take over a change of the overlay, between periods."""
        if self._upsets is not None:
            self._upsets.lift()
            self._upsets.bend()

    def strike(self, kind: str, settings: Mapping[str, Any], racks: Iterable[int], seed: int) -> list[str]:
        """Let a blow fall on racks, counted from 0, between periods; what happened to each, as text."""
        if self._upsets is not None:
            self._upsets.lift()
        told = self._blows.strike(kind, settings, racks, seed)
        self.bend()
        return told

    def settings_changed(self) -> None:
        """Look at all alarms anew, as a master has changed thresholds."""
        self._private.alarm_wake.fill(-np.inf)
        self._private.bank_alarm_wake.fill(-np.inf)

    def step(self, time: float) -> None:
        """Read measurements and commands, write the outputs. time: since the start [s]."""
        self.give_orders(time)
        self.run_racks()
        self.report()

    def give_orders(self, time: float) -> None:
        """The bank controllers' first part: from masters' commands to orders for the racks, at a time [s]."""
        self._time[0] = time
        count = round(time / self._dt)
        self._estimation.turns.pass_to(count)
        self._balancing.turns.pass_to(count)
        self._sums.pass_to(count)
        self._power.watch()
        upsets = self._bent
        if upsets is not None:
            upsets.before_orders(count)
        self._give_orders()
        if upsets is not None:
            upsets.after_orders()

    def run_racks(self) -> None:
        """The controllers of all racks: from measurements and orders to outputs."""
        upsets = self._bent
        if upsets is not None:
            upsets.before_racks()
        self._estimate()
        if upsets is not None:
            upsets.between()
        self._judge()
        self._decide()
        if upsets is not None:
            upsets.after_racks()
        self._power.hold()

    def _decide(self) -> None:
        """What the controllers of all racks do about what they know."""
        self._act()

    def report(self) -> None:
        """The bank controllers' second part: from the racks' outputs to their own."""
        upsets = self._bent
        if upsets is not None:
            upsets.before_report()
        self._report()
        self._power.hold()
        self._record()
        if upsets is not None:
            upsets.after_report()

    @property
    def _bent(self) -> Upsets | None:
        """What is done to controllers; None where nothing is."""
        return self._upsets if self._upsets is not None and self._upsets.is_active else None

    def _take_requests(self) -> Bound:
        commands, private = self._commands, self._private
        return bind(
            take_requests,
            private.request_seen,
            private.operation_seen,
            private.rack_request_seen,
            commands.control,
            commands.rack_request,
            commands.request,
            commands.operation,
            self._bank_report.standby,
            private.standing_request,
        )

    def _supervise_masters(self) -> Bound:
        commands, settings, private, bank = self._commands, self._settings, self._private, self._bank
        return bind(
            supervise_masters,
            private.heartbeat_seen,
            private.heartbeat_silence,
            private.master_supervised,
            settings.master_timeout,
            settings.master_open_delay,
            commands.control,
            commands.heartbeat_master,
            bank.master_lost,
            private.master_gone,
            self._dt,
        )

    def _write_orders(self) -> Bound:
        commands, orders, private, bank = self._commands, self._orders, self._private, self._bank
        return bind(
            write_orders,
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

    def _permit_joins(self) -> Bound:
        measurements, orders, racks, private = self._measurements, self._orders, self._racks, self._private
        return bind(
            permit_joins,
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
            self._dt,
        )

    def _select_monitors(self) -> Bound:
        measurements, orders, racks = self._measurements, self._orders, self._racks
        return bind(
            select_monitors,
            self._commands.insulation_enabled,
            racks.mode,
            racks.connected,
            orders.join_permitted,
            measurements.contactor_feedback,
            measurements.controller_faults,
            self._bank.insulation_monitor_rack,
            orders.insulation_enabled,
        )

    def _observe_conditions(self) -> Bound:
        measurements = self._measurements
        orders, racks, private, persistent = self._orders, self._racks, self._private, self._persistent
        return bind(
            observe_conditions,
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
            self._dt,
        )

    def _advance_sequence(self) -> Bound:
        measurements, racks, private, persistent = self._measurements, self._racks, self._private, self._persistent
        return bind(
            advance_sequence,
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

    def _tell_readiness(self) -> Bound:
        orders, racks, private = self._orders, self._racks, self._private
        return bind(
            tell_readiness,
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
            self._dt,
        )

    def _read_monitors(self) -> Bound:
        bank = self._bank
        return bind(
            read_monitors,
            bank.insulation_monitor_rack,
            self._measurements.insulation_resistance,
            bank.insulation_resistance,
        )

    def _keep_fire_interlock(self) -> Bound:
        measurements = self._measurements
        return bind(
            keep_fire_interlock,
            self._orders.action,
            measurements.fire_level,
            measurements.gas_alarm,
            self._bank.fire_interlock,
        )

    def _record_events(self) -> Bound:
        commands, measurements = self._commands, self._measurements
        racks, bank, log = self._racks, self._bank, self._log
        private, persistent = self._private, self._persistent
        return bind(
            record_events,
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
            self._time,
            log.count,
            log.time,
            log.kind,
            log.rack,
            log.code,
            log.value,
            log.source,
        )

    def _summarise(self) -> Bound:
        measurements = self._measurements
        orders, racks, bank = self._orders, self._racks, self._bank
        return bind(
            summarise_banks,
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

    def _limit_racks(self) -> Bound:
        measurements = self._measurements
        commands, racks, private = self._commands, self._racks, self._private
        return bind(
            limit_racks,
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
            self._settings.charge_voltage_max,
            self._settings.discharge_voltage_min,
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
            self._dt,
        )

    def _limit_banks(self) -> Bound:
        racks, bank = self._racks, self._bank
        return bind(
            limit_banks,
            racks.connected,
            racks.charge_current_limit,
            racks.discharge_current_limit,
            racks.charge_current_limit_60s,
            racks.discharge_current_limit_60s,
            racks.charge_power_limit,
            racks.discharge_power_limit,
            racks.charge_power_limit_60s,
            racks.discharge_power_limit_60s,
            self._settings.charge_current_max,
            self._settings.discharge_current_max,
            self._bank_report.standby,
            bank.charge_current_limit,
            bank.discharge_current_limit,
            bank.charge_power_limit,
            bank.discharge_power_limit,
            bank.charge_power_limit_60s,
            bank.discharge_power_limit_60s,
        )

    def _manage_temperature(self) -> Bound:
        bank, settings = self._bank, self._settings
        return bind(
            manage_temperature,
            self._private.own_chiller_request,
            settings.cooling_on,
            settings.cooling_off,
            settings.heating_on,
            settings.heating_off,
            settings.cooling_setpoint,
            settings.heating_setpoint,
            settings.circulation_spread,
            bank.temperature_max,
            bank.temperature_min,
            self._racks.chiller_request,
            bank.chiller_request,
            bank.chiller_setpoint,
        )
