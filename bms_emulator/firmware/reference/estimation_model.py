"""Settings of estimation, limits, balancing and cooling in SI, each group in the order in which a kernel takes them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.reference.estimator import rest_soc
from bms_emulator.profile.cell import CellProfile, Resistance
from bms_emulator.profile.firmware import FirmwareProfile
from bms_emulator.profile.rack import RackProfile
from bms_emulator.units import GAS_CONSTANT, SECONDS_PER_HOUR, ZERO_CELSIUS, kelvin

_NARROWEST_TAPER = 1e-6
"""Width [1] that stands for a taper of no width."""
_REFERENCE_TEMPERATURE = kelvin(25.0)
"""At which the profile of a cell gives its resistances [K]."""
_RESISTANCE_GRID = kelvin(-40.0), 2.5, 49
"""Temperatures for which a cell's resistances are tabulated: first [K], step [K], number."""
_ENERGY_NODES = 401
"""States of charge for which energies are tabulated; between them the error is below 0.01 % of all energy."""


class OpenCircuit(NamedTuple):
    """Table over state of charge [1]: voltage [V], half of the hysteresis gap [V]."""

    soc: Array
    voltage: Array
    hysteresis: Array


class Shape(NamedTuple):
    """Factor on all resistances over state of charge, in charge and in discharge [1]."""

    soc: Array
    charge: Array
    discharge: Array


class Usable(NamedTuple):
    """Where the published state of charge is 0, where its knees end and begin, and where it is 1 [1]."""

    empty: float
    knee_low: float
    knee_high: float
    full: float


class Circuit(NamedTuple):
    """Resistances [Ohm] over temperature [K], (node, 3); time constants [s], hysteresis rate [1], rest [A]."""

    resistance_first: float
    resistance_step: float
    resistance_table: Array
    tau1: float
    tau2: float
    hysteresis_rate: float
    rest_current: float


class Correction(NamedTuple):
    """Corrections of charge: rest [A] [s], ends of the flat part [1], pull [s] [1/s], ends [V] [V] [A]."""

    rest_current: float
    rest_duration: float
    correction_low: float
    correction_high: float
    correction_time: float
    correction_rate: float
    charge_end_voltage: float
    discharge_end_voltage: float
    end_current: float


class CapacityLearning(NamedTuple):
    """Learning of the capacity: [A s], [1], rest [A] [s], trust and span [1], longest time [s], share [1], [A s]."""

    rated_capacity: float
    knee_low: float
    knee_high: float
    rest_current: float
    rest_duration: float
    correction_low: float
    correction_high: float
    doubt: float
    precision: float
    span: float
    longest: float
    share: float
    capacity_min: float
    capacity_max: float


class ResistanceLearning(NamedTuple):
    """Learning of the resistance: knees [1], step [A], times [s], share and bounds [1]."""

    knee_low: float
    knee_high: float
    smallest_step: float
    settling: float
    longest: float
    share: float
    growth_min: float
    growth_max: float


class Pulses(NamedTuple):
    """Pulses of a minute: time constants [s], hysteresis rate [1], current [A], ends of charge and discharge [V]."""

    tau1: float
    tau2: float
    hysteresis_rate: float
    rated_current: float
    charge_end_voltage: float
    discharge_end_voltage: float


class Derating(NamedTuple):
    """Limits: [A], [V], maps over temperature [K] [A], factors [1], coolant [K], ramp [A/s], taper [1], cells."""

    rated_current: float
    charge_voltage_start: float
    charge_voltage_end: float
    discharge_voltage_start: float
    discharge_voltage_end: float
    charge_temperature: Array
    charge_temperature_current: Array
    discharge_temperature: Array
    discharge_temperature_current: Array
    peak_factor: float
    hot_start: float
    hot_end: float
    hot_factor: float
    warning_factor: float
    ramp: float
    soc_taper: float
    cell_count: float


