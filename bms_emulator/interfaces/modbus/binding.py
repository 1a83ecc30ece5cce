"""What stands behind a row: points by position in the arena, and the line to the raw value."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.conversion import Conversion, conversion
from bms_emulator.interfaces.modbus.layout import Dim, Place
from bms_emulator.interfaces.modbus.map import Shown
from bms_emulator.points.catalogue import Catalogue, Family, PointError
from bms_emulator.profile.wording import near

READABLE = ("measured", "firmware", "command")
"""Sources that a register may show: never the truth, which no interface of a real device knows."""

_SEGMENT = re.compile(r"(?P<name>[^.\[]+)(?P<index>\[[^\]]*\])?(?P<dot>\.?)")


@dataclass(frozen=True)
class Bound:
    """Points of one family, one or several for each repetition of a row.

    Attributes:
        family: The family.
        offsets: Positions in the arena, shape (repetitions..., points of one repetition).
    """

    family: Family
    offsets: NDArray[np.int64]


def bind(catalogue: Catalogue, pattern: str, place: Place, container: int, *, several: bool = False) -> Bound:
    """The points of a pattern for every repetition of a row.

    Args:
        catalogue: Points of the site.
        pattern: Name as in the catalogue; what stands around the row gives indices that are left out.
        place: The row.
        container: Which container the device shows, counted from 1.
        several: Whether an index that nothing gives stands for all, not for an error.

    Raises:
        PointError: No such point, an index is missing, or it is nothing that a register may show.
    """
    family = family_of(catalogue, pattern)
    source = family.slot.group.source
    if source not in READABLE:
        raise PointError(f"{pattern}: is a {source} point; a register shows {', '.join(READABLE)} points only")
    around = {dim.axis for dim in place.dims}
    fill = {axis.name: "*" for axis in family.axes if axis.name in around or several}
    fill |= {axis.name: str(container) for axis in family.axes[:1] if axis.name == family.name.partition(".")[0]}
    text, given = _filled(pattern, family, fill)
    [selection] = catalogue.select(text)
    chosen = [len(indices) for indices in selection.indices]
    repeated = [n for n, axis in enumerate(family.axes) if axis.name in around and axis.name not in given]
    if not several and any(count > 1 for n, count in enumerate(chosen) if n not in repeated):
        raise PointError(f"{pattern}: picks several points; one is shown")
    table = selection.offsets().reshape(chosen)
    table = np.moveaxis(table, repeated, range(len(repeated))).reshape([*(chosen[n] for n in repeated), -1])
    counts = [dim.count for dim in place.dims]
    position = tuple(_position(catalogue, family.axes[n].name, place.dims) for n in repeated)
    offsets = table[position] if position else np.broadcast_to(table, (*counts, table.size))
    return Bound(family, offsets)


def ages_of(catalogue: Catalogue, bound: Bound) -> NDArray[np.int64] | None:
    """Position in the arena of the age of each repetition's first point, shape (repetitions...); None without ages."""
    slot = bound.family.slot
    if slot.info.age is None:
        return None
    ages = catalogue.layout.slots[f"{slot.name.rpartition('.')[0]}.{slot.info.age}"]
    return ages.offset + (bound.offsets[..., 0] - slot.offset) // (slot.size // ages.size)


def conversion_of(place: Place, shown: Shown, si_unit: str) -> Conversion:
    """The line from a value in SI to the raw value of a row or part.

    Raises:
        ValueError: The row's unit cannot show such a value, or its scale names no row.
    """
    scale = shown.scale
    if isinstance(scale, str):
        named = place.scales.get(scale)
        if named is None:
            raise ValueError(f"scale = {scale!r}: no sunssf row of that name{near(scale, list(place.scales))}")
        if not isinstance(named.value, float):
            raise ValueError(f"scale = {scale!r}: that row has no number")
        scale = float(10.0**named.value)
    return conversion(si_unit, shown.unit, scale, shown.offset, negate=shown.negate)


def family_of(catalogue: Catalogue, pattern: str) -> Family:
    """The family of a pattern.

    Raises:
        PointError: There is none.
    """
    path = "".join(match["name"] + match["dot"] for match in _SEGMENT.finditer(pattern))
    for name in (path, f"container.{path}", path.replace("plant.", "plant.container.", 1)):
        if name in catalogue.families:
            return catalogue.families[name]
    catalogue.select(pattern)
    raise PointError(f"{pattern}: names several points")


def _filled(pattern: str, family: Family, fill: dict[str, str]) -> tuple[str, set[str]]:
    """The pattern with indices where it leaves them out, and the axes whose index it gives itself."""
    root, axes = family.name.partition(".")[0], {axis.name for axis in family.axes}
    if _SEGMENT.match(pattern)["name"] != root:  # type: ignore[index]
        pattern = f"{root}.{pattern}"
    segments = list(_SEGMENT.finditer(pattern))
    text = ""
    for match in segments:
        name = match["name"]
        index = match["index"] or (f"[{fill[name]}]" if name in fill and name in axes else "")
        text += name + index + match["dot"]
    return text, {match["name"] for match in segments if match["index"]}


def _position(catalogue: Catalogue, axis: str, dims: tuple[Dim, ...]) -> NDArray[np.int64]:
    """Position on a catalogue's axis of every repetition, counted from 0, shape of the repetitions."""
    pack = catalogue.site.container.rack.pack
    per_pack = {"cell": pack.cell_count, "temperature_sensor": pack.temperature_sensor_count}
    position = np.zeros([dim.count for dim in dims], np.int64)
    for n, dim in enumerate(dims):
        step = np.arange(dim.count).reshape([-1 if n == m else 1 for m in range(len(dims))])
        if dim.axis == axis:
            position += step
        elif dim.axis == "pack" and axis in per_pack:
            position += step * per_pack[axis]
    return position
