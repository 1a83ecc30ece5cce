"""Conditions on points: what a fault waits for.

    rack[3].soc < 20%
    rack[*].cell_voltage_max > 3.5V and container[1].mode == connected for 2s
    emulator.time >= 1h or plant.rack[1].cell[7].temperature > 60degC

Comparisons are joined by ``and`` and ``or``, of which ``and`` binds closer; ``for`` says how long the whole must hold.
A selector of several points is met by any one of them. An invalid value (NaN) meets no comparison.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array, FieldInfo
from bms_emulator.faults.quantity import BY_UNIT, RATIO, TIME, quantity
from bms_emulator.faults.shape import microseconds
from bms_emulator.faults.spec import FaultError, near
from bms_emulator.faults.target import Catalogue

POINTS_MAX = 10_000
"""Most points that a condition looks at in every tick."""

SIGNS: Final[dict[str, Callable[[Array, float], NDArray[np.bool_]]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": lambda values, value: (values != value) & ~np.isnan(values),
}
"""What a comparison may ask."""

_COMPARISON = re.compile(r"^(?P<point>[^<>=!]+?)\s*(?P<sign>[<>=!]+)\s*(?P<value>[^<>=!]+)$")
_SHAPE = "write a point, one of " + ", ".join(SIGNS) + ", and a value, such as rack[3].soc < 20%"
_NUMBERED = re.compile(r"[+-]?\.?\d")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Points compared with a value.

    Attributes:
        offsets: Their positions in the arena.
        sign: One of :data:`SIGNS`.
        value: In SI.
    """

    offsets: NDArray[np.int64]
    sign: str
    value: float

    def holds(self, buffer: Array) -> bool:
        """Whether any of the points meets it now."""
        return bool(SIGNS[self.sign](buffer[self.offsets], self.value).any())


@dataclass(frozen=True, eq=False)
class Condition:
    """What a fault waits for.

    Attributes:
        text: As it was written.
        alternatives: One of these must hold; each is comparisons that must all hold.
        held: Time for which it must hold without a break [µs].
    """

    text: str
    alternatives: tuple[tuple[Comparison, ...], ...]
    held: int

    def holds(self, buffer: Array) -> bool:
        """Whether it is met now, however long it has been."""
        return any(all(comparison.holds(buffer) for comparison in each) for each in self.alternatives)


def read_condition(text: str, catalogue: Catalogue) -> Condition:
    """The condition that a text means at a site.

    Raises:
        FaultError: It means none; says where, what is allowed and what is near.
    """
    body, _, held = _last(text, "for")
    try:
        time = quantity(held, TIME) if held else 0.0
        if time < 0.0:
            raise ValueError(f"for {held}: must be >= 0")
        alternatives = tuple(
            tuple(_comparison(part, catalogue) for part in _split(each, "and")) for each in _split(body, "or")
        )
    except ValueError as error:
        raise FaultError(f"when: {text.strip()!r}: {error}") from None
    count = sum(len(comparison.offsets) for each in alternatives for comparison in each)
    if count > POINTS_MAX:
        raise FaultError(f"when: {text.strip()!r}: looks at {count} points; at most {POINTS_MAX} in every tick")
    return Condition(text.strip(), alternatives, microseconds(time))


def _last(text: str, word: str) -> tuple[str, str, str]:
    """What stands before and after a word, everything before where it does not stand there."""
    head, found, tail = re.sub(rf"\s+{word}\s+", f" {word} ", text.strip()).rpartition(f" {word} ")
    return (head, found, tail) if found else (text, "", "")


def _split(text: str, word: str) -> list[str]:
    return re.split(rf"\s+{word}\s+", text.strip())


def _comparison(text: str, catalogue: Catalogue) -> Comparison:
    match = _COMPARISON.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no comparison; {_SHAPE}")
    if match["sign"] not in SIGNS:
        raise ValueError(f"{text!r}: {match['sign']!r} is no comparison; allowed: {', '.join(SIGNS)}")
    selections = catalogue.select(match["point"])
    if len(selections) != 1:
        raise ValueError(f"{match['point']}: picks points of {len(selections)} kinds; name one")
    (selection,) = selections
    value = _value(match["value"].strip().strip("'\""), selection.family.slot.info, match["point"])
    return Comparison(selection.offsets(), match["sign"], value)


def _value(text: str, info: FieldInfo, point: str) -> float:
    """SI value that a text stands for at a point: the name of a choice, true or false, or a number with its unit."""
    named = {"true": 1.0, "false": 0.0} if info.kind == "boolean" else {}
    if info.kind == "enum":
        named |= {choice: float(number) for number, choice in (info.choices or {}).items()}
    if text in named:
        return named[text]
    if not _NUMBERED.match(text):
        if named:
            raise ValueError(f"{point}: {text!r} is no value of it{near(text, named)}")
        raise ValueError(f"{point}: {text!r} is no number")
    if info.unit in BY_UNIT:
        return quantity(text, BY_UNIT[info.unit])
    try:
        return quantity(float(text), RATIO)
    except ValueError:
        unit = f" in {info.unit}" if info.unit else ""
        raise ValueError(f"{point}: {text!r} is no value of it; write a plain number{unit}") from None
