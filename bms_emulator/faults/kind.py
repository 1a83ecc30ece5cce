"""What a kind of fault is: settings, a transform, and its registration.

A kind is a frozen model: its fields are the settings, its docstring says what happens, and one method says how hard it
bends the overlay at a given strength. There is a base for each seam: plant, controllers, sensors, links, masters, and
the emulator's own clock. A blow is a fault of controllers or plant that happens once and leaves what it has done.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from bms_emulator.arrays import Arena, Array
from bms_emulator.faults.signals import Signal, Target
from bms_emulator.faults.target import Hits
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.modifier import Modifier, Stage, modify


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

    @property
    def lasting(self) -> float | None:
        """Time after which a fault of this kind is over by itself [s], where its shape is a step; None is never."""
        return None

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """All that it hits, where that is more than its target; `find` resolves another target.

        FaultError: It cannot be.
        """
        return hits

    def fit(self, site: SiteProfile, hits: Hits) -> "Kind":
        """The fault with settings that only the site tells. FaultError: it makes no sense there; says what would."""
        return self


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
class Scene:
    """A fault of measurements at a moment.

    Attributes:
        hits: What it hits.
        site: Where.
        strength: From 0 to 1.
        elapsed: Time since it began [s].
        seed: Of its random numbers.
        memory: What it remembers, see :meth:`SensorFault.remember`.
    """

    hits: Hits
    site: SiteProfile
    strength: float
    elapsed: float
    seed: int
    memory: tuple[Array, ...]

    @property
    def signal(self) -> Signal:
        """The signal that it hits. TypeError: it hits something else."""
        if not isinstance(self.hits.target, Signal):
            raise TypeError(f"{self.hits.target.name}: is no signal")
        return self.hits.target

    def bend(self, stage: Stage, *amounts: float | Array, **more: Any) -> tuple[str, Modifier]:
        """A modifier of the signal's channels that it hits; see :func:`bms_emulator.sensing.modifier.modify`."""
        return self.signal.readings, modify(stage, self.hits.index, *amounts, seed=self.seed, **more)


class SensorFault(Kind):
    """A fault of measurements: modifiers of channels. It may be one of the plant too."""

    def remember(self, hits: Hits, site: SiteProfile, arena: Arena) -> tuple[Array, ...]:
        """Arrays that it keeps from when it becomes active, and that its modifiers may write."""
        return ()

    @abstractmethod
    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """What is done to which measured arrays."""


class FirmwareFault(Kind):
    """A fault of controllers and what runs in them: numbers that join arrays of the controllers' overlay.

    Attributes:
        hosted: Whether it can be done to a user's firmware too.
    """

    hosted: ClassVar[bool] = False

    @abstractmethod
    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """What joins arrays of :class:`bms_emulator.firmware.contract.ControllerOverlay`.

        A name that begins with ``_`` is that of the array of the controller that is hit: ``rack_off`` for ``_off``.

        Args:
            strength: Strength from 0 to 1.
            elapsed: Time since the fault began [s].
        """

    def places(self, hits: Hits, site: SiteProfile) -> NDArray[np.int64]:
        """Flat positions in these arrays."""
        return hits.index


class Blow(Kind):
    """Something that happens to controllers or plant at one moment; it is over at once, clearing takes nothing back."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, float | str]:
        """What :class:`~bms_emulator.firmware.reference.blows.Blows` or the plant is told beside where and the seed."""


PRESENT: Final = object()
"""Value of a write that is the one that stands there already."""


@dataclass(frozen=True)
class Written:
    """A write of a master that does wrong.

    Attributes:
        fault: Name of the fault.
        values: Values by point.
    """

    fault: str
    values: dict[str, object]


class MasterFault(Kind):
    """A master that does wrong: what it writes, by the same way as any other master."""

    moving: ClassVar = True

    def effects(self, strength: float) -> dict[str, float]:
        """What joins arrays of the controllers' overlay, as for :class:`FirmwareFault`."""
        return {}

    @abstractmethod
    def writes(self, container: str, since: float, until: float) -> list[dict[str, object]]:
        """Writes, each of values by point, that fall to times since the fault began [s], since < time <= until.

        Args:
            container: Name of the container, ``container[1]``.
            since: Up to which all has been written; below 0 at the beginning.
            until: Now.
        """


class ClockFault(Kind):
    """A fault of the emulator's own loop in real time: numbers that the loop reads from the status."""

    @abstractmethod
    def bend(self, strength: float) -> dict[str, float]:
        """The numbers at a strength from 0 to 1; at 0 they do nothing."""


class LinkFault(Kind):
    """A fault of a connection: plain data that its server reads from the status."""

    @abstractmethod
    def bend(self, strength: float) -> dict[str, Any]:
        """What it does at a strength from 0 to 1: ``{"wire": settings}``; ``{"wire": None}`` where that is nothing."""


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
