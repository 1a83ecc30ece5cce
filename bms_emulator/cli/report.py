"""``bms-emulator report``: show reports of tests, build them from parts, verify signed ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bms_emulator.cli.client import Json, print_json, print_table

if TYPE_CHECKING:
    from bms_emulator.testing.report.document import Report

app = typer.Typer(help="Show, build and verify reports of tests.", no_args_is_help=True)

SHOW_EXAMPLES = """
Examples:

  report show hil/reports

  report show hil/reports --all

  report show hil/reports --json

Exit status: 0 where tests passed and none did worse than to be skipped, 1 otherwise, 2 where there is no report.
"""
BUILD_EXAMPLES = """
Examples:

  report build hil/reports

  report build night-1 night-2 --to release-1.4 --requirements hil/requirements.yaml

A folder gives its records*.json, which the processes of a test run leave behind, or else its report.json. Of a test
that stands in several, the last run counts. Captures are copied.

Exit status: as of show.
"""
VERIFY_EXAMPLES = """
Examples:

  report verify hil/reports

  report verify hil/reports --digest '1f0a52c3 98d4...'

Exit status: 0 where every file is what it should be, 1 where one is not, 2 where there is no report.
"""

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the report.")]


@app.command(epilog=SHOW_EXAMPLES)
def show(
    folder: Folder,
    every: Annotated[bool, typer.Option("--all", help="List all tests, also those that passed.")] = False,
    as_json: Json = False,
) -> None:
    """Show how the tests of a report ended, and which requirements are verified."""
    from bms_emulator.testing.report.document import REPORT, ReportError, read_report

    try:
        report = read_report(folder / REPORT)
    except ReportError as error:
        _refuse(error)
    _tell(report, folder, every, as_json)


@app.command(epilog=BUILD_EXAMPLES)
def build(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders with records of tests.")],
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the report; the first one given where omitted.")
    ] = None,
    requirements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file of requirements; where omitted, those of the parts.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write one report from the records of one or more folders."""
    from bms_emulator.profile.errors import ProfileError
    from bms_emulator.testing.report.collect import collect
    from bms_emulator.testing.report.document import ReportError
    from bms_emulator.testing.requirements import load_requirements

    folder = to or folders[0]
    try:
        listed = None if requirements is None else load_requirements(requirements)
        page, report = collect(folders, folder, listed)
    except (ReportError, ProfileError, OSError) as error:
        _refuse(error)
    _tell(report, folder, False, as_json, page)


@app.command(epilog=VERIFY_EXAMPLES)
def verify(
    folder: Folder,
    digest: Annotated[
        str, typer.Option(metavar="SHA256", help="Digest on the signed page; blanks in it do not matter.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Verify that a report is the one that was signed, that its captures are, and that its page says what it says."""
    from bms_emulator.testing.report.document import ReportError
    from bms_emulator.testing.report.verify import verify as look

    try:
        findings = look(folder, digest)
    except ReportError as error:
        _refuse(error)
    ok = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": ok, "signed": bool(digest), "files": [finding.__dict__ for finding in findings]})
    else:
        print_table(("file", "", "what"), [(f.file, "ok" if f.ok else "BAD", f.text) for f in findings])
        if ok and not digest:
            typer.echo("the files belong together; give --digest to compare them with what was signed")
        else:
            typer.echo("verified" if ok else "not verified", err=not ok)
    raise typer.Exit(0 if ok else 1)


def _tell(report: "Report", folder: Path, every: bool, as_json: bool, page: Path | None = None) -> NoReturn:
    from bms_emulator.testing.record import Verdict
    from bms_emulator.testing.report.trace import Status, trace

    traced = trace(report.records, report.requirements)
    counts = {verdict.value: sum(r.verdict is verdict for r in report.records) for verdict in Verdict}
    if as_json:
        print_json(
            {
                "ok": report.held,
                "verdict": report.verdict,
                "folder": str(folder),
                "page": None if page is None else str(page),
                "counts": counts,
                "tests": [
                    {"name": r.name, "verdict": r.verdict, "reason": r.reason, "requirements": r.requirements}
                    for r in report.records
                ],
                "requirements": [
                    {"id": t.requirement.id, "status": t.status, "tests": [report.records[n].name for n in t.tests]}
                    for t in traced
                ],
            }
        )
        raise typer.Exit(0 if report.held else 1)
    shown = [r for r in report.records if every or r.verdict is not Verdict.PASSED]
    if shown:
        print_table(("test", "verdict", "reason"), [(r.name, r.verdict, r.reason) for r in shown])
    typer.echo(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count) or "nothing was tested")
    listed = [t for t in traced if t.listed]
    for status in Status:
        ids = [t.requirement.id for t in listed if t.status is status]
        if ids:
            typer.echo(f"{len(ids)} of {len(listed)} requirements {status}: {', '.join(ids)}")
    if stray := [t.requirement.id for t in traced if not t.listed]:
        typer.echo(f"ids of no requirement: {', '.join(stray)}")
    if page is not None:
        typer.echo(f"report: {page}")
    raise typer.Exit(0 if report.held else 1)


def _refuse(error: Exception) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(2)
