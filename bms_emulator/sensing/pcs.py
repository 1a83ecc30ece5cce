"""What the controller of a PCS makes of its truth: reports, and all that follows from power and voltage.

Its phases carry like currents, I = S / (V_a + V_b + V_c), whatever the voltages of the grid.
"""

import math

import numpy as np

from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.sensing.pcs_state import PcsMeasured
from bms_emulator.sensing.pcs_truth import ConverterTruth

_FAULT = 4.0
_OFF, _ON, _WARNING, _ERROR = 0.0, 1.0, 2.0, 3.0
_NO_POWER = 1.0
"""Apparent power [VA] below which a power factor is 1: what is left there is rounding."""
_WARNINGS = 1 << 3 | 1 << 7
"""Limits that are worth a warning: temperature, and derating from outside."""


def bind_pcs(reported: PcsMeasured, truth: ConverterTruth, rated_voltage: float) -> Bound:
    """What reports every PCS; its AC side has a rated voltage from line to line [V]."""
    pcs, containers, grid = truth.pcs, truth.containers, truth.grid
    copied = (
        (pcs.state, reported.state),
        (pcs.faults, reported.faults),
        (pcs.limited, reported.limited),
        (pcs.limits, reported.limits),
        (pcs.power, reported.power),
        (pcs.reactive_power, reported.reactive_power),
        (pcs.available_power, reported.available_power),
        (pcs.energy_exported, reported.energy_exported),
        (pcs.energy_imported, reported.energy_imported),
        (pcs.reactive_energy_delivered, reported.reactive_energy_delivered),
        (pcs.reactive_energy_absorbed, reported.reactive_energy_absorbed),
        (pcs.dc_power, reported.dc_power),
        (pcs.link_voltage, reported.dc_voltage),
        (containers.bus_current, reported.dc_current),
        (containers.bus_voltage, reported.battery_voltage),
        (containers.energy_discharged, reported.dc_energy_discharged),
        (containers.energy_charged, reported.dc_energy_charged),
        (pcs.dc_breaker_closed, reported.dc_breaker_closed),
        (pcs.dc_precharge_closed, reported.dc_precharge_closed),
        (pcs.ac_breaker_closed, reported.ac_breaker_closed),
        (pcs.in_service, reported.in_service),
        (pcs.service_time, reported.service_time),
        (pcs.heatsink_temperature, reported.heatsink_temperature),
        (pcs.stack_temperature, reported.stack_temperature),
    )
    return bind(
        report_pcs,
        # model
        rated_voltage,
        # inputs
        tuple(source for source, _ in copied),
        grid.voltage,
        grid.voltage_fraction,
        grid.frequency,
        grid.phase_voltage,
        grid.line_voltage,
        # out
        tuple(target for _, target in copied),
        reported.state,
        reported.limits,
        reported.dc_breaker_closed,
        reported.power,
        reported.reactive_power,
        reported.apparent_power,
        reported.power_factor,
        reported.ac_current,
        reported.ac_voltage,
        reported.ac_phase_voltage,
        reported.frequency,
        reported.dc_state,
        reported.phase_voltage,
        reported.line_voltage,
        reported.phase_current,
        reported.phase_power,
        reported.phase_reactive_power,
        reported.phase_apparent_power,
    )


@scalar
def dc_state_of(state, limits, breaker_closed):
    """State of a DC port."""
    if state == _FAULT:
        return _ERROR
    if breaker_closed == 0.0:
        return _OFF
    return _WARNING if int(limits) & _WARNINGS else _ON


@kernel
def report_pcs(
    # model
    rated_voltage,
    # inputs
    truths,
    grid_voltage,
    grid_voltage_fraction,
    grid_frequency,
    grid_phase_voltage,
    grid_line_voltage,
    # out
    reports,
    state,
    limits,
    dc_breaker_closed,
    power,
    reactive_power,
    apparent_power,
    power_factor,
    ac_current,
    ac_voltage,
    ac_phase_voltage,
    frequency,
    dc_state,
    phase_voltage,
    line_voltage,
    phase_current,
    phase_power,
    phase_reactive_power,
    phase_apparent_power,
):
    """Reports of the PCS of every container.

    Shapes: `truths` and `reports` are tuples of arrays (container,), and the second become the first;
    grid_phase_voltage and grid_line_voltage (phase); phase_* and line_voltage (container, phase); other arrays of the
    grid (); the rest (container,).
    """
    for n in range(len(truths)):
        for c in range(power.size):
            reports[n][c] = truths[n][c]
    voltage = rated_voltage * grid_voltage_fraction[()]
    ratio = voltage / grid_voltage[()] if grid_voltage[()] > 0.0 else 0.0  # of a transformer in between
    total = 0.0
    for p in range(grid_phase_voltage.size):
        total += ratio * grid_phase_voltage[p]
    for c in range(power.size):
        apparent = math.sqrt(power[c] * power[c] + reactive_power[c] * reactive_power[c])
        current = apparent / total if total > 0.0 else 0.0
        apparent_power[c] = apparent
        power_factor[c] = power[c] / apparent if apparent > _NO_POWER else 1.0
        ac_current[c] = grid_phase_voltage.size * current
        ac_voltage[c] = voltage
        ac_phase_voltage[c] = voltage / np.sqrt(3.0)
        frequency[c] = grid_frequency[()]
        dc_state[c] = dc_state_of(state[c], limits[c], dc_breaker_closed[c])
        for p in range(grid_phase_voltage.size):
            own = ratio * grid_phase_voltage[p]
            share = own / total if total > 0.0 else 0.0
            phase_voltage[c, p] = own
            line_voltage[c, p] = ratio * grid_line_voltage[p]
            phase_current[c, p] = current
            phase_power[c, p] = share * power[c]
            phase_reactive_power[c, p] = share * reactive_power[c]
            phase_apparent_power[c, p] = own * current
