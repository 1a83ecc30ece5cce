"""What a fault can hit: measured points, components of the plant, connections; and how a target text finds them.

The catalogue is handed in, known by its shape only: a component is found through one point that it is known to have,
its probe, whose array has the axes of the overlay that bends the component.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import ROOTS, Slot
from bms_emulator.faults.quantity import (
    CURRENT,
    FREQUENCY,
    IRRADIANCE,
    MASS_FLOW,
    POWER,
    RATIO,
    TEMPERATURE,
    TEMPERATURE_DIFFERENCE,
    VOLTAGE,
    Dimension,
)
from bms_emulator.faults.spec import FaultError, near
from bms_emulator.profile.site import SiteProfile


class Family(Protocol):
    """Points that differ only in their indices."""

    @property
    def slot(self) -> Slot:
        """The array that holds them."""

    def point_name(self, index: Sequence[int]) -> str:
        """Name of the point with these indices, counted from 0."""


class Selection(Protocol):
    """Points of one family that a selector picked."""

    @property
    def family(self) -> Family:
        """The family."""

    @property
    def indices(self) -> tuple[tuple[int, ...], ...]:
        """Chosen positions on each axis, counted from 0."""

    def offsets(self) -> NDArray[np.int64]:
        """Position in the arena of each point, shape (points,)."""


class Catalogue(Protocol):
    """All points of a site."""

    def select(self, selector: str) -> Sequence[Selection]:
        """What a selector picks; a ValueError says why it picks nothing."""


_INDEXED = re.compile(r"\b(container|rack|pack|cell|temperature_sensor|contactor|phase|detector|pcs)\b")
"""Segments of a path that take an index."""


@dataclass(frozen=True)
class Target:
    """A class of things that the same faults can hit.

    Attributes:
        name: What it is called in messages and listings.
        paths: Selectors without indices by which it is written.
    """

    name: str
    paths: tuple[str, ...]

    @property
    def selectors(self) -> list[str]:
        """How it is written, with all indices."""
        return [_INDEXED.sub(r"\1[*]", path) for path in self.paths]


@dataclass(frozen=True)
class Signal(Target):
    """A measured point.

    Attributes:
        array: Its array in the measured group.
        reading: Dimension of a reading.
        difference: Dimension of the difference of two readings.
        open_reading: What it reads with an open lead, in SI; NaN is invalid.
        short_reading: What it reads with its leads shorted, in SI; NaN is invalid.
        device: The device whose measured group the array is in, where that is not the container: the array in the
            sensor overlay is ``<device>_<array>``.
    """

    array: str
    reading: Dimension
    difference: Dimension
    open_reading: float
    short_reading: float
    device: str = ""

    @property
    def channels(self) -> str:
        """Its array in the sensor overlay."""
        return f"{self.device}_{self.array}" if self.device else self.array

    @property
    def readings(self) -> str:
        """Full name of its array in the arena."""
        return ".".join(part for part in ("measured", self.device, self.array) if part)

    @property
    def rate(self) -> Dimension:
        """Dimension of a drift."""
        return self.difference.per_time()


@dataclass(frozen=True)
class Component(Target):
    """A part of the plant.

    Attributes:
        probe: Last segment of a point of the plant that every such part has.
    """

    probe: str


@dataclass(frozen=True)
class Connection(Target):
    """A server's connections: ``modbus``, ``modbus:<map>`` or ``modbus:<map>/<unit>``."""


INVALID: Final = math.nan
NTC_OPEN: Final = TEMPERATURE.parse("-40degC")
"""Reading of an NTC with an open lead: the cold end of its range [K]."""
NTC_SHORT: Final = TEMPERATURE.parse("125degC")
"""Reading of a shorted NTC: the hot end of its range [K]."""

_RACK, _LOOP = "container.rack", "container.coolant"
_NTC = (TEMPERATURE, TEMPERATURE_DIFFERENCE, NTC_OPEN, NTC_SHORT)

