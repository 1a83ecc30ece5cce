"""All register maps of a site, compiled: plain data for the encoding kernel and for the servers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.copying import Compiler
from bms_emulator.interfaces.modbus.device import DevicePlan
from bms_emulator.interfaces.modbus.folding import fold
from bms_emulator.interfaces.modbus.kept import Kept
from bms_emulator.interfaces.modbus.layout import LayoutError, PlacedUnit
from bms_emulator.interfaces.modbus.listeners import Listeners
from bms_emulator.interfaces.modbus.load import LoadedMap, load_map
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.interfaces.modbus.records import DeviceRecords, Images
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


@dataclass(frozen=True)
class ModbusPlan:
    """All register maps of a site, compiled.

    Attributes:
        size: Bytes of all images.
        template: Images with all constants in place.
        arrays: Last arguments of the encoding kernel: blocks, runs, groups, singles, bitfields, terms, table, and
            work arrays.
        devices: What listens where.
        kept: Positions in the arena of values that registers keep, and what they are at the start.
    """

    size: int
    template: bytes
    arrays: PlanArrays
    devices: tuple[DevicePlan, ...]
    kept: tuple[NDArray[np.int64], NDArray[np.float64]]

    def initialise(self, buffer: NDArray[np.float64]) -> None:
        """Give the values that registers keep their initial values. buffer: the arena's."""
        offsets, values = self.kept
        buffer[offsets] = values

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
    images, kept, records = Images(), Kept(catalogue), list[DeviceRecords]()
    problems: list[Problem] = []
    listeners, compiler = Listeners(site), Compiler(catalogue, images, kept)
    maps: dict[str, tuple[LoadedMap, tuple[PlacedUnit, ...]] | None] = {}
    for n, device in site.each_modbus_device():
        if device.map not in maps:
            maps[device.map] = _placed(catalogue, device, problems)
        found = maps[device.map]
        if found is None:
            continue
        loaded, placed = found
        compiled = compiler.compiled(loaded.registers, placed, device)
        listeners.add(n, device, loaded.registers, compiled.served)
        records.append(compiled.records)
        problems += loaded.problems(compiled.complaints)
    problems += listeners.problems
    if problems:
        raise ProfileError(problems)
    template = b"".join(image.tobytes() for image in images.template)
    folded = fold(records)
    arrays = (*folded, np.array(images.table, np.int64), *work_arrays(folded.runs, folded.groups, folded.bitfields))
    return ModbusPlan(len(template), template, arrays, listeners.plans(), kept.initial())


def _placed(
    catalogue: Catalogue, device: ModbusDevice, problems: list[Problem]
) -> tuple[LoadedMap, tuple[PlacedUnit, ...]] | None:
    """A map with the addresses of its rows; None where that fails, which is noted."""
    try:
        loaded = load_map(device.map, catalogue.site.folders)
    except ProfileError as error:
        problems += error.problems
        return None
    try:
        return loaded, place(loaded.registers, catalogue.site.container)
    except LayoutError as error:
        nowhere = Compiler(catalogue, Images(), Kept(catalogue))  # what is wrong with rows, wherever they stand
        others = nowhere.compiled(loaded.registers, error.units, device).complaints
        told = [message for _, message in error.complaints]
        others = [(path, message) for path, message in others if not any(known in message for known in told)]
        problems += loaded.problems([*error.complaints, *others])
        return None
