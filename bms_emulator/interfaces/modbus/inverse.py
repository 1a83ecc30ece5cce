"""A register map in reverse: where a point stands in the registers of a device, and which value they mean."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.formats import Coding, Format
from bms_emulator.interfaces.modbus.map import Table
from bms_emulator.points.catalogue import Family

LEVELS = range(4)
"""Levels of an alarm."""


@dataclass(frozen=True, order=True)
class Register:
    """Some words of a device.

    Attributes:
        port_shift: Added to the port of the device.
        unit: Unit id.
        table: Table of the Modbus data model.
        address: First word.
        words: How many.
    """

    port_shift: int
    unit: int
    table: Table
    address: int
    words: int


@dataclass(frozen=True)
class Source:
    """Where a point stands.

    Attributes:
        registers: All that it takes to know its value.
        value: Its value in SI from the bytes of each of them; NaN where it has none.
        step: What one step of the register stands for, in SI: of two places the finer one is read.
    """

    registers: tuple[Register, ...]
    value: Callable[[Sequence[bytes]], float]
    step: float


@dataclass(frozen=True)
class Line:
    """Reads a number that stands in a register of its own, or in some bits of one.

    Attributes:
        form: Its format.
        conversion: From SI to raw.
        whole: Whether the raw value that means none is a value like any other.
        table: Point value by raw value, where it has a table; NaN where a raw value stands for several.
        shift: Lowest bit, where it is a part of a register.
        width: Bits, where it is a part of a register.
        exact: Whether a value is a whole number.
    """

    form: Format
    conversion: Conversion
    whole: bool
    table: Mapping[int, float] | None
    shift: int = 0
    width: int | None = None
    exact: bool = False

    def __call__(self, data: Sequence[bytes]) -> float:
        """The value that the bytes mean."""
        content = data[0]
        if self.width is not None:
            word = int.from_bytes(content, "big") >> self.shift & (1 << self.width) - 1
            content = word.to_bytes(2 * self.form.words, "big")
        if not self.whole and content == self.form.missing:
            return math.nan
        raw = self.form.unpack(content)
        if self.table is not None:
            return self.table.get(int(raw), math.nan) if math.isfinite(raw) else math.nan
        value = self.conversion.value(raw)
        return float(round(value)) if self.exact and math.isfinite(value) else value

    @property
    def step(self) -> float:
        """What one step stands for."""
        return 0.0 if self.table is not None or self.form.coding is Coding.FLOAT else 1.0 / abs(self.conversion.gain)


@dataclass(frozen=True)
class Sign:
    """A bit that is set by a condition on one point.

    Attributes:
        register: Where it stands.
        bit: Which bit, of the words in network order.
        little: Whether the least significant word comes first.
        low: Lowest value that sets it.
        high: Highest value that sets it.
        modulus: Of which the value is the remainder; 0 where it is whole.
    """

    register: Register
    bit: int
    little: bool
    low: float
    high: float
    modulus: float

    def is_set(self, data: bytes) -> bool:
        """Whether the bit is set."""
        order = "little" if self.little else "big"
        words = [int.from_bytes(data[n : n + 2], "big") for n in range(0, len(data), 2)]
        words = words if order == "little" else words[::-1]
        return bool(words[self.bit // 16] >> self.bit % 16 & 1)

    def means(self, value: float) -> bool:
        """Whether a value sets it."""
        rest = value % self.modulus if self.modulus else value
        return self.low <= rest <= self.high


def is_told_by_signs(family: Family) -> bool:
    """Whether conditions can tell the value of a point."""
    return family.slot.info.kind in ("boolean", "enum", "bitfield") or family.name.endswith(".alarm.level")


def source_of_signs(family: Family, signs: Sequence[Sign]) -> Source:
    """The value of a point of which only conditions are shown.

    It is the one value that sets just the bits that are set; of levels of an alarm the lowest such, as many maps do not
    tell them apart.
    """
    registers = tuple(dict.fromkeys(sign.register for sign in signs))
    info = family.slot.info
    domain = sorted(info.choices or (LEVELS if info.kind == "integer" else range(2)))

    def value(data: Sequence[bytes]) -> float:
        by_register = dict(zip(registers, data, strict=True))
        states = [(sign, sign.is_set(by_register[sign.register])) for sign in signs]
        if info.kind == "bitfield":
            return float(sum(int(sign.low) for sign, is_set in states if is_set))
        fitting = [n for n in domain if all(sign.means(float(n)) is is_set for sign, is_set in states)]
        is_clear = len(fitting) == 1 or (info.kind == "integer" and fitting)
        return float(fitting[0]) if is_clear else math.nan

    return Source(registers, value, math.inf)
