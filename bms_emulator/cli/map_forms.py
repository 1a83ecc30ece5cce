"""The table of a register map as text, CSV, Markdown or JSON."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bms_emulator.interfaces.modbus.table import Entry


def text(rows: "Sequence[Entry]") -> str:
    """Columns side by side."""
    head, lines = _columns(rows)
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *lines)
    )


def markdown(rows: "Sequence[Entry]") -> str:
    """A Markdown table."""
    head, lines = _columns(rows)
    every = (head, ["---"] * len(head), *lines)
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in every)


def comma_separated(rows: "Sequence[Entry]") -> str:
    """Comma-separated values, with every column."""
    cells = [row.cells() for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(cells[0]) if cells else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return out.getvalue().rstrip()


def as_json(rows: "Sequence[Entry]") -> str:
    """A list of objects."""
    return json.dumps([row.as_dict() for row in rows], indent=2)


FORMS: "dict[str, Callable[[Sequence[Entry]], str]]" = {
    "text": text,
    "csv": comma_separated,
    "markdown": markdown,
    "json": as_json,
}
"""By name."""


def _columns(rows: "Sequence[Entry]") -> tuple[list[str], list[list[str]]]:
    from bms_emulator.interfaces.modbus.table import columns

    return columns(rows)
