"""What link faults do to the bytes of requests and replies: pure functions, in the order in which they act."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from bms_emulator.interfaces.modbus.pdu import BIT_READS, READ_WRITE, REGISTER_READS, TABLE_OF

Settings = Mapping[str, Any]
"""Settings of a fault."""

_DATA = {**dict.fromkeys((*BIT_READS, *REGISTER_READS, READ_WRITE), 2)}
"""Where the data of a reply begins, by function."""
_WORD = 2


def shift(pdu: bytes, settings: Settings) -> bytes:
    """A request for other addresses."""
    if pdu[0] not in TABLE_OF:
        return pdu
    moved = bytearray(pdu)
    for at in (1, 5) if pdu[0] == READ_WRITE else (1,):
        if len(pdu) >= at + _WORD:
            address = int.from_bytes(pdu[at : at + _WORD], "big")
            moved[at : at + _WORD] = ((address + int(settings["by"])) & 0xFFFF).to_bytes(_WORD, "big")
    return bytes(moved)


def swap_words(pdu: bytes, settings: Settings) -> bytes:
    """A reply whose registers are exchanged in pairs."""
    return _regrouped(pdu, 2 * _WORD, lambda pair: pair[_WORD:] + pair[:_WORD])


def swap_bytes(pdu: bytes, settings: Settings) -> bytes:
    """A reply whose registers have their bytes exchanged."""
    return _regrouped(pdu, _WORD, lambda register: register[::-1])


def wrong_function(pdu: bytes, settings: Settings) -> bytes:
    """A reply to another function."""
    return _added(pdu, 0, settings) if settings["field"] == "function" else pdu


def wrong_unit(frame: bytes, settings: Settings) -> bytes:
    """A reply, beginning with its unit, from another one."""
    return _added(frame, 0, settings) if settings["field"] == "unit" else frame


def wrong_header(frame: bytes, settings: Settings) -> bytes:
    """A frame of TCP with a wrong transaction or length."""
    at = {"transaction": 0, "length": 4}.get(settings["field"])
    if at is None:
        return frame
    wrong = (int.from_bytes(frame[at : at + _WORD], "big") + int(settings["by"])) & 0xFFFF
    return frame[:at] + wrong.to_bytes(_WORD, "big") + frame[at + _WORD :]


def truncate(frame: bytes, settings: Settings) -> bytes:
    """A frame without its end."""
    return frame[: max(1, len(frame) - int(settings["missing"]))]


def corrupt(frame: bytes, settings: Settings, first: int, chance: random.Random) -> bytes:
    """A frame with flipped bits, no one twice, from a byte on."""
    spoilt = bytearray(frame)
    room = range(8 * min(first, len(frame) - 1), 8 * len(frame))
    for bit in chance.sample(room, min(int(settings["bits"]), len(room))):
        spoilt[bit // 8] ^= 1 << bit % 8
    return bytes(spoilt)


REQUEST: dict[str, Callable[[bytes, Settings], bytes]] = {"modbus-shift": shift}
"""Acts on the PDU of a request."""
REPLY: dict[str, Callable[[bytes, Settings], bytes]] = {
    "modbus-byte-swap": swap_bytes,
    "modbus-word-swap": swap_words,
    "modbus-wrong": wrong_function,
}
"""Acts on the PDU of a reply."""


def _regrouped(pdu: bytes, size: int, arranged: Callable[[bytes], bytes]) -> bytes:
    """A reply with registers in which groups of so many bytes are arranged anew; what is left over stays."""
    start = _DATA.get(pdu[0])
    if start is None or pdu[0] in BIT_READS:
        return pdu
    data = pdu[start:]
    whole = len(data) - len(data) % size
    return pdu[:start] + b"".join(arranged(data[n : n + size]) for n in range(0, whole, size)) + data[whole:]


def _added(data: bytes, at: int, settings: Settings) -> bytes:
    return data[:at] + bytes(((data[at] + int(settings["by"])) & 0xFF,)) + data[at + 1 :]
