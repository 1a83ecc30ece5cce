"""What a Modbus server knows of its devices: units, address ranges, writable values, identity."""

from dataclasses import dataclass

from bms_emulator.interfaces.modbus.map import Table
from bms_emulator.interfaces.modbus.meaning import Assignment, Meaning


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
    """Registers that a master may write and that make one value, or a row of small ones.

    Attributes:
        label: Block and row, for messages.
        address: First register.
        words: Registers.
        meaning: What they mean to points.
    """

    label: str
    address: int
    words: int
    meaning: Meaning

    def assignments(self, data: bytes) -> list[Assignment]:
        """What writing these registers does.

        Raises:
            ValueError: A point does not take it.
        """
        try:
            return self.meaning.assignments(data)
        except ValueError as error:
            raise ValueError(f"{self.label} = 0x{data.hex()}: {error}") from error


@dataclass(frozen=True)
class UnitPlan:
    """What answers to one unit id.

    Attributes:
        unit: Unit id.
        map: Name of the register map.
        name: Name of the unit in the map, with its number where it repeats.
        container: Container that it shows, counted from 1.
        ranges: Defined addresses, rising, by table of the Modbus data model. A coil or discrete input is a word of the
            images that is 0 or 1.
        writables: Writable values by table, holding registers or coils, and by each of their registers.
        identity: Texts of the device identification by object id.
        read_limit: Most registers in one read.
        heartbeat: Position in the arena of the heartbeat of masters that any request counts up; None where only a
            write of its register does.
        beats: Bytes in the images at which registers stand that show a heartbeat.
    """

    unit: int
    map: str
    name: str
    container: int
    ranges: dict[Table, tuple[Range, ...]]
    writables: dict[Table, dict[int, Writable]]
    identity: dict[int, str]
    read_limit: int
    heartbeat: int | None
    beats: tuple[int, ...] = ()

    def locate(self, table: Table, address: int, count: int) -> int:
        """Byte in the images of a range of registers, -1 where not all of it is defined."""
        for part in self.ranges.get(table, ()):
            if part.start <= address and address + count <= part.stop:
                return part.offset + 2 * (address - part.start)
        return -1


@dataclass(frozen=True)
class DevicePlan:
    """What listens at one address.

    Attributes:
        host: Address of the interface; empty where there is a serial line.
        port: TCP port, 0 where the system chooses.
        serial: Path of a serial line in place of host and port, else None.
        baud: Bits per second of a serial line.
        parity: Parity of a serial line: none, even, odd.
        tls: Whether it speaks TLS.
        maps: Names of the maps served there.
        units: Units by id, in the order of the site.
        any_unit: Unit ids that mean the first unit.
        silent: Whether a request to a unit id that there is not is left without an answer.
    """

    host: str
    port: int
    serial: str | None
    baud: int
    parity: str
    tls: bool
    maps: tuple[str, ...]
    units: dict[int, UnitPlan]
    any_unit: tuple[int, ...]
    silent: bool
