"""Measurements in CSV files: columns found by name, with their unit in it, and every problem told with its line."""

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.profile.errors import Problem
from bms_emulator.profile.wording import near

SIZE_MAX = 1 << 28
"""Largest file [B]."""
PROBLEMS_MAX = 20
"""Problems of one file that are told; more of them say nothing new."""

_WORD = re.compile(r"[^a-z0-9]+")


class MeasurementError(Exception):
    """Measurements cannot be used.

    Attributes:
        problems: All that is wrong, with files, lines and columns.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Column:
    """A column that a file may have.

    Attributes:
        key: What it is called here, with its SI unit left out.
        names: Factor to SI by name as written, the first one being the one that is recommended.
        needed: Whether the file must have it.
        shift: What is added after the factor, for degrees Celsius.
        words: Values by text, for columns that hold words.
    """

    key: str
    names: Mapping[str, float]
    needed: bool = True
    shift: float = 0.0
    words: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Table:
    """Columns of a file.

    Attributes:
        file: The file as shown to the user.
        columns: SI values by column key, all of one length.
        lines: Line of the file of every row, counted from 1.
        note: Comment in the first line; empty where there is none.
    """

    file: str
    columns: Mapping[str, Array]
    lines: Sequence[int]
    note: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    def problem(self, row: int, column: str, message: str, value: str = "") -> Problem:
        """A problem with a row."""
        return Problem(self.file, self.lines[row], column, message, value)


def read_table(path: Path, columns: Sequence[Column], rows_min: int) -> Table:
    """The named columns of a CSV file.

    Separators may be comma, semicolon or tab; lines that begin with ``#`` and empty lines are passed over; the first
    other line names the columns. Capitals, spaces and brackets in names do not matter: ``Test Time (s)`` is
    ``test_time_s``.

    Args:
        path: File.
        columns: What is looked for.
        rows_min: Least number of rows.

    Raises:
        MeasurementError: It cannot be read, lacks a column, or holds what is no finite number.
    """
    file = str(path)
    lines, note = _lines(path)
    if not lines:
        raise MeasurementError([Problem(file, 1, "", "is empty; the first line must name the columns")])
    line, header = lines[0]
    separator = max(",;\t", key=header.count)
    names = [
        _WORD.sub("_", name.strip().lower()).strip("_") for name in next(csv.reader([header], delimiter=separator))
    ]
    positions = _positions(file, line, names, columns)
    values: dict[str, list[float]] = {column.key: [] for column in columns if column.key in positions}
    problems: list[Problem] = []
    kept: list[int] = []
    for line, text in lines[1:]:
        fields = next(csv.reader([text], delimiter=separator))
        if len(fields) != len(names):
            problems.append(
                Problem(file, line, "", f"has {len(fields)} values, the first line names {len(names)} columns")
            )
            continue
        for column in columns:
            if column.key in positions:
                position, factor = positions[column.key]
                try:
                    values[column.key].append(_value(column, fields[position].strip(), factor))
                except ValueError as error:
                    problems.append(Problem(file, line, names[position], str(error)))
        kept.append(line)
    if problems:
        more = (
            [Problem(file, 0, "", f"and {len(problems) - PROBLEMS_MAX} more")] if len(problems) > PROBLEMS_MAX else []
        )
        raise MeasurementError(problems[:PROBLEMS_MAX] + more)
    if len(kept) < rows_min:
        raise MeasurementError([Problem(file, 0, "", f"has {len(kept)} rows, must have at least {rows_min}")])
    return Table(file, {key: np.array(column) for key, column in values.items()}, kept, note)


def _lines(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Lines that say something, with their numbers, and a comment in the first line."""
    try:
        if path.stat().st_size > SIZE_MAX:
            raise MeasurementError([Problem(str(path), 0, "", f"larger than {SIZE_MAX} bytes")])
        content = path.read_bytes()
    except OSError as error:
        raise MeasurementError([Problem(str(path), 0, "", f"cannot be read: {error.strerror}")]) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MeasurementError([Problem(str(path), line, "", "must be UTF-8 text")]) from error
    lines = text.splitlines()
    note = lines[0].lstrip("# ").strip() if lines and lines[0].lstrip().startswith("#") else ""
    return [
        (n, line) for n, line in enumerate(lines, start=1) if line.strip() and not line.lstrip().startswith("#")
    ], note


def _positions(file: str, line: int, names: Sequence[str], columns: Sequence[Column]) -> dict[str, tuple[int, float]]:
    """Position and factor to SI of each column that is there."""
    positions: dict[str, tuple[int, float]] = {}
    problems: list[Problem] = []
    for column in columns:
        there = [name for name in names if name in column.names]
        if len(there) > 1:
            problems.append(Problem(file, line, there[1], f"says the same as column {there[0]}; leave one out"))
        elif there:
            positions[column.key] = names.index(there[0]), column.names[there[0]]
        elif column.needed:
            wanted = next(iter(column.names))
            close = near(wanted, names)
            message = f"no column {wanted} (also known as {', '.join(list(column.names)[1:])})"
            problems.append(Problem(file, line, "", message + close.replace("; known:", "; the columns are:")))
    if problems:
        raise MeasurementError(problems)
    return positions


def _value(column: Column, text: str, factor: float) -> float:
    """SI value of a field.

    Raises:
        ValueError: It is none.
    """
    if column.words is not None:
        if text.lower() not in column.words:
            raise ValueError(f"{text!r}: must be one of {', '.join(column.words)}")
        return column.words[text.lower()]
    try:
        value = float(text)
    except ValueError:
        hint = "; write decimals with a point" if re.fullmatch(r"[+-]?\d+,\d+", text) else ""
        raise ValueError(f"{text!r} is no number{hint}") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r}: must be a finite number")
    return value * factor + column.shift
