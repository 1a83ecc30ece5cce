"""Modbus RTU frames: how long a request is, and its check sum.

The standard ends a frame by a silence of 3.5 characters, which no program sees exactly. Here a request's own bytes say
how long it is; the silence only throws away what is none.
"""

from collections.abc import Mapping

FRAME_MIN, FRAME_MAX = 4, 256
CRC_SIZE = 2
SILENCE_CHARACTERS = 3.5
SILENCE_MIN = 0.00175
"""Above 19,200 bit/s the silence gets no shorter [s]."""
CHARACTER_BITS = 11

_POLYNOMIAL = 0xA001
_LENGTHS: Mapping[int, int] = dict.fromkeys(range(1, 7), 8) | {7: 4, 8: 8, 11: 4, 12: 4, 17: 4, 22: 10, 24: 6, 43: 7}
"""Bytes of a request by function, unit and check sum included."""
_COUNTED: Mapping[int, int] = {15: 6, 16: 6, 20: 2, 21: 2, 23: 10}
"""Where a request of no fixed length has its byte count."""


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ _POLYNOMIAL * (value & 1)
        table.append(value)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc(data: bytes | bytearray) -> bytes:
    """Check sum as it stands behind a frame, low byte first."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def frame(unit: int, pdu: bytes) -> bytes:
    """A frame on the line."""
    content = bytes((unit,)) + pdu
    return content + crc(content)


def silence(baud: int) -> float:
    """Silence that ends a frame [s]."""
    return max(SILENCE_MIN, SILENCE_CHARACTERS * CHARACTER_BITS / baud)


def request_length(data: bytes | bytearray) -> int | None:
    """Bytes of the request that begins with ``data``; 0 while that cannot be said, None where only silence ends it."""
    if len(data) < 2:
        return 0
    function = data[1]
    if function in _COUNTED:
        at = _COUNTED[function]
        return at + 1 + data[at] + CRC_SIZE if len(data) > at else 0
    return _LENGTHS.get(function)


def is_whole(data: bytes | bytearray) -> bool:
    """Whether these bytes are a frame and its check sum is right."""
    return FRAME_MIN <= len(data) <= FRAME_MAX and crc(data[:-CRC_SIZE]) == data[-CRC_SIZE:]
