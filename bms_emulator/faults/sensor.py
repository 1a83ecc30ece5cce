"""Faults of measurements that any signal may have. The plant goes on as it is; only what the BMS sees is wrong."""

from typing import Annotated, ClassVar, Literal

import numpy as np

from bms_emulator.arrays import Arena, Array
from bms_emulator.faults.kind import Scene, SensorFault, register
from bms_emulator.faults.quantity import RATIO, SignalUnit, Unit
from bms_emulator.faults.signals import ANALOGUE, CONTACTS, SIGNALS, Signal
from bms_emulator.faults.target import Hits
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.modifier import Modifier, Stage


def readings(hits: Hits, arena: Arena) -> Array:
    """Present readings of the channels hit, shape (channels,)."""
    assert isinstance(hits.target, Signal)
    return arena[hits.target.readings].reshape(-1)[hits.index].copy()


@register("sensor-stuck", "stuck", *SIGNALS)
class Stuck(SensorFault):
    """The reading stands still, and passes for fresh."""

    changes: ClassVar = "Reading held; the youngest of several held readings on one channel wins over all but invalid."
    expected: ClassVar = "Whatever the reading calls for. A good BMS notices a reading that never moves."

    value: Annotated[float | Literal["last"], SignalUnit("reading", words=("last",))] = "last"
    """Reading, or ``last``: the reading at the moment when the fault became active."""

    def remember(self, hits: Hits, site: SiteProfile, arena: Arena) -> tuple[Array, ...]:
        """The last readings."""
        return (readings(hits, arena),)

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Hold the value; a channel that was invalid stays invalid."""
        if self.value != "last":
            return [scene.bend(Stage.HOLD, self.value)]
        (last,) = scene.memory
        held, lost = scene.bend(Stage.HOLD, last), np.isnan(last)
        return [held, scene.bend(Stage.LOSE, lost.astype(np.float64))] if lost.any() else [held]


@register("sensor-offset", "offset", *ANALOGUE)
class Offset(SensorFault):
    """The reading is shifted."""

    changes: ClassVar = "Reading plus offset; several offsets on one channel add, after all gains."
    expected: ClassVar = "Protection acts too early or too late by the offset; plausibility checks find large ones."
    gradual: ClassVar = True

    offset: Annotated[float, SignalUnit("difference")]
    """What is added to the reading."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Shift by the offset."""
        return [scene.bend(Stage.OFFSET, scene.strength * self.offset)]


@register("sensor-gain", "gain", *ANALOGUE)
class Gain(SensorFault):
    """The reading is scaled."""

    changes: ClassVar = "Reading (absolute, in SI) times gain; several gains on one channel multiply."
    expected: ClassVar = "State of charge drifts, limits are off; a comparison with other sensors finds it."
    gradual: ClassVar = True

    gain: Annotated[float, Unit(RATIO)]
    """Factor on the reading."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Scale by the gain."""
        return [scene.bend(Stage.GAIN, 1.0 + scene.strength * (self.gain - 1.0))]


@register("sensor-drift", "drift", *ANALOGUE)
class Drift(SensorFault):
    """The reading wanders off at a steady rate."""

    changes: ClassVar = "Reading plus an offset that grows with the time since the fault began; offsets add."
    expected: ClassVar = "As with an offset, later; a comparison with other sensors finds it."
    moving: ClassVar = True

    rate: Annotated[float, SignalUnit("rate")]
    """Change of the offset over time."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Shift by as much as has gathered since the beginning."""
        return [scene.bend(Stage.OFFSET, self.rate * scene.elapsed)]


@register("sensor-open", "open", *SIGNALS)
class Open(SensorFault):
    """An open lead: NTCs read -40 °C, insulation the end of its scale, shunts and devices nothing, all else 0."""

    changes: ClassVar = "Reading held, or invalid; invalid wins over everything else."
    expected: ClassVar = "The channel is found invalid or implausible; protection falls back on its neighbours."

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Read as an open lead does."""
        return [_fixed(scene, scene.signal.open_reading)]


@register("sensor-short", "short", *SIGNALS)
class Short(SensorFault):
    """Shorted leads: NTCs read +125 °C, contacts 1, all else 0."""

    changes: ClassVar = "Reading held; the youngest of several held readings on one channel wins over all but invalid."
    expected: ClassVar = "The channel is out of range: sensor alarm, or the trip that the reading calls for."

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Read as shorted leads do."""
        return [_fixed(scene, scene.signal.short_reading)]


@register("sensor-invalid", "invalid", *ANALOGUE)
class Invalid(SensorFault):
    """The channel says that it has no valid reading."""

    changes: ClassVar = "Reading invalid (NaN); invalid wins over everything else."
    expected: ClassVar = "Sensor alarm; the BMS must not act on the last good reading for longer than it is allowed to."

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Read nothing."""
        return [scene.bend(Stage.LOSE, 1.0)]


@register("feedback-inverted", "inverted", *CONTACTS)
class Inverted(SensorFault):
    """A normally closed contact where a normally open one belongs: it says the opposite."""

    changes: ClassVar = "Reading 1 less what it was; two on one contact cancel; a held reading wins."
    expected: ClassVar = "Feedback differs from command at once: contactor alarm, no connection."

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Say the opposite."""
        return [scene.bend(Stage.INVERT)]


def _fixed(scene: Scene, reading: float) -> tuple[str, Modifier]:
    return scene.bend(Stage.LOSE, 1.0) if np.isnan(reading) else scene.bend(Stage.HOLD, reading)
