"""``bms-emulator capture``: what stands in a capture of a test, and export for measurement tools."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bms_emulator.cli.client import Json, print_json, print_table

app = typer.Typer(help="Show captures of tests, and export them as MDF.", no_args_is_help=True)

EXAMPLES = """
Examples:

  capture show hil/reports/captures/overvoltage.parquet

  capture export hil/reports/captures/overvoltage.parquet

  capture export overvoltage.parquet --to /tmp/overvoltage.mf4

Any program that knows Parquet reads a capture as it is. Exit status: 0, or 1 where a file cannot be read or written.
"""

File = Annotated[Path, typer.Argument(metavar="FILE", help="Capture, a Parquet file.")]


@app.command(epilog=EXAMPLES)
def show(file: File, as_json: Json = False) -> None:
    """Show what was recorded: signals with units, rows, site, profile hash, seed."""
    from bms_emulator.runtime.recorder import Recording, RecordingError

    try:
        recording = Recording(file)
    except RecordingError as error:
        _fail(error)
    signals = [{"name": signal.name, "unit": signal.unit, "kind": signal.kind} for signal in recording.signals]
    if as_json:
        print_json({"rows": recording.rows, "about": recording.about, "signals": signals})
        return
    print_table(("signal", "unit", "kind"), [tuple(signal.values()) for signal in signals])
    told = ", ".join(f"{key} {item}" for key, item in recording.about.items())
    typer.echo(f"{recording.rows} rows of {len(signals)} signals; {told}")


@app.command(epilog=EXAMPLES)
def export(
    file: File,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="MDF file; beside the capture, ending in .mf4, where omitted.")
    ] = None,
) -> None:
    """Write a capture as MDF 4.10, which measurement tools open."""
    from bms_emulator.runtime.recorder import RecordingError
    from bms_emulator.testing.mdf import export_mdf

    target = to or file.with_suffix(".mf4")
    try:
        export_mdf(file, target)
    except (RecordingError, OSError) as error:
        _fail(error)
    typer.echo(str(target))


def _fail(error: Exception) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(1)
