"""Answers requests of one device: reads from the register images, writes as commands to the emulator."""

import logging
import struct
from collections.abc import Awaitable, Callable
from functools import partial

import numpy as np

from bms_emulator.interfaces.link import Command, Link
from bms_emulator.interfaces.modbus.device import UnitPlan, Writable
from bms_emulator.interfaces.modbus.identification import identify
from bms_emulator.interfaces.modbus.map import Table
from bms_emulator.interfaces.modbus.meaning import Assignment
from bms_emulator.interfaces.modbus.pdu import (
    DEVICE_INFORMATION,
    TABLE_OF,
    ExceptionCode,
    Refusal,
    Request,
    parse,
    read_answer,
    refuse_unless,
)

EXCEPTION_BIT = 0x80
REGISTER_MAX = 65535
TOLD_MAX = 256
"""Refusals that are remembered as told."""

_log = logging.getLogger(__name__)


class Dispatcher:
    """Answers PDUs for the units of one device.

    Args:
        link: The running emulator.
        units: Units by id; ids 0 and 255 included where they mean one.
    """

    def __init__(self, link: Link, units: dict[int, UnitPlan]) -> None:
        self.link = link
        self.units = units
        self._told: set[str] = set()

    def answer(self, unit_id: int, pdu: bytes, origin: str) -> bytes | Callable[[], Awaitable[bytes]]:
        """The answering PDU, or how to get it where the emulator is asked first.

        Args:
            unit_id: Unit that is addressed.
            pdu: Function code and data, at least the function code.
            origin: Who asks, for the journal.
        """
        function = pdu[0]
        try:
            unit = self.units.get(unit_id)
            if unit is None:
                raise Refusal(ExceptionCode.NO_UNIT)
            if function == DEVICE_INFORMATION:
                return identify(pdu, unit.identity)
            table = TABLE_OF.get(function)
            if table is None or not unit.ranges.get(table):
                raise Refusal(ExceptionCode.FUNCTION)
            request = parse(pdu, unit.read_limit)
            if request.read is not None:
                refuse_unless(unit.locate(table, *request.read) >= 0, ExceptionCode.ADDRESS)
            if request.write is not None:
                assignments = self._assignments(unit, table, request)
                return partial(self._write, unit, function, request, assignments, origin)
            return self._read(unit, function, request)
        except Refusal as refusal:
            if refusal.reason:
                return partial(self._refuse, function, refusal, origin)
            return exception(function, refusal.code)

    def _read(self, unit: UnitPlan, function: int, request: Request) -> bytes:
        """Answer with registers or bits, all of one tick."""
        assert request.read is not None
        address, count = request.read
        start = unit.locate(TABLE_OF[function], address, count)
        return read_answer(function, self.link.image(start, start + 2 * count))

    def _assignments(self, unit: UnitPlan, table: Table, request: Request) -> list[Assignment]:
        """What a request changes.

        A value of several registers of which only some are written keeps the others as they are. What cannot be written
        refuses the whole request: clients that merge writes only merge neighbours, and a write that is partly dropped
        would be told as done.

        Raises:
            Refusal: A register cannot be written (02), or a point does not take the value (03).
        """
        assert request.write is not None
        address, data = request.write
        writables = unit.writables.get(table, {})
        addresses = range(address, address + len(data) // 2)
        fixed = next((at for at in addresses if at not in writables), None)
        where = f"unit {unit.unit} ({unit.map}, {unit.name})"
        if fixed is not None:
            what = "cannot be written" if unit.locate(table, fixed, 1) >= 0 else "does not exist"
            kind = "register" if table == "holding" else table
            raise Refusal(ExceptionCode.ADDRESS, f"{where}: {kind} {fixed} (0x{fixed:04X}) {what}")
        touched = {writables[at].address: writables[at] for at in addresses}
        try:
            if request.mask is not None:
                data = self._masked(writables[address], address, request.mask)
            return [
                assignment
                for writable in touched.values()
                for assignment in writable.assignments(self._merged(writable, address, data))
            ]
        except ValueError as error:
            raise Refusal(ExceptionCode.VALUE, f"{where}: {error}") from error

    def _present(self, writable: Writable) -> bytes:
        """The registers of a value as they would be if what was written last stood there.

        Not those of the image: a register may read 0, or show something other than what is written to it.
        """
        meaning = writable.meaning
        return meaning.data(self.link.values(np.array(meaning.offsets, np.int64))[0].tolist())

    def _masked(self, writable: Writable, address: int, mask: tuple[int, int]) -> bytes:
        """Register after a mask write: (now AND kept) OR (added AND NOT kept)."""
        kept, added = mask
        first = 2 * (address - writable.address)
        now = int.from_bytes(self._present(writable)[first : first + 2], "big")
        return struct.pack(">H", (now & kept) | (added & ~kept & REGISTER_MAX))

    def _merged(self, writable: Writable, address: int, data: bytes) -> bytes:
        """All bytes of a value, those that are written in place of those that stand there."""
        first, last = 2 * (writable.address - address), 2 * (writable.address - address + writable.words)
        if first >= 0 and last <= len(data):
            return data[first:last]
        now = bytearray(self._present(writable))
        for n in range(max(first, 0), min(last, len(data))):
            now[n - first] = data[n]
        return bytes(now)

    async def _write(
        self, unit: UnitPlan, function: int, request: Request, assignments: list[Assignment], origin: str
    ) -> bytes:
        """Have the emulator write, all values at one tick or none; then answer, so that a read-back shows them."""
        writes = [[offset, value] for offset, value in assignments]
        try:
            ack = await self.link.command(Command("write", origin, {"writes": writes}))
        except TimeoutError:
            return exception(function, ExceptionCode.FAILURE)
        if not ack.accepted:
            return exception(function, ExceptionCode.FAILURE)
        return request.answer if request.read is None else self._read(unit, function, request)

    async def _refuse(self, function: int, refusal: Refusal, origin: str) -> bytes:
        """Tell the emulator of a write that is refused, for its journal and events; then answer."""
        reason = f"exception {refusal.code:02d}, {refusal.reason}"
        self._tell(origin, reason)
        try:
            await self.link.command(Command("write", origin, {"refused": reason}))
        except TimeoutError:
            _log.debug("%s: the emulator did not take note", origin)
        return exception(function, refusal.code)

    def _tell(self, origin: str, reason: str) -> None:
        """Log a refusal; the same one again, as of a client that writes in every cycle, for debugging only."""
        level = logging.DEBUG if reason in self._told else logging.WARNING
        if len(self._told) < TOLD_MAX:
            self._told.add(reason)
        _log.log(level, "%s: write refused: %s", origin, reason)


def exception(function: int, code: int) -> bytes:
    """PDU of a refusal."""
    return bytes((function | EXCEPTION_BIT, code))
