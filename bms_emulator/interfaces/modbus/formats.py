"""Register formats: how many words a value takes, which raw values it may have, and which one means "no value"."""

import math
import struct
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

REGISTER_BITS = 16


class Coding(IntEnum):
    """How the encoding kernel writes a value; compiled into it, which bms_emulator.jit sees by being named here."""

    INTEGER = 0
    """A straight line, rounded and clamped."""
    FLOAT = 1
    """A straight line, as a floating-point number."""
    TABLE = 2
    """By a table."""
    REDUCED = 3
    """A straight line, of the magnitude or to the remainder."""


@dataclass(frozen=True)
class Format:
    """Format of a value in registers.

    Attributes:
        words: Registers; 0 where the row gives the number.
        low: Lowest raw value.
        high: Highest raw value.
        sentinel: Raw value, unsigned, that means "not implemented" or "no value".
        coding: How it is written.
        little: Whether the least significant word comes first.
    """

    words: int
    low: int
    high: int
    sentinel: int
    coding: Coding = Coding.INTEGER
    little: bool = False

    def bounds(self, *, whole: bool) -> tuple[int, int]:
        """Lowest and highest raw value; a sentinel at the end of the range is left out unless ``whole``."""
        if whole or self.high == 1:
            return self.low, self.high
        signed = self.sentinel if self.sentinel <= self.high else self.sentinel - (1 << 16 * self.words)
        return self.low + (signed == self.low < 0), self.high - (signed == self.high)

    def pack(self, raw: float) -> bytes:
        """Bytes of a raw value as they stand in the registers.

        Raises:
            ValueError: It does not fit.
        """
        if self.coding is Coding.FLOAT:
            return self.ordered(_float_bytes(raw, self.words))
        whole = int(raw)
        if not self.low <= whole <= self.high:
            raise ValueError(f"{whole} does not fit; allowed are {self.low} to {self.high}")
        return self.ordered((whole % (1 << 16 * self.words)).to_bytes(2 * self.words, "big"))

    def unpack(self, data: bytes) -> float:
        """Raw value of the bytes of its registers; NaN where it is the sentinel of a float."""
        data = self.ordered(data)
        if self.coding is Coding.FLOAT:
            return float(struct.unpack(_FLOAT[self.words], data)[0])
        return int.from_bytes(data, "big", signed=self.low < 0)

    def with_missing(self, raw: float) -> Self:
        """The same with another raw value for "no value".

        Raises:
            ValueError: It does not fit.
        """
        return replace(self, sentinel=self.bits(raw))

    def bits(self, raw: float) -> int:
        """A raw value as an unsigned number of all its bits.

        Raises:
            ValueError: It does not fit.
        """
        return int.from_bytes(replace(self, little=False).pack(raw), "big")

    @property
    def missing(self) -> bytes:
        """Bytes that mean "not implemented" or "no value"."""
        return self.ordered(self.sentinel.to_bytes(2 * self.words, "big"))

    def ordered(self, data: bytes) -> bytes:
        """Bytes in network order as they stand in the registers, or back."""
        if not self.little:
            return data
        return b"".join(data[n : n + 2] for n in range(len(data) - 2, -1, -2))


_FLOAT = {2: ">f", 4: ">d"}
"""By number of registers."""


def _float_bytes(value: float, words: int) -> bytes:
    """IEEE 754; what is too large is infinite."""
    try:
        return struct.pack(_FLOAT[words], value)
    except OverflowError:
        return struct.pack(_FLOAT[words], math.copysign(math.inf, value))


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


def bit_format(width: int) -> Format:
    """Format of some bits of a register; all ones mean no value, but of a single bit 0 does."""
    high = (1 << width) - 1
    return Format(1, 0, high, high if width > 1 else 0)
