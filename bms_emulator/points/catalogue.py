"""The catalogue: every point of a site by name, and selectors over them.

A point's name is a path such as ``container[1].rack[3].cell[41].voltage``. Indices count from 1; ``[*]``, ``[1..52]``
and ``[1,3]`` select several, and a last segment ``*`` selects all points of a component. ``container[1].`` may be left
out where there is only one container. Points of the plant, the physical truth, begin with ``plant.``.

The catalogue never lists points one by one: a family holds all points that differ only in their indices.
"""

import bisect
import difflib
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import ROOTS, Layout, Slot
from bms_emulator.firmware.contract import GROUPS as FIRMWARE_GROUPS
from bms_emulator.firmware.reference.state import GROUPS as REFERENCE_GROUPS
from bms_emulator.plant.state import GROUPS as PLANT_GROUPS
from bms_emulator.plant.state import PHASES, Contactor, Detector
from bms_emulator.points.emulator import GROUPS as EMULATOR_GROUPS
from bms_emulator.points.registers import GROUPS as REGISTER_GROUPS
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.thresholds import Ratings, Threshold
from bms_emulator.sensing.state import GROUPS as SENSING_GROUPS
from bms_emulator.units import kelvin

GROUPS: dict[str, type] = (
    PLANT_GROUPS | SENSING_GROUPS | FIRMWARE_GROUPS | REFERENCE_GROUPS | EMULATOR_GROUPS | REGISTER_GROUPS
)
"""Every group of arrays of a site, by prefix: the order is the order in the arena."""

_DOT = re.compile(r"\.(?![^\[]*\])")
"""A dot that is not between brackets."""
_AXIS_NAMES = {"sensor": "temperature_sensor", "bank_alarm": "alarm"}
"""Axes whose name in a path is another."""
_SEGMENT = re.compile(r"^(?P<name>[a-z_][a-z0-9_]*|\*)(\[(?P<index>[^\]]*)\])?$")


