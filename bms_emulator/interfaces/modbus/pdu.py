"""Modbus requests, checked in the standard's order: function, quantity and byte count, addresses, values."""

import struct
from dataclasses import dataclass
from enum import IntEnum


class ExceptionCode(IntEnum):
    """Why a request is refused."""

    FUNCTION = 1
    ADDRESS = 2
    VALUE = 3
    FAILURE = 4
    NO_UNIT = 11


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """A request that is answered with an exception.

    Attributes:
        code: Exception code.
    """

    def __init__(self, code: ExceptionCode) -> None:
        super().__init__(code.name)
        self.code = code


BIT_READS = (1, 2)
REGISTER_READS = (3, 4)
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
MASK_WRITE, READ_WRITE = 22, 23
DEVICE_INFORMATION = 0x2B

BITS_READ_MAX = 2000
COILS_WRITE_MAX = 1968
REGISTERS_WRITE_MAX = 123
READ_WRITE_READ_MAX = 125
READ_WRITE_WRITE_MAX = 121
COIL_STATES = (0x0000, 0xFF00)


@dataclass(frozen=True)
class Request:
    """A register request.

    Attributes:
        read: First register and number to read, none where nothing is read.
        write: First register and bytes to write, none where nothing is written.
        mask: AND and OR mask of a mask write, else none.
        answer: Bytes that answer a write which is done and reads nothing.
    """

    read: tuple[int, int] | None = None
    write: tuple[int, bytes] | None = None
    mask: tuple[int, int] | None = None
    answer: bytes = b""


def parse(pdu: bytes, read_max: int) -> Request:
    """The request of a PDU.

    Args:
        pdu: Function code and data.
        read_max: Most registers that one read may ask for.

    Raises:
        Refusal: No such function, a wrong length or quantity, or an address in a table that no device here has.
    """
    parser = _PARSERS.get(pdu[0])
    if parser is None:
        raise Refusal(ExceptionCode.FUNCTION)
    return parser(pdu, read_max)


def refuse_unless(valid: bool, code: ExceptionCode = ExceptionCode.VALUE) -> None:
    """Refuse a request that is not valid.

    Raises:
        Refusal: It is not.
    """
    if not valid:
        raise Refusal(code)


def _read_bits(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) == 5 and 1 <= _word(pdu, 3) <= BITS_READ_MAX)
    raise Refusal(ExceptionCode.ADDRESS)  # no map has bits


def _read_registers(pdu: bytes, read_max: int) -> Request:
    refuse_unless(len(pdu) == 5)
    address, count = struct.unpack_from(">HH", pdu, 1)
    refuse_unless(1 <= count <= read_max)
    return Request(read=(address, count))


def _write_coil(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) == 5 and _word(pdu, 3) in COIL_STATES)
    raise Refusal(ExceptionCode.ADDRESS)


def _write_register(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) == 5)
    return Request(write=(_word(pdu, 1), pdu[3:5]), answer=pdu)


def _write_coils(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) >= 7)
    count = _word(pdu, 3)
    refuse_unless(1 <= count <= COILS_WRITE_MAX and pdu[5] == len(pdu) - 6 == (count + 7) // 8)
    raise Refusal(ExceptionCode.ADDRESS)


def _write_registers(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) >= 8)
    address, count, size = struct.unpack_from(">HHB", pdu, 1)
    refuse_unless(1 <= count <= REGISTERS_WRITE_MAX and size == len(pdu) - 6 == 2 * count)
    return Request(write=(address, pdu[6:]), answer=pdu[:5])


def _mask_write(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) == 7)
    address, kept, added = struct.unpack_from(">HHH", pdu, 1)
    return Request(write=(address, b"\0\0"), mask=(kept, added), answer=pdu)


def _read_write(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) >= 12)
    start, count, address, written, size = struct.unpack_from(">HHHHB", pdu, 1)
    refuse_unless(1 <= count <= READ_WRITE_READ_MAX and 1 <= written <= READ_WRITE_WRITE_MAX)
    refuse_unless(size == len(pdu) - 10 == 2 * written)
    return Request(read=(start, count), write=(address, pdu[10:]))


def _word(pdu: bytes, at: int) -> int:
    return int.from_bytes(pdu[at : at + 2], "big")


_PARSERS = {
    **dict.fromkeys(BIT_READS, _read_bits),
    **dict.fromkeys(REGISTER_READS, _read_registers),
    WRITE_COIL: _write_coil,
    WRITE_REGISTER: _write_register,
    WRITE_COILS: _write_coils,
    WRITE_REGISTERS: _write_registers,
    MASK_WRITE: _mask_write,
    READ_WRITE: _read_write,
}
