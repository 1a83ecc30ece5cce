"""All register maps of a site, compiled: plain data for the encoding kernel and for the servers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.assembly import Assembly, DeviceRecords, Images
from bms_emulator.interfaces.modbus.device import DevicePlan, UnitPlan
from bms_emulator.interfaces.modbus.folding import fold
from bms_emulator.interfaces.modbus.layout import LayoutError, PlacedUnit, place
from bms_emulator.interfaces.modbus.load import LoadedMap, load_map
from bms_emulator.interfaces.modbus.runs import work_arrays
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.site import ModbusDevice, SiteProfile

PlanArrays = tuple[
    NDArray[np.void],
    NDArray[np.void],
    NDArray[np.void],
    NDArray[np.void],
    NDArray[np.void],
    NDArray[np.void],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.uint16],
    NDArray[np.int64],
]

UNIT_MAX = 247
"""Highest unit id that a device may have."""


@dataclass(frozen=True)
class ModbusPlan:
    """All register maps of a site, compiled.

    Attributes:
        size: Bytes of all images.
        template: Images with all constants in place.
        arrays: Last arguments of the encoding kernel: blocks, runs, groups, singles, bitfields, terms, table, and
            work arrays.
        devices: What listens where.
    """

    size: int
    template: bytes
    arrays: PlanArrays
    devices: tuple[DevicePlan, ...]

    def units_by_map(self) -> dict[str, set[int]]:
        """Unit ids that answer, by register map."""
        units: dict[str, set[int]] = {}
        for unit in (unit for device in self.devices for unit in device.units.values()):
            units.setdefault(unit.map, set()).add(unit.unit)
        return units


def compile_maps(site: SiteProfile, catalogue: Catalogue) -> ModbusPlan:
    """Compile the register maps that a site serves.

    Args:
        site: The site; ``modbus.devices`` names maps, ports and unit ids.
        catalogue: Its points.

    Raises:
        ProfileError: Something is wrong with a map, or two units answer to one id; all problems at once.
    """
    images, records = Images(), list[DeviceRecords]()
    problems: list[Problem] = []
    listeners: dict[tuple[int, ...], list[UnitPlan]] = {}
    maps: dict[str, tuple[LoadedMap, tuple[PlacedUnit, ...]] | None] = {}
    for n, device in enumerate(site.modbus.devices):
        if device.map not in maps:
            maps[device.map] = _placed(site, device, problems)
        found = maps[device.map]
        if found is None:
            continue
        loaded, placed = found
        assembly = Assembly(loaded.registers, device, catalogue, images)
        units = [plan for unit in placed for plan in assembly.unit(unit)]
        records.append(assembly.records)
        problems += loaded.problems(assembly.complaints)
        key = (device.port,) if device.port else (0, n)
        there = listeners.setdefault(key, [])
        problems += _unit_problems(site, n, units, there)
        there += units
    if problems:
        raise ProfileError(problems)
    devices = tuple(
        DevicePlan(
            site.modbus.host,
            key[0],
            None,
            9600,
            "none",
            False,
            tuple(dict.fromkeys(u.map for u in units)),
            {u.unit: u for u in units},
            (0, 255),
            False,
        )
        for key, units in listeners.items()
    )
    template = b"".join(image.tobytes() for image in images.template)
    folded = fold(records)
    arrays = (*folded, np.array(images.table, np.int64), *work_arrays(folded.runs, folded.groups, folded.bitfields))
    return ModbusPlan(len(template), template, arrays, devices)


def _placed(
    site: SiteProfile, device: ModbusDevice, problems: list[Problem]
) -> tuple[LoadedMap, tuple[PlacedUnit, ...]] | None:
    """A map with the addresses of its rows; None where that fails, which is noted."""
    try:
        loaded = load_map(device.map, site.folders)
    except ProfileError as error:
        problems += error.problems
        return None
    try:
        return loaded, place(loaded.registers, site.container)
    except LayoutError as error:
        problems += loaded.problems(error.complaints)
        return None


def _unit_problems(site: SiteProfile, n: int, units: list[UnitPlan], there: list[UnitPlan]) -> list[Problem]:
    """Unit ids that no device may have, or that another device on the port has."""
    owner = {unit.unit: unit for unit in there}
    path = f"modbus.devices.{n}.unit"
    problems = []
    for unit in units:
        message = ""
        if not 1 <= unit.unit <= UNIT_MAX:
            message = f"{unit.name} of {unit.map} would get unit id {unit.unit}; allowed are 1 to {UNIT_MAX}"
        elif unit.unit in owner:
            other = owner[unit.unit]
            message = (
                f"{unit.name} of {unit.map} and {other.name} of {other.map} both get unit id {unit.unit} on one port"
            )
        if message:
            problems.append(Problem(f"site {site.name}", 0, path, message))
    return problems
