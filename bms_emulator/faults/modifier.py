"""Faults of measurements: noise, resolution, range, dynamics, wiring and messages."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from bms_emulator.arrays import Arena, Array
from bms_emulator.faults.kind import Scene, SensorFault, register
from bms_emulator.faults.quantity import FREQUENCY, RATIO, SignalUnit, Unit
from bms_emulator.faults.sensor import readings
from bms_emulator.faults.shape import Duration
from bms_emulator.faults.signals import (
    ANALOGUE,
    CELL_TEMPERATURE,
    CELL_VOLTAGE,
    SIGNALS,
    STRING_CURRENTS,
    Signal,
)
from bms_emulator.faults.spec import FaultError
from bms_emulator.faults.target import Hits
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.modifier import Index, Modifier, Stage, modify
from bms_emulator.sensing.periods import sample_period

_SAMPLES_MAX: Final = 10_000_000
"""Most samples that a delay may hold back."""


@register("sensor-noise", "noise", *ANALOGUE)
class Noise(SensorFault):
    """The reading jitters: a broken shield, a lost ground, the converter's ripple."""

    changes: ClassVar = "Reading plus Gaussian noise, drawn anew for each sample and channel; noises add in power."
    expected: ClassVar = "Nothing trips that waits before it acts; extremes spread, rates of change alarm."
    gradual: ClassVar = True

    sigma: Annotated[float, SignalUnit("difference"), Field(gt=0)]
    """Standard deviation."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Add noise."""
        return [scene.bend(Stage.NOISE, scene.strength * self.sigma)]


@register("sensor-spike", "spike", *ANALOGUE)
class Spike(SensorFault):
    """Single samples are far off: interference when contactors switch, a disturbed transfer."""

    changes: ClassVar = "One sample at a time plus or minus the height, at random moments for each channel."
    expected: ClassVar = (
        "No alarm: one sample is shorter than any time that a protection waits; no jump of the estimates."
    )
    gradual: ClassVar = True

    rate: Annotated[float, Unit(FREQUENCY), Field(gt=0)]
    """Mean number of spikes per second and channel; at most one a sample."""
    height: Annotated[float, SignalUnit("difference")]
    """How far off."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Add spikes."""
        share = min(self.rate * sample_period(scene.site, scene.signal.readings), 1.0)
        return [scene.bend(Stage.SPIKE, share, scene.strength * self.height)]


@register("sensor-quantise", "quantise", *ANALOGUE)
class Quantise(SensorFault):
    """The reading comes in coarse steps: a converter with dead bits, a gateway that rounds."""

    changes: ClassVar = "Reading rounded to steps, counted from the zero of its scale."
    expected: ClassVar = (
        "No alarm; estimates and spreads are off by half a step, thresholds are met a step early or late."
    )

    step: Annotated[float, SignalUnit("difference"), Field(gt=0)]
    """Size of a step."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Round."""
        return [scene.bend(Stage.QUANTISE, self.step)]


@register("sensor-out-of-range", "out-of-range", *(signal for signal in ANALOGUE if signal.ends is not None))
class OutOfRange(SensorFault):
    """The input is driven beyond its range: the reading is an end of its scale."""

    changes: ClassVar = "Reading held at an end of the sensor's scale; the youngest of several held readings wins."
    expected: ClassVar = "The channel is out of range: sensor alarm, or the trip that the reading calls for."

    end: Literal["high", "low"]
    """Which end."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Hold the end."""
        low, high = scene.signal.ends or (np.nan, np.nan)
        return [scene.bend(Stage.HOLD, high if self.end == "high" else low)]


@register("sensor-slow", "slow", *ANALOGUE)
class Slow(SensorFault):
    """The reading follows slowly: paste gone from under a sensor, a filter set too long."""

    changes: ClassVar = "Reading through a first-order low-pass that begins with the last reading."
    expected: ClassVar = "Protection acts late by about the lag; a rate of rise is seen too small."

    lag: Duration
    """Time constant."""

    def remember(self, hits: Hits, site: SiteProfile, arena: Arena) -> tuple[Array, ...]:
        """What was last shown."""
        return (readings(hits, arena).reshape(-1, 1),)

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Follow."""
        decay = float(np.exp(-sample_period(scene.site, scene.signal.readings) / self.lag))
        return [scene.bend(Stage.SLOW, decay, memory=scene.memory[0])]


@register("sensor-delayed", "delayed", *SIGNALS)
class Delayed(SensorFault):
    """The reading comes late, and passes for fresh: a queue that fills up, a gateway that polls too slowly."""

    changes: ClassVar = "Readings of some time ago, in whole samples; for so long the last reading stands first."
    expected: ClassVar = "Protection acts late by the delay; contactor feedback comes after its time: contactor alarm."

    time: Duration
    """How late."""

    def samples(self, hits: Hits, site: SiteProfile) -> int:
        """How many samples are held back."""
        assert isinstance(hits.target, Signal)
        return max(1, round(self.time / sample_period(site, hits.target.readings)))

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """The channels. FaultError: there is no room for their samples."""
        if self.samples(hits, site) * len(hits) > _SAMPLES_MAX:
            longest = _SAMPLES_MAX // len(hits) * self.time / self.samples(hits, site)
            raise FaultError(
                f"time = {self.time:g}: too much to hold back of {len(hits)} channels; must be <= {longest:g}"
            )
        return hits

    def remember(self, hits: Hits, site: SiteProfile, arena: Arena) -> tuple[Array, ...]:
        """The samples held back, all the last reading; then the place of the oldest."""
        held = np.zeros((len(hits), self.samples(hits, site) + 1))
        held[:, :-1] = readings(hits, arena)[:, np.newaxis]
        return (held,)

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Hold back."""
        return [scene.bend(Stage.DELAY, memory=scene.memory[0])]