class BalancingRules(NamedTuple):
    """Balancing: voltages [V], cells of a pack at once, temperatures [K], rest [A], permitted age [s]."""

    start_voltage: float
    start_spread: float
    stop_spread: float
    largest: int
    temperature_low: float
    temperature_high: float
    rest_current: float
    age_limit: float


@dataclass(frozen=True)
class EstimationModel:
    """Settings of everything that follows the battery rather than protects it.

    Attributes:
        open_circuit: Open-circuit table.
        shape: Shape of the resistances.
        usable: Ends of the published state of charge.
        circuit: Circuit of a fresh cell.
        energy: Integrals over state of charge, as :func:`estimate_energy` takes them.
        correction: Corrections of charge.
        capacity: Learning of the capacity.
        resistance: Learning of the resistance.
        pulses: Pulses of a minute.
        derating: Limits.
        balancing: Balancing.
        rated_current: Of a rack [A].
        cell_count: Cells in series.
        rest_current: Current below which a rack rests [A].
        update_period: Time between two looks at the circuit [s].
        balancing_period: Time between two decisions on balancing [s].
    """

    open_circuit: OpenCircuit
    shape: Shape
    usable: Usable
    circuit: Circuit
    energy: Array
    correction: Correction
    capacity: CapacityLearning
    resistance: ResistanceLearning
    pulses: Pulses
    derating: Derating
    balancing: BalancingRules
    rated_current: float
    cell_count: float
    rest_current: float
    update_period: float
    balancing_period: float


def build_estimation_model(rack: RackProfile, firmware: FirmwareProfile) -> EstimationModel:
    """Settings for the racks of a site."""
    cell, estimator, limits = rack.pack.cell, firmware.estimator, firmware.limits
    one_c = cell.rated_capacity_ah
    table = OpenCircuit(
        np.array(cell.open_circuit.soc),
        np.array(cell.open_circuit.voltage_v),
        np.array(cell.open_circuit.hysteresis_mv) / 1e3,
    )
    shape = Shape(
        np.array(cell.resistance.shape_soc),
        np.array(cell.resistance.shape_charge),
        np.array(cell.resistance.shape_discharge),
    )
    rest_current = estimator.rest_current_c * one_c
    rest = rest_current, estimator.rest_time_s, estimator.correction_low, estimator.correction_high
    knees = estimator.knee_low, estimator.knee_high
    charge_end, discharge_end = limits.charge_voltage_v[1], limits.discharge_voltage_v[1]
    return EstimationModel(
        open_circuit=table,
        shape=shape,
        usable=_usable(table, knees, charge_end, discharge_end),
        circuit=_circuit(cell, rest_current),
        energy=energy_table(table, shape),
        correction=Correction(
            *rest,
            estimator.correction_time_s,
            estimator.correction_percent_per_min / 100.0 / 60.0,
            charge_end - estimator.end_voltage_mv / 1e3,
            discharge_end + estimator.end_voltage_mv / 1e3,
            estimator.end_current_c * one_c,
        ),
        capacity=_capacity_learning(cell, firmware, knees, rest),
        resistance=ResistanceLearning(
            *knees,
            estimator.learning.resistance_step_c * one_c,
            firmware.measurement_age.voltage_s,
            estimator.learning.resistance_time_s,
            estimator.learning.resistance_filter,
            *estimator.learning.resistance_range,
        ),
        pulses=Pulses(
            cell.resistance.tau1_s,
            cell.resistance.tau2_s,
            cell.hysteresis_rate,
            rack.rated_current_a,
            charge_end,
            discharge_end,
        ),
        derating=_derating(rack, firmware),
        balancing=_balancing(rack, firmware, rest_current),
        rated_current=rack.rated_current_a,
        cell_count=float(rack.cell_count),
        rest_current=rest_current,
        update_period=estimator.update_s,
        balancing_period=firmware.balancing.period_s,
    )


