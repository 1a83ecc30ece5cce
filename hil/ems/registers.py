"""Registers as a device's manual lists them: where a value stands, how it is coded, and what it is in SI."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_FORMATS = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "f32": ">f"}
_NONE = {"u16": 0xFFFF, "i16": -0x8000, "u32": 0xFFFFFFFF, "i32": -0x80000000, "u64": 0xFFFFFFFFFFFFFFFF}
"""What a type says where there is no value."""


@dataclass(frozen=True)
class Field:
    """A value within a block of registers: ``raw * scale * 10 ** factor + offset``.

    Attributes:
        at: First register, from the start of the block.
        kind: How it is coded; words stand with the most significant one first.
        scale: To SI.
        offset: Added after scaling.
        factor: Register that holds a power of ten, from the start of the block; None where there is none.
        plain: Whether every number is a value, as of bits.
    """

    at: int
    kind: str = "u16"
    scale: float = 1.0
    offset: float = 0.0
    factor: int | None = None
    plain: bool = False


Fields = Mapping[str, Field]
"""Values of a block, by name."""


def words(kind: str) -> int:
    """Registers that a type takes."""
    return struct.calcsize(_FORMATS[kind]) // 2


def decode(field: Field, registers: Sequence[int]) -> float:
    """The value in SI; NaN where the device has none."""
    raw = unpack(field.kind, registers[field.at : field.at + words(field.kind)])
    if not field.plain and raw == _NONE.get(field.kind):
        return math.nan
    power = 0.0 if field.factor is None else unpack("i16", registers[field.factor : field.factor + 1])
    return float(raw * field.scale * 10.0**power + field.offset)


def unpack(kind: str, registers: Sequence[int]) -> float:
    """A number from its registers."""
    number: float = struct.unpack(_FORMATS[kind], struct.pack(f">{len(registers)}H", *registers))[0]
    return number


def pack(kind: str, value: float) -> tuple[int, ...]:
    """Registers of a number."""
    number = value if kind == "f32" else round(value)
    return struct.unpack(f">{words(kind)}H", struct.pack(_FORMATS[kind], number))
