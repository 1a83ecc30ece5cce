"""``bms-emulator firmware trace``: what a firmware was given and what it answered."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from bms_emulator.cli.trace_table import changed_rows, changing, csv_table, json_rows, seconds, text_table
from bms_emulator.faults.quantity import TIME
from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.source_lines import source_lines
from bms_emulator.firmware.native.trace import CHECKPOINT, LOG, PRINTED, RESET, Event, Trace
from bms_emulator.firmware.native.trace_fields import Column, FieldError, every_field, select
from bms_emulator.firmware.native.trace_file import TraceError, read_trace

EXAMPLES = r"""
Examples:

  firmware trace demo-container1-rack1-tick512.bmstrace: the failure, and what changed in the last steps before it

  firmware trace all.bmstrace --from 12s --to 14s --fields 'current,state,cell_voltages\[41]'

  firmware trace all.bmstrace --steps 100000 --fields state,alarms --changes: the history of two outputs

  firmware trace all.bmstrace --steps 100000 --fields 'current,cell_voltages\[0..3]' --csv > cells.csv

Fields are named as in bms_firmware.h and count from 0 as there; an array without a position is summed up. Currents are
positive in discharge, temperatures in K.

Exit status: 0, also where the end of a damaged file is missing, which is told; 2 where it is not a trace.
"""
STEPS = 10
"""Steps that are shown where nothing else is said."""

TraceArgument = Annotated[Path, typer.Argument(help="Trace, *.bmstrace.")]


def _time(text: str) -> float:
    try:
        return TIME.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def trace(
    file: TraceArgument,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Show the last steps.")] = STEPS,
    start: Annotated[
        float | None, typer.Option("--from", parser=_time, metavar="TIME", help="First simulated time: 12s, 2h.")
    ] = None,
    end: Annotated[
        float | None, typer.Option("--to", parser=_time, metavar="TIME", help="Last simulated time.")
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option(metavar="FIELDS", help="Fields with commas between them; all that changed where not given."),
    ] = None,
    changes: Annotated[bool, typer.Option("--changes", help="Show only steps in which one of them changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
) -> None:
    """Show what the firmware of a rack was given and what it answered, step by step, and how it failed."""
    if as_csv and as_json:
        raise typer.BadParameter("choose one of --csv and --json")
    whole = load_trace(file)
    shown = _interval(whole, start, end, None if start is not None or end is not None else steps)
    if fields is None:
        columns = changing(every_field(shown))
    else:
        try:
            columns = select(shown, fields, expand=as_csv)
        except FieldError as error:
            raise typer.BadParameter(str(error), param_hint="--fields") from None
    rows = changed_rows(columns, len(shown.records)) if changes else list(range(len(shown.records)))
    if as_csv:
        print(csv_table(shown, columns, rows))
    elif as_json:
        print(json.dumps(_json(whole, shown, columns, rows), indent=2))
    else:
        print(_text(whole, shown, columns, rows))


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


def _interval(trace: Trace, start: float | None, end: float | None, last: int | None) -> Trace:
    """The steps to show."""
    times = trace.records["t_ns"] / 1e9
    inside = np.ones(len(times), np.bool_)
    if start is not None:
        inside &= times >= start - 1e-9
    if end is not None:
        inside &= times <= end + 1e-9
    records = trace.records[inside]
    return replace(trace, records=records if last is None else records[-last:])


def _text(whole: Trace, shown: Trace, columns: list[Column], rows: list[int]) -> str:
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


def _json(whole: Trace, shown: Trace, columns: list[Column], rows: list[int]) -> dict[str, Any]:
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
