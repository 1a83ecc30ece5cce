"""``bms-emulator validate``: run the checks, print a table, write a report."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bms_emulator import __version__
from bms_emulator.cli.client import Json, print_json, print_table

if TYPE_CHECKING:
    from bms_emulator.validation.check import Check
    from bms_emulator.validation.runner import Result

EXAMPLES = """
Examples:

  validate

  validate --only cells,strings

  validate --only system.hot-day --output /tmp/hot.html

  validate --list

  validate --json > validation.json

Exit status: 0 where all rows held, 1 where one failed, 2 where the command line is wrong or a library is missing, 130
after Ctrl-C.
"""

DEFAULT_OUTPUT = Path("reports/validation.html")
INTERRUPTED = 130


def validate(
    only: Annotated[
        str, typer.Option(metavar="NAMES", help="Sections or checks to run, separated by commas; all where omitted.")
    ] = "",
    output: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the HTML report.")] = DEFAULT_OUTPUT,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of cells that differ, and of drawn loads.")] = 1,
    is_list: Annotated[bool, typer.Option("--list", help="List sections and checks, and run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Compare the models with an independent solver, exact solutions and published figures; write an HTML report.

    Takes one to three minutes. Ctrl-C ends it without a report.
    """
    from bms_emulator.validation.lab import EXTRA, missing

    if absent := missing():
        _refuse(f"validate needs {', '.join(absent)}; install the extra: pip install 'bms-emulator[{EXTRA}]'")
    from bms_emulator.validation.registry import SECTIONS, select

    try:
        checks = select([name for name in only.split(",") if name])
    except ValueError as error:
        _refuse(str(error))
    if is_list:
        _list(checks, as_json)
        return
    _prepare(output)
    try:
        results = _run(checks, seed)
    except KeyboardInterrupt:
        typer.echo("interrupted; no report was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    from bms_emulator.profile.loader import load_site
    from bms_emulator.runtime.shared import profile_hash
    from bms_emulator.validation.bench import SITE
    from bms_emulator.validation.report import Heading, render

    date = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    heading = Heading(__version__, SITE, profile_hash(load_site(SITE)), seed, date)
    output.write_text(render(heading, SECTIONS, results), encoding="utf-8")
    if as_json:
        _print_json(results, heading.__dict__, output)
    else:
        _print(results, output)
    raise typer.Exit(0 if all(result.held for result in results) else 1)


def _refuse(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def _prepare(output: Path) -> None:
    """Learn now, and not after minutes, that the report cannot be written."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _refuse(f"--output {output}: {error.strerror or error}")
    place = output if output.exists() else output.parent
    if output.is_dir() or not os.access(place, os.W_OK):
        _refuse(f"--output {output}: {'is a folder' if output.is_dir() else f'{place} cannot be written to'}")


def _list(checks: "Sequence[Check]", as_json: bool) -> None:
    rows = [{"name": check.name, "title": check.title, "method": check.method} for check in checks]
    if as_json:
        print_json(rows)
    else:
        print_table(("check", "what"), [(row["name"], row["title"]) for row in rows])


def _run(checks: "Sequence[Check]", seed: int) -> "list[Result]":
    """Run checks under a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from bms_emulator.jit import on_compile
    from bms_emulator.validation.runner import run_checks

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        overall = bar.add_task("starting", total=len(checks))
        started: list[str] = []

        def progress(check: "Check", share: float) -> None:
            if check.name not in started:
                started.append(check.name)
            bar.update(overall, completed=len(started) - 1 + share, description=check.name)

        on_compile(lambda name: bar.update(overall, description=f"compiling {name}"))
        return run_checks(checks, seed, progress)


def _print(results: "Sequence[Result]", output: Path) -> None:
    from bms_emulator.validation import wording

    print_table(
        ("what", "reference", "ours", "difference", "tolerance", "verdict"),
        [
            (
                row.name,
                wording.reference(row),
                wording.quantity(row.ours, row),
                wording.difference(row),
                wording.tolerance(row),
                wording.verdict(row),
            )
            for result in results
            for row in result.rows
        ],
    )
    for result in results:
        if result.error:
            typer.echo(f"{result.check.name} came to no end: {result.error}", err=True)
    typer.echo(f"{wording.tally([row for result in results for row in result.rows])}; report: {output}")


def _print_json(results: "Sequence[Result]", heading: dict[str, object], output: Path) -> None:
    from bms_emulator.validation.runner import as_data

    rows = [row for result in results for row in as_data(result)]
    print_json(
        {
            **heading,
            "ok": all(result.held for result in results),
            "held": sum(row["held"] and row["judged"] for row in rows),
            "count": sum(row["judged"] for row in rows),
            "report": str(output),
            "errors": {result.check.name: result.error for result in results if result.error},
            "rows": rows,
        }
    )
