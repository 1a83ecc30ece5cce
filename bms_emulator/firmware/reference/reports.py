"""Reports of racks and containers: kernels bound to what they read and write."""

from typing import TYPE_CHECKING

from bms_emulator.firmware.contract import Measurements
from bms_emulator.firmware.reference.alarm_model import string_signals
from bms_emulator.firmware.reference.bank_report import gather_connected, gather_packs, report_banks
from bms_emulator.firmware.reference.counters import count_bled, count_throughput, sum_counters
from bms_emulator.firmware.reference.estimation import Turns
from bms_emulator.firmware.reference.model import FirmwareModel
from bms_emulator.firmware.reference.rack_report import report_racks
from bms_emulator.jit import Bound, bind
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from bms_emulator.arrays import Array
    from bms_emulator.firmware.reference.firmware import FirmwareArrays

_SUM_PERIOD = 1.0
"""Time between two sums of the counters of a container's racks [s]."""


class Reports:
    """What is told of racks and containers, whoever made the controllers of the racks.

    Args:
        site: Counts and firmware settings.
        model: Settings of the firmware.
        arrays: What is read and written.
        measurements: What is known of the plant.
        time: Time since the start [s], (1,).
        dt: Firmware period [s].

    Attributes:
        turns: Whose counters are summed.
        calls: What reports, to be called once racks and containers have their outputs.
    """

    def __init__(
        self,
        site: SiteProfile,
        model: FirmwareModel,
        arrays: "FirmwareArrays",
        measurements: Measurements,
        time: "Array",
        dt: float,
    ) -> None:
        self._site = site
        self._model = model
        self._arrays = arrays
        self._measurements = measurements
        self._flowing_current = string_signals(site).flowing_current
        self.turns = Turns(_SUM_PERIOD, dt)
        self.calls: tuple[Bound, ...] = (
            self._count(time, dt),
            self._count_bled(),
            self._report_racks(),
            self._report_banks(),
            *self._gather(),
            *self._gather_packs(),
            self._sum(),
        )

    def _count(self, time: "Array", dt: float) -> Bound:
        measurements, racks, report = self._measurements, self._arrays.racks, self._arrays.rack_report
        return bind(
            count_throughput,
            self._site.initial.time_of_day_h * SECONDS_PER_HOUR,
            racks.connected,
            measurements.current,
            measurements.string_voltage,
            racks.cell_voltage_sum,
            time,
            self._arrays.persistent.counted_day,
            report.energy_charged,
            report.energy_discharged,
            report.energy_charged_today,
            report.energy_discharged_today,
            report.energy_charged_cycle,
            report.energy_discharged_cycle,
            report.throughput_charged,
            report.throughput_discharged,
            dt,
        )

    def _count_bled(self) -> Bound:
        racks = self._arrays.racks
        return bind(
            count_bled,
            racks.balancing,
            racks.balancing_revision,
            self._arrays.private.balancing_counted,
            self._arrays.rack_report.pack_balancing_count,
        )

    def _report_racks(self) -> Bound:
        limits, balancing, rack = (
            self._site.firmware.limits,
            self._model.estimation.balancing,
            self._site.container.rack,
        )
        measurements, settings, private = self._measurements, self._arrays.settings, self._arrays.private
        racks, report = self._arrays.racks, self._arrays.rack_report
        return bind(
            report_racks,
            *limits.charge_voltage_v,
            *limits.discharge_voltage_v,
            float(rack.cell_count),
            balancing.start_voltage,
            balancing.start_spread,
            balancing.stop_spread,
            balancing.rest_current,
            self._flowing_current,
            settings.charge_voltage_max,
            settings.discharge_voltage_min,
            self._arrays.commands.rack_enabled,
            racks.mode,
            racks.connected,
            racks.connect_failure,
            racks.alarm_level,
            racks.contactor_command,
            measurements.current,
            measurements.string_voltage,
            racks.cell_voltage_avg,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            racks.temperature_max,
            racks.temperature_min,
            racks.soc,
            racks.soe_discharge,
            racks.soe_charge,
            private.drop,
            racks.charge_current_limit,
            racks.discharge_current_limit,
            racks.insulation_monitor_enabled,
            measurements.insulation_resistance,
            private.full_soc,
            private.empty_soc,
            report.power,
            report.cell_voltage_spread,
            report.temperature_spread,
            report.direction,
            report.charge_status,
            report.status,
            report.operating_state,
            report.precharge_stage,
            report.disabled_reason,
            report.full,
            report.empty,
            report.charge_forbidden,
            report.discharge_forbidden,
            report.charge_requested,
            report.balance_requested,
            report.soe,
            report.insulation_status,
            report.charge_voltage_limit,
            report.discharge_voltage_limit,
            report.energy_charged_cycle,
            report.energy_discharged_cycle,
        )

    def _report_banks(self) -> Bound:
        measurements, orders, racks = self._measurements, self._arrays.orders, self._arrays.racks
        bank, told, report = self._arrays.bank, self._arrays.rack_report, self._arrays.bank_report
        return bind(
            report_banks,
            self._model.rated_energy,
            self._flowing_current,
            bank.mode,
            self._arrays.private.bank_alarm_level,
            bank.alarm_level,
            bank.current,
            bank.charge_current_limit,
            bank.discharge_current_limit,
            bank.charge_power_limit,
            report.standby,
            bank.insulation_monitor_rack,
            bank.insulation_resistance,
            orders.enabled,
            racks.mode,
            racks.connected,
            racks.ready,
            racks.soe_discharge,
            racks.soe_charge,
            told.full,
            told.empty,
            told.charge_requested,
            told.balance_requested,
            racks.balancing_count,
            told.charge_voltage_limit,
            told.discharge_voltage_limit,
            measurements.insulation_positive,
            measurements.insulation_negative,
            report.direction,
            report.charge_status,
            report.status,
            report.power_state,
            report.operating_state,
            report.full,
            report.empty,
            report.charge_forbidden,
            report.discharge_forbidden,
            report.charge_requested,
            report.balance_requested,
            report.soe,
            report.insulation_status,
            report.insulation_positive,
            report.insulation_negative,
            report.charge_voltage_limit,
            report.discharge_voltage_limit,
            report.inverter_request,
            report.power_request,
            report.racks_installed,
            report.racks_enabled,
            report.racks_ready,
            report.racks_failed,
            report.balancing_count,
        )

    def _gather(self) -> tuple[Bound, Bound]:
        racks, report = self._arrays.racks, self._arrays.bank_report
        voltages = bind(
            gather_connected,
            racks.connected,
            racks.cell_voltage_max,
            racks.cell_voltage_max_pack,
            racks.cell_voltage_max_pack_cell,
            racks.cell_voltage_min,
            racks.cell_voltage_min_pack,
            racks.cell_voltage_min_pack_cell,
            racks.cell_voltage_avg,
            report.connected_cell_voltage_max,
            report.connected_cell_voltage_max_rack,
            report.connected_cell_voltage_max_pack,
            report.connected_cell_voltage_max_pack_cell,
            report.connected_cell_voltage_min,
            report.connected_cell_voltage_min_rack,
            report.connected_cell_voltage_min_pack,
            report.connected_cell_voltage_min_pack_cell,
            report.connected_cell_voltage_avg,
        )
        temperatures = bind(
            gather_connected,
            racks.connected,
            racks.temperature_max,
            racks.temperature_max_pack,
            racks.temperature_max_pack_sensor,
            racks.temperature_min,
            racks.temperature_min_pack,
            racks.temperature_min_pack_sensor,
            racks.temperature_avg,
            report.connected_temperature_max,
            report.connected_temperature_max_rack,
            report.connected_temperature_max_pack,
            report.connected_temperature_max_pack_sensor,
            report.connected_temperature_min,
            report.connected_temperature_min_rack,
            report.connected_temperature_min_pack,
            report.connected_temperature_min_pack_sensor,
            report.connected_temperature_avg,
        )
        return voltages, temperatures

    def _gather_packs(self) -> tuple[Bound, Bound]:
        racks, report = self._arrays.racks, self._arrays.bank_report
        voltages = bind(
            gather_packs,
            racks.rack_pack_voltage_max,
            racks.rack_pack_voltage_max_pack,
            racks.rack_pack_voltage_min,
            racks.rack_pack_voltage_min_pack,
            report.pack_voltage_max,
            report.pack_voltage_max_rack,
            report.pack_voltage_max_pack,
            report.pack_voltage_min,
            report.pack_voltage_min_rack,
            report.pack_voltage_min_pack,
        )
        temperatures = bind(
            gather_packs,
            racks.rack_pack_temperature_max,
            racks.rack_pack_temperature_max_pack,
            racks.rack_pack_temperature_min,
            racks.rack_pack_temperature_min_pack,
            report.pack_temperature_max,
            report.pack_temperature_max_rack,
            report.pack_temperature_max_pack,
            report.pack_temperature_min,
            report.pack_temperature_min_rack,
            report.pack_temperature_min_pack,
        )
        return voltages, temperatures

    def _sum(self) -> Bound:
        racks, bank = self._arrays.rack_report, self._arrays.bank_report
        return bind(
            sum_counters,
            *(getattr(racks, name) for name in COUNTERS),
            *(getattr(bank, name) for name in COUNTERS),
            self.turns.first,
            self.turns.stride,
        )


COUNTERS = (
    "energy_charged",
    "energy_discharged",
    "energy_charged_today",
    "energy_discharged_today",
    "energy_charged_cycle",
    "energy_discharged_cycle",
    "throughput_charged",
    "throughput_discharged",
)
"""What is counted of energy and charge."""
