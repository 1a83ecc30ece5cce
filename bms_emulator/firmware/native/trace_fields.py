"""Fields of recorded steps by their names in the C header, and their values as people read them.

``soc`` is a number, ``current`` a measurement (``current.age_ms`` its age), ``cell_voltages[41]`` one of an array,
``cell_voltages[40..43]`` four of it and ``cell_voltages`` what there is to say of all. Positions count from 0.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.abi import NO_SOURCE
from bms_emulator.firmware.native.field_names import decoded
from bms_emulator.firmware.native.trace import Trace

SIDES = ("inputs", "outputs")
ALARMS = "alarms"
_PARTS = frozenset({"value", "age_ms", "valid"})
"""Of a measurement."""
HIDDEN = frozenset({"log", "log_length"})
"""What is shown otherwise."""
_SELECTION = re.compile(r"(?P<path>[a-z_0-9.]+)(\[(?P<first>\d+)(\.\.(?P<last>\d+))?\](?P<part>\.[a-z_]+)?)?")
_POSITIONS_SHOWN = 4

Value = float | int | bool | str | list[Any] | None


class FieldError(ValueError):
    """There is no such field."""


@dataclass(frozen=True)
class Column:
    """One field of all steps.

    Attributes:
        name: As selected.
        side: ``inputs`` or ``outputs``.
        raw: What is compared to find changes, (step, bytes).
        value: Value at a step, for programs; None where it is invalid.
        text: The same for people.
    """

    name: str
    side: str
    raw: NDArray[np.uint8]
    value: Callable[[int], Value]
    text: Callable[[int], str]

    def changed(self) -> NDArray[np.bool_]:
        """Steps, (step), at which it differs from the step before; not the first."""
        result = np.zeros(len(self.raw), np.bool_)
        result[1:] = (self.raw[1:] != self.raw[:-1]).any(axis=1)
        return result


def field_names(trace: Trace) -> dict[str, str]:
    """Fields that can be selected, and the side that each is on."""
    found: dict[str, str] = {}
    for side in SIDES:
        for path in _paths(trace.records.dtype[side]):
            found.setdefault(path, side)
    return found


def select(trace: Trace, selection: str, *, expand: bool = False) -> list[Column]:
    """Columns of a selection such as ``current,cell_voltages[3..5]``.

    Args:
        trace: What was recorded.
        selection: Fields with commas between them.
        expand: Whether an array without a position is a column for each; else it is one.

    Raises:
        FieldError: There is no such field, or position of it.
    """
    return [column for text in selection.split(",") for column in _select(trace, text.strip(), expand)]


def every_field(trace: Trace) -> list[Column]:
    """A column for each field."""
    return [_column(trace, name, side, None) for name, side in field_names(trace).items()]


def log_text(record: np.void) -> str:
    """What the firmware logged in a step."""
    outputs = record["outputs"]
    return bytes(outputs["log"][: int(outputs["log_length"])]).decode(errors="replace")


def alarms(record: np.void, alarm_names: dict[str, str]) -> list[dict[str, Any]]:
    """Active alarms of a step: id, name, level, source (from 0; None is the rack)."""
    outputs = record["outputs"]
    rows = outputs["alarms"][: int(outputs["alarm_count"])]
    return [
        {
            "id": int(row["id"]),
            "name": alarm_names.get(str(int(row["id"]))),
            "level": int(row["level"]),
            "source": None if int(row["source"]) == NO_SOURCE else int(row["source"]),
        }
        for row in rows
    ]


def _paths(dtype: np.dtype[Any], prefix: str = "") -> list[str]:
    found = []
    for name in dtype.names or ():
        member = dtype[name]
        if name in HIDDEN:
            continue
        if member.names is not None and "valid" not in member.names:
            found += _paths(member, f"{prefix}{name}.")
        else:
            found.append(prefix + name)
    return found


def _select(trace: Trace, text: str, expand: bool) -> list[Column]:
    match = _SELECTION.fullmatch(text)
    known = field_names(trace)
    path = match["path"] + (match["part"] or "") if match else text
    whole, _, part = path.rpartition(".")
    field = whole if part in _PARTS and whole in known else path
    if match is None or field not in known:
        near = get_close_matches(path, known, 3)
        hint = f"near: {', '.join(near)}" if near else f"there are {', '.join(known)}"
        raise FieldError(f"{text}: no such field; {hint}")
    side = known[field]
    shape = _dig(trace.records[side], field).shape
    if match["first"] is None and not (expand and len(shape) > 1 and field != ALARMS):
        return [_column(trace, path, side, None)]
    if len(shape) < 2 or field == ALARMS:
        raise FieldError(f"{text}: {field} is one; leave its position out")
    first = int(match["first"] or 0)
    last = int(match["last"] or match["first"] or shape[1] - 1)
    if not first <= last < shape[1]:
        raise FieldError(f"{text}: positions go from 0 to {shape[1] - 1}")
    return [_column(trace, path, side, position) for position in range(first, last + 1)]


def _column(trace: Trace, path: str, side: str, position: int | None) -> Column:
    values = _dig(trace.records[side], path)
    name = path
    if position is not None:
        values = values[:, position]
        name = f"{path}[{position}]"
    raw = _raw(values)
    if path == ALARMS:
        names_of: dict[str, str] = trace.header.description.get("alarms", {})
        active = [alarms(record, names_of) for record in trace.records]
        raw = _used(raw, trace.records["outputs"]["alarm_count"], values.dtype.itemsize)
        return Column(name, side, raw, active.__getitem__, lambda n: _alarm_text(active[n]))
    if values.ndim > 1:
        return Column(name, side, raw, lambda n: _listed(values[n]), lambda n: _summary(path, values[n]))
    if values.dtype.names is not None:
        return Column(name, side, raw, lambda n: _measured(values[n]), lambda n: _measured_text(values[n]))
    return Column(name, side, raw, lambda n: _plain(values[n]), lambda n: _number_text(path, values[n]))


def _raw(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Bytes of a field in each step, (step, bytes); the age of a measurement is not among them."""
    if "valid" in (values.dtype.names or ()):
        return np.concatenate([_raw(values["value"]), _raw(values["valid"])], axis=1)
    if not len(values):
        return np.zeros((0, 0), np.uint8)
    return np.frombuffer(values.tobytes(), np.uint8).reshape(len(values), -1)


