"""Values of points as JSON knows them, for the interfaces that speak JSON."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.faults.quantity import BY_UNIT, TEMPERATURE, TEMPERATURE_DIFFERENCE, quantity
from bms_emulator.interfaces.link import Link
from bms_emulator.points.catalogue import Catalogue, Family, PointError, Selection

Plain = float | int | bool | str | None
"""A value as JSON knows it; None where a measurement is invalid."""

SELECTOR_LENGTH_MAX = 256
DEPTH_MAX = 16
"""Deepest nesting of JSON that is taken from outside."""


def plain(family: Family, value: float) -> Plain:
    """A point's value for JSON, in SI: None for NaN, ``"infinity"``, numbers with nine significant digits."""
    if not math.isfinite(value):
        return _not_finite(value)
    kind = family.slot.info.kind
    if kind == "boolean":
        return value != 0.0
    if kind == "float":
        return float(f"{value:.9g}")
    return int(value)


def text(family: Family, value: float) -> str | None:
    """Name of an enumeration's value; None where the point is no enumeration or the value has no name."""
    info = family.slot.info
    if info.choices is None or info.kind != "enum" or not math.isfinite(value):
        return None
    return info.choices.get(int(value))


def wording(family: Family, value: float) -> str | None:
    """What a value is called: the name of an enumeration's, the bits that a bitfield has set; None where neither."""
    info = family.slot.info
    if info.choices is None or info.kind != "bitfield" or not math.isfinite(value):
        return text(family, value)
    return ", ".join(name for bit, name in info.choices.items() if int(value) >> bit & 1) or "none"


def number(family: Family, value: object) -> float:
    """The SI value that a JSON value asks a point to take.

    Raises:
        PointError: The point does not take it; the message says what it takes.
    """
    return family.check(reading(family, value))


def reading(family: Family, value: object) -> float:
    """The SI value that a JSON value stands for at a point, whether or not the point takes it.

    It is a number, true or false, the name of a choice, or a text with a number and its unit, ``200kW``.

    Raises:
        PointError: It stands for nothing there; the message says what would.
    """
    info = family.slot.info
    if isinstance(value, bool):
        if info.kind != "boolean":
            raise PointError(f"{family.name} = {json.dumps(value)}: must be {_takes(family)}")
        return float(value)
    if isinstance(value, str):
        named = {choice: float(n) for n, choice in (info.choices or {}).items()}
        if info.limits is not None and math.isinf(info.limits[1]):
            named["infinity"] = math.inf
        return named[value] if value in named else _measured(family, value, tuple(named))
    if isinstance(value, int | float):
        if not -sys.float_info.max <= value <= sys.float_info.max:
            raise PointError(f"{family.name}: must be {_takes(family)}, and finite")
        return float(value)
    raise PointError(f"{family.name}: must be {_takes(family)}, not {type(value).__name__}")


def select(catalogue: Catalogue, selector: str, most: int) -> list[Selection]:
    """What a selector picks, if it is not too much.

    Raises:
        PointError: It picks nothing, or more than ``most`` points; the message says how to narrow it.
    """
    if len(selector) > SELECTOR_LENGTH_MAX:
        raise PointError(f"{selector[:40]}...: a selector has at most {SELECTOR_LENGTH_MAX} characters")
    selections = catalogue.select(selector)
    count = sum(len(selection) for selection in selections)
    if count > most:
        raise PointError(
            f"{selector}: picks {count} points, at most {most} are given at once; "
            f"narrow it with indices, e.g. {_narrowed(selections[0])}"
        )
    return selections


def read(link: Link, selections: list[Selection]) -> tuple[list[Array], int, float]:
    """Values of each selection, all of one tick: (values, tick, simulated time [s])."""
    offsets = [selection.offsets() for selection in selections]
    values, tick, time = link.values(np.concatenate(offsets))
    ends = np.cumsum([len(part) for part in offsets])
    return np.split(values, ends[:-1]), tick, time


def writes(catalogue: Catalogue, values: Mapping[str, object], most: int) -> list[list[float]]:
    """Arena offsets and SI values for a ``write`` command, from values by point name or selector.

    Raises:
        PointError: All problems at once.
    """
    pairs: list[list[float]] = []
    problems: list[str] = []
    near: tuple[str, ...] = ()
    for selector, value in values.items():
        try:
            for selection in select(catalogue, selector, most):
                wanted = number(selection.family, value)
                pairs += [[int(offset), wanted] for offset in selection.offsets()]
        except PointError as error:
            problems.append(str(error))
            near = near or error.near
    if len(pairs) > most:
        problems.append(f"{len(pairs)} points written at once; at most {most}")
    if problems:
        raise PointError("; ".join(problems), near)
    return pairs


def _measured(family: Family, value: str, near: tuple[str, ...]) -> float:
    """SI value of a number with a unit."""
    dimension = BY_UNIT.get(family.unit)
    if dimension is TEMPERATURE and family.limits is not None and family.limits[0] <= 0.0:
        dimension = TEMPERATURE_DIFFERENCE  # no temperature is as low as that
    if dimension is None or not value.lstrip("+-.")[:1].isdigit() or value[-1].isdigit():
        raise PointError(f"{family.name} = {json.dumps(value[:40])}: must be {_takes(family)}", near)
    try:
        return quantity(value, dimension)
    except ValueError as error:
        raise PointError(f"{family.name}: {error}") from None


def _not_finite(value: float) -> str | None:
    return None if math.isnan(value) else "infinity" if value > 0 else "-infinity"


def _takes(family: Family) -> str:
    info = family.slot.info
    if info.choices is not None:
        return "one of " + ", ".join(f"{n} ({choice})" for n, choice in info.choices.items())
    return "true, false, 1 or 0" if info.kind == "boolean" else f"a number {info.unit and f'[{info.unit}]'}".rstrip()


def _narrowed(selection: Selection) -> str:
    return selection.family.point_name(tuple(chosen[0] for chosen in selection.indices))


def too_deep(value: Any) -> bool:
    """Whether JSON data are nested deeper than ``DEPTH_MAX`` levels."""
    layer = [value]
    for _ in range(DEPTH_MAX):
        layer = [
            item
            for parent in layer
            if isinstance(parent, dict | list)
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return bool(layer)


def dumps(value: Any) -> str:
    """Compact JSON text; NaN, which JSON does not know, becomes null, and an infinity its name."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
