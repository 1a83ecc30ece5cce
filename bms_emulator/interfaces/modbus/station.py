"""One device as all that talk to it see it: its units, its link faults, what its clients may do."""

import struct
from collections.abc import Awaitable, Callable, Set
from typing import NamedTuple

from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.modbus.device import DevicePlan, UnitPlan
from bms_emulator.interfaces.modbus.dispatch import Dispatcher, exception
from bms_emulator.interfaces.modbus.distorted import Distorted
from bms_emulator.interfaces.modbus.disturbance import Disturbances, Peer
from bms_emulator.interfaces.modbus.map import Table
from bms_emulator.interfaces.modbus.pdu import (
    BIT_READS,
    DEVICE_INFORMATION,
    REGISTER_READS,
    ExceptionCode,
)

Answer = bytes | Callable[[], Awaitable[bytes]]
"""An answering PDU, or how to get it where the emulator is asked first."""

READING = frozenset((*BIT_READS, *REGISTER_READS, DEVICE_INFORMATION))
"""Functions that change nothing."""
EVERYTHING = frozenset(range(256))
NOTHING: Set[int] = frozenset()

PLAIN_READ = struct.Struct(">HHBBHH")
"""A request for registers without its transaction: protocol, length, unit, function, address, quantity."""
_HEAD = struct.Struct(">HHBBB")
_READ_LENGTH = 6
_KNOWN_MAX = 4096
_TABLES: dict[int, Table] = {3: "holding", 4: "input"}


class PlainRead(NamedTuple):
    """A request for registers that was found right, and so will be whenever it comes again.

    Attributes:
        head: What stands in its answer between the transaction and the registers.
        start: First byte of the registers in the images.
        stop: Behind their last byte.
        heartbeat: Heartbeat that the request counts up, None where it does not.
    """

    head: bytes
    start: int
    stop: int
    heartbeat: int | None


class Station:
    """One device as all that talk to it see it.

    Args:
        link: The running emulator.
        device: The device.
        place: Its place in the site.

    Attributes:
        disturbances: Link faults that act on it.
        known: Requests for registers that were found right, by their bytes behind the transaction: masters ask the
            same again and again.
        heard: Heartbeats that requests have counted up since somebody last looked.
    """

    def __init__(self, link: Link, device: DevicePlan, place: int = 0) -> None:
        self.device = device
        self.disturbances = Disturbances(link, device, place)
        self.image = link.image
        self.known: dict[bytes, PlainRead] = {}
        self.heard: set[int] = set()
        any_unit = () if device.serial is not None else device.any_unit  # on a line, 0 means all
        self.units = {number: next(iter(device.units.values())) for number in any_unit} | device.units
        self._dispatcher = Dispatcher(link, self.units)

    def learn(self, request: bytes) -> PlainRead | None:
        """A request for registers, from now on known; None where it is something else, or takes a closer look."""
        protocol, length, number, function, address, count = PLAIN_READ.unpack(request)
        unit, table = self.units.get(number), _TABLES.get(function)
        if protocol or length != _READ_LENGTH or unit is None or table is None or not 1 <= count <= unit.read_limit:
            return None
        start, size = unit.locate(table, address, count), 2 * count
        if start < 0:
            return None
        if len(self.known) >= _KNOWN_MAX:
            self.known.clear()
        read = PlainRead(_HEAD.pack(0, size + 3, number, function, size), start, start + size, unit.heartbeat)
        self.known[request] = read
        return read

    def answer(
        self, number: int, pdu: bytes, origin: str, functions: Set[int] = EVERYTHING, peer: Peer = None
    ) -> tuple[Answer | None, Distorted | None]:
        """The answer to any request, None where there is none, and what link faults do to it.

        Args:
            number: Unit that is addressed.
            pdu: Function code and data, at least the function code.
            origin: Who asks, for the journal.
            functions: Functions that this client may use.
            peer: The client's address and port.
        """
        unit = self.units.get(number)
        if unit is None and (self.device.silent or self.device.serial is not None):
            return None, None
        distorted = self.disturbances.strike(unit, peer) if self.disturbances.active else None
        if distorted is None:
            return self._executed(unit, number, pdu, origin, functions), None
        if distorted.resets or distorted.is_lost:
            return None, distorted
        pdu = distorted.request(pdu)
        if distorted.exception is not None:
            return exception(pdu[0], distorted.exception), distorted
        told = self._executed(unit, number, pdu, origin, functions)
        return _distorted(told, pdu, distorted), distorted

    def _executed(self, unit: UnitPlan | None, number: int, pdu: bytes, origin: str, functions: Set[int]) -> Answer:
        if pdu[0] not in functions:
            return exception(pdu[0], ExceptionCode.FUNCTION)
        if unit is not None and unit.heartbeat is not None:
            self.heard.add(unit.heartbeat)
        return self._dispatcher.answer(number, pdu, origin)


def _distorted(told: Answer, request: bytes, distorted: Distorted) -> Answer:
    """An answer as link faults leave it."""
    if isinstance(told, bytes):
        return distorted.reply(request, told)

    async def later() -> bytes:
        return distorted.reply(request, await told())

    return later