ANALOGUE: Final = (
    Signal("cell voltage", (f"{_RACK}.cell.voltage",), "cell_voltage", VOLTAGE, VOLTAGE, INVALID, 0.0),
    Signal(
        "cell temperature",
        (f"{_RACK}.temperature_sensor.temperature", f"{_RACK}.cell.temperature"),
        "temperature",
        *_NTC,
    ),
    Signal("string current", (f"{_RACK}.current",), "current", CURRENT, CURRENT, INVALID, 0.0),
    Signal("string voltage", (f"{_RACK}.string_voltage",), "string_voltage", VOLTAGE, VOLTAGE, 0.0, 0.0),
    Signal("link voltage", (f"{_RACK}.link_voltage",), "link_voltage", VOLTAGE, VOLTAGE, 0.0, 0.0),
    Signal("coolant temperature", (f"{_LOOP}.supply_temperature",), "coolant_supply_temperature", *_NTC),
    Signal("coolant temperature", (f"{_LOOP}.return_temperature",), "coolant_return_temperature", *_NTC),
    Signal("coolant flow", (f"{_LOOP}.flow",), "coolant_flow", MASS_FLOW, MASS_FLOW, 0.0, 0.0),
    Signal("string current", (f"{_RACK}.current_second",), "current_second", CURRENT, CURRENT, INVALID, 0.0),
    Signal("fuse voltage", (f"{_RACK}.fuse_voltage",), "fuse_voltage", VOLTAGE, VOLTAGE, 0.0, 0.0),
    Signal("terminal temperature", (f"{_RACK}.terminal_temperature",), "terminal_temperature", *_NTC),
    Signal("grid power", ("meter.power",), "power", POWER, POWER, INVALID, 0.0, "meter"),
    Signal("grid voltage", ("meter.voltage",), "voltage", VOLTAGE, VOLTAGE, 0.0, 0.0, "meter"),
    Signal("grid current", ("meter.current",), "current", CURRENT, CURRENT, 0.0, 0.0, "meter"),
    Signal("grid frequency", ("meter.frequency",), "frequency", FREQUENCY, FREQUENCY, INVALID, 0.0, "meter"),
    Signal("outside temperature", ("weather.ambient_temperature",), "ambient_temperature", *_NTC, "weather"),
    Signal("outside humidity", ("weather.humidity",), "humidity", RATIO, RATIO, INVALID, 0.0, "weather"),
    Signal("irradiance", ("weather.irradiance",), "irradiance", IRRADIANCE, IRRADIANCE, 0.0, 0.0, "weather"),
)
FEEDBACK: Final = Signal(
    "contactor feedback", (f"{_RACK}.contactor.feedback",), "contactor_feedback", RATIO, RATIO, 0.0, 1.0
)
"""An auxiliary contact, 1 closed."""
SIGNALS: Final = (*ANALOGUE, FEEDBACK)
CELL: Final = Component("cell", (f"{_RACK}.cell",), "soc")
RACK: Final = Component("rack", (_RACK,), "insulation_resistance")
BRANCH: Final = Component("branch", (f"{_RACK}.pack.branch", f"{_RACK}.pack"), "coolant_flow")
CMU: Final = Component("monitoring unit", (f"{_RACK}.pack.cmu",), "cmu_faults")
CONTACTOR: Final = Component("contactor", (f"{_RACK}.contactor",), "closed")
PUMP: Final = Component("pump", ("container.pump",), "speed")
CHILLER: Final = Component("chiller", ("container.chiller",), "mode")
DETECTOR: Final = Component("detector", ("container.detector",), "state")
FIRE_PANEL: Final = Component("fire panel", ("container.fire",), "agent_lost")
UPS: Final = Component("ups", ("container.ups",), "soc")
GRID: Final = Component("grid", ("grid",), "voltage")
GRID_PHASE: Final = Component("grid phase", ("grid.phase",), "voltage")
METER: Final = Component("grid meter", ("meter",), "silent")
WEATHER: Final = Component("weather station", ("weather",), "silent")
PCS: Final = Component("pcs", ("pcs",), "state")
DC_BREAKER: Final = Component("dc breaker", ("pcs.dc_breaker",), "closed")
AC_BREAKER: Final = Component("ac breaker", ("pcs.ac_breaker",), "closed")
MODBUS: Final = Connection("modbus", ("modbus",))
TARGETS: Final[tuple[Target, ...]] = (
    *SIGNALS,
    CELL,
    RACK,
    BRANCH,
    CMU,
    CONTACTOR,
    PUMP,
    CHILLER,
    DETECTOR,
    FIRE_PANEL,
    UPS,
    GRID,
    GRID_PHASE,
    METER,
    WEATHER,
    PCS,
    DC_BREAKER,
    AC_BREAKER,
    MODBUS,
)

