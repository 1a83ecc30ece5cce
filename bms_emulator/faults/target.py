"""What a fault can hit: measured points, components of the plant, connections; and how a target text finds them.

The catalogue is handed in, known by its shape only: a component is found through one point that it is known to have,
its probe, whose array has the axes of the overlay that bends the component.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import ROOTS, Slot
from bms_emulator.faults.signals import INDEXED, SIGNALS, Signal, Target
from bms_emulator.faults.spec import FaultError, near
from bms_emulator.faults.wire import find_devices
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


_SEATED = re.compile(r"(^|\.)(branch|bus|cmu|controller|enclosure|master)$")
"""What is found by the points of the component that it belongs to."""


@dataclass(frozen=True)
class Component(Target):
    """A part of the plant.

    Attributes:
        probe: Last segment of a point of the plant that every such part has.
    """

    probe: str


@dataclass(frozen=True)
class Process(Target):
    """The emulator itself."""


@dataclass(frozen=True)
class Connection(Target):
    """A server's connections, as :class:`bms_emulator.faults.wire.WireTarget` reads them; or that to a broker."""


_RACK = "container.rack"

CELL: Final = Component("cell", (f"{_RACK}.cell",), "soc")
RACK: Final = Component("rack", (_RACK,), "insulation_resistance")
PACK: Final = Component("pack", (f"{_RACK}.pack",), "coolant_flow")
BRANCH: Final = Component("coolant branch", (f"{_RACK}.pack.branch",), "coolant_flow")
CMU: Final = Component("monitoring unit", (f"{_RACK}.pack.cmu",), "cmu_faults")
CONTACTOR: Final = Component("contactor", (f"{_RACK}.contactor",), "closed")
PUMP: Final = Component("pump", ("container.pump",), "speed")
CHILLER: Final = Component("chiller", ("container.chiller",), "mode")
BUS: Final = Component("dc bus", ("container.bus",), "bus_voltage")
ENCLOSURE: Final = Component("enclosure", ("container.enclosure",), "air_temperature")
VENTILATION: Final = Component("gas fan", ("container.ventilation",), "power")
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
RACK_CONTROLLER: Final = Component("rack controller", (f"{_RACK}.controller",), "insulation_resistance")
BANK_CONTROLLER: Final = Component("bank controller", ("container.controller",), "bus_voltage")
SUPPLY: Final = Component("auxiliary supply", ("container.supply",), "bus_voltage")
MASTER: Final = Component("master", ("container.master",), "bus_voltage")
ENGINE: Final = Process("engine", ("emulator",))
MODBUS: Final = Connection("modbus", ("modbus", "modbus:<map>", "modbus:<map>[*]"))
MODBUS_CLIENT: Final = Connection("modbus client", ("modbus@<client>", "modbus:<map>@<client>"))
MODBUS_UNIT: Final = Connection("modbus unit", ("modbus:<map>/<unit>", "modbus:<map>/<unit>@<client>"))
MQTT: Final = Connection("mqtt", ("mqtt",))
TARGETS: Final[tuple[Target, ...]] = (
    *SIGNALS,
    CELL,
    RACK,
    PACK,
    BRANCH,
    CMU,
    CONTACTOR,
    PUMP,
    CHILLER,
    BUS,
    ENCLOSURE,
    VENTILATION,
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
    RACK_CONTROLLER,
    BANK_CONTROLLER,
    SUPPLY,
    MASTER,
    ENGINE,
    MODBUS,
    MODBUS_CLIENT,
    MODBUS_UNIT,
    MQTT,
)


def classify(target: str) -> Target:
    """The class of things that a target text means; whether they exist is not looked at.

    Raises:
        FaultError: None; says what is near and what there is.
    """
    text = target.strip()
    if re.split(r"[^a-z]", text, maxsplit=1)[0] == "modbus":
        return MODBUS_UNIT if "/" in text else MODBUS_CLIENT if "@" in text else MODBUS
    if text in MQTT.paths:
        return MQTT
    path = _path_of(text)
    for known in TARGETS:
        if path in known.paths:
            return known
    if path.startswith("plant."):
        raise FaultError(f"{target}: a point of the plant is the truth, which no fault can bend; name the component")
    paths = [path.removeprefix("container.") for known in TARGETS for path in known.paths]
    raise FaultError(f"{target}: nothing that a fault can hit{near(path.removeprefix('container.'), paths)}")


def _path_of(text: str) -> str:
    """The path that a target text means, without indices."""
    path = re.sub(r"\[[^\]]*\]", "", text.strip())
    return path if path.partition(".")[0] in (*ROOTS, "plant") else f"container.{path}"


def parts(text: str, target: Target) -> list[str]:
    """How what a target is called is written where it is a part of what a target text means."""
    path = _path_of(text)
    tails = [own.removeprefix(path) for own in target.paths if own.startswith(f"{path}.")]
    return [text.strip() + INDEXED.sub(r"\1[*]", tail) for tail in tails]


@dataclass(frozen=True)
class Hits:
    """What a target text found.

    Attributes:
        target: Class of things.
        index: Flat positions in the array that the faults bend, ascending; of devices, their places in the site's list.
        names: Names of the first of them.
        total: How many there are that it could have found; of devices, 0.
    """

    target: Target
    index: NDArray[np.int64]
    names: tuple[str, ...]
    total: int = 0

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
        stem = _SEATED.sub("", text.strip())
        selector = ".".join(part for part in ("plant", stem, target.probe) if part)
        return _points(text, target, selector, f".{target.probe}", catalogue)
    if isinstance(target, Process):
        return Hits(target, np.zeros(1, np.int64), (text.strip(),))
    return _devices(text, target, site, units)


def _points(text: str, target: Target, selector: str, probe: str, catalogue: Catalogue) -> Hits:
    try:
        (selection,) = catalogue.select(selector)
    except ValueError as error:
        raise FaultError(str(error).replace(selector, text)) from None
    offsets, first = np.unique(selection.offsets(), return_index=True)
    names = tuple(name.removeprefix("plant.").removesuffix(probe) for name in _names(selection, first[:SHOWN]))
    slot = selection.family.slot
    return Hits(target, offsets - slot.offset, names, slot.size)


def _names(selection: Selection, positions: NDArray[np.int64]) -> Iterator[str]:
    """Names of the points at some positions of a selection, the last axis running fastest."""
    for position in positions:
        index = []
        for chosen in reversed(selection.indices):
            position, i = divmod(int(position), len(chosen))
            index.append(chosen[i])
        yield selection.family.point_name(index[::-1])


def _devices(text: str, target: Target, site: SiteProfile, units: ModbusUnits | None) -> Hits:
    if target is MQTT:
        if site.mqtt.broker == "off":
            raise FaultError(f"{text}: the site speaks no MQTT, mqtt.broker = off")
        return Hits(target, np.zeros(1, np.int64), (f"mqtt ({site.mqtt.broker})",))
    chosen, names = find_devices(text, site, units)
    return Hits(target, np.array(chosen, np.int64), tuple(names)[:SHOWN])
