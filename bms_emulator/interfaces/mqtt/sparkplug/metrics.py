"""Which metrics a site has: devices, names, types, units and dead bands, made from the catalogue of points."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.components import SORTS, Column, Components
from bms_emulator.interfaces.mqtt.sparkplug.schema import DataType, Value
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.units import ZERO_CELSIUS

NODE = ""
"""Name of the device whose metrics are those of the edge node itself."""

_DEAD_BANDS = {
    "V": (0.0005, 0.0005),
    "A": (0.1, 0.001),
    "W": (10.0, 0.001),
    "J": (1000.0, 0.0005),
    "K": (0.05, 0.0),
    "1": (0.0005, 0.0),
    "Pa": (100.0, 0.002),
    "kg/s": (0.01, 0.002),
    "VA": (10.0, 0.001),
    "var": (10.0, 0.001),
    "VA s": (1000.0, 0.0005),
    "var s": (1000.0, 0.0005),
    "Hz": (0.005, 0.0),
    "W/m2": (1.0, 0.005),
    "Ohm": (1.0, 0.01),
    "s": (0.5, 0.1),
}
"""How far a value moves before it is told again, by SI unit: at least so much, and at least that share of the value
told last. So a cell is told by 1.7 mV and a string by 0.7 V."""
_OTHER_BAND = (0.0, 0.0005)

_TYPES = {
    "float": DataType.DOUBLE,
    "integer": DataType.INT64,
    "boolean": DataType.BOOLEAN,
    "enum": DataType.INT32,
    "bitfield": DataType.UINT64,
}

_UNTOLD = {"heartbeat", "sequence", "age"}
"""Ends of names that are not told: what counts at every period would defeat the report by exception."""

_NODE_POINTS = ("emulator.time", "emulator.speed", "emulator.speed_actual", "emulator.ticks_skipped")


@dataclass(frozen=True, slots=True)
class MetricKind:
    """What all metrics of one name in like devices have in common.

    Attributes:
        name: Segments with slashes, e.g. ``coolant/supply_temperature``.
        family: The points behind it.
        datatype: Type of its values.
        factor: From SI to the unit in which it is told.
        offset: Added after the factor.
        properties: Engineering unit, limits, names of choices.
    """

    name: str
    family: Family
    datatype: DataType
    factor: float
    offset: float
    properties: dict[str, Value]

    def told(self, value: float) -> Value:
        """A value in SI as the metric tells it; None where it is invalid."""
        if math.isnan(value):
            return None
        if self.datatype is DataType.BOOLEAN:
            return value != 0.0
        if self.datatype is DataType.DOUBLE:
            return float(f"{value * self.factor + self.offset:.9g}")
        return int(value)

    def si(self, value: float) -> float:
        """The SI value of what a metric was told to be."""
        return (value - self.offset) / self.factor


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the edge node, or the node itself.

    Attributes:
        name: Its identifier in topics; empty for the node.
        kinds: Its metrics.
        start: Position of its first metric among those of all devices; the alias is one more.
        heartbeat: Position in the arena of the count that moves while it is alive; None where nothing tells it.
    """

    name: str
    kinds: tuple[MetricKind, ...]
    start: int
    heartbeat: int | None

    @property
    def stop(self) -> int:
        """One more than the position of its last metric."""
        return self.start + len(self.kinds)


class Metrics:
    """All metrics of a site that show points.

    Args:
        catalogue: The points of the site.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.devices: list[Device] = []
        offsets: list[NDArray[np.int64]] = []
        start = 0
        for name, kinds, heartbeat, places in _devices(catalogue):
            self.devices.append(Device(name, kinds, start, heartbeat))
            offsets.append(places)
            start += len(kinds)
        self.count = start
        self.offsets: NDArray[np.int64] = np.concatenate(offsets)
        """Arena offsets of all metrics, shape (metrics,)."""
        bands = [_band(kind) for device in self.devices for kind in device.kinds]
        self.band_absolute: Array = np.array([band[0] for band in bands])
        """Dead band in SI, shape (metrics,)."""
        self.band_relative: Array = np.array([band[1] for band in bands])
        """Dead band as a share of the value told last, shape (metrics,)."""


def _devices(catalogue: Catalogue) -> Iterator[tuple[str, tuple[MetricKind, ...], int | None, NDArray[np.int64]]]:
    found = [catalogue.find(name) for name in _NODE_POINTS]
    own = tuple(_kind(name.replace(".", "/"), family) for name, (family, _) in zip(_NODE_POINTS, found, strict=True))
    yield NODE, own, None, np.array([offset for _, offset in found], np.int64)
    for sort in SORTS:
        components = Components(catalogue, sort)
        chosen = [n for n, column in enumerate(components.columns) if _is_told(column.family)]
        kinds = tuple(_kind(_name(components.columns[n]), components.columns[n].family) for n in chosen)
        beat = catalogue.families.get(".".join((*sort.path, "heartbeat")))
        for index, row in zip(sort.indices(catalogue.site), components.offsets, strict=True):
            heartbeat = None if beat is None or beat.writable else beat.offset([n - 1 for n in index])
            yield sort.topic(index).replace("/", "-"), kinds, heartbeat, row[chosen]


def _is_told(family: Family) -> bool:
    return family.name.rsplit(".", 1)[-1] not in _UNTOLD


def _name(column: Column) -> str:
    """Path of the report's key, its last part as the point calls it, without the unit."""
    return "/".join((*column.path[:-1], column.family.name.rsplit(".", 1)[-1]))


def _kind(name: str, family: Family) -> MetricKind:
    info = family.slot.info
    factor, offset, unit = 1.0, 0.0, family.unit
    if unit == "K":
        offset, unit = -ZERO_CELSIUS, "°C"
    elif unit == "1":
        is_ratio = name.endswith("_fraction") or name.startswith("emulator/")
        factor, unit = (1.0, "") if is_ratio else (100.0, "%")
    properties: dict[str, Value] = {"engUnit": unit} if unit else {}
    if family.limits is not None and info.kind == "float":
        for key, limit in zip(("engLow", "engHigh"), family.limits, strict=True):
            if math.isfinite(limit):
                properties[key] = limit * factor + offset
    if info.choices is not None:
        properties["choices"] = "; ".join(f"{number}={text}" for number, text in info.choices.items())
    if family.writable:
        properties["writable"] = True
    return MetricKind(name, family, _TYPES[info.kind], factor, offset, properties)


def _band(kind: MetricKind) -> tuple[float, float]:
    """Dead band; what is written, counted or named is told at every change."""
    if kind.datatype is not DataType.DOUBLE or kind.family.writable:
        return 0.0, 0.0
    return _DEAD_BANDS.get(kind.family.unit, _OTHER_BAND)
