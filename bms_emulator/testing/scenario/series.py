"""Values over time for points, from a CSV file."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bms_emulator.interfaces.values import writes
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.errors import Problem

TIME_COLUMN: Final = "time_s"
ROWS_MAX: Final = 1_000_000


@dataclass(frozen=True)
class Series:
    """Values to write, in order.

    Attributes:
        rows: Time since the beginning [s], and values by point, SI numbers or texts.
    """

    rows: tuple[tuple[float, Mapping[str, float | str]], ...] = ()


def read_series(path: Path, label: str, catalogue: Catalogue) -> tuple[Series, list[Problem]]:
    """The values of a CSV file, with all that is wrong with it.

    Args:
        path: File: column ``time_s``, increasing, and a column for each point; an empty field writes nothing.
        label: How to show it to the user.
        catalogue: Points of the site.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = list(csv.reader(stream))[: ROWS_MAX + 2]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "must be a CSV file of UTF-8 text"
        return Series(), [Problem(label, 0, "", f"cannot be read: {reason}")]
    if not lines or TIME_COLUMN not in (header := [name.strip() for name in lines[0]]) or len(header) < 2:
        return Series(), [Problem(label, 1, "", f"must have a column {TIME_COLUMN} and one for each point")]
    if len(lines) < 2 or len(lines) > ROWS_MAX + 1:
        return Series(), [Problem(label, 0, "", f"must have from 1 to {ROWS_MAX} rows of values")]
    rows: list[tuple[float, Mapping[str, float | str]]] = []
    problems: list[Problem] = []
    last = -math.inf
    for number, fields in enumerate(lines[1:], 2):
        if len(fields) != len(header):
            problems.append(Problem(label, number, "", f"has {len(fields)} fields, not {len(header)}"))
            continue
        row = {name: _value(field) for name, field in zip(header, fields, strict=True) if field.strip()}
        time = row.pop(TIME_COLUMN, "")
        if not isinstance(time, float) or not math.isfinite(time) or time < 0.0 or time <= last:
            problems.append(Problem(label, number, TIME_COLUMN, "must be a number, increasing from 0 on", str(time)))
            continue
        last = time
        try:
            writes(catalogue, row, catalogue.layout.size)
        except ValueError as error:
            problems.append(Problem(label, number, "", str(error)))
        rows.append((time, row))
    return Series(tuple(rows)), problems


def _value(field: str) -> float | str:
    try:
        return float(field)
    except ValueError:
        return field.strip()
