"""What faults do to readings, as data: one modifier is one thing done to some channels of one measured array.

Modifiers of an array act in the order of their stages, those of one stage in the order in which their faults were
accepted. The order is that of a measuring chain, from the sensor's body to the message that tells of it:

    body off its place -> wiring -> gain -> offset -> slow -> delayed -> noise -> spikes -> saturation -> steps -> wrap
    -> the channel's own scale -> held -> loose lead -> invalid

So an offset is not scaled by a gain, noise is not smoothed by a slow sensor in front of it, and a reading that is held
or invalid is so whatever comes before. All this happens to a sample when it is taken; a reading that stands between two
samples is left alone. Last, and at every tick, come the messages: they may stand still with all their readings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array

Index = NDArray[np.int64]
"""Flat numbers of channels."""


class Stage(IntEnum):
    """What a modifier does, in the order of action; `first` to `third` are its amounts.

    A reading is x, its channel's partner y before the stage. Lost readings stay lost until something is held.
    """

    DETACH = 0
    """(1 - first) x + first times the air (second 0) or the coolant (1) of the container."""
    REWIRE = 1
    """first x + second y."""
    GAIN = 2
    """first x."""
    OFFSET = 3
    """x + first."""
    INVERT = 4
    """1 - x."""
    SLOW = 5
    """first times what was shown before + (1 - first) x."""
    DELAY = 6
    """The oldest of the samples remembered."""
    NOISE = 7
    """x + first times a Gaussian number."""
    SPIKE = 8
    """x + or - second, in a share first of the samples."""
    SATURATE = 9
    """x, within +-first."""
    QUANTISE = 10
    """x, in steps of first."""
    WRAP = 11
    """x modulo first."""
    SHOW = 12
    """x on the channel's own scale: resolution and range."""
    HOLD = 13
    """first; where infinite, that end of the channel's own scale."""
    GAP = 14
    """second in a share first of intervals of third ticks."""
    LOSE = 15
    """Invalid."""
    STAND = 16
    """A share first of the messages is lost: their age goes on, and where second is 1 their readings stand."""
    JOIN = 17
    """Bits first are set."""


_CHANGING = range(Stage.SHOW)
"""Stages after which a reading has to be shown on its channel's scale."""
_AFTER_ALL = (Stage.STAND, Stage.JOIN)
"""Stages that act at every tick, after all that a sample goes through."""

_SPREAD = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


@dataclass(frozen=True, eq=False)
class Modifier:
    """One thing done to some channels of one measured array.

    Attributes:
        stage: What is done.
        index: To which channels, (n,).
        amount: How much, see :class:`Stage`, (n, 3).
        partner: Other channel that it takes part of, (n,).
        memory: What it remembers of each channel, (n, m); it is the fault's and outlives the modifier.
        key: Number of its sequence of random numbers.
    """

    stage: Stage
    index: Index
    amount: Array
    partner: Index
    memory: Array
    key: np.uint64


_NOTHING: Array = np.zeros((0, 0))


def modify(
    stage: Stage,
    index: Index,
    *amounts: float | Array,
    partner: Index | None = None,
    memory: Array | None = None,
    seed: int = 0,
) -> Modifier:
    """A modifier; each amount is one for all channels, or (n,)."""
    amount = np.zeros((len(index), 3))
    for n, each in enumerate(amounts):
        amount[:, n] = each
    key = np.uint64(((seed + 1) * _SPREAD + stage) & _MASK)
    if memory is None:
        memory = np.zeros((len(index), 1)) if stage == Stage.REWIRE else _NOTHING
    return Modifier(stage, index, amount, index if partner is None else partner, memory, key)


@dataclass(frozen=True)
class SensorOverlay:
    """All that faults do to readings, by full name of the measured array; modifiers in the order of action.

    Attributes:
        samples: What is done to samples.
        messages: What is done to messages at every tick.
    """

    samples: Mapping[str, tuple[Modifier, ...]] = field(default_factory=dict)
    messages: Mapping[str, tuple[Modifier, ...]] = field(default_factory=dict)

    @classmethod
    def neutral(cls) -> "SensorOverlay":
        """Nothing anywhere."""
        return cls()

    @classmethod
    def of(cls, modifiers: Iterable[tuple[str, Modifier]]) -> "SensorOverlay":
        """What modifiers (array, what is done) do together, given in the order in which their faults were accepted."""
        by_array: dict[str, list[Modifier]] = {}
        for name, modifier in modifiers:
            by_array.setdefault(name, []).append(modifier)
        samples, messages = {}, {}
        for name in sorted(by_array):
            each = by_array[name]
            changed = [modifier.index for modifier in each if modifier.stage in _CHANGING]
            shown = [modify(Stage.SHOW, np.unique(np.concatenate(changed)))] if changed else []
            ordered = sorted([*each, *shown], key=lambda modifier: modifier.stage)
            samples[name] = tuple(m for m in ordered if m.stage not in _AFTER_ALL)
            messages[name] = tuple(m for m in ordered if m.stage in _AFTER_ALL)
        return cls({n: m for n, m in samples.items() if m}, {n: m for n, m in messages.items() if m})
