"""Rows of groups of arrays: those of some racks and containers, kept, put back, cleared."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array, FieldInfo

Rows = NDArray[np.bool_]
"""Which racks, or which containers."""


def fields(group: Any) -> Iterator[tuple[str, Array, bool, float]]:
    """Name, array, whether its rows are racks, not containers, and initial value, of every array of a group."""
    for field in dataclasses.fields(group):
        info: FieldInfo = field.metadata["array"]
        yield field.name, getattr(group, field.name), info.axes[0] == "rack", info.initial


def clear(group: Any, containers: Rows, racks: Rows, names: Collection[str] = ()) -> None:
    """Set all arrays of a group, or those that are named, to their initial values in these rows."""
    for name, array, by_rack, initial in fields(group):
        if not names or name in names:
            array[racks if by_rack else containers] = initial


class Kept:
    """Rows of groups as they stood; all but those of the arrays that are named.

    Args:
        groups: Groups.
        containers: Rows of arrays by container.
        racks: Rows of arrays by rack.
        but: Names of arrays that are left out.
    """

    def __init__(self, groups: Iterable[Any], containers: Rows, racks: Rows, but: Collection[str] = ()) -> None:
        self._copies: list[tuple[Array, Rows, Array]] = []
        self.add(groups, containers, racks, but)

    def add(self, groups: Iterable[Any], containers: Rows, racks: Rows, but: Collection[str] = ()) -> None:
        """Keep more."""
        has = {False: bool(containers.any()), True: bool(racks.any())}
        for group in groups if has[False] or has[True] else ():
            for name, array, by_rack, _ in fields(group):
                if name not in but and has[by_rack]:
                    rows = racks if by_rack else containers
                    self._copies.append((array, rows, array[rows]))

    def put_back(self) -> None:
        """Set the rows to what they were."""
        for array, rows, copy in self._copies:
            array[rows] = copy
