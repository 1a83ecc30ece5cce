"""What a Modbus server knows of its devices: units, address ranges, writable values, identity."""

from dataclasses import dataclass

from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.formats import Format
from bms_emulator.points.catalogue import Family


@dataclass(frozen=True)
class Range:
    """Addresses that are defined, and where their bytes stand in the images.

    Attributes:
        start: First address.
        stop: Behind the last address.
        offset: Byte of the first address.
    """

    start: int
    stop: int
    offset: int


@dataclass(frozen=True)
class Writable:
    """A value that a master may write.

    Attributes:
        label: Block and row, for messages.
        address: First register.
        format: Its format.
        conversion: From SI to raw.
        whole: Whether the sentinel is a value like any other.
        values: Point value by register value, where it has a table.
        target: Position of the point in the arena.
        family: Family of the point, which knows what it takes.
    """

    label: str
    address: int
    format: Format
    conversion: Conversion
    whole: bool
    values: dict[int, float] | None
    target: int
    family: Family

    def decode(self, data: bytes) -> float:
        """The point's value that these registers ask for.

        Raises:
            ValueError: The point does not take it.
        """
        raw = self.format.unpack(data)
        if self.values is not None:
            if int(raw) not in self.values:
                raise ValueError(f"{self.label} = {raw:g}: allowed are {', '.join(map(str, self.values))}")
            return self.family.check(self.values[int(raw)])
        if not self.whole and data == self.format.missing:
            raise ValueError(f"{self.label}: means no value")
        return self.family.check(self.conversion.value(raw))


@dataclass(frozen=True)
class UnitPlan:
    """What answers to one unit id.

    Attributes:
        unit: Unit id.
        map: Name of the register map.
        name: Name of the unit in the map, with its number where it repeats.
        ranges: Defined addresses, rising.
        writables: Writable values by each of their registers.
        identity: Texts of the device identification by object id.
    """

    unit: int
    map: str
    name: str
    ranges: tuple[Range, ...]
    writables: dict[int, Writable]
    identity: dict[int, str]

    def locate(self, address: int, count: int) -> int:
        """Byte in the images of a range of registers, -1 where not all of it is defined."""
        for part in self.ranges:
            if part.start <= address and address + count <= part.stop:
                return part.offset + 2 * (address - part.start)
        return -1


@dataclass(frozen=True)
class DevicePlan:
    """What listens at one address.

    Attributes:
        host: Address of the interface.
        port: TCP port, 0 where the system chooses.
        maps: Names of the maps served there.
        units: Units by id, in the order of the site; unit ids 0 and 255 mean the first.
    """

    host: str
    port: int
    maps: tuple[str, ...]
    units: dict[int, UnitPlan]
