"""Tables from CSV files: the lines that hold values, and columns over time by name.

Empty lines and lines that begin with ``#`` are passed over. A table of columns has a heading that names them, in any
order, one of them the time::

    # a bakery
    hour, power_kw, reactive_kvar
    0, 12.5, 3.1
    0.25, 12.9, 3.3

The time is ``hour`` (hours after midnight), ``time_s`` (seconds after midnight) or ``time`` (``15:30``, or a date with
a time such as ``2024-06-01 15:30``, after midnight of the first line's day).
"""

import datetime
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bms_emulator.profile.document import SIZE_MAX
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.wording import near
from bms_emulator.units import SECONDS_PER_HOUR

SERIES_SIZE_MAX = 16 * SIZE_MAX
"""Largest file of columns over time [B]: room for a year of minutes."""

PROBLEMS_MAX = 10
"""Problems of one file that are reported."""


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    Attributes:
        least: Lowest value.
        required: Whether the table must have it.
    """

    least: float = -math.inf
    required: bool = False


def read_lines(path: Path, label: str, size_max: int = SIZE_MAX) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of every line that holds something.

    Raises:
        ProfileError: The file cannot be read, is too large or no text.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(size_max + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ProfileError([Problem(label, 0, "", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise ProfileError([Problem(label, at, "", "must be UTF-8 text")]) from error
    if len(content) > size_max:
        raise ProfileError([Problem(label, 0, "", f"larger than {size_max} bytes")])
    for number, line in enumerate(text.splitlines(), start=1):
        fields = [field.strip() for field in line.split(",")]
        if fields != [""] and not fields[0].startswith("#"):
            yield number, fields


def number(text: str) -> float:
    """The number that a text holds, NaN where it holds none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_columns(path: Path, columns: Mapping[str, Column], label: str = "") -> dict[str, tuple[float, ...]]:
    """Columns over time by name, ``time_s`` [s] among them.

    Args:
        path: File.
        columns: Columns that it may have.
        label: How to show the file to the user; its path where empty.

    Raises:
        ProfileError: With all problems, the first ten at most: a column missing or unknown, no number, a time that does
            not come after the one before it.
    """
    label = label or str(path)
    lines = read_lines(path, label, SERIES_SIZE_MAX)
    at, heading = next(lines, (0, []))
    problems = list(_heading_problems(label, at, heading, columns))
    if problems:
        raise ProfileError(problems)
    clock = next(name for name in heading if name in _CLOCKS)
    read_time = _CLOCKS[clock]()
    values: dict[str, list[float]] = {name: [] for name in heading if name != clock}
    times: list[float] = []
    for at, fields in lines:
        if len(fields) != len(heading):
            problems.append(
                Problem(label, at, "", f"has {len(fields)} columns: must be {len(heading)}, as the heading")
            )
            continue
        row = dict(zip(heading, fields, strict=True))
        time = read_time(row[clock])
        if not 0.0 <= time < math.inf:
            problems.append(Problem(label, at, clock, _CLOCK_WORDING[clock], row[clock]))
        elif times and time <= times[-1]:
            problems.append(Problem(label, at, clock, "must come after the time of the line before", row[clock]))
        times.append(time)
        for name, column in values.items():
            column.append(number(row[name]))
            if not (math.isfinite(column[-1]) and column[-1] >= columns[name].least):
                least = columns[name].least
                allowed = "a number" if least == -math.inf else f"a number from {least:g} on"
                problems.append(Problem(label, at, name, f"must be {allowed}", row[name]))
    if not times:
        problems.append(Problem(label, 0, "", "holds no values: one line for each time is needed"))
    if problems:
        raise ProfileError(problems[:PROBLEMS_MAX])
    return {"time_s": tuple(times)} | {name: tuple(column) for name, column in values.items()}


def _heading_problems(label: str, at: int, heading: list[str], columns: Mapping[str, Column]) -> Iterator[Problem]:
    """What is wrong with a heading."""
    known = [*_CLOCKS, *columns]
    for name in heading:
        if name not in known:
            yield Problem(label, at, name, f"is no column of this table{near(name, known)}")
        elif heading.count(name) > 1:
            yield Problem(label, at, name, "stands twice in the heading")
    clocks = [name for name in heading if name in _CLOCKS]
    if len(clocks) != 1:
        yield Problem(label, at, "", f"the heading must name one column of times: {', '.join(_CLOCKS)}")
    for name, column in columns.items():
        if column.required and name not in heading:
            yield Problem(label, at, name, "is missing in the heading")


def _hours() -> Callable[[str], float]:
    return lambda text: number(text) * SECONDS_PER_HOUR


def _seconds() -> Callable[[str], float]:
    return number


def _calendar() -> Callable[[str], float]:
    """Reads times of a day, or dates with times; those of one file must be alike."""
    midnight: datetime.datetime | None = None

    def read(text: str) -> float:
        nonlocal midnight
        try:
            if ":" in text and "-" not in text:
                text = f"{datetime.date.min.isoformat()} {text}"
            moment = datetime.datetime.fromisoformat(text)
            if midnight is None:
                midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
            return (moment - midnight).total_seconds()
        except (TypeError, ValueError):
            return math.nan

    return read


_CLOCKS: Mapping[str, Callable[[], Callable[[str], float]]] = {"hour": _hours, "time_s": _seconds, "time": _calendar}
"""What makes a reader of times [s], by column."""
_CLOCK_WORDING = {
    "hour": "must be the hours after midnight, a number from 0 on",
    "time_s": "must be the seconds after midnight, a number from 0 on",
    "time": "must be a time such as 15:30, or a date with a time such as 2024-06-01 15:30, on every line alike",
}
