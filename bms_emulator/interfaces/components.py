"""What a container, a rack, a PCS, the meter and so on say of themselves: points by name, keys ending in their units.

Everything that a component measures, decides or is commanded is told, never the truth of the plant. Arrays over packs,
cells and sensors are not part of a report, nor is the history of alarms, which events tell.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.values import plain, text
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import ZERO_CELSIUS

_SCALES = {"K": ("degc", 1.0, -ZERO_CELSIUS), "1": ("percent", 100.0, 0.0)}
"""Suffix, factor and offset of units that a report shows in another unit."""
_HISTORY = {"alarm.source", "alarm.first_time", "alarm.last_time", "alarm.count"}
"""Ends of names that are not told: there are many, and events tell them when they happen."""


@dataclass(frozen=True)
class Sort:
    """Components that are alike.

    Attributes:
        path: Segments of the names of their points.
        counted: Whether each segment has an index; what a site has once has none.
    """

    path: tuple[str, ...]
    counted: bool = True

    def indices(self, site: SiteProfile) -> list[tuple[int, ...]]:
        """Indices of each component of a site, counted from 1, in the order of :attr:`Components.offsets`."""
        counts = {"rack": site.container.rack_count}
        axes = [range(1, counts.get(axis, site.container_count) + 1) for axis in self.path] if self.counted else []
        return list(itertools.product(*axes))

    def topic(self, index: tuple[int, ...]) -> str:
        """Path of one of them in topics and addresses, e.g. ``container/1/rack/3``."""
        return self._joined("/", "/{}", index)

    def point(self, index: tuple[int, ...]) -> str:
        """What the names of its points begin with, e.g. ``container[1].rack[3]``."""
        return self._joined(".", "[{}]", index)

    def _joined(self, separator: str, pattern: str, index: tuple[int, ...]) -> str:
        numbers = [pattern.format(n) for n in index] if self.counted else [""]
        return separator.join(name + number for name, number in zip(self.path, numbers, strict=True))


CONTAINER, RACK, PCS = Sort(("container",)), Sort(("container", "rack")), Sort(("pcs",))
METER, LOAD, PV, WEATHER = (Sort((name,), counted=False) for name in ("meter", "load", "pv", "weather"))
SORTS = (CONTAINER, RACK, PCS, METER, LOAD, PV, WEATHER)
"""All sorts of components."""


@dataclass(frozen=True)
class Column:
    """One value in the report of a component.

    Attributes:
        path: Keys that lead to it.
        family: The family that it belongs to.
        factor: From SI to the unit that the last key names.
        offset: Added after the factor.
    """

    path: tuple[str, ...]
    family: Family
    factor: float
    offset: float

    def shown(self, value: float) -> Any:
        """The value as the report shows it; enumerations by name."""
        name = text(self.family, value)
        return plain(self.family, value * self.factor + self.offset) if name is None else name


class Components:
    """All components of one sort.

    Args:
        catalogue: The points of the site.
        sort: Which sort.
    """

    def __init__(self, catalogue: Catalogue, sort: Sort) -> None:
        axes = sort.path if sort.counted else ()
        columns: dict[tuple[str, ...], Column] = {}
        offsets: dict[tuple[str, ...], NDArray[np.int64]] = {}
        for family in catalogue.families.values():
            path = _path(family, sort)
            if path is None:
                continue
            labels = family.axes[-1].labels if len(family.axes) > len(axes) else (None,)
            suffix, factor, offset = _SCALES.get(family.unit, (_suffix(family.unit), 1.0, 0.0))
            *own, last = path
            last = last.removesuffix("_fraction")  # the percent sign says it
            for n, label in enumerate(labels):
                keys = (*own, *([] if label is None else [label]), f"{last}_{suffix}".rstrip("_"))
                columns[keys] = Column(keys, family, factor, offset)
                offsets[keys] = family.slot.offset + np.arange(n, family.slot.size, len(labels))
        self.columns = list(columns.values())
        self.offsets: NDArray[np.int64] = np.column_stack(list(offsets.values()))
        """Arena offsets, shape (components, columns)."""

    def report(self, row: list[float]) -> dict[str, Any]:
        """What a component says, from its values in the order of the columns."""
        return self.arranged([column.shown(value) for column, value in zip(self.columns, row, strict=True)])

    def arranged(self, shown: list[Any]) -> dict[str, Any]:
        """A report of what is shown for each column."""
        told: dict[str, Any] = {}
        for column, value in zip(self.columns, shown, strict=True):
            place = told
            for key in column.path[:-1]:
                place = place.setdefault(key, {})
            place[column.path[-1]] = value
        return told


def _suffix(unit: str) -> str:
    """An SI unit as the end of a key."""
    return unit.lower().replace("/", "_per_").replace(" ", "_")


def _path(family: Family, sort: Sort) -> tuple[str, ...] | None:
    """Keys under which a component tells a family; None where it does not."""
    segments = family.name.split(".")
    if family.slot.group.source == "plant" or segments[0] != sort.path[0] or ".".join(segments[-2:]) in _HISTORY:
        return None
    axes = sort.path if sort.counted else ()
    names = tuple(axis.name for axis in family.axes)
    labelled = len(names) == len(axes) + 1 and bool(family.axes[-1].labels)
    if names[: len(axes)] != axes or not (len(names) == len(axes) or labelled):
        return None
    return tuple(part for part in segments if part not in sort.path)
