"""Register formats: how many words a value takes, which raw values it may have, and which one means "no value"."""

import struct
from dataclasses import dataclass
from enum import IntEnum


class Coding(IntEnum):
    """How the encoding kernel writes a value; compiled into it, which bms_emulator.jit sees by being named here."""

    INTEGER = 0
    FLOAT = 1
    TABLE = 2


@dataclass(frozen=True)
class Format:
    """Format of a value in registers, most significant word first.

    Attributes:
        words: Registers; 0 where the row gives the number.
        low: Lowest raw value.
        high: Highest raw value.
        sentinel: Raw value, unsigned, that means "not implemented" or "no value".
        coding: How it is written.
    """

    words: int
    low: int
    high: int
    sentinel: int
    coding: Coding = Coding.INTEGER

    def bounds(self, *, whole: bool) -> tuple[int, int]:
        """Lowest and highest raw value, the sentinel left out unless ``whole``."""
        if whole:
            return self.low, self.high
        signed = self.sentinel if self.sentinel <= self.high else self.sentinel - (1 << 16 * self.words)
        return self.low + (signed == self.low), self.high - (signed == self.high)

    def pack(self, raw: float) -> bytes:
        """Bytes of a raw value in network order.

        Raises:
            ValueError: It does not fit.
        """
        if self.coding is Coding.FLOAT:
            return struct.pack(">f", raw)
        whole = int(raw)
        if not self.low <= whole <= self.high:
            raise ValueError(f"{whole} does not fit; allowed are {self.low} to {self.high}")
        return (whole % (1 << 16 * self.words)).to_bytes(2 * self.words, "big")

    def unpack(self, data: bytes) -> float:
        """Raw value of bytes in network order; NaN where it is the sentinel of a float."""
        if self.coding is Coding.FLOAT:
            return float(struct.unpack(">f", data)[0])
        return int.from_bytes(data, "big", signed=self.low < 0)

    @property
    def missing(self) -> bytes:
        """Bytes that mean "not implemented"."""
        return self.sentinel.to_bytes(2 * self.words, "big")


FORMATS: dict[str, Format] = {
    "u16": Format(1, 0, 0xFFFF, 0xFFFF),
    "i16": Format(1, -0x8000, 0x7FFF, 0x8000),
    "u32": Format(2, 0, 0xFFFFFFFF, 0xFFFFFFFF),
    "i32": Format(2, -0x80000000, 0x7FFFFFFF, 0x80000000),
    "u64": Format(4, 0, (1 << 64) - 1, (1 << 64) - 1),
    "i64": Format(4, -(1 << 63), (1 << 63) - 1, 1 << 63),
    "f32": Format(2, 0, 0, 0x7FC00000, Coding.FLOAT),
    "f64": Format(4, 0, 0, 0x7FF8 << 48, Coding.FLOAT),
    "enum16": Format(1, 0, 0xFFFF, 0xFFFF),
    "enum32": Format(2, 0, 0xFFFFFFFF, 0xFFFFFFFF),
    "bitfield16": Format(1, 0, 0xFFFF, 0xFFFF),
    "bitfield32": Format(2, 0, 0xFFFFFFFF, 0xFFFFFFFF),
    "bitfield64": Format(4, 0, (1 << 64) - 1, (1 << 64) - 1),
    "packed": Format(1, 0, 0xFFFF, 0xFFFF),
    "bit": Format(1, 0, 1, 0),
    "sunssf": Format(1, -10, 10, 0x8000),
    "pad": Format(1, -0x8000, -0x8000, 0x8000),
    "string": Format(0, 0, 0, 0),
}
"""By the name a map gives it. Sizes and sentinels: SunSpec Device Information Model Specification."""
