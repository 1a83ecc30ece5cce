"""How a point's value becomes the raw value of a row or of a part of one: the line or the table, checked."""

import math

from bms_emulator.interfaces.modbus.binding import conversion_of
from bms_emulator.interfaces.modbus.conversion import Conversion
from bms_emulator.interfaces.modbus.formats import Coding, Format
from bms_emulator.interfaces.modbus.layout import Place
from bms_emulator.interfaces.modbus.map import Row, Shown
from bms_emulator.points.catalogue import Family
from bms_emulator.profile.wording import near


def line_of(family: Family, shown: Shown, place: Place, form: Format, *, whole: bool) -> Conversion:
    """The line from a value of a family in SI to the raw value; the neutral one where there is a table.

    Args:
        family: The family.
        shown: The row or part.
        place: The row.
        form: Format of the row or part.
        whole: Whether the sentinel is a value like any other.

    Raises:
        ValueError: The unit cannot show such a value, or the format cannot hold what the point may be.
    """
    if shown.table is not None:
        return Conversion()
    line = conversion_of(place, shown, family.slot.info.unit)
    if shown.negate and family.slot.info.kind == "boolean":
        line = Conversion(-1.0, 1.0)
    if shown.modulo is None:
        _check_range(family, line, *bounds_of(form, whole=whole), absolute=shown.absolute)
    elif form.coding is Coding.FLOAT:
        raise ValueError(f"modulo = {shown.modulo}: a floating-point number has no remainder")
    elif shown.modulo - 1 > form.high:
        raise ValueError(f"modulo = {shown.modulo}: the format takes {form.low} to {form.high}")
    return line


def is_whole(family: Family, row: Row, *, packed: bool) -> bool:
    """Whether the sentinel of a format is a value like any other.

    It is of what a master may write, and of some bits that hold an enumeration: that always has a value.
    """
    kind = family.slot.info.kind
    return kind != "float" and (row.access == "rw" or (packed and kind in ("enum", "boolean")))


def bounds_of(form: Format, *, whole: bool) -> tuple[float, float]:
    """Lowest and highest raw value that a format shows."""
    return (-math.inf, math.inf) if form.coding is Coding.FLOAT else form.bounds(whole=whole)


def table_of(
    family: Family, shown: Shown, form: Format, *, whole: bool, partial: bool = False
) -> dict[int, int] | None:
    """Register value by point value, None where the row or part has no table.

    Args:
        family: The family.
        shown: The row or part.
        form: Format of the row or part.
        whole: Whether the sentinel is a value like any other.
        partial: Whether choices may be missing, as where it is written only.

    Raises:
        ValueError: A name is unknown, a choice is missing, or a register value does not fit.
    """
    if shown.table is None:
        return None
    info = family.slot.info
    if info.kind == "float":
        raise ValueError(f"table: {family.name} is a number in {info.unit}, not an enumeration")
    low, high = bounds_of(form, whole=whole)
    choices = info.choices or ({0: "no", 1: "yes"} if info.kind == "boolean" else {})
    names = {text: number for number, text in choices.items()}
    table: dict[int, int] = {}
    for key, raw in shown.table.items():
        if key in names:
            table[names[key]] = raw
        elif key.isdecimal() and (int(key) in choices or not choices):
            table[int(key)] = raw
        else:
            raise ValueError(f"table: {key!r} is no value of {family.name}{near(key, list(names))}")
        if not low <= raw <= high:
            raise ValueError(f"table: {key} = {raw}: the format takes {low:.0f} to {high:.0f}")
    missing = [text for number, text in choices.items() if number not in table and not partial]
    if missing or not table:
        raise ValueError(f"table: lacks {', '.join(missing) or 'values'}")
    return table


def _check_range(family: Family, line: Conversion, low: float, high: float, *, absolute: bool) -> None:
    """Refuse a format that cannot hold what the point may be.

    Raises:
        ValueError: It cannot.
    """
    info = family.slot.info
    ends = [*(info.choices or {}), *(end for end in info.limits or () if math.isfinite(end))]
    raws = [line.raw(abs(end) if absolute else end) for end in ends] if info.kind != "bitfield" else []
    outside = [raw for raw in raws if not low - 0.5 < raw < high + 0.5]
    if outside:
        raise ValueError(f"{family.name} may be {outside[0]:g} as raw value; the format takes {low:g} to {high:g}")
