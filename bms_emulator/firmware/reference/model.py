"""Settings of the reference firmware in SI, each group in the order in which its kernel takes them."""

from dataclasses import dataclass
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import ConnectFailure
from bms_emulator.firmware.reference.sequence import STEPS, TRANSITIONS, Step, Transition, Tries
from bms_emulator.profile.firmware import AlarmRow, FirmwareProfile, Signal
from bms_emulator.profile.rack import RackProfile
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR, ZERO_CELSIUS, kelvin

_NARROWEST_TAPER = 1e-6
"""Width [1] that stands for a taper of no width."""

Whole = NDArray[np.int64]


class Estimation(NamedTuple):
    """Charge estimation: OCV table [1] [V] [V], hysteresis rate [1], rest [A] [s], corrections [1]."""

    table_soc: Array
    table_voltage: Array
    table_hysteresis: Array
    hysteresis_rate: float
    rest_current: float
    rest_duration: float
    correction_low: float
    correction_high: float


class Permitted(NamedTuple):
    """What signals are relative to: rated current [A], current that counts as flowing [A], permitted ages [s]."""

    rated_current: float
    flowing_current: float
    voltage_age: float
    current_age: float
    temperature_age: float


class AlarmRows(NamedTuple):
    """Alarm rows: signal, sign, directions (alarm,); values in the signal's unit and times [s] (alarm, level)."""

    signal: Whole
    sign: Array
    set_level: Array
    set_time: Array
    clear_level: Array
    clear_time: Array
    concerns_charge: Array
    concerns_discharge: Array


class Observation(NamedTuple):
    """When conditions of the sequence hold: times [s], tries, precharge [V] [1] [A], opening [A]."""

    self_test: float
    contactor_feedback: float
    precharge_timeout: float
    precharge_tries: float
    opening_wait: float
    precharge_voltage: float
    precharge_share: float
    precharge_current: float
    open_current: float


class Joining(NamedTuple):
    """Rules for joining the bus: pause after a failed precharge [s], interval [s], voltage difference [V]."""

    precharge_pause: float
    interval: float
    voltage_difference: float


class Sequence(NamedTuple):
    """The sequence as arrays: edges sorted by their step, and what each step shows and commands."""

    first_edge: Whole
    edge_condition: Whole
    edge_target: Whole
    edge_failure: Array
    step_mode: Array
    step_command: Array
    step_on_bus: Array
    step_tries_kept: Array
    step_tries_added: Array
    open_current: float


class Derating(NamedTuple):
    """Current limits: [A], [V], maps over temperature [K] [A], factor at a warning [1], ramp [A/s], taper [1]."""

    rated_current: float
    charge_voltage_start: float
    charge_voltage_end: float
    discharge_voltage_start: float
    discharge_voltage_end: float
    charge_temperature: Array
    charge_temperature_current: Array
    discharge_temperature: Array
    discharge_temperature_current: Array
    warning_factor: float
    ramp: float
    soc_taper: float


class Thermal(NamedTuple):
    """Thermal management [K]."""

    cooling_on: float
    cooling_off: float
    heating_on: float
    heating_off: float
    cooling_setpoint: float
    heating_setpoint: float
    circulation_spread: float


class Heartbeat(NamedTuple):
    """Supervision of the master [s], 0 is never."""

    timeout: float
    open_after: float


@dataclass(frozen=True)
class FirmwareModel:
    """All settings of the reference firmware.

    Attributes:
        first_cell: First cell of the pack that a temperature sensor serves, counted from 1, (sensor,).
        rated_energy: Rated energy of a container [J].
        rated_capacity: Rated capacity of a rack [C].
        fresh_capacity: Capacity of a rack that was never tested [C].
    """

    first_cell: Array
    rated_energy: float
    rated_capacity: float
    fresh_capacity: float
    estimation: Estimation
    permitted: Permitted
    alarms: AlarmRows
    observation: Observation
    joining: Joining
    sequence: Sequence
    derating: Derating
    thermal: Thermal
    heartbeat: Heartbeat


