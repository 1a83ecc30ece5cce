"""Measured arrays that faults may bend."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.sensing import bending
from bms_emulator.sensing.channel import EXACT
from bms_emulator.sensing.modifier import Modifier, SensorOverlay, Stage

KERNELS: Final[Mapping[Stage, Any]] = {
    Stage.DETACH: bending.detach,
    Stage.REWIRE: bending.rewire,
    Stage.GAIN: bending.scale_by,
    Stage.OFFSET: bending.shift,
    Stage.INVERT: bending.invert,
    Stage.SLOW: bending.follow,
    Stage.DELAY: bending.delay,
    Stage.NOISE: bending.add_noise,
    Stage.SPIKE: bending.spike,
    Stage.SATURATE: bending.saturate,
    Stage.QUANTISE: bending.coarsen,
    Stage.WRAP: bending.wrap,
    Stage.SHOW: bending.show,
    Stage.HOLD: bending.hold,
    Stage.GAP: bending.interrupt,
    Stage.LOSE: bending.lose,
    Stage.STAND: bending.stand,
    Stage.JOIN: bending.join,
}
"""What carries out each stage."""

FRESH: Array = np.zeros(1)
"""Age [s] of readings that are all of this tick."""
NOWHERE: tuple[Array, Array] = (FRESH, FRESH)
"""Surroundings of sensors that cannot come off."""


@dataclass(frozen=True)
class Channels:
    """Channels that faults may bend.

    Attributes:
        reading: Readings of all channels.
        age: Ages of the readings [s]; each belongs to an equal share of the channels, in their order.
        scale: Resolution, origin and range of a reading.
        period: Ticks between two samples, for readings without an age.
        surroundings: What a sensor reads that has come off: air and coolant, (container,).
    """

    reading: Array
    age: Array = field(default_factory=lambda: FRESH)
    scale: tuple[float, float, float, float] = EXACT
    period: int = 1
    surroundings: tuple[Array, Array] = NOWHERE

    def bend(self, modifiers: tuple[Modifier, ...], tick: int, dt: float) -> None:
        """Carry out modifiers at a tick of dt [s], in their order.

        What is done to samples is done where one was taken at this tick, whose age is 0. Between samples a reading
        stands as it is: so no fault acts twice, and a change of faults shows with the next sample.
        """
        if tick % self.period:
            return
        ages, readings = self.age.reshape(-1), self.reading.reshape(-1)
        for each in modifiers:
            KERNELS[each.stage](
                each.index,
                each.amount,
                each.partner,
                each.memory,
                each.key,
                self.scale,
                self.surroundings,
                ages,
                readings,
                tick,
                dt,
            )


class FaultyChannels:
    """Some of the measured arrays of a site.

    Args:
        channels: They, by full name.
        dt: Step [s].
    """

    def __init__(self, channels: Mapping[str, Channels], dt: float) -> None:
        self._channels = channels
        self._dt = dt

    def bend_samples(self, overlay: SensorOverlay, tick: int) -> None:
        """What faults do to the samples of a tick."""
        self._bend(overlay.samples, tick)

    def bend_messages(self, overlay: SensorOverlay, tick: int) -> None:
        """What faults do to messages, after all else of the tick has been done to their readings."""
        self._bend(overlay.messages, tick)

    def _bend(self, modifiers: Mapping[str, tuple[Modifier, ...]], tick: int) -> None:
        for name, each in modifiers.items():
            if name in self._channels:
                self._channels[name].bend(each, tick, self._dt)
