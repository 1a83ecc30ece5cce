"""Numbers of a validation as people read them."""

import math
from collections.abc import Sequence
from typing import Final

from bms_emulator.validation.check import Row

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN: Final = (1e-3, 1e6)
"""Where a number is written without a power of ten."""


def number(value: float, digits: int = 4) -> str:
    """A number to so many significant digits."""
    if not math.isfinite(value):
        return "no number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0.0:
        return "0"
    if not _PLAIN[0] <= abs(value) < _PLAIN[1]:
        mantissa, exponent = f"{value:.{max(0, digits - 3)}e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}".replace("-", "−", 1)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


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
