"""``bms-emulator firmware replay``: recorded inputs into another library, without the plant."""

import json
import math
import time
from dataclasses import replace
from typing import Annotated, Any

import typer

from bms_emulator.cli.firmware_trace import TraceArgument, headline, load_trace
from bms_emulator.cli.trace_table import changing, json_rows, seconds, text_table
from bms_emulator.firmware.native.compare import Difference
from bms_emulator.firmware.native.debug import wait_for_debugger
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.field_names import decoded
from bms_emulator.firmware.native.limits import Limits
from bms_emulator.firmware.native.replay import Comparison, Start, replay
from bms_emulator.firmware.native.trace import Trace
from bms_emulator.firmware.native.trace_fields import every_field
from bms_emulator.firmware.native.worker import Worker

EXAMPLES = r"""
Examples:

  firmware replay crash.bmstrace ./libmybms.so: does it still crash?

  firmware replay crash.bmstrace ./libmybms.so --gdb: with a debugger at the crash

  firmware replay good.bmstrace ./libmybms.so --ignore log --tolerance 1e-9: did anything but the log change?

The commit that changed the answers: git bisect run with a script that builds the library, exits with 125 where that
fails, and ends with this command and the trace of a run that was right. From a trace of a run that was wrong it ends
with ! before this command: then what is the same is bad.

Exit status: 0 all answers and failures are as recorded, 1 one differs, 2 the trace or the library cannot be loaded.
"""
SAME, DIFFERENT, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
_SHOWN = 20
"""Differences of a step that are shown."""
_BEFORE = 2
"""Steps before it whose inputs are shown."""
_PAUSE = 0.05
"""Between two looks for a debugger [s]."""


def replay_trace(
    file: TraceArgument,
    library: Annotated[str, typer.Argument(help="Shared library, or FILE.py:Class.")],
    until: Annotated[int | None, typer.Option(min=0, metavar="STEP", help="Last step; all where not given.")] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, metavar="X", help="Difference of two doubles that is none; 0 compares their bits.")
    ] = 0.0,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="Output that may differ, or log; repeatable.")
    ] = None,
    step_limit: Annotated[float, typer.Option(min=0.001, metavar="S", help="Real time that one step may take.")] = 1.0,
    gdb: Annotated[bool, typer.Option("--gdb", help="Wait for a debugger before the first step.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Give the inputs of a trace to a library, and stop at the first answer that differs from the recorded one."""
    trace = load_trace(file)
    ignored = _ignored(trace, ignore or [])

    def launch(blob: bytes | None) -> Worker:
        header = trace.header
        limits = Limits(memory=header.memory, step_time=step_limit)
        worker = Worker(library, header.config, header.counts, limits, blob, debug=gdb, wait=False)
        if gdb and not wait_for_debugger(worker.pid, header.rack, lambda text: typer.echo(text, err=True), _pause):
            worker.poll(None)  # it has ended, and says why
        worker.finish()
        return worker

    try:
        result = replay(trace, launch, until, tolerance, ignored)
    except FirmwareError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(UNUSABLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    print(json.dumps(_json(trace, result), indent=2) if as_json else _text(trace, result))
    raise typer.Exit(SAME if result.is_same else DIFFERENT)


def _pause() -> bool:
    time.sleep(_PAUSE)
    return True


def _ignored(trace: Trace, names: list[str]) -> frozenset[str]:
    known = {*(trace.header.outputs.names or ()), "log"}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: no output; there are {', '.join(sorted(known))}", param_hint="--ignore"
        )
    return frozenset(names)


def _text(trace: Trace, result: Comparison) -> str:
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


def _json(trace: Trace, result: Comparison) -> dict[str, Any]:
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
