"""Whether two answers of a firmware are the same, and where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_IN_USE = {"alarms": "alarm_count"}
"""Arrays of which only so many entries count."""

Record = np.void | NDArray[np.void]
"""One record: a scalar, or an array of shape ()."""


@dataclass(frozen=True)
class Difference:
    """A field that was answered otherwise.

    Attributes:
        field: By its name in the C header, with a position from 0.
        recorded: Value in the trace.
        now: Value of the other library.
    """

    field: str
    recorded: float | int | str
    now: float | int | str


def compare(
    recorded: Record, now: Record, tolerance: float = 0.0, ignored: frozenset[str] = frozenset()
) -> list[Difference]:
    """Fields of two output blocks that differ, in the order of the struct.

    Integers must be equal, and so must the bits of doubles, unless they are nearer than the tolerance.

    Args:
        recorded: Outputs as recorded.
        now: Outputs with the same fields, at least.
        tolerance: Largest absolute difference of two doubles that counts as none, in their SI unit.
        ignored: Fields that may differ.
    """
    return list(_differences(recorded, now, tolerance, ignored))


def _differences(recorded: Record, now: Record, tolerance: float, ignored: frozenset[str]) -> Iterator[Difference]:
    for name in recorded.dtype.names or ():
        if name in ignored:
            continue
        one, other = np.atleast_1d(recorded[name]), np.atleast_1d(now[name])
        if name in _IN_USE:
            if _IN_USE[name] in ignored:
                continue
            count = min(len(one), int(recorded[_IN_USE[name]]), int(now[_IN_USE[name]]))
            one, other = one[:count], other[:count]
        is_array = recorded.dtype[name].subdtype is not None
        yield from _elements(name, one, other, tolerance, is_array)


def _elements(
    name: str, one: NDArray[Any], other: NDArray[Any], tolerance: float, is_array: bool
) -> Iterator[Difference]:
    if one.tobytes() == other.tobytes():
        return
    if one.dtype.names is not None:
        for part in one.dtype.names:
            if part != "reserved":
                yield from _elements(f"{name}.{part}", one[part], other[part], tolerance, is_array)
        return
    bits = f"u{one.dtype.itemsize}"
    differs = np.ascontiguousarray(one).view(bits) != np.ascontiguousarray(other).view(bits)
    if tolerance > 0.0 and one.dtype.kind == "f":
        differs &= ~(np.abs(one - other) <= tolerance)
    for position in np.flatnonzero(differs):
        yield Difference(f"{name}[{position}]" if is_array else name, one[position].item(), other[position].item())
