"""``bms-emulator scenario``: run scripted tests, check their files, list them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bms_emulator.cli.client import Client, ClientError, Json, Token, print_json, print_table

if TYPE_CHECKING:
    from bms_emulator.testing.record import Record
    from bms_emulator.testing.scenario.load import Prepared

app = typer.Typer(help="Run scripted tests: stimuli, expectations, and nothing else tripped.", no_args_is_help=True)

FOLDER = Path("hil/scenarios")
INTERRUPTED = 130
REFUSED = 2

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenarios, or folders of them.")]

_RUN_EXAMPLES = """
Examples:

  scenario run hil/scenarios/overvoltage.yaml

  scenario run hil/scenarios --report reports/scenarios

  scenario run hil/scenarios/pump-stop.yaml --seed 7 --json

  scenario run day.yaml --url http://127.0.0.1:8080 --speed 10

Without --url a scenario runs in this process, as fast as it goes. With it, a running emulator is tested, in real time
or at the factor that --speed sets; it must run the scenario's site.

Exit status: 0 where all have passed, 1 where one has not, 2 where a file or the command line is wrong, 130 after
Ctrl-C.
"""
_CHECK_EXAMPLES = """
Examples:

  scenario check hil/scenarios/overvoltage.yaml

  scenario check hil/scenarios --json

Exit status: 0 where all are sound, 1 where one is not.
"""
_LIST_EXAMPLES = """
Examples:

  scenario list

  scenario list my/scenarios --json
"""


@app.command(epilog=_RUN_EXAMPLES)
def run(
    files: Files,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Seed in place of the scenarios' own.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write a report there: HTML, JUnit XML, JSON, captures.")
    ] = None,
    as_json: Json = False,
    url: Annotated[
        str | None, typer.Option(envvar="BMS_EMULATOR_URL", help="Test the emulator that answers there.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.001, metavar="N", help="With --url: simulated seconds per second from now on; 1 is real time."
        ),
    ] = None,
    token: Token = None,
) -> None:
    """Run scenarios and say what each of them has found."""
    if url is None and speed is not None:
        _refuse("--speed goes with --url: without one, time is stepped as fast as it goes")
    if url is not None and seed is not None:
        _refuse("--seed goes without --url: a running emulator has its own")
    prepared = _loaded(scenario_files(files))
    try:
        with steps_shown(len(prepared)) as shown:
            records = [_run(one, seed, report, url, speed, token, shown) for one in prepared]
    except KeyboardInterrupt:
        typer.echo("interrupted; no report was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    page = None if report is None else _report(records, report)
    if as_json:
        print_json(_data(records))
    else:
        show(records)
        if page is not None:
            typer.echo(f"report: {page}")
    from bms_emulator.testing.record import Verdict

    raise typer.Exit(0 if all(record.verdict is Verdict.PASSED for record in records) else 1)


@app.command(epilog=_CHECK_EXAMPLES)
def check(files: Files, as_json: Json = False) -> None:
    """Check scenarios with all that they name, and print every problem with its file and line; run nothing."""
    from bms_emulator.profile.errors import Problem, ProfileError
    from bms_emulator.testing.scenario.load import load_scenario

    rows: list[tuple[str, Sequence[Problem]]] = []
    for file in scenario_files(files):
        try:
            load_scenario(str(file))
            rows.append((str(file), ()))
        except ProfileError as error:
            rows.append((str(file), error.problems))
    sound = not any(problems for _, problems in rows)
    if as_json:
        told = [
            {"file": file, "ok": not problems, "problems": [problem.as_dict() for problem in problems]}
            for file, problems in rows
        ]
        print_json({"ok": sound, "scenarios": told})
    else:
        for name, problems in rows:
            for problem in problems:
                typer.echo(str(problem))
            if not problems:
                typer.echo(f"{name}: ok")
    raise typer.Exit(0 if sound else 1)


@app.command("list", epilog=_LIST_EXAMPLES)
def list_(folder: Annotated[Path, typer.Argument(help="Folder to look into.")] = FOLDER, as_json: Json = False) -> None:
    """List scenarios with what they are for."""
    from bms_emulator.profile.document import read_document
    from bms_emulator.profile.errors import ProfileError

    rows = []
    for path in scenario_files([folder]):
        try:
            content = read_document(path, str(path)).data
        except ProfileError as error:
            content = {"description": str(error.problems[0])}
        told = content if isinstance(content, dict) else {}
        steps = told.get("steps")
        rows.append(
            {
                "file": str(path),
                "site": str(told.get("site", "")),
                "steps": len(steps) if isinstance(steps, list) else 0,
                "description": str(told.get("description", "")),
            }
        )
    if as_json:
        print_json(rows)
    else:
        print_table(("file", "site", "steps", "what"), [list(row.values()) for row in rows])


def scenario_files(given: Sequence[Path]) -> list[Path]:
    """Files that arguments mean: a folder means all that it holds."""
    found: list[Path] = []
    for path in given:
        if not path.exists():
            _refuse(f"{path}: no such file or folder")
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not inside:
            _refuse(f"{path}: holds no *.yaml")
        found += inside
    return found


@contextmanager
def steps_shown(count: int) -> "Iterator[Callable[[str, str], None]]":
    """A progress bar on standard error; yields what tells it of a scenario and its step."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from bms_emulator.jit import on_compile

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=count)
        begun: list[str] = []

        def tell(name: str, what: str) -> None:
            if name not in begun:
                begun.append(name)
            bar.update(task, completed=len(begun) - 1, description=f"{name}: {what}")

        on_compile(lambda kernel: bar.update(task, description=f"compiling {kernel}"))
        yield tell


