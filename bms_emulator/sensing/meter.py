"""The meter between site and grid: per phase a voltage and a current channel, and all that follows from their readings.

    P = v i cos phi,  Q = v i sin phi,  S = v i        v, i as its channels read them

So the readings of one sample fit each other. Energy registers count the powers of every tick, with the fixed errors of
the channels, whether or not the readings are sampled or arrive.
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.channel import gaussian, noise_counter
from bms_emulator.sensing.site_state import MeterCounters, MeterMeasured
from bms_emulator.sensing.site_truth import SiteTruth

PHASES = ("a", "b", "c")
"""Names of the phases, the last axis of every array over them."""
FAILURE_VOLTAGE, VOLTAGE_MIN, VOLTAGE_MAX = 0.5, 0.9, 1.1
"""Voltages relative to nominal below, below and above which the meter reports an event [1]."""
POWER_FACTOR_MIN, POWER_FACTOR_LOAD = 0.8, 0.05
"""Power factor below which it reports an event, from this share of rated apparent power on [1]."""

REGISTERS = (
    "energy_exported",
    "energy_imported",
    "apparent_energy_exported",
    "apparent_energy_imported",
    "reactive_energy_q1",
    "reactive_energy_q2",
    "reactive_energy_q3",
    "reactive_energy_q4",
)
"""Energy registers, in the order of the counters."""
EXPORTED, IMPORTED, APPARENT_EXPORTED, APPARENT_IMPORTED, QUADRANT_1, QUADRANT_2, QUADRANT_3, QUADRANT_4 = range(8)

_METER_STREAM = 16
_CUT = 3.0
"""Fixed errors lie within this many standard deviations, and these within the accuracy."""


class MeterModel(NamedTuple):
    """The meter as built.

    Attributes:
        voltage_gain: Fixed gain of the voltage channels [1], shape (phase,).
        current_gain: Fixed gain of the current channels [1], shape (phase,).
        direction: 1, or -1 where the current transformer sits the wrong way round, shape (phase,).
        noise: Of voltage and current channels from sample to sample, relative, one standard deviation [1].
        neutral_voltage: Nominal, from line to neutral [V].
        rated_current: Of a phase [A].
        key: Number of its noise sequence.
    """

    voltage_gain: Array
    current_gain: Array
    direction: Array
    noise: float
    neutral_voltage: float
    rated_current: float
    key: np.uint64


def build_meter(site: SiteProfile, seed: int) -> MeterModel:
    """The meter of a site; the same seed gives the same meter."""
    meter = site.meter
    entropy = np.random.SeedSequence(seed, spawn_key=(_METER_STREAM,))
    deviation = np.clip(np.random.default_rng(entropy).standard_normal((2, len(PHASES))) / _CUT, -1.0, 1.0)
    gain = 1.0 + 0.5e-2 * meter.accuracy_percent * deviation
    return MeterModel(
        voltage_gain=gain[0].copy(),
        current_gain=gain[1].copy(),
        direction=np.array([-1.0 if phase in meter.reversed_phases else 1.0 for phase in PHASES]),
        noise=meter.noise_percent * 1e-2,
        neutral_voltage=(site.grid.voltage_v or site.pcs.ac_voltage_v) / math.sqrt(3.0),
        rated_current=meter.rated_current_a or math.inf,
        key=entropy.generate_state(1, np.uint64)[0],
    )


def bind_meter(model: MeterModel, counters: MeterCounters, measured: MeterMeasured, truth: SiteTruth) -> Bound:
    """What lets the meter count, and read where it is its turn."""
    grid = truth.grid
    return bind(
        read_meter,
        # model
        model,
        # state
        counters.energy,
        # inputs
        grid.frequency,
        grid.phase_voltage,
        grid.line_voltage,
        grid.phase_current,
        grid.phase_power,
        grid.phase_reactive_power,
        truth.meter.silent,
        truth.meter.failed,
        # out
        measured.age,
        measured.voltage,
        measured.neutral_voltage,
        measured.phase_voltage,
        measured.line_voltage,
        measured.frequency,
        measured.current,
        measured.phase_current,
        measured.power,
        measured.phase_power,
        measured.reactive_power,
        measured.phase_reactive_power,
        measured.apparent_power,
        measured.phase_apparent_power,
        measured.power_factor,
        measured.phase_power_factor,
        tuple(getattr(measured, name) for name in REGISTERS),
        tuple(getattr(measured, f"phase_{name}") for name in REGISTERS),
        measured.power_failure,
        measured.under_voltage,
        measured.over_voltage,
        measured.over_current,
        measured.low_power_factor,
    )


@scalar
def voltage_factor(model, tick, phase):
    """Reading over truth of a voltage channel at a tick [1]."""
    return model.voltage_gain[phase] * (1.0 + model.noise * gaussian(noise_counter(model.key, tick, phase)))


@scalar
def current_factor(model, tick, phase):
    """Reading over truth of a current channel at a tick, but for its direction [1]."""
    channel = model.current_gain.size + phase
    return model.current_gain[phase] * (1.0 + model.noise * gaussian(noise_counter(model.key, tick, channel)))


@scalar
def factor_of(power, apparent):
    """Power factor [1] of a power [W] and an apparent power [VA]; 1 without power."""
    return power / apparent if apparent > 0.0 else 1.0


@scalar
def quadrant_of(power, reactive_power):
    """Register of the reactive energy of a power [W] and a reactive power [var], both positive in export."""
    if power > 0.0:
        return QUADRANT_3 if reactive_power > 0.0 else QUADRANT_2
    return QUADRANT_4 if reactive_power > 0.0 else QUADRANT_1


@scalar
def count(energy, channel, power, reactive_power, dt):
    """Count dt [s] of a power [W] and a reactive power [var] in the registers of a channel (register, channel)."""
    energy[EXPORTED if power > 0.0 else IMPORTED, channel] += abs(power) * dt
    apparent = math.hypot(power, reactive_power)
    energy[APPARENT_EXPORTED if power > 0.0 else APPARENT_IMPORTED, channel] += apparent * dt
    energy[quadrant_of(power, reactive_power), channel] += abs(reactive_power) * dt


@kernel
def read_meter(
    # model
    model,
    # state
    energy,
    # inputs
    true_frequency,
    true_voltage,
    true_line_voltage,
    true_current,
    true_power,
    true_reactive_power,
    silent,
    failed,
    # out
    age,
    voltage,
    neutral_voltage,
    phase_voltage,
    line_voltage,
    frequency,
    current,
    phase_current,
    power,
    phase_power,
    reactive_power,
    phase_reactive_power,
    apparent_power,
    phase_apparent_power,
    power_factor,
    phase_power_factor,
    registers,
    phase_registers,
    power_failure,
    under_voltage,
    over_voltage,
    over_current,
    low_power_factor,
    is_sample,
    tick,
    dt,
):
    """Count a tick of dt [s]; read all where it is a sample and the meter is not silent.

    Shapes: energy (register, channel), channel 0 being the whole; true_*, line_voltage, phase_* (phase); registers and
    phase_registers are tuples over the registers of arrays without axes and (phase); all others have no axes.
    """
    phases = true_voltage.size
    total, total_reactive = 0.0, 0.0
    for k in range(phases):
        gain = model.direction[k] * model.voltage_gain[k] * model.current_gain[k]
        count(energy, 1 + k, gain * true_power[k], gain * true_reactive_power[k], dt)
        total += gain * true_power[k]
        total_reactive += gain * true_reactive_power[k]
    count(energy, 0, total, total_reactive, dt)
    age[()] += dt
    if not is_sample or silent[()] != 0.0:
        return
    age[()] = 0.0
    works = 1.0 if failed[()] == 0.0 else math.nan
    mean, mean_line, sum_current, lowest, highest, strongest = 0.0, 0.0, 0.0, math.inf, 0.0, 0.0
    total, total_reactive = 0.0, 0.0
    for k in range(phases):
        by_voltage = works * voltage_factor(model, tick, k)
        by_current = current_factor(model, tick, k)
        next_by_voltage = works * voltage_factor(model, tick, (k + 1) % phases)
        by_power = by_voltage * by_current * model.direction[k]
        phase_voltage[k] = by_voltage * true_voltage[k]
        line_voltage[k] = 0.5 * (by_voltage + next_by_voltage) * true_line_voltage[k]
        phase_current[k] = works * by_current * true_current[k]
        phase_power[k] = by_power * true_power[k]
        phase_reactive_power[k] = by_power * true_reactive_power[k]
        phase_apparent_power[k] = math.hypot(phase_power[k], phase_reactive_power[k])
        phase_power_factor[k] = works * factor_of(phase_power[k], phase_apparent_power[k])
        mean += phase_voltage[k] / phases
        mean_line += line_voltage[k] / phases
        sum_current += phase_current[k]
        total += phase_power[k]
        total_reactive += phase_reactive_power[k]
        lowest, highest = min(lowest, phase_voltage[k]), max(highest, phase_voltage[k])
        strongest = max(strongest, phase_current[k])
    voltage[()], neutral_voltage[()], frequency[()] = mean_line, mean, works * true_frequency[()]
    current[()], power[()], reactive_power[()] = sum_current, total, total_reactive
    apparent_power[()] = math.hypot(total, total_reactive)
    power_factor[()] = works * factor_of(total, apparent_power[()])
    for n in range(len(registers)):
        registers[n][()] = works * energy[n, 0]
        for k in range(phases):
            phase_registers[n][k] = works * energy[n, 1 + k]
    nominal = model.neutral_voltage
    loaded = apparent_power[()] >= POWER_FACTOR_LOAD * phases * nominal * model.rated_current
    power_failure[()] = 1.0 if lowest < FAILURE_VOLTAGE * nominal else 0.0
    under_voltage[()] = 1.0 if lowest < VOLTAGE_MIN * nominal else 0.0
    over_voltage[()] = 1.0 if highest > VOLTAGE_MAX * nominal else 0.0
    over_current[()] = 1.0 if strongest > model.rated_current else 0.0
    low_power_factor[()] = 1.0 if loaded and abs(power_factor[()]) < POWER_FACTOR_MIN else 0.0