_MODBUS = re.compile(r"^modbus(:(?P<map>[^/:]+)(/(?P<unit>[^/]+))?)?$")


def classify(target: str) -> Target:
    """The class of things that a target text means; whether they exist is not looked at.

    Raises:
        FaultError: None; says what is near and what there is.
    """
    text = target.strip()
    if re.split(r"[^a-z]", text, maxsplit=1)[0] == "modbus":
        return MODBUS
    path = re.sub(r"\[[^\]]*\]", "", text)
    if path.partition(".")[0] not in (*ROOTS, "plant"):
        path = f"container.{path}"
    for known in TARGETS:
        if path in known.paths:
            return known
    if path.startswith("plant."):
        raise FaultError(f"{target}: a point of the plant is the truth, which no fault can bend; name the component")
    paths = [path.removeprefix("container.") for known in TARGETS for path in known.paths]
    raise FaultError(f"{target}: nothing that a fault can hit{near(path.removeprefix('container.'), paths)}")


@dataclass(frozen=True)
class Hits:
    """What a target text found.

    Attributes:
        target: Class of things.
        index: Flat positions in the array that the faults bend, ascending; of devices, their places in the site's list.
        names: Names of the first of them.
    """

    target: Target
    index: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Number of things."""
        return len(self.index)


ModbusUnits = Mapping[str, Collection[int]]
"""Unit ids that answer, by register map."""

SHOWN: Final = 8
"""How many of the things hit are listed by name."""


def resolve(text: str, catalogue: Catalogue, site: SiteProfile, units: ModbusUnits | None = None) -> Hits:
    """Find what a target text means at a site.

    Args:
        text: The target text.
        catalogue: The points of the site.
        site: The site.
        units: Unit ids that answer, by register map; where None, any unit id is taken.

    Raises:
        FaultError: Nothing; says what is allowed and what is near.
    """
    target = classify(text)
    if isinstance(target, Signal):
        return _points(text, target, text, "", catalogue)
    if isinstance(target, Component):
        stem = text.strip().removesuffix(".branch").removesuffix(".cmu")
        return _points(text, target, f"plant.{stem}.{target.probe}", f".{target.probe}", catalogue)
    return _devices(text, target, site, units)


def _points(text: str, target: Target, selector: str, probe: str, catalogue: Catalogue) -> Hits:
    try:
        (selection,) = catalogue.select(selector)
    except ValueError as error:
        raise FaultError(str(error).replace(selector, text)) from None
    offsets, first = np.unique(selection.offsets(), return_index=True)
    names = tuple(name.removeprefix("plant.").removesuffix(probe) for name in _names(selection, first[:SHOWN]))
    return Hits(target, offsets - selection.family.slot.offset, names)


def _names(selection: Selection, positions: NDArray[np.int64]) -> Iterator[str]:
    """Names of the points at some positions of a selection, the last axis running fastest."""
    for position in positions:
        index = []
        for chosen in reversed(selection.indices):
            position, i = divmod(int(position), len(chosen))
            index.append(chosen[i])
        yield selection.family.point_name(index[::-1])


def _devices(text: str, target: Target, site: SiteProfile, units: ModbusUnits | None) -> Hits:
    match = _MODBUS.match(text.strip())
    if match is None:
        raise FaultError(f"{text}: write modbus, modbus:<map> or modbus:<map>/<unit>")
    devices, unit = site.modbus.devices, match["unit"]
    chosen = [n for n, device in enumerate(devices) if match["map"] in (None, device.map)]
    if not chosen:
        maps = sorted({device.map for device in devices})
        raise FaultError(f"{text}: no such register map is served{near(match['map'] or '', maps)}")
    answering = range(256) if units is None else sorted(units.get(match["map"] or "", ()))
    if unit is not None and unit not in map(str, answering):
        allowed = "0 to 255" if units is None else ", ".join(map(str, answering))
        raise FaultError(f"{text}: no unit {unit} answers there; allowed: {allowed}")
    one = "" if unit is None else f"/{unit}"
    names = (f"modbus:{devices[n].map}{one} (container {devices[n].container}, port {devices[n].port})" for n in chosen)
    return Hits(target, np.array(chosen, np.int64), tuple(names)[:SHOWN])