def _usable(table: OpenCircuit, knees: tuple[float, float], charge_end: float, discharge_end: float) -> Usable:
    """Charging ends on the upper branch of the hysteresis, discharging on the lower; half of each knee is kept."""
    low, high = knees
    empty, full = rest_soc(discharge_end, -1.0, *table), rest_soc(charge_end, 1.0, *table)
    return Usable(min(empty, 0.5 * low), low, high, max(full, 0.5 * (1.0 + high)))


def _circuit(cell: CellProfile, rest_current: float) -> Circuit:
    first, step, count = _RESISTANCE_GRID
    return Circuit(
        first,
        step,
        resistance_table(cell.resistance, np.linspace(first, first + step * (count - 1), count)),
        cell.resistance.tau1_s,
        cell.resistance.tau2_s,
        cell.hysteresis_rate,
        rest_current,
    )


def resistance_table(resistance: Resistance, temperature: Array) -> Array:
    """Ohmic resistance and those of the two branches [Ohm] of a fresh cell at temperatures [K], (node, 3)."""
    coldness = 1.0 / temperature - 1.0 / _REFERENCE_TEMPERATURE
    columns = (
        (resistance.r0_mohm, resistance.activation_r0_kj_per_mol),
        (resistance.r1_mohm, resistance.activation_r1_kj_per_mol),
        (resistance.r2_mohm, resistance.activation_r2_kj_per_mol),
    )
    return np.column_stack([r / 1e3 * np.exp(energy * 1e3 / GAS_CONSTANT * coldness) for r, energy in columns])


def energy_table(table: OpenCircuit, shape: Shape) -> Array:
    """Integrals from 0 over the state of charge, (node, 4): voltage [V] and shape [1], in discharge and in charge."""
    uniform = np.linspace(0.0, 1.0, _ENERGY_NODES)
    grid = np.union1d(uniform, np.union1d(table.soc, shape.soc))
    columns = (
        np.interp(grid, table.soc, table.voltage - table.hysteresis),
        np.interp(grid, shape.soc, shape.discharge),
        np.interp(grid, table.soc, table.voltage + table.hysteresis),
        np.interp(grid, shape.soc, shape.charge),
    )
    integrals = []
    for column in columns:
        pieces = 0.5 * (column[1:] + column[:-1]) * np.diff(grid)
        integrals.append(np.interp(uniform, grid, np.concatenate([[0.0], np.cumsum(pieces)])))
    return np.column_stack(integrals)


def _capacity_learning(
    cell: CellProfile,
    firmware: FirmwareProfile,
    knees: tuple[float, float],
    rest: tuple[float, float, float, float],
) -> CapacityLearning:
    learning, rated = firmware.estimator.learning, cell.rated_capacity_ah * SECONDS_PER_HOUR
    low, high = learning.capacity_range
    return CapacityLearning(
        rated,
        *knees,
        *rest,
        learning.resistance_doubt,
        learning.capacity_precision,
        learning.capacity_span,
        learning.capacity_time_h * SECONDS_PER_HOUR,
        learning.capacity_filter,
        low * rated,
        high * rated,
    )


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
        limits.peak_factor,
        kelvin(limits.coolant_degc[0]),
        kelvin(limits.coolant_degc[1]),
        limits.cooling_factor,
        limits.warning_factor,
        limits.ramp_percent_per_s / 100.0 * rack.rated_current_a,
        max(limits.soc_taper, _NARROWEST_TAPER),
        float(rack.cell_count),
    )


def _balancing(rack: RackProfile, firmware: FirmwareProfile, rest_current: float) -> BalancingRules:
    balancing = firmware.balancing
    return BalancingRules(
        balancing.start_voltage_v,
        balancing.start_spread_mv / 1e3,
        balancing.stop_spread_mv / 1e3,
        int(balancing.simultaneous_percent / 100.0 * rack.pack.cell_count),
        kelvin(balancing.temperature_degc[0]),
        kelvin(balancing.temperature_degc[1]),
        rest_current,
        firmware.measurement_age.voltage_s,
    )
