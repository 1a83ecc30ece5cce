"""``bms-emulator firmware replay``: recorded inputs into another library, without the plant."""

import json
import time
from typing import Annotated

import typer

from bms_emulator.cli.firmware_trace import TraceArgument

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
    from bms_emulator.cli.replay_report import ignored_fields, replay_data, replay_text
    from bms_emulator.cli.trace_report import load_trace
    from bms_emulator.firmware.native.debug import wait_for_debugger
    from bms_emulator.firmware.native.errors import FirmwareError
    from bms_emulator.firmware.native.limits import Limits
    from bms_emulator.firmware.native.replay import replay
    from bms_emulator.firmware.native.worker import Worker

    trace = load_trace(file)
    ignored = ignored_fields(trace, ignore or [])

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
    print(json.dumps(replay_data(trace, result), indent=2) if as_json else replay_text(trace, result))
    raise typer.Exit(SAME if result.is_same else DIFFERENT)


def _pause() -> bool:
    time.sleep(_PAUSE)
    return True
