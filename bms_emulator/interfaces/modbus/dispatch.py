"""Answers requests of one device: reads from the register images, writes as commands to the emulator."""

import struct
from collections.abc import Awaitable, Callable
from functools import partial

from bms_emulator.interfaces.link import Command, Link
from bms_emulator.interfaces.modbus.device import UnitPlan, Writable
from bms_emulator.interfaces.modbus.identification import identify
from bms_emulator.interfaces.modbus.pdu import (
    DEVICE_INFORMATION,
    ExceptionCode,
    Refusal,
    Request,
    parse,
    refuse_unless,
)

EXCEPTION_BIT = 0x80
REGISTER_MAX = 65535


class Dispatcher:
    """Answers PDUs for the units of one device.

    Args:
        link: The running emulator.
        units: Units by id; ids 0 and 255 included where they mean one.
    """

    def __init__(self, link: Link, units: dict[int, UnitPlan]) -> None:
        self.link = link
        self.units = units

    def answer(self, unit_id: int, pdu: bytes, origin: str) -> bytes | Callable[[], Awaitable[bytes]]:
        """The answering PDU, or how to get it where the emulator is asked first.

        Args:
            unit_id: Unit that is addressed.
            pdu: Function code and data, at least the function code.
            origin: Who asks, for the journal.
        """
        try:
            unit = self.units.get(unit_id)
            if unit is None:
                raise Refusal(ExceptionCode.NO_UNIT)
            if pdu[0] == DEVICE_INFORMATION:
                return identify(pdu, unit.identity)
            request = parse(pdu, unit.read_limit)
            if request.read is not None:
                refuse_unless(unit.locate("holding", *request.read) >= 0, ExceptionCode.ADDRESS)
            if request.write is not None:
                return partial(self._write, unit, pdu[0], request, self._writes(unit, request), origin)
            return self._read(unit, pdu[0], request)
        except Refusal as refusal:
            return exception(pdu[0], refusal.code)

    def _read(self, unit: UnitPlan, function: int, request: Request) -> bytes:
        """Answer with registers, all of one tick."""
        assert request.read is not None
        address, count = request.read
        start = unit.locate("holding", address, count)
        return bytes((function, 2 * count)) + self.link.image(start, start + 2 * count)

    def _writes(self, unit: UnitPlan, request: Request) -> list[list[float]]:
        """Arena offsets and values that a request asks for.

        A value of several registers of which only some are written keeps the others as they are.

        Raises:
            Refusal: A register cannot be written (02), or a point does not take the value (03).
        """
        assert request.write is not None
        address, data = request.write
        count = len(data) // 2
        registers = range(address, address + count)
        refuse_unless(all(register in unit.writables["holding"] for register in registers), ExceptionCode.ADDRESS)
        if request.mask is not None:
            data = self._masked(unit, address, request.mask)
        touched: dict[int, Writable] = {}
        for register in registers:
            writable = unit.writables["holding"][register]
            touched[writable.address] = writable
        try:
            return [
                [writable.target, writable.decode(self._merged(unit, writable, address, data))]
                for writable in touched.values()
            ]
        except ValueError as error:
            raise Refusal(ExceptionCode.VALUE) from error

    def _masked(self, unit: UnitPlan, address: int, mask: tuple[int, int]) -> bytes:
        """Register after a mask write: (now AND kept) OR (added AND NOT kept)."""
        kept, added = mask
        start = unit.locate("holding", address, 1)
        now = int.from_bytes(self.link.image(start, start + 2), "big")
        return struct.pack(">H", (now & kept) | (added & ~kept & REGISTER_MAX))

    def _merged(self, unit: UnitPlan, writable: Writable, address: int, data: bytes) -> bytes:
        """All bytes of a value, those that are written in place of those that stand there."""
        words = writable.format.words
        first, last = 2 * (writable.address - address), 2 * (writable.address - address + words)
        if first >= 0 and last <= len(data):
            return data[first:last]
        start = unit.locate("holding", writable.address, words)
        now = bytearray(self.link.image(start, start + 2 * words))
        for n in range(max(first, 0), min(last, len(data))):
            now[n - first] = data[n]
        return bytes(now)

    async def _write(
        self, unit: UnitPlan, function: int, request: Request, writes: list[list[float]], origin: str
    ) -> bytes:
        """Have the emulator write, all values at one tick or none; then answer, so that a read-back shows them."""
        try:
            ack = await self.link.command(Command("write", origin, {"writes": writes}))
        except TimeoutError:
            return exception(function, ExceptionCode.FAILURE)
        if not ack.accepted:
            return exception(function, ExceptionCode.FAILURE)
        return request.answer if request.read is None else self._read(unit, function, request)


def exception(function: int, code: ExceptionCode) -> bytes:
    """PDU of a refusal."""
    return bytes((function | EXCEPTION_BIT, code))
