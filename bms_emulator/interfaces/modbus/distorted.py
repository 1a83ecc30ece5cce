"""One request that link faults have hit, and what becomes of it and of its reply."""

import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from bms_emulator.interfaces.modbus import distortion
from bms_emulator.interfaces.modbus.device import UnitPlan
from bms_emulator.interfaces.modbus.distortion import Settings
from bms_emulator.interfaces.modbus.pdu import BIT_READS, READ_WRITE, REGISTER_READS, TABLE_OF, read_answer

Hit = tuple[str, Settings, random.Random, Mapping[int, bytes]]
"""A fault that hits: its kind, its settings, its random numbers, and images of earlier by unit."""

_READS = frozenset((*BIT_READS, *REGISTER_READS, READ_WRITE))
_TCP_DATA = 8
"""First byte of a frame of TCP behind its function."""


class Distorted:
    """One request that link faults have hit.

    Args:
        unit: Unit that is addressed, None where there is none.
        hits: The faults, oldest first.

    Attributes:
        delay: How long the reply is held back [s].
    """

    def __init__(self, unit: UnitPlan | None, hits: Sequence[Hit]) -> None:
        self._unit = unit
        self._hits = hits
        self.delay = sum(max(0.0, s["time"] + s["jitter"] * c.uniform(-1.0, 1.0)) for s, c in self._of("modbus-delay"))

    def _of(self, kind: str) -> Iterator[tuple[Settings, random.Random]]:
        return ((settings, chance) for each, settings, chance, _ in self._hits if each == kind)

    def _has(self, kind: str) -> bool:
        return any(self._of(kind))

    # ---- what becomes of the request

    @property
    def resets(self) -> bool:
        """Whether the connection is reset in place of a reply."""
        return self._has("modbus-reset")

    @property
    def is_lost(self) -> bool:
        """Whether the request does not arrive."""
        return any(settings["lost"] == "request" for settings, _ in self._of("modbus-silence"))

    @cached_property
    def is_silent(self) -> bool:
        """Whether there is no reply."""
        return self._has("modbus-silence")

    @property
    def exception(self) -> int | None:
        """Code with which the request is refused, that of the oldest fault; None where it is executed."""
        return next((int(settings["code"]) for settings, _ in self._of("modbus-exception")), None)

    def request(self, pdu: bytes) -> bytes:
        """The request as it is taken."""
        for kind, distort in distortion.REQUEST.items():
            for settings, _ in self._of(kind):
                pdu = distort(pdu, settings)
        return pdu

    # ---- what becomes of the reply

    def reply(self, request: bytes, pdu: bytes) -> bytes:
        """The reply to a request as it leaves, which was taken as this one."""
        if pdu[0] in _READS and self._unit is not None:
            pdu = self._reread(self._unit, request, pdu)
        for kind, distort in distortion.REPLY.items():
            for settings, _ in self._of(kind):
                pdu = distort(pdu, settings)
        return pdu

    def content(self, number: int, pdu: bytes) -> bytes:
        """Unit and reply."""
        content = bytes((number,)) + pdu
        for settings, _ in self._of("modbus-wrong"):
            content = distortion.wrong_unit(content, settings)
        return content

    def frame(self, frame: bytes, *, tcp: bool) -> bytes:
        """The frame as it goes on the wire."""
        if tcp:
            for settings, _ in self._of("modbus-wrong"):
                frame = distortion.wrong_header(frame, settings)
        for settings, _ in self._of("modbus-truncate"):
            frame = distortion.truncate(frame, settings)
        for settings, chance in self._of("modbus-corrupt"):
            frame = distortion.corrupt(frame, settings, _TCP_DATA if tcp else 0, chance)
        copies = 1
        for settings, _ in self._of("modbus-duplicate"):
            copies *= int(settings["copies"])
        return frame * copies

    @property
    def is_kept_back(self) -> bool:
        """Whether the reply goes after the next one."""
        return self._has("modbus-reorder")

    def pieces(self, frame: bytes) -> tuple[list[bytes], float]:
        """What leaves at once, and the time between two of that [s]; the smallest pieces, the longest time."""
        cuts = [(1, settings["interval"]) for settings, _ in self._of("modbus-bytewise")]
        cuts += [(int(settings["size"]), settings["interval"]) for settings, _ in self._of("modbus-fragment")]
        if not cuts:
            return [frame], 0.0
        size = min(size for size, _ in cuts)
        return [frame[at : at + size] for at in range(0, len(frame), size)], max(gap for _, gap in cuts)

    def _reread(self, unit: UnitPlan, request: bytes, pdu: bytes) -> bytes:
        """A reply to a read whose registers or bits are of another time."""
        function = pdu[0]
        address, count = struct.unpack_from(">HH", request, 1)
        start = unit.locate(TABLE_OF[function], address, count)
        words = _words(function, pdu, count)
        for kind, settings, _, held in self._hits:
            if kind == "modbus-restart":
                words = bytes(len(words))
            elif unit.unit in held:
                at = start - min(part.offset for parts in unit.ranges.values() for part in parts)
                words = _mixed(words, held[unit.unit][at : at + len(words)], start, kind, settings, unit)
        return read_answer(function, words)


def _words(function: int, pdu: bytes, count: int) -> bytes:
    """Words of a reply to a read, a bit being a word that is 0 or 1."""
    if function not in BIT_READS:
        return pdu[2:]
    return b"".join(bytes((0, pdu[2 + n // 8] >> n % 8 & 1)) for n in range(count))


def _mixed(now: bytes, before: bytes, start: int, kind: str, settings: Settings, unit: UnitPlan) -> bytes:
    """Words of now and of before: of a torn image every second is of now, of a frozen one the heartbeats are."""
    if kind == "modbus-freeze":
        alive = settings["heartbeat"] == "alive"
        fresh = [at - start for at in unit.beats if start <= at < start + len(now)] if alive else []
    else:
        fresh = list(range(2, len(now), 4))
    mixed = bytearray(before)
    for at in fresh:
        mixed[at : at + 2] = now[at : at + 2]
    return bytes(mixed)
