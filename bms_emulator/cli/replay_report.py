"""What came out of a replay, in words and as data."""

import math
from dataclasses import replace
from typing import Any

import typer

from bms_emulator.cli.trace_report import headline
from bms_emulator.cli.trace_table import changing, json_rows, seconds, text_table
from bms_emulator.firmware.native.compare import Difference
from bms_emulator.firmware.native.field_names import decoded
from bms_emulator.firmware.native.replay import Comparison, Start
from bms_emulator.firmware.native.trace import Trace
from bms_emulator.firmware.native.trace_fields import every_field

_SHOWN = 20
"""Differences of a step that are shown."""
_BEFORE = 2
"""Steps before it whose inputs are shown."""


def ignored_fields(trace: Trace, names: list[str]) -> frozenset[str]:
    """Outputs that may differ. BadParameter: there is no such output."""
    known = {*(trace.header.outputs.names or ()), "log"}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: no output; there are {', '.join(sorted(known))}", param_hint="--ignore"
        )
    return frozenset(names)


def replay_text(trace: Trace, result: Comparison) -> str:
    """What came out of a replay, for people."""
    parts = [f"recorded: {headline(trace)}"]
    if result.start is Start.CHECKPOINT:
        parts.append(f"from the snapshot before step {result.first}")
    if result.start is Start.MIDDLE:
        parts.append(
            f"note: the trace begins at step {result.first}, and no snapshot of it can be used: the library starts anew"
            " there, so what it should remember of earlier steps is missing and may differ"
        )
    if result.index < 0:
        return "\n".join([*parts, "no steps"])
    place = f"step {int(trace.records['step'][result.index])}, {seconds(trace, result.index):.3f} s"
    if result.is_same:
        parts.append(f"same: {result.steps} steps, to {place}")
        parts += [f"it fails there as recorded: {result.error.message}"] if result.error is not None else []
        return "\n".join(parts)
    parts += [f"different: {place}, after {result.steps - 1} steps that are the same", ""]
    parts.append(_differences(result.differences))
    if result.error is not None:
        parts += ["", result.error.message, str(result.error.details.get("backtrace") or "")]
    around = _around(trace, result)
    columns = [column for column in changing(every_field(around)) if column.side == "inputs"]
    table = text_table(around, columns, range(len(around.records))) if columns else "none changed in the steps before"
    return "\n".join([*parts, "", "inputs:", table])


def _differences(differences: list[Difference]) -> str:
    rows = [("field", "recorded", "now")]
    rows += [(d.field, _shown(d.field, d.recorded), _shown(d.field, d.now)) for d in differences[:_SHOWN]]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    more = len(differences) - _SHOWN
    return "\n".join(lines + ([f"and {more} more"] if more > 0 else []))


def _shown(field: str, value: float | int | str) -> str:
    if isinstance(value, float):
        return f"{value:.17g}"
    if isinstance(value, str):
        return repr(value) if "\n" in value else value or "nothing"
    name = decoded(field, value)
    return str(value) if name is None else f"{value} ({name})"


def _around(trace: Trace, result: Comparison) -> Trace:
    return replace(trace, records=trace.records[max(0, result.index - _BEFORE) : result.index + 1])


def replay_data(trace: Trace, result: Comparison) -> dict[str, Any]:
    """What came out of a replay, as plain data."""
    around = _around(trace, result)
    columns = [column for column in every_field(around) if column.side == "inputs"]
    there = result.index >= 0
    return {
        "same": result.is_same,
        "start": str(result.start),
        "first_step": result.first,
        "steps": result.steps,
        "step": int(trace.records["step"][result.index]) if there else None,
        "time_s": seconds(trace, result.index) if there else None,
        "differences": [
            {"field": d.field, "recorded": _plain(d.recorded), "now": _plain(d.now)} for d in result.differences
        ],
        "failure": None
        if result.error is None
        else {"kind": result.error.kind, "message": result.error.message, "details": result.error.details},
        "inputs": json_rows(around, columns, range(len(around.records))) if there and not result.is_same else [],
    }


def _plain(value: float | int | str) -> float | int | str:
    """JSON has no NaN and no infinity."""
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)