def build_firmware_model(site: SiteProfile) -> FirmwareModel:
    """Settings for the racks and containers of a site."""
    rack, firmware = site.container.rack, site.firmware
    timing, connection = firmware.timing, firmware.connection
    return FirmwareModel(
        first_cell=_first_cells(rack),
        rated_energy=site.container.rated_energy_kwh * 1e3 * SECONDS_PER_HOUR,
        rated_capacity=rack.pack.cell.rated_capacity_ah * SECONDS_PER_HOUR,
        fresh_capacity=rack.pack.cell.capacity_ah * SECONDS_PER_HOUR,
        estimation=_estimation(rack, firmware),
        permitted=Permitted(
            rack.rated_current_a,
            firmware.estimator.rest_current_c * rack.pack.cell.rated_capacity_ah,
            firmware.measurement_age.voltage_s,
            firmware.measurement_age.current_s,
            firmware.measurement_age.temperature_s,
        ),
        alarms=_alarm_rows(firmware.alarms),
        observation=Observation(
            timing.self_test_s,
            timing.contactor_feedback_s,
            timing.precharge_timeout_s,
            float(timing.precharge_tries),
            timing.opening_wait_s,
            connection.precharge_done_v,
            connection.precharge_done_percent / 100.0,
            connection.precharge_done_current_a,
            connection.open_current_a,
        ),
        joining=Joining(timing.precharge_pause_s, timing.join_interval_s, connection.join_voltage_difference_v),
        sequence=_sequence(connection.open_current_a),
        derating=_derating(rack, firmware),
        thermal=_thermal(firmware),
        heartbeat=Heartbeat(timing.heartbeat_timeout_s, timing.heartbeat_open_s),
    )


def _first_cells(rack: RackProfile) -> Array:
    """A sensor j of S serves the cells k of C with ``k * S // C == j``."""
    sensors, cells = rack.pack.temperature_sensor_count, rack.pack.cell_count
    first = -(-np.arange(sensors) * cells // sensors)
    return np.tile(first + 1.0, rack.pack_count)


def _estimation(rack: RackProfile, firmware: FirmwareProfile) -> Estimation:
    cell, estimator = rack.pack.cell, firmware.estimator
    table = cell.open_circuit
    return Estimation(
        np.array(table.soc),
        np.array(table.voltage_v),
        np.array(table.hysteresis_mv) / 1e3,
        cell.hysteresis_rate,
        estimator.rest_current_c * cell.rated_capacity_ah,
        estimator.rest_time_s,
        estimator.correction_low,
        estimator.correction_high,
    )


def _alarm_rows(rows: tuple[AlarmRow, ...]) -> AlarmRows:
    signals = get_args(Signal)
    origins = np.array([[ZERO_CELSIUS if row.signal.endswith("_degc") else 0.0] for row in rows])
    return AlarmRows(
        np.array([signals.index(row.signal) for row in rows], np.int64),
        np.array([1.0 if row.when == "above" else -1.0 for row in rows]),
        np.array([row.set for row in rows]) + origins,
        np.array([row.set_s for row in rows], np.float64),
        np.array([row.clear for row in rows]) + origins,
        np.array([row.clear_s for row in rows], np.float64),
        np.array([float(row.blocks in ("charge", "both")) for row in rows]),
        np.array([float(row.blocks in ("discharge", "both")) for row in rows]),
    )


def _sequence(open_current: float) -> Sequence:
    edges: list[Transition] = sorted(
        TRANSITIONS, key=lambda edge: edge.step
    )  # stable: keeps the order of a step's edges
    rows = [STEPS[step] for step in Step]
    return Sequence(
        np.searchsorted([edge.step for edge in edges], np.arange(len(Step) + 1)).astype(np.int64),
        np.array([edge.condition for edge in edges], np.int64),
        np.array([edge.target for edge in edges], np.int64),
        np.array([_number(edge.failure) for edge in edges]),
        np.array([float(row.mode) for row in rows]),
        np.array([(row.negative, row.precharge, row.positive) for row in rows], np.float64),
        np.array([float(row.on_bus) for row in rows]),
        np.array([float(row.tries is not Tries.CLEAR) for row in rows]),
        np.array([float(row.tries is Tries.COUNT) for row in rows]),
        open_current,
    )


def _number(failure: ConnectFailure | None) -> float:
    return float("nan") if failure is None else float(failure)


def _derating(rack: RackProfile, firmware: FirmwareProfile) -> Derating:
    limits, one_c = firmware.limits, rack.pack.cell.rated_capacity_ah
    return Derating(
        rack.rated_current_a,
        *limits.charge_voltage_v,
        *limits.discharge_voltage_v,
        np.array(limits.charge_temperature_degc) + ZERO_CELSIUS,
        np.array(limits.charge_temperature_c_rate) * one_c,
        np.array(limits.discharge_temperature_degc) + ZERO_CELSIUS,
        np.array(limits.discharge_temperature_c_rate) * one_c,
        limits.warning_factor,
        limits.ramp_percent_per_s / 100.0 * rack.rated_current_a,
        max(limits.soc_taper, _NARROWEST_TAPER),
    )


def _thermal(firmware: FirmwareProfile) -> Thermal:
    thermal = firmware.thermal
    return Thermal(
        kelvin(thermal.cooling_on_degc),
        kelvin(thermal.cooling_off_degc),
        kelvin(thermal.heating_on_degc),
        kelvin(thermal.heating_off_degc),
        kelvin(thermal.cooling_setpoint_degc),
        kelvin(thermal.heating_setpoint_degc),
        thermal.circulation_spread_k,
    )
