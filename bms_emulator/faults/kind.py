"""What a kind of fault is: settings, a transform, and its registration.

A kind is a frozen model: its fields are the settings, its docstring says what happens, and one method says how hard it
bends the overlay at a given strength. There are three seams, so three bases: plant, sensors, links.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from bms_emulator.arrays import Array
from bms_emulator.faults.target import Signal, Target


class Kind(BaseModel, ABC):
    """Base of all kinds.

    Attributes:
        kind: Full name, unique; set by :func:`register`.
        word: Short name, unique on each target; set by :func:`register`.
        targets: What it can hit; set by :func:`register`.
        changes: What it changes, for people.
        expected: What a BMS should do about it, for people.
        gradual: Whether it can be there by a part, so that ramps make sense.
        moving: Whether its effect changes with time at constant strength.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: ClassVar[str]
    word: ClassVar[str]
    targets: ClassVar[tuple[Target, ...]]
    changes: ClassVar[str]
    expected: ClassVar[str]
    gradual: ClassVar[bool] = False
    moving: ClassVar[bool] = False


class PlantFault(Kind):
    """A fault of the plant: numbers that join arrays of the plant overlay, mostly one number and one array.

    Attributes:
        arrays: The arrays of :class:`bms_emulator.plant.state.PlantOverlay` that it may bend.
    """

    arrays: ClassVar[tuple[str, ...]]

    @abstractmethod
    def bend(self, strength: float) -> float:
        """What the fault adds to its arrays at a strength from 0 to 1, in their unit."""

    def effects(self, strength: float) -> dict[str, float]:
        """What joins each array that it bends at a strength from 0 to 1."""
        effect = self.bend(strength)
        return dict.fromkeys(self.arrays, effect)


@dataclass(frozen=True, eq=False)
class Reading:
    """What a sensor fault does to its channels: reading = hold where given, else gain * value + offset.

    Attributes:
        gain: Factor [1].
        offset: Offset in the channel's unit.
        hold: Fixed reading, NaN for none; one for all or shape (channels,).
        lost: 1 where invalid; one for all or shape (channels,).
    """

    gain: float = 1.0
    offset: float = 0.0
    hold: float | Array = float("nan")
    lost: float | Array = 0.0


class SensorFault(Kind):
    """A fault of a measurement."""

    @abstractmethod
    def bend(self, strength: float, elapsed: float, signal: Signal, last: Array) -> Reading:
        """How the channels read.

        Args:
            strength: Strength from 0 to 1.
            elapsed: Time since the fault began [s].
            signal: What is measured.
            last: Readings at the moment when the fault last became active, shape (channels,).
        """


class LinkFault(Kind):
    """A fault of a connection: numbers that its server reads with every request."""

    @abstractmethod
    def bend(self, strength: float) -> dict[str, float]:
        """The numbers at a strength from 0 to 1; at 0 they do nothing."""


KINDS: dict[str, type[Kind]] = {}
"""Every kind by its full name."""

K = TypeVar("K", bound=type[Kind])


def register(kind: str, word: str, *targets: Target) -> Callable[[K], K]:
    """Make a kind known: its full name, its short name, and what it can hit."""

    def add(cls: K) -> K:
        cls.kind, cls.word, cls.targets = kind, word, targets
        KINDS[kind] = cls
        return cls

    return add
