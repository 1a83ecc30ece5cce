"""``bms-emulator firmware trace``: what a firmware was given and what it answered."""

import json
from pathlib import Path
from typing import Annotated

import typer

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
    from bms_emulator.faults.quantity import TIME

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
    from bms_emulator.cli.trace_report import interval, load_trace, trace_data, trace_text
    from bms_emulator.cli.trace_table import changed_rows, changing, csv_table
    from bms_emulator.firmware.native.trace_fields import FieldError, every_field, select

    if as_csv and as_json:
        raise typer.BadParameter("choose one of --csv and --json")
    whole = load_trace(file)
    shown = interval(whole, start, end, None if start is not None or end is not None else steps)
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
        print(json.dumps(trace_data(whole, shown, columns, rows), indent=2))
    else:
        print(trace_text(whole, shown, columns, rows))
