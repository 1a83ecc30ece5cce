"""What a container, a rack or a PCS says of itself: its points by name, each key ending in its unit.

Everything that a component measures, decides or is commanded is told, never the truth of the plant. Arrays over packs,
cells and sensors are not part of a report.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.values import plain, text
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.units import ZERO_CELSIUS

_SCALES = {"K": ("degc", 1.0, -ZERO_CELSIUS), "1": ("percent", 100.0, 0.0)}
"""Suffix, factor and offset of units that a report shows in another unit."""


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
        axes: The sort, by the axes of its points: ``("container",)``, ``("container", "rack")`` or ``("pcs",)``.
    """

    def __init__(self, catalogue: Catalogue, axes: tuple[str, ...]) -> None:
        columns: dict[tuple[str, ...], Column] = {}
        offsets: dict[tuple[str, ...], NDArray[np.int64]] = {}
        for family in catalogue.families.values():
            path = _path(family, axes)
            if path is None:
                continue
            labels = family.axes[-1].labels if len(family.axes) > len(axes) else (None,)
            suffix, factor, offset = _SCALES.get(family.unit, (family.unit.lower().replace("/", "_per_"), 1.0, 0.0))
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
        told: dict[str, Any] = {}
        for column, value in zip(self.columns, row, strict=True):
            place = told
            for key in column.path[:-1]:
                place = place.setdefault(key, {})
            place[column.path[-1]] = column.shown(value)
        return told


def _path(family: Family, axes: tuple[str, ...]) -> tuple[str, ...] | None:
    """Keys under which a component tells a family; None where it does not."""
    names = tuple(axis.name for axis in family.axes)
    labelled = len(names) == len(axes) + 1 and bool(family.axes[-1].labels)
    if family.slot.group.source == "plant" or names[: len(axes)] != axes or not (len(names) == len(axes) or labelled):
        return None
    return tuple(part for part in family.name.split(".") if part not in axes)