class PointError(ValueError):
    """A name that selects nothing, or a value that a point does not take. The message says what is allowed or near.

    Args:
        message: Where, what, what is allowed, what is near.
        near: Names that may have been meant.
    """

    def __init__(self, message: str, near: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.near = tuple(near)


@dataclass(frozen=True)
class Axis:
    """An index of a family's path: ``rack[...]``."""

    name: str
    count: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """All points that differ only in their indices.

    Attributes:
        name: Path without indices, e.g. ``container.rack.cell.voltage``; truths begin with ``plant.``.
        slot: The array that holds the values.
        axes: Indices of the path, outermost first.
        gather: Where the last axis is not the array's own: position in the array for each index, else None.
        limits: Lowest and highest value that a write may set, None where anything goes.
        doc: What the point is.
    """

    name: str
    slot: Slot
    axes: tuple[Axis, ...]
    gather: tuple[int, ...] | None
    limits: tuple[float, float] | None
    doc: str

    @property
    def writable(self) -> bool:
        """Whether an interface may write it."""
        return self.slot.group.source == "command"

    @property
    def unit(self) -> str:
        """SI unit, empty for counts, flags and enumerations."""
        return self.slot.info.unit

    def offset(self, index: Sequence[int]) -> int:
        """Position in the arena of the point with these indices, counted from 0, one for each axis."""
        position = 0
        for axis, i in zip(self.axes, index, strict=True):
            position = position * axis.count + i
        if self.gather is not None:
            rest, last = divmod(position, self.axes[-1].count)
            position = rest * self.slot.shape[-1] + self.gather[last]
        return self.slot.offset + position

    def point_name(self, index: Sequence[int]) -> str:
        """Name of the point with these indices, counted from 0."""
        given = {axis.name: (axis, i) for axis, i in zip(self.axes, index, strict=True)}
        segments = []
        for segment in self.name.split("."):
            axis, i = given.get(segment, (None, 0))
            segments.append(segment if axis is None else f"{segment}[{axis.labels[i] if axis.labels else i + 1}]")
        return ".".join(segments)

    def check(self, value: float) -> float:
        """The value, if the point may be written and takes it.

        Raises:
            PointError: It is read-only, not a number, outside the limits, or none of the choices.
        """
        info = self.slot.info
        if not self.writable:
            raise PointError(f"{self.name}: is read-only ({self.slot.group.source})")
        if math.isnan(value):
            raise PointError(f"{self.name} = {value}: must be a number")
        if info.choices is not None and value not in info.choices:
            allowed = ", ".join(f"{number} ({text})" for number, text in info.choices.items())
            raise PointError(f"{self.name} = {value:g}: must be one of {allowed}")
        if info.kind in ("integer", "boolean") and value != int(value):
            raise PointError(f"{self.name} = {value:g}: must be a whole number")
        if self.limits is not None and not self.limits[0] <= value <= self.limits[1]:
            low, high = self.limits
            unit = "" if info.unit == "1" else info.unit
            raise PointError(f"{self.name} = {value:g}: must be from {low:g} to {high:g} {unit}".rstrip())
        return value


@dataclass(frozen=True)
class Selection:
    """Points of one family that a selector picked.

    Attributes:
        family: The family.
        indices: Chosen positions on each axis, counted from 0.
    """

    family: Family
    indices: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        """Number of points."""
        return int(np.prod([len(chosen) for chosen in self.indices], dtype=np.int64))

    def each(self) -> Iterator[tuple[int, ...]]:
        """Indices of each point, counted from 0, the last axis running fastest."""
        return itertools.product(*self.indices)

    def names(self) -> Iterator[str]:
        """Name of each point."""
        return (self.family.point_name(index) for index in self.each())

    def offsets(self) -> NDArray[np.int64]:
        """Position in the arena of each point, shape (points,)."""
        family = self.family
        position = np.zeros(1, np.int64)
        for n, (axis, chosen) in enumerate(zip(family.axes, self.indices, strict=True)):
            last = np.asarray(chosen, np.int64)
            count = axis.count
            if family.gather is not None and n == len(family.axes) - 1:
                last, count = np.asarray(family.gather, np.int64)[last], family.slot.shape[-1]
            position = (position[:, None] * count + last[None, :]).ravel()
        return position + family.slot.offset


class Catalogue:
    """Every point of a site.

    Args:
        site: The site.
    """

    def __init__(self, site: SiteProfile) -> None:
        self.site = site
        self.layout = Layout(site.counts, GROUPS)
        self.families: dict[str, Family] = {}
        labels = {
            "alarm": tuple(row.id for row in site.firmware.rack_alarms),
            "bank_alarm": tuple(row.id for row in site.firmware.container_alarms),
            "contactor": tuple(member.name.lower() for member in Contactor),
            "detector": tuple(member.name.lower() for member in Detector),
            "phase": PHASES,
        }
        for slot in self.layout.slots.values():
            if not (slot.group.public and slot.info.public and slot.size):
                continue
            for part, limits in _parts(site, slot):
                family = _family(site, part, limits, labels)
                if family.name in self.families:
                    raise RuntimeError(f"{part.name} and {self.families[family.name].slot.name} are both {family.name}")
                self.families[family.name] = family
        alias = _cell_temperature(site, self.families["container.rack.temperature_sensor.temperature"])
        self._by_start = sorted(self.families.values(), key=lambda family: family.slot.offset)
        self._starts = [family.slot.offset for family in self._by_start]
        self.families[alias.name] = alias

    def select(self, selector: str) -> list[Selection]:
        """All points that a selector picks, family by family.

        Raises:
            PointError: The selector is malformed, out of range, or picks nothing; with near names.
        """
        segments = self._parse(selector)
        path = ".".join(name for name, _ in segments)
        if path.endswith("*"):
            stem = path[:-1]
            families = [f for n, f in self.families.items() if n.startswith(stem) and "." not in n[len(stem) :]]
        else:
            families = [self.families[path]] if path in self.families else []
        if not families:
            raise self._unknown(selector, path)
        return [Selection(family, self._indices(selector, family, dict(segments))) for family in families]

    def find(self, name: str) -> tuple[Family, int]:
        """The one point of that name: its family and its position in the arena.

        Raises:
            PointError: There is none, or the name picks several.
        """
        selections = self.select(name)
        if len(selections) != 1 or len(selections[0]) != 1:
            raise PointError(f"{name}: names {sum(map(len, selections))} points, not one")
        return selections[0].family, int(selections[0].offsets()[0])

    def at(self, offset: int) -> Family:
        """The family whose array holds this position of the arena.

        Raises:
            PointError: No point lives there.
        """
        n = bisect.bisect_right(self._starts, offset) - 1
        family = self._by_start[n] if n >= 0 else None
        if family is None or offset >= family.slot.offset + family.slot.size:
            raise PointError(f"arena offset {offset}: no point lives there")
        return family

    def _parse(self, selector: str) -> list[tuple[str, str | None]]:
        segments: list[tuple[str, str | None]] = []
        for text in _DOT.split(selector.strip()):
            match = _SEGMENT.match(text)
            if match is None:
                raise PointError(f"{selector}: {text!r} is no path segment; write name, name[1], name[1..3] or name[*]")
            segments.append((match["name"], match["index"]))
        at = 1 if segments[0][0] == "plant" else 0
        if len(segments) > at and segments[at][0] not in ROOTS:
            segments.insert(at, ("container", None))
        return segments

    def _indices(self, selector: str, family: Family, given: dict[str, str | None]) -> tuple[tuple[int, ...], ...]:
        indexed = {axis.name for axis in family.axes}
        stray = [name for name, index in given.items() if index is not None and name not in indexed]
        if stray:
            raise PointError(f"{selector}: {stray[0]} takes no index")
        return tuple(_choose(selector, axis, given.get(axis.name)) for axis in family.axes)

    def _unknown(self, selector: str, path: str) -> PointError:
        near = difflib.get_close_matches(path, self.families, 3, 0.6)
        if not near:
            last = path.rsplit(".", 1)[-1]
            near = [name for name in self.families if name.rsplit(".", 1)[-1] == last][:3]
        return PointError(f"{selector}: no such point" + (f"; near: {', '.join(near)}" if near else ""), near)


def _choose(selector: str, axis: Axis, text: str | None) -> tuple[int, ...]:
    """Positions on an axis that the text between brackets picks."""
    if text is None:
        if axis.count == 1:
            return (0,)
        raise PointError(f"{selector}: {axis.name} needs an index, {axis.name}[1..{axis.count}] or {axis.name}[*]")
    if text.strip() == "*":
        return tuple(range(axis.count))
    chosen: list[int] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        low = _position(selector, axis, first)
        high = _position(selector, axis, last) if dots else low
        if high < low:
            raise PointError(f"{selector}: {axis.name}[{part}] runs backwards")
        chosen += [i for i in range(low, high + 1) if i not in chosen]
    return tuple(chosen)


def _position(selector: str, axis: Axis, text: str) -> int:
    text = text.strip()
    if text in axis.labels:
        return axis.labels.index(text)
    if text.isdecimal() and 1 <= int(text) <= axis.count:
        return int(text) - 1
    close = difflib.get_close_matches(text, axis.labels, n=3)
    allowed = f"1 to {axis.count}" + (f", or {', '.join(axis.labels)}" if axis.labels else "")
    hint = f"near: {', '.join(close)}" if close else f"allowed: {allowed}"
    raise PointError(f"{selector}: {axis.name}[{text}] does not exist; {hint}")


def _parts(site: SiteProfile, slot: Slot) -> list[tuple[Slot, tuple[float, float] | None]]:
    """An array and its limits; one that begins with an axis of alarms is one for each, in the unit of its thresholds.

    Limits of thresholds follow from the site's ratings, so that no format must hold all that lies between them.
    """
    alarms = {"alarm": site.firmware.rack_alarms, "bank_alarm": site.firmware.container_alarms}
    rows = alarms.get(slot.info.axes[0]) if slot.info.axes else None
    if rows is None:
        return [(slot, slot.info.limits)]
    ratings, size = Ratings.of(site), slot.size // len(rows)
    parts: list[tuple[Slot, tuple[float, float] | None]] = []
    for n, row in enumerate(rows):
        threshold = Threshold.of(row, ratings)
        info = replace(
            slot.info,
            axes=slot.info.axes[1:],
            unit=threshold.unit,
            point=(slot.info.point or "*").replace("*", row.id),
        )
        part = Slot(f"{slot.name}.{row.id}", slot.offset + n * size, slot.shape[1:], info, slot.group)
        parts.append((part, threshold.limits))
    return parts


def _family(
    site: SiteProfile, slot: Slot, limits: tuple[float, float] | None, labels: dict[str, tuple[str, ...]]
) -> Family:
    """The family of an array: its axes become the path, its name the last segment."""
    root, info = slot.group.root, slot.info
    own = (info.point or slot.name.rsplit(".", 1)[-1]).split(".")
    containers = Axis(root, site.container_count)
    axes: list[Axis] = []
    for axis in info.axes:
        if axis == "container":
            axes.append(containers)
        elif axis == "rack":
            axes += [containers, Axis("rack", site.container.rack_count)]
        else:
            name = own[-1] if axis == "level" else _AXIS_NAMES.get(axis, axis)
            axes.append(Axis(name, site.counts[axis], labels.get(axis, ())))
    path = [axis.name for axis in axes if axis.name != own[-1]]
    if not path or path[0] != root:
        path = [root, *path]
    while len(own) > 1 and own[0] in path:
        own.pop(0)
    name = ".".join(path + own)
    if slot.group.source == "plant":
        name = f"plant.{name}"
    return Family(name, slot, tuple(axes), None, _site_limits(site).get(name, limits), info.doc)


def _site_limits(site: SiteProfile) -> dict[str, tuple[float, float]]:
    """Limits of writable points that follow from the site's ratings."""
    power, current = site.pcs.rated_power_kw * 1e3, site.pcs.rated_current_a
    reactive = site.pcs.rated_reactive_kvar * 1e3
    controller = site.container.chiller.controller
    coolant = (kelvin(controller.setpoint_min_degc), kelvin(controller.setpoint_max_degc))
    return {
        "container.chiller.cooling_setpoint": coolant,
        "container.chiller.heating_setpoint": coolant,
        "pcs.power_setpoint": (-power, power),
        "pcs.power_setpoint_reversion": (-power, power),
        "pcs.power_ramp_rate": (1e-4, site.pcs.ramp_percent_per_s * 1e-2),
        "pcs.reactive_setpoint": (-reactive, reactive),
        "pcs.reactive_setpoint_reversion": (-reactive, reactive),
        "pcs.reactive_ramp_rate": (1e-4, site.pcs.reactive_ramp_percent_per_s * 1e-2),
        **dict.fromkeys(("pcs.power_max", "pcs.charge_power_max", "pcs.discharge_power_max"), (0.0, power)),
        "pcs.apparent_power_max": (0.0, site.pcs.rated_apparent_kva * 1e3),
        **dict.fromkeys(("pcs.reactive_delivered_max", "pcs.reactive_absorbed_max"), (0.0, reactive)),
        "pcs.current_setpoint": (-current, current),
        "pcs.current_limit": (0.0, current),
        "pcs.voltage_setpoint": (site.pcs.dc_voltage_min_v, site.pcs.dc_voltage_max_v),
    }


def _cell_temperature(site: SiteProfile, sensor: Family) -> Family:
    """Temperature of each cell: the reading of the sensor that serves it."""
    rack = site.container.rack
    cells, sensors = rack.pack.cell_count, rack.pack.temperature_sensor_count
    gather = tuple((k // cells) * sensors + (k % cells) * sensors // cells for k in range(rack.cell_count))
    axes = (*sensor.axes[:-1], Axis("cell", rack.cell_count))
    return Family(
        "container.rack.cell.temperature",
        sensor.slot,
        axes,
        gather,
        None,
        "Reading of the sensor that serves the cell.",
    )


def describe(family: Family) -> dict[str, Any]:
    """A family as plain data, for listings."""
    info = family.slot.info
    return {
        "name": ".".join(
            f"{s}[1..{axis.count}]" if (axis := next((a for a in family.axes if a.name == s), None)) else s
            for s in family.name.split(".")
        ),
        "unit": info.unit,
        "kind": info.kind,
        "source": family.slot.group.source,
        "access": "read-write" if family.writable else "read",
        "choices": None if info.choices is None else {str(k): v for k, v in info.choices.items()},
        "limits": family.limits,
        "description": family.doc,
    }
