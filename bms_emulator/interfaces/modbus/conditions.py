"""Conditions by bit: which value of which point sets what."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.binding import Bound, bind
from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.formats import FORMATS, REGISTER_BITS
from bms_emulator.interfaces.modbus.layout import Place
from bms_emulator.interfaces.modbus.map import Bits, Condition, RegisterMap
from bms_emulator.interfaces.modbus.runs import Encoding
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.profile.wording import near

STEEPNESS = float(1 << 40)
"""Slope of the number that stands for a flag: what is below 1, if only by 1e-12, is as good as 0."""


class Terms(NamedTuple):
    """Positions in the arena, shape (repetitions..., terms), and window, modulus, mask and family of each term."""

    sources: NDArray[np.int64]
    windows: list[tuple[float, float, float, int]]
    families: list[str]


class LoneFlag(NamedTuple):
    """A flag that a row shows as one bit and nothing else: it is written as a number, several times as fast.

    Attributes:
        bound: The point.
        word: Register of the row that has the bit.
        encoding: How the flag becomes that register.
    """

    bound: Bound
    word: int
    encoding: Encoding


def lone_flag(catalogue: Catalogue, bits: Bits, place: Place, container: int) -> LoneFlag | None:
    """The flag of a row that shows one for each repetition and nothing else; None where it shows something else."""
    conditions = [(bit, condition) for bit, listed in bits.items() for condition in listed]
    if len(conditions) != 1 or not place.dims or place.row.parts:
        return None
    (bit, condition), form = conditions[0], FORMATS["u16"].with_missing(0)
    try:
        bound = bind(catalogue, condition.point, place, container)
    except ValueError:  # several points, or whatever else is told where terms are made
        return None
    if bound.family.slot.info.kind != "boolean" or window_of(condition, bound.family) != (1.0, math.inf, 0.0):
        return None
    word, weight = bit // REGISTER_BITS, float(1 << bit % REGISTER_BITS)
    word = word if place.format.little else place.words - 1 - word
    steep = Conversion(STEEPNESS * weight, weight - STEEPNESS * weight)
    return LoneFlag(bound, word, Encoding(form, steep, 0.0, weight))


def bits_of_row(registers: RegisterMap, place: Place) -> Bits:
    """Conditions of a row.

    Raises:
        ValueError: The map has none of that name, or a bit is beyond the row's or belongs to one of its parts.
    """
    bits = place.row.bits or {}
    if isinstance(bits, str):
        named = registers.conditions.get(bits)
        if named is None:
            raise ValueError(f"bits = {bits!r}: no such conditions{near(bits, list(registers.conditions))}")
        bits = named
    place.row.check_bits(bits)
    return bits


def terms_of(catalogue: Catalogue, bits: Bits, place: Place, container: int) -> Terms | None:
    """The terms of some conditions, None where there are none.

    Raises:
        ValueError: A condition names no point that a register may show, or a value that it has not; all of them.
    """
    terms: list[tuple[NDArray[np.int64], tuple[float, float, float, int], str]] = []
    wrong: list[str] = []
    for bit, conditions in bits.items():
        for condition in conditions:
            try:
                bound = bind(catalogue, condition.point, place, container, several=True)
                terms.append((bound.offsets, (*window_of(condition, bound.family), _mask(bit)), bound.family.name))
            except ValueError as error:
                wrong.append(f"bit {bit}: {error}")
    if wrong:
        raise ValueError("; ".join(wrong))
    if not terms:
        return None
    sources = np.concatenate([offsets for offsets, _, _ in terms], axis=-1)
    each = [(window, family) for offsets, window, family in terms for _ in range(offsets.shape[-1])]
    return Terms(sources, [window for window, _ in each], [family for _, family in each])


def _mask(bit: int) -> int:
    """A bit of a signed integer of 64."""
    return 1 << bit if bit < 63 else -(1 << 63)


def window_of(condition: Condition, family: Family) -> tuple[float, float, float]:
    """Lowest and highest value that sets the bit, and the modulus of which it is the remainder; 0 where it is whole.

    Raises:
        ValueError: The point has no value or bit of that name.
    """
    if condition.equals is not None:
        value = _named("equals", condition.equals, family, bitfield=False)
        return value, value, 0.0
    if condition.has is not None:
        weight = 2.0 ** _named("has", condition.has, family, bitfield=True)
        return weight, 2.0 * weight - 1.0, 2.0 * weight
    if condition.at_least is None:
        return (1.0, math.inf, 0.0) if condition.at_most is None else (-math.inf, condition.at_most, 0.0)
    return condition.at_least, math.inf if condition.at_most is None else condition.at_most, 0.0


def _named(key: str, name: str, family: Family, *, bitfield: bool) -> float:
    """Value of an enumeration, or number of a bit of a bitfield, by name.

    Raises:
        ValueError: The point is none, or has none of that name.
    """
    info = family.slot.info
    if (info.kind == "bitfield") != bitfield:
        raise ValueError(f"{key} = {name!r}: {family.name} is {'no' if bitfield else 'a'} bitfield")
    names = {text: float(number) for number, text in (info.choices or {}).items()}
    if name not in names:
        what = "bit" if bitfield else "value"
        raise ValueError(f"{key} = {name!r}: no {what} of {family.name}{near(name, list(names))}")
    return names[name]
