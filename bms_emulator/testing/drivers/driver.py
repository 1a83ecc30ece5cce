"""What a test may ask of whatever stands on the rig."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Event
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.testing.record import Timing


class Capability(StrEnum):
    """Something that not every driver can do."""

    FAULTS = "inject faults"
    TRUTH = "tell the truth of the plant"
    STEPPED = "let time pass as fast as it goes"
    SETTINGS = "set the site up anew"


class NotOfferedError(Exception):
    """What stands on the rig cannot do this; the message says what. The test that asks for it is skipped."""


class Driver(Protocol):
    """An emulated site or a real battery.

    Attributes:
        catalogue: Points of the site, whether or not they can be read here.
        step: Time between two looks at values [s].
    """

    catalogue: Catalogue
    step: float

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do besides reading and writing points."""

    @property
    def time(self) -> float:
        """Simulated time, or time since the beginning of the test [s]."""

    def read(self, offsets: NDArray[np.int64]) -> Array:
        """Values of points by position in the arena, NaN where invalid, shape (points,).

        Raises:
            NotOfferedError: One of them cannot be read here.
        """

    def write(self, values: Mapping[str, object]) -> None:
        """Write points together: SI numbers, or texts with a unit or the name of a choice.

        Raises:
            NotOfferedError: One of them cannot be written here.
            RefusedError: A value is not taken.
        """

    def advance(self, seconds: float) -> None:
        """Let time pass [s]."""

    def fault(self, kind: str, target: str, name: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Add a fault; what was added.

        Raises:
            NotOfferedError: Faults cannot be injected here.
            RefusedError: It is none that can be.
        """

    def clear(self, *names: str) -> list[str]:
        """Clear faults by name, or all of this rig where none is given; their names."""

    def events(self, after: int) -> list[Event]:
        """Events with a sequence number greater than this one, oldest first."""

    def timing(self) -> Timing:
        """How well time was kept."""

    def close(self) -> None:
        """End all that was started for it."""