@register("sensor-intermittent", "intermittent", *SIGNALS)
class Intermittent(SensorFault):
    """A loose lead: now it makes contact, now it reads as an open lead does."""

    changes: ClassVar = "In some intervals the reading of an open lead, drawn for each channel; it wins over held ones."
    expected: ClassVar = "Alarms come and go; the channel is not to be trusted again as soon as it reads well."

    contact: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)] = 0.5
    """Share of the time with contact."""
    interval: Duration = 1.0
    """How long it stays as it is before it is drawn again."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Interrupt."""
        ticks = max(1, round(self.interval * 1000.0 / scene.site.step_ms))
        return [scene.bend(Stage.GAP, 1.0 - self.contact, scene.signal.open_reading, float(ticks))]


@register("sensor-swapped", "swapped", *SIGNALS)
class Swapped(SensorFault):
    """The leads of two sensors of one kind have been exchanged: each reads what the other measures."""

    changes: ClassVar = "Readings of two groups of channels exchanged, one by one, before any gain or offset."
    expected: ClassVar = "The wrong cell is bled, the wrong pack is blamed, feedback differs from command."

    other: Annotated[str, Field(min_length=1)]
    """Channels with which they are exchanged, as many as the target has."""

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """Both groups, one behind the other."""
        other = find(self.other)
        if other.target is not hits.target:
            raise FaultError(f"other = {self.other!r}: is a {other.target.name}; must be a {hits.target.name} too")
        if len(other) != len(hits) or np.intersect1d(other.index, hits.index).size:
            raise FaultError(
                f"other = {self.other!r}: {len(other)} channels; must be {len(hits)}, none of the target's"
            )
        return Hits(hits.target, np.concatenate([hits.index, other.index]), hits.names + other.names)

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Exchange."""
        partner = np.roll(scene.hits.index, len(scene.hits) // 2)
        return [scene.bend(Stage.REWIRE, 0.0, 1.0, partner=partner)]


_CURRENTS: Final = tuple(signal.readings for signal in STRING_CURRENTS)
_MESSAGES: Final = {
    CELL_VOLTAGE.readings: ((CELL_VOLTAGE.readings,), "measured.cell_voltage_age"),
    CELL_TEMPERATURE.readings: ((CELL_TEMPERATURE.readings,), "measured.temperature_age"),
    **dict.fromkeys(_CURRENTS, (_CURRENTS, "measured.current_age")),
}
"""Arrays that come in one message with a measured array, and the array of its ages."""


def whole_messages(index: Index, channels: int, ages: int) -> Index:
    """Flat numbers of all channels whose message any of some channels is in."""
    share = channels // ages
    messages = np.unique(index // share)
    return (messages[:, np.newaxis] * share + np.arange(share)).reshape(-1)


@register("sensor-stale", "stale", CELL_VOLTAGE, CELL_TEMPERATURE, *STRING_CURRENTS)
class Stale(SensorFault):
    """No message comes any more: the readings stand, and their age tells. Those of one message go together."""

    changes: ClassVar = (
        "Readings stand as they were last told, whatever else is wrong with them, and their age goes on."
    )
    expected: ClassVar = "Stale data: alarm within the age limit, then stop; never a decision on the last readings."

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """All channels of the messages: of a pack, or both current sensors of a rack."""
        assert isinstance(hits.target, Signal)
        if hits.target in STRING_CURRENTS:
            return hits
        per_rack = site.counts["cell" if hits.target is CELL_VOLTAGE else "sensor"]
        racks = site.counts["rack"]
        index = whole_messages(hits.index, racks * per_rack, racks * site.counts["pack"])
        return Hits(hits.target, index, hits.names)

    def remember(self, hits: Hits, site: SiteProfile, arena: Arena) -> tuple[Array, ...]:
        """Readings and ages, of each array of the message."""
        assert isinstance(hits.target, Signal)
        arrays, age = _MESSAGES[hits.target.readings]
        ages = arena[age].reshape(-1)
        return tuple(stood(arena[array].reshape(-1), ages, hits.index) for array in arrays)

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Stand."""
        arrays, _ = _MESSAGES[scene.signal.readings]
        return [
            (array, modify(Stage.STAND, scene.hits.index, 1.0, 1.0, memory=memory))
            for array, memory in zip(arrays, scene.memory, strict=True)
        ]


def stood(reading: Array, age: Array, index: Index) -> Array:
    """What a message remembers that stands: readings and their ages, shape (channels, 2)."""
    return np.stack([reading[index], age[index * age.size // reading.size]], axis=1)
