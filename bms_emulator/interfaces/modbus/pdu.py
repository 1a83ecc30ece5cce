"""Modbus requests, checked in the standard's order: function, quantity and byte count, addresses, values."""

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from bms_emulator.interfaces.modbus.map import Table


class ExceptionCode(IntEnum):
    """Why a request is refused."""

    FUNCTION = 1
    ADDRESS = 2
    VALUE = 3
    FAILURE = 4
    NO_UNIT = 11


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """A request that is answered with an exception.

    Args:
        code: Exception code.
        reason: What to tell people; empty where the request is refused for its form.
    """

    def __init__(self, code: ExceptionCode, reason: str = "") -> None:
        super().__init__(reason or code.name)
        self.code = code
        self.reason = reason


BIT_READS = (1, 2)
REGISTER_READS = (3, 4)
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
MASK_WRITE, READ_WRITE = 22, 23
DEVICE_INFORMATION = 0x2B

TABLE_OF: dict[int, Table] = {
    1: "coil",
    2: "discrete_input",
    3: "holding",
    4: "input",
    WRITE_COIL: "coil",
    WRITE_REGISTER: "holding",
    WRITE_COILS: "coil",
    WRITE_REGISTERS: "holding",
    MASK_WRITE: "holding",
    READ_WRITE: "holding",
}
"""Table that a function works on; a device without that table does not have the function."""

BITS_READ_MAX = 2000
COILS_WRITE_MAX = 1968
REGISTERS_WRITE_MAX = 123
READ_WRITE_READ_MAX = 125
READ_WRITE_WRITE_MAX = 121
COIL_STATES = {0x0000: b"\x00\x00", 0xFF00: b"\x00\x01"}
"""The two values of a coil in a request, and the word that stands for each in the images."""


@dataclass(frozen=True)
class Request:
    """A request for registers, coils or discrete inputs; a bit is a word that is 0 or 1.

    Attributes:
        read: First address and number to read, none where nothing is read.
        write: First address and words to write, none where nothing is written.
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
        Refusal: No such function, or a wrong length or quantity.
    """
    parser = _PARSERS.get(pdu[0])
    if parser is None:
        raise Refusal(ExceptionCode.FUNCTION)
    return parser(pdu, read_max)


def read_answer(function: int, words: bytes) -> bytes:
    """The answer to a read: registers as they are, bits eight to a byte, the first in the lowest place."""
    data = words
    if function in BIT_READS:
        data = np.packbits(np.frombuffer(words, ">u2") != 0, bitorder="little").tobytes()
    return bytes((function, len(data))) + data


def refuse_unless(valid: bool, code: ExceptionCode = ExceptionCode.VALUE) -> None:
    """Refuse a request that is not valid.

    Raises:
        Refusal: It is not.
    """
    if not valid:
        raise Refusal(code)


def _read_bits(pdu: bytes, _: int) -> Request:
    return _read(pdu, BITS_READ_MAX)


def _read(pdu: bytes, read_max: int) -> Request:
    refuse_unless(len(pdu) == 5)
    address, count = struct.unpack_from(">HH", pdu, 1)
    refuse_unless(1 <= count <= read_max)
    return Request(read=(address, count))


def _write_coil(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) == 5 and _word(pdu, 3) in COIL_STATES)
    return Request(write=(_word(pdu, 1), COIL_STATES[_word(pdu, 3)]), answer=pdu)


def _write_register(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) == 5)
    return Request(write=(_word(pdu, 1), pdu[3:5]), answer=pdu)


def _write_coils(pdu: bytes, _: int) -> Request:
    refuse_unless(len(pdu) >= 7)
    count = _word(pdu, 3)
    refuse_unless(1 <= count <= COILS_WRITE_MAX and pdu[5] == len(pdu) - 6 == (count + 7) // 8)
    bits = np.unpackbits(np.frombuffer(pdu, np.uint8, offset=6), count=count, bitorder="little")
    return Request(write=(_word(pdu, 1), bits.astype(">u2").tobytes()), answer=pdu[:5])


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
    **dict.fromkeys(REGISTER_READS, _read),
    WRITE_COIL: _write_coil,
    WRITE_REGISTER: _write_register,
    WRITE_COILS: _write_coils,
    WRITE_REGISTERS: _write_registers,
    MASK_WRITE: _mask_write,
    READ_WRITE: _read_write,
}