def _used(raw: NDArray[np.uint8], counts: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """Entries behind those in use do not count."""
    inside = np.arange(raw.shape[1]) // size < counts[:, None]
    return np.where(inside, raw, np.uint8(0))


def _dig(block: NDArray[Any], path: str) -> NDArray[Any]:
    for name in path.split("."):
        block = block[name]
    return block


def _plain(value: Any) -> Value:
    plain: float | int = value.item()
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain


def _measured(value: Any) -> Value:
    return _plain(value["value"]) if value["valid"] else None


def _listed(values: NDArray[Any]) -> Value:
    convert = _plain if values.dtype.names is None else _measured
    return [convert(value) for value in values]


def _number_text(path: str, value: Any) -> str:
    if value.dtype.kind == "f":
        return f"{value:.7g}"
    return decoded(path, int(value)) or str(int(value))


def _measured_text(value: Any) -> str:
    return f"{value['value']:.7g}" if value["valid"] else "invalid"


def _alarm_text(active: list[dict[str, Any]]) -> str:
    rows = [
        f"{row['name'] or row['id']}:{row['level']}" + ("" if row["source"] is None else f"@{row['source']}")
        for row in active
    ]
    return " ".join(rows) or "-"


def _summary(path: str, values: NDArray[Any]) -> str:
    """An array in a few words: least..most of measurements, the positions of what is not 0 otherwise."""
    if values.dtype.names is not None:
        valid = values["value"][values["valid"] != 0]
        invalid = len(values) - len(valid)
        span = f"{valid.min():.7g}..{valid.max():.7g}" if len(valid) else "invalid"
        return f"{span} ({invalid} invalid)" if invalid and len(valid) else span
    set_at = np.flatnonzero(values)
    shown = [f"{n}:{decoded(path, int(values[n])) or int(values[n])}" for n in set_at[:_POSITIONS_SHOWN]]
    more = [f"and {len(set_at) - len(shown)} more"] if len(set_at) > len(shown) else []
    return " ".join(shown + more) or "-"
