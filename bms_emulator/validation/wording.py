"""Numbers of a validation as people read them."""

import math
from collections.abc import Sequence

from bms_emulator.page import number
from bms_emulator.validation.check import Row


def unit(row: Row) -> str:
    """Unit of a row, nothing for a ratio."""
    return "" if row.unit == "1" else row.unit


def quantity(value: float, row: Row, digits: int = 4) -> str:
    """A number with the unit of its row."""
    return f"{number(value, digits)} {unit(row)}".rstrip()


def reference(row: Row) -> str:
    """What ours is compared with."""
    if math.isinf(row.lowest):
        return f"≤ {quantity(row.highest, row)}"
    if math.isinf(row.highest):
        return f"≥ {quantity(row.lowest, row)}"
    if row.lowest == row.highest:
        return quantity(row.lowest, row)
    return f"{number(row.lowest)} to {quantity(row.highest, row)}"


def difference(row: Row) -> str:
    """How far ours is from the reference, with its sign."""
    sign = "+" if row.difference > 0 else ""
    return sign + quantity(row.difference, row, 3)


def tolerance(row: Row) -> str:
    """How far it may be."""
    if not row.judged:
        return "open"
    return f"± {quantity(row.tolerance, row, 2)}" if row.tolerance else "none"


def tally(rows: Sequence[Row]) -> str:
    """How many of some rows held."""
    judged = [row for row in rows if row.judged]
    text = f"{sum(row.held for row in judged)} of {len(judged)} rows held"
    return text + (f", {len(rows) - len(judged)} not judged" if len(judged) < len(rows) else "")


def verdict(row: Row) -> str:
    """Whether it held."""
    if not row.judged:
        return "not judged"
    return "held" if row.held else "failed"
