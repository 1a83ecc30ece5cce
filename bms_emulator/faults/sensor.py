"""Faults of measurements. The plant goes on as it is; only what the BMS sees is wrong."""

from typing import Annotated, ClassVar, Literal

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.faults.kind import Reading, SensorFault, register
from bms_emulator.faults.quantity import RATIO, SignalUnit, Unit
from bms_emulator.faults.target import ANALOGUE, FEEDBACK, Signal


@register("sensor-stuck", "stuck", *ANALOGUE, FEEDBACK)
class Stuck(SensorFault):
    """The reading stands still."""

    changes: ClassVar = "Reading held; the youngest of several held readings on one channel wins over all but invalid."
    expected: ClassVar = "Whatever the reading calls for. A good BMS notices a reading that never moves."

    value: Annotated[float | Literal["last"], SignalUnit("reading", words=("last",))] = "last"
    """Reading, or ``last``: the reading at the moment when the fault became active."""

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Hold the value; a channel that was invalid stays invalid."""
        if self.value == "last":
            return Reading(hold=last, lost=np.isnan(last).astype(np.float64))
        return Reading(hold=self.value)


@register("sensor-offset", "offset", *ANALOGUE)
class Offset(SensorFault):
    """The reading is shifted."""

    changes: ClassVar = "Reading plus offset; several offsets on one channel add, after all gains."
    expected: ClassVar = "Protection acts too early or too late by the offset; plausibility checks find large ones."
    gradual: ClassVar = True

    offset: Annotated[float, SignalUnit("difference")]
    """What is added to the reading."""

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Shift by the offset."""
        return Reading(offset=strength * self.offset)


@register("sensor-gain", "gain", *ANALOGUE)
class Gain(SensorFault):
    """The reading is scaled; -1 is a sensor put in the wrong way round."""

    changes: ClassVar = "Reading (absolute, in SI) times gain; several gains on one channel multiply."
    expected: ClassVar = "State of charge drifts, limits are off; a comparison with other sensors finds it."
    gradual: ClassVar = True

    gain: Annotated[float, Unit(RATIO)]
    """Factor on the reading."""

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Scale by the gain."""
        return Reading(gain=1.0 + strength * (self.gain - 1.0))


@register("sensor-drift", "drift", *ANALOGUE)
class Drift(SensorFault):
    """The reading wanders off at a steady rate."""

    changes: ClassVar = "Reading plus an offset that grows with the time since the fault began; offsets add."
    expected: ClassVar = "As with an offset, later; a comparison with other sensors finds it."
    moving: ClassVar = True

    rate: Annotated[float, SignalUnit("rate")]
    """Change of the offset over time."""

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Shift by as much as has gathered since the beginning."""
        return Reading(offset=self.rate * elapsed)


@register("sensor-open", "open", *ANALOGUE, FEEDBACK)
class Open(SensorFault):
    """An open lead: NTCs read -40 °C, voltages against ground, flow, contacts 0, cell voltage and current invalid."""

    changes: ClassVar = "Reading held, or invalid; invalid wins over everything else."
    expected: ClassVar = "The channel is found invalid or implausible; protection falls back on its neighbours."

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Read as an open lead does."""
        return _fixed(signal.open_reading)


@register("sensor-short", "short", *ANALOGUE, FEEDBACK)
class Short(SensorFault):
    """Shorted leads: NTCs read +125 °C, contacts 1, all else 0."""

    changes: ClassVar = "Reading held; the youngest of several held readings on one channel wins over all but invalid."
    expected: ClassVar = "The channel is out of range: sensor alarm, or the trip that the reading calls for."

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Read as shorted leads do."""
        return _fixed(signal.short_reading)


@register("sensor-invalid", "invalid", *ANALOGUE)
class Invalid(SensorFault):
    """The channel says that it has no valid reading."""

    changes: ClassVar = "Reading invalid (NaN); invalid wins over everything else."
    expected: ClassVar = "Sensor alarm; the BMS must not act on the last good reading for longer than it is allowed to."

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Read nothing."""
        return Reading(lost=1.0)


@register("feedback-inverted", "inverted", FEEDBACK)
class Inverted(SensorFault):
    """A normally closed contact where a normally open one belongs: it says the opposite."""

    changes: ClassVar = "Reading 1 less what it was; a held reading wins."
    expected: ClassVar = "Feedback differs from command at once: contactor alarm, no connection."

    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """Say the opposite."""
        return Reading(gain=-1.0, offset=1.0)


def _fixed(reading: float) -> Reading:
    return Reading(lost=1.0) if np.isnan(reading) else Reading(hold=reading)