def show(records: "Sequence[Record]") -> None:
    """Print what was found: a row for each scenario, and under it what did not pass."""
    from bms_emulator.testing.record import Verdict

    rows = [
        (
            record.name.removeprefix("scenario/"),
            str(record.verdict),
            f"{sum(check.verdict is Verdict.PASSED for check in record.checks)} of {len(record.checks)}",
            f"{record.duration:.1f} s",
            f"{record.seconds:.1f} s",
            record.reason,
        )
        for record in records
    ]
    print_table(("scenario", "verdict", "checks", "simulated", "took", "why"), rows)
    for record in records:
        if record.verdict is not Verdict.PASSED:
            typer.echo(f"repeat: {record.provenance.command}")


def _run(
    prepared: "Prepared",
    seed: int | None,
    report: Path | None,
    url: str | None,
    speed: float | None,
    token: str | None,
    shown: Callable[[str, str], None],
) -> "Record":
    from bms_emulator.runtime.recorder import RecordingError
    from bms_emulator.testing.bench import RefusedError
    from bms_emulator.testing.scenario.run import run_remote, run_stepped

    name = prepared.scenario.name

    def progress(number: int, step: str, time: float) -> None:
        shown(name, f"{step} ({number + 1} of {len(prepared.scenario.steps)}, {time:.1f} s)")

    shown(name, "starting")
    try:
        if url is None:
            return run_stepped(prepared, seed, report, progress)
        client = Client(url, token)
        before = _set_speed(client, speed)
        try:
            return run_remote(prepared, client, url, report, progress)
        finally:
            _set_speed(client, before)
    except (ClientError, RefusedError, RecordingError) as error:
        _refuse(f"{prepared.file}: {error}")


def _set_speed(client: Client, speed: float | str | None) -> Any:
    """Set how fast an emulator runs, if it is said; returns how fast it ran before."""
    if speed is None:
        return None
    point = "/api/points/emulator.speed"
    before = client.get(point)["value"]
    client.put(point, {"value": speed})
    return before


def _loaded(files: Sequence[Path]) -> "list[Prepared]":
    """The scenarios of files; where one is wrong nothing is run."""
    from bms_emulator.profile.errors import Problem, ProfileError
    from bms_emulator.testing.scenario.load import Prepared, load_scenario

    prepared: list[Prepared] = []
    problems: list[Problem] = []
    for file in files:
        try:
            prepared.append(load_scenario(str(file)))
        except ProfileError as error:
            problems += error.problems
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(REFUSED)
    return prepared


def _report(records: "Sequence[Record]", folder: Path) -> Path:
    from bms_emulator.testing.report import write_report

    try:
        return write_report(records, folder)
    except OSError as error:
        _refuse(f"--report {folder}: {error.strerror or error}")


def _data(records: "Sequence[Record]") -> dict[str, Any]:
    import json
    from dataclasses import asdict

    from bms_emulator.interfaces.values import dumps
    from bms_emulator.testing.record import Verdict

    return {
        "ok": all(record.verdict is Verdict.PASSED for record in records),
        "records": json.loads(dumps([asdict(record) for record in records])),
    }


def _refuse(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(REFUSED)
