"""Recorded steps of a firmware as tables."""

import csv
import io
import shutil
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bms_emulator.firmware.native.trace import Trace
from bms_emulator.firmware.native.trace_fields import Column

_WIDTH = 120
"""Where the output is no terminal."""
_GAP = "  "
_NOTHING = "-"
_HEADINGS = ("step", "time/s")


def seconds(trace: Trace, index: int) -> float:
    """Time of a record [s]."""
    return int(trace.records["t_ns"][index]) / 1e9


def changing(columns: Iterable[Column]) -> list[Column]:
    """Columns of which any two steps differ."""
    return [column for column in columns if column.changed().any()]


def changed_rows(columns: Sequence[Column], count: int) -> list[int]:
    """The first step, and all in which a column differs from the step before."""
    changed = np.zeros(count, np.bool_)
    changed[:1] = True
    for column in columns:
        changed |= column.changed()
    return [int(row) for row in np.flatnonzero(changed)]


def text_table(trace: Trace, columns: Sequence[Column], rows: Sequence[int]) -> str:
    """A table for people; where it is wider than the terminal, one below the other."""
    lead = [
        [_HEADINGS[0], *(str(int(trace.records["step"][row])) for row in rows)],
        [_HEADINGS[1], *(f"{seconds(trace, row):.3f}" for row in rows)],
    ]
    body = [[column.name, *(_shown(trace, column, row) for row in rows)] for column in columns]
    limit = shutil.get_terminal_size((_WIDTH, 24)).columns
    parts: list[list[list[str]]] = []
    for cells in body:
        if not parts or _width([*lead, *parts[-1], cells]) > limit:
            parts.append([])
        parts[-1].append(cells)
    return "\n\n".join(_lines([*lead, *part]) for part in parts)


def csv_table(trace: Trace, columns: Sequence[Column], rows: Sequence[int]) -> str:
    """The values as comma-separated values; what is invalid is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", "time_s", *(column.name for column in columns)])
    for row in rows:
        values = [value_at(trace, column, row) for column in columns]
        writer.writerow([int(trace.records["step"][row]), seconds(trace, row), *values])
    return out.getvalue().rstrip()


def json_rows(trace: Trace, columns: Sequence[Column], rows: Sequence[int]) -> list[dict[str, Any]]:
    """The values as plain data."""
    return [
        {
            "step": int(trace.records["step"][row]),
            "time_s": seconds(trace, row),
            "period_s": int(trace.records["dt_ns"][row]) / 1e9,
            "periods": int(trace.records["periods"][row]),
            "complete": bool(trace.records["complete"][row]),
            "values": {column.name: value_at(trace, column, row) for column in columns},
        }
        for row in rows
    ]


def value_at(trace: Trace, column: Column, row: int) -> Any:
    """A value for programs; None where it is invalid, or where the firmware gave no answer."""
    return column.value(row) if _is_there(trace, column, row) else None


def _shown(trace: Trace, column: Column, row: int) -> str:
    return column.text(row) if _is_there(trace, column, row) else _NOTHING


def _is_there(trace: Trace, column: Column, row: int) -> bool:
    return column.side == "inputs" or bool(trace.records["complete"][row])


def _widths(columns: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, cells)) for cells in columns]


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(_widths(columns)) + len(_GAP) * (len(columns) - 1)


def _lines(columns: Sequence[Sequence[str]]) -> str:
    widths = _widths(columns)
    rows = zip(*columns, strict=True)
    return "\n".join(_GAP.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
