"""Hourly outside temperatures from a CSV file.

One value a line, or two columns with the hour before it, counted from 0 at midnight. A heading and lines that begin
with ``#`` are allowed. ::

    # dry inland valley
    hour, temperature_degc
    0, 28.4
    1, 27.9
"""

from collections.abc import Iterator
from pathlib import Path

from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.table import PROBLEMS_MAX, number, read_lines

HEADINGS = (["hour", "temperature_degc"], ["temperature_degc"])
"""What may stand in the first line."""

AIR_MIN, AIR_MAX = -60.0, 60.0
"""Outside air [°C]: what has been measured on Earth, and a little more."""


def read_hourly(path: Path, label: str = "") -> tuple[float, ...]:
    """Temperature at every full hour [°C].

    Args:
        path: File.
        label: How to show it to the user; its path where empty.

    Raises:
        ProfileError: It cannot be read, or something in it is not a temperature of outside air at the next hour.
    """
    label = label or str(path)
    values: list[float] = []
    problems: list[Problem] = []
    for at, fields in _rows(path, label):
        *hours, text = fields
        value = number(text)
        if len(fields) > len(HEADINGS[0]):
            message = f"has {len(fields)} columns: must be hour,temperature_degc or temperature_degc alone"
            problems.append(Problem(label, at, "", message))
        elif hours and number(hours[0]) != len(values):
            message = f"must be {len(values)}, the hours after midnight of the first day without a gap"
            problems.append(Problem(label, at, "hour", message, hours[0]))
        elif not AIR_MIN <= value <= AIR_MAX:
            message = f"must be a number from {AIR_MIN:g} to {AIR_MAX:g}"
            problems.append(Problem(label, at, "temperature_degc", message, text))
        values.append(value)
    if not values:
        problems.append(Problem(label, 0, "", "holds no temperature: one line for each hour is needed"))
    if problems:
        raise ProfileError(problems[:PROBLEMS_MAX])
    return tuple(values)


def _rows(path: Path, label: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of every line that holds values: all but a heading."""
    for n, (at, fields) in enumerate(read_lines(path, label)):
        if n or fields not in HEADINGS:
            yield at, fields
