"""A recorded run of a firmware in words: what it was, how it failed, and steps of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import typer

from bms_emulator.cli.trace_table import json_rows, seconds, text_table
from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.source_lines import source_lines
from bms_emulator.firmware.native.trace import CHECKPOINT, LOG, PRINTED, RESET, Event, Trace
from bms_emulator.firmware.native.trace_fields import Column
from bms_emulator.firmware.native.trace_file import TraceError, read_trace


def load_trace(file: Path) -> Trace:
    """Read a trace; says what is wrong with it, and ends the program where nothing of it can be read."""
    try:
        loaded = read_trace(file)
    except TraceError as error:
        typer.echo(str(error), err=True)
    except OSError as error:
        typer.echo(f"{file}: {error.strerror or error}", err=True)
    else:
        if loaded.problem is not None:
            typer.echo(loaded.problem, err=True)
        return loaded
    raise typer.Exit(2)


def headline(trace: Trace) -> str:
    """Which firmware it was, where, with what."""
    header, counts = trace.header, trace.header.counts
    name = f"{header.description.get('name', '')} {header.description.get('version', '')}".strip()
    library = f"{header.library['file']}, SHA-256 {header.library['sha256'][:12]}"
    sizes = f"{counts.cells} cells, {counts.temperatures} temperatures, {counts.packs} packs"
    return f"{header.rack}: {name} ({library}), {sizes}"


def interval(trace: Trace, start: float | None, end: float | None, last: int | None) -> Trace:
    """The steps to show."""
    times = trace.records["t_ns"] / 1e9
    inside = np.ones(len(times), np.bool_)
    if start is not None:
        inside &= times >= start - 1e-9
    if end is not None:
        inside &= times <= end + 1e-9
    records = trace.records[inside]
    return replace(trace, records=records if last is None else records[-last:])


def trace_text(whole: Trace, shown: Trace, columns: list[Column], rows: list[int]) -> str:
    """The whole trace in a few words, and steps of it as a table."""
    parts = [headline(whole), _span(whole)]
    failure = whole.failure()
    if failure is not None:
        parts.append(f"failed in step {failure.step}: {failure.message}")
        lines = source_lines(failure.details.get("frames", ()))
        texts = {
            "backtrace": "\n".join(lines) or failure.details.get("backtrace"),
            "printed": failure.details.get("printed"),
        }
        parts += [f"\n{key}:\n{_indented(text)}" for key, text in texts.items() if text]
    if len(shown.records):
        first, last = (int(shown.records["step"][place]) for place in (0, -1))
        inside = [event for event in whole.events if first <= event.step <= last + 1]
        told = [event for event in inside if event is not failure and event.kind != CHECKPOINT]
        parts += ["", *(_event_line(event) for event in told)] if told else []
    table = text_table(shown, columns, rows) if columns else "nothing changed in these steps"
    return "\n".join([*parts, "", table if len(shown.records) else "no steps to show"])


def _span(trace: Trace) -> str:
    if not len(trace.records):
        return "no steps"
    numbers = trace.records["step"]
    times = f"{seconds(trace, 0):.3f} s to {seconds(trace, -1):.3f} s"
    return f"{len(numbers)} steps, {numbers[0]} to {numbers[-1]}, {times}"


def _event_line(event: Event) -> str:
    text = event.message.rstrip("\n")
    if event.kind == RESET:
        text = Reset(event.details["kind"]).name.lower()
    if event.kind in {LOG, PRINTED} and "\n" in text:
        text = "\n" + _indented(text)
    return f"step {event.step}: {event.kind}: {text}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip("\n").split("\n"))


def trace_data(whole: Trace, shown: Trace, columns: list[Column], rows: list[int]) -> dict[str, Any]:
    """The same as plain data."""
    header, failure = whole.header, whole.failure()
    return {
        "rack": header.rack,
        "library": header.library,
        "description": header.description,
        "config": header.config,
        "problem": whole.problem,
        "first_step": whole.first_step,
        "step_count": len(whole.records),
        "failure": None if failure is None else _event(failure),
        "events": [_event(event) for event in whole.events],
        "steps": json_rows(shown, columns, rows),
    }


def _event(event: Event) -> dict[str, Any]:
    return {"step": event.step, "kind": event.kind, "message": event.message, "details": event.details}
