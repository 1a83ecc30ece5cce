"""A register map compiled for one container, without a file and a site around it."""

import math
from dataclasses import dataclass

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.modbus.assembly import Assembly
from bms_emulator.interfaces.modbus.device import UnitPlan
from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.folding import fold
from bms_emulator.interfaces.modbus.kept import Kept
from bms_emulator.interfaces.modbus.layout import Complaint
from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.interfaces.modbus.plan import PlanArrays
from bms_emulator.interfaces.modbus.records import Images
from bms_emulator.interfaces.modbus.runs import work_arrays
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import ModbusDevice


@dataclass(frozen=True)
class Compiled:
    """Units by name, images with their constants, and what the kernel takes."""

    units: dict[str, UnitPlan]
    template: bytes
    arrays: PlanArrays
    complaints: list[Complaint]

    def image(self, values: Array) -> bytes:
        """The images at these values."""
        images = np.frombuffer(self.template, np.uint8).copy()
        encode(values, images, math.inf, *self.arrays)
        return images.tobytes()


def compiled(registers: RegisterMap, catalogue: Catalogue, container: int = 1) -> Compiled:
    """Compile a map.

    Raises:
        LayoutError: Its rows cannot be placed.
    """
    images, device = Images(), ModbusDevice(map=registers.name, container=container)
    assembly = Assembly(registers, device, catalogue, images, Kept(catalogue))
    for unit in place(registers, catalogue.site.container):
        assembly.unit(unit)
    folded = fold([assembly.records])
    work = work_arrays(folded.runs, folded.groups, folded.bitfields)
    arrays = (*folded, np.array(images.table, np.int64), *work)
    template = b"".join(image.tobytes() for image in images.template)
    return Compiled({each.unit.name: each.unit for each in assembly.served}, template, arrays, assembly.complaints)
