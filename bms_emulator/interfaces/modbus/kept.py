"""Gives out the points in which registers keep what masters write."""

import math

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.layout import KeyPath
from bms_emulator.points.catalogue import Catalogue

FAMILY = "container.register.value"
"""The points."""


class Kept:
    """Which values the maps of a site keep, and where.

    The same map of the same container keeps its values once, however often it is served. Like maps of like containers
    lie at constant distances.

    Args:
        catalogue: Points of the site.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.family = catalogue.families[FAMILY]
        self._room = self.family.slot.shape[-1]
        self._used: dict[int, int] = {}
        self._given: dict[tuple[int, str, KeyPath], NDArray[np.int64]] = {}
        self._initial: dict[int, float] = {}

    def offsets(
        self, container: int, registers: str, path: KeyPath, shape: tuple[int, ...], initial: float
    ) -> NDArray[np.int64]:
        """Position in the arena of each repetition of a row, shape (repetitions...); the same at every call.

        Args:
            container: Container that the device shows, counted from 1.
            registers: Name of the map.
            path: Key path of the row.
            shape: Repetitions of the row.
            initial: Raw value at the start.

        Raises:
            ValueError: There is no room for so many.
        """
        key = (container, registers, path)
        if key not in self._given:
            used, count = self._used.get(container, 0), math.prod(shape)
            if used + count > self._room:
                raise ValueError(
                    f"kept: needs {count} values, but {self._room - used} of {self._room} of a container are left"
                )
            self._used[container] = used + count
            first = self.family.offset((container - 1, used))
            self._given[key] = first + np.arange(count).reshape(shape)
            self._initial |= dict.fromkeys(range(first, first + count), initial)
        return self._given[key]

    def initial(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions in the arena, and the values at the start."""
        return np.array(list(self._initial), np.int64), np.array(list(self._initial.values()))
