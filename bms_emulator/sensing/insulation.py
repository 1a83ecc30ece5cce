"""Insulation monitor of every rack: slow, as it moves charge against earth and waits.

A monitor measures everything that its rack is galvanically connected to: racks that share a bus share their leaks, and
each monitor that is on is a leak to the others. One that is off, or whose controller says that it has failed, reads
nothing.
"""

import numpy as np

from bms_emulator.jit import bind, kernel, scalar
from bms_emulator.sensing.channel import gaussian, noise_counter, period_ticks, quantise
from bms_emulator.sensing.current import low_pass
from bms_emulator.sensing.model import SensingModel
from bms_emulator.sensing.state import Measured, SensorState
from bms_emulator.sensing.truth import Truth

_NEGATIVE, _PRECHARGE, _POSITIVE = 0, 1, 2
"""Places of the contactors."""

_FAILED = 1 << 6
"""Bit of a controller's faults: its insulation monitor."""


class InsulationMonitors:
    """The monitors of all racks.

    Args:
        model: Sensors as built.
        state: What the monitors have worked out so far.
        measured: Measurements.
        truth: The plant.
        dt: Step [s].
    """

    def __init__(self, model: SensingModel, state: SensorState, measured: Measured, truth: Truth, dt: float) -> None:
        racks, runaway, channel = truth.racks, truth.runaway, model.insulation
        self._period = period_ticks(channel.period, dt)
        self._watch = bind(
            watch_insulation,
            # model
            model.monitor_conductance,
            channel.lag,
            # state
            state.insulation_lagged,
            state.positive_lagged,
            state.negative_lagged,
            # inputs
            truth.units.insulation_monitor_on,
            truth.conditions.controller_faults,
            racks.contactor_closed,
            racks.fuse_closed,
            racks.breaker_closed,
            runaway.insulation_positive,
            runaway.insulation_negative,
            truth.containers.bus_voltage,
            max(channel.period, dt),
        )
        self._read = [
            bind(read_monitors, *each.errors, lagged, reading)
            for each, lagged, reading in (
                (model.insulation, state.insulation_lagged, measured.insulation_resistance),
                (model.insulation_positive, state.positive_lagged, measured.insulation_positive),
                (model.insulation_negative, state.negative_lagged, measured.insulation_negative),
            )
        ]

    def step(self, tick: int) -> None:
        """Follow the resistances with the monitors' low-pass and read them, every period."""
        if tick % self._period == 0:
            self._watch.call()
            for read in self._read:
                read.call(tick)


@scalar
def is_joined(contactor_closed, protection_closed):
    """Whether a rack is connected to the bus at either pole. contactor_closed: shape (contactor)."""
    positive = (contactor_closed[_POSITIVE] != 0.0 or contactor_closed[_PRECHARGE] != 0.0) and protection_closed != 0.0
    return positive or contactor_closed[_NEGATIVE] != 0.0


@scalar
def follow(lagged, resistance, decay):
    """What a monitor has worked out after a step [Ohm]; one that was off begins with what it finds."""
    return resistance if np.isnan(lagged) else low_pass(lagged, resistance, decay)


@kernel
def watch_insulation(
    # model
    monitor_conductance,
    lag,
    # state
    both_lagged,
    positive_lagged,
    negative_lagged,
    # inputs
    monitor_on,
    controller_faults,
    contactor_closed,
    fuse_closed,
    breaker_closed,
    positive,
    negative,
    bus_voltage,
    step,
):
    """What every monitor works out of the resistances [Ohm] that it sees in a `step` [s]; NaN where it is off.

    Shapes: contactor_closed (rack, contactor), bus_voltage (container) for the count of containers, others (rack).
    """
    decay = np.exp(-step / lag)
    racks = monitor_on.size // bus_voltage.size
    for c in range(bus_voltage.size):
        shared_positive = shared_negative = 0.0
        for r in range(c * racks, (c + 1) * racks):
            if is_joined(contactor_closed[r], fuse_closed[r] * breaker_closed[r]):
                measuring = 0.5 * monitor_conductance * monitor_on[r]
                shared_positive += 1.0 / positive[r] + measuring
                shared_negative += 1.0 / negative[r] + measuring
        for r in range(c * racks, (c + 1) * racks):
            if monitor_on[r] == 0.0 or int(controller_faults[r]) & _FAILED:
                both_lagged[r] = positive_lagged[r] = negative_lagged[r] = np.nan
                continue
            at_positive, at_negative = 1.0 / positive[r], 1.0 / negative[r]
            if is_joined(contactor_closed[r], fuse_closed[r] * breaker_closed[r]):
                own = 0.5 * monitor_conductance
                at_positive, at_negative = shared_positive - own, shared_negative - own
            positive_lagged[r] = follow(positive_lagged[r], 1.0 / at_positive, decay)
            negative_lagged[r] = follow(negative_lagged[r], 1.0 / at_negative, decay)
            both_lagged[r] = follow(both_lagged[r], 1.0 / (at_positive + at_negative), decay)


@kernel
def read_monitors(
    # model
    gain,
    offset,
    noise,
    resolution,
    origin,
    range_min,
    range_max,
    key,
    # inputs
    lagged,
    # out
    reading,
    tick,
):
    """Resistances as read [Ohm], (rack,); NaN where a monitor has worked out nothing."""
    for r in range(reading.shape[0]):
        sensed = gain[r] * lagged[r] + offset[r] + noise * gaussian(noise_counter(key, tick, r))
        shown = quantise(sensed, resolution, origin, range_min, range_max)
        reading[r] = np.nan if np.isnan(lagged[r]) else shown
