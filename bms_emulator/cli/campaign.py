"""``bms-emulator campaign``: run faults in great number, show what was detected and what was missed."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bms_emulator.cli.client import Json, print_json, print_table

if TYPE_CHECKING:
    from bms_emulator.testing.campaign.plan import Plan
    from bms_emulator.testing.campaign.result import Judged
    from bms_emulator.testing.campaign.store import Store

app = typer.Typer(
    help="Run faults at many operating points and say which were found, by what, and how soon.", no_args_is_help=True
)

RESULTS = Path("reports/campaigns")
INTERRUPTED = 130
REFUSED = 2

File = Annotated[Path, typer.Argument(metavar="FILE", help="The campaign.")]
Output = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help=f"Where the results are; {RESULTS}/NAME where not given.", show_default=False),
]

_RUN_EXAMPLES = """
Examples:

  campaign run hil/campaigns/single-faults.yaml

  campaign run hil/campaigns/random-walk.yaml --jobs 8 --output /tmp/walk

  campaign run hil/campaigns/single-faults.yaml --only 117

A campaign that was interrupted goes on where it stopped. Results go to results.csv, results.json and results.html.

Exit status: 0 where all runs were as expected, 1 where one was not, 2 where a file or the command line is wrong, 130
after Ctrl-C.
"""
_SHOW_EXAMPLES = """
Examples:

  campaign show hil/campaigns/single-faults.yaml

  campaign show hil/campaigns/single-faults.yaml --matrix

  campaign show hil/campaigns/random-walk.yaml --runs missed --json
"""


@app.command(epilog=_RUN_EXAMPLES)
def run(
    file: File,
    only: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Make run N alone, say all about it and write nothing.")
    ] = None,
    output: Output = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one for each core where not given.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, and forget the results that there are.")] = False,
    as_json: Json = False,
) -> None:
    """Run a campaign on all cores, or one run of it."""
    plan = _plan(file)
    if only is not None:
        _run_one(plan, only, as_json)
        return
    from bms_emulator.testing.campaign.page import write_results
    from bms_emulator.testing.campaign.pool import PoolError
    from bms_emulator.testing.campaign.result import judge
    from bms_emulator.testing.campaign.store import Store, StoreError

    folder = output or RESULTS / plan.campaign.name
    interrupted = False
    try:
        with Store(folder, plan, fresh) as store:
            try:
                _make(plan, store, jobs)
            except KeyboardInterrupt:
                interrupted = True
        judged = judge(plan, list(store.shown.values()))
        written = write_results(plan, judged, folder)
    except (StoreError, PoolError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{folder}: {error.strerror or error}")
    _tell(plan, judged, as_json)
    if not as_json:
        for path in written:
            typer.echo(f"written: {path}")
    if interrupted:
        typer.echo(f"interrupted after {len(judged)} of {len(plan.runs)} runs; run it again to go on", err=True)
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(_status(judged))


@app.command(epilog=_SHOW_EXAMPLES)
def show(
    file: File,
    output: Output = None,
    matrix: Annotated[bool, typer.Option("--matrix", help="Show which alarms rose after which kind of fault.")] = False,
    runs: Annotated[
        str | None, typer.Option(metavar="OUTCOME", help="Show the runs of an outcome, such as missed; or all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the results of a campaign, also while it runs."""
    from bms_emulator.testing.campaign.result import Outcome, judge
    from bms_emulator.testing.campaign.store import LINES, StoreError, read_lines

    plan = _plan(file)
    if runs is not None and runs not in ("all", *Outcome):
        _refuse(f"--runs {runs}: must be one of all, {', '.join(Outcome)}")
    path = (output or RESULTS / plan.campaign.name) / LINES
    try:
        heading, shown = read_lines(path)
    except StoreError as error:
        _refuse(f"{error}; run it first with: bms-emulator campaign run {file}")
    if heading["digest"] != plan.digest:
        _refuse(f"{path}: holds results of another campaign, or of this one before it or its site was changed")
    judged = judge(plan, list(shown.values()))
    chosen = [one for one in judged if runs in (None, "all", one.outcome)]
    if matrix and not as_json:
        _tell_matrix(plan, judged)
    elif runs is not None and not as_json:
        _tell_runs(chosen)
    else:
        _tell(plan, chosen, as_json)


def _make(plan: "Plan", store: "Store", jobs: int | None) -> None:
    """Make the runs that are missing, under a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from bms_emulator.testing.campaign.pool import cores, make_runs

    missing = store.missing(plan)
    if not missing:
        typer.echo("all runs are there already; --fresh makes them anew", err=True)
        return
    done = len(plan.runs) - len(missing)
    console = Console(stderr=True)
    if done:
        console.print(f"{done} of {len(plan.runs)} runs are there already", highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(plan.campaign.name, total=len(plan.runs), completed=done)
        results = make_runs(plan.file, missing, jobs or cores())
        with closing(results):
            for shown in results:
                store.add(shown)
                bar.advance(task)


def _run_one(plan: "Plan", number: int, as_json: bool) -> None:
    from bms_emulator.testing.campaign.model import HEALTHY
    from bms_emulator.testing.campaign.result import judge
    from bms_emulator.testing.campaign.work import make_run

    if number > len(plan.runs):
        _refuse(f"--only {number}: the campaign has runs 1 to {len(plan.runs)}")
    chosen = plan.runs[number - 1]
    twin = [
        other
        for other in plan.runs
        if other.case == HEALTHY and (other.operating_point, other.seed) == (chosen.operating_point, chosen.seed)
    ]
    numbers = dict.fromkeys([*(other.number for other in twin), number])
    shown = [make_run(plan, plan.runs[n - 1]) for n in numbers]
    judged = next(one for one in judge(plan, shown) if one.run.number == number)
    row = judged.row()
    if as_json:
        print_json(row | {"overrides": dict(chosen.overrides), "alarms": judged.shown.alarms})
    else:
        print_table(("what", "value"), [(key, value) for key, value in row.items() if value not in ("", None)])
        timeline = sorted((time, name, level) for name, (time, level) in judged.shown.alarms.items())
        if timeline:
            print_table(("alarm", "after the fault", "level"), [(n, f"{t:.1f} s", level) for t, n, level in timeline])
    raise typer.Exit(_status([judged]))


def _plan(file: Path) -> "Plan":
    from bms_emulator.profile.errors import ProfileError
    from bms_emulator.testing.campaign.plan import load_campaign

    try:
        return load_campaign(str(file))
    except ProfileError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(REFUSED) from None


def _tell(plan: "Plan", judged: "Sequence[Judged]", as_json: bool) -> None:
    from bms_emulator.testing.campaign.page import command, counts, data, delay
    from bms_emulator.testing.campaign.result import GOOD
    from bms_emulator.testing.campaign.summary import case_rows, outcomes

    if as_json:
        print_json(data(plan, judged))
        return
    rows = [
        (
            row.case,
            row.runs,
            row.good,
            counts(row.alarms, row.runs, 2),
            delay(row.delay_median),
            delay(row.delay_max),
            counts(row.actions, row.runs),
            counts(row.missed, row.runs, 2),
        )
        for row in case_rows(plan, judged)
    ]
    print_table(("case", "runs", "as expected", "first alarm", "median", "longest", "followed", "missed"), rows)
    typer.echo(", ".join(f"{count} {name}" for name, count in outcomes(judged).items()))
    wrong = next((one for one in judged if one.outcome not in GOOD), None)
    if wrong is not None:
        typer.echo(f"repeat the first that was not as expected: {command(plan, wrong.run.number)}")


def _tell_matrix(plan: "Plan", judged: "Sequence[Judged]") -> None:
    """Alarms as rows, so that it stays narrow."""
    from bms_emulator.testing.campaign.summary import coverage

    shown = coverage(plan, judged)
    columns = [f"{kind} ({runs})" for kind, runs in zip(shown.kinds, shown.runs, strict=True)]
    rows = [(alarm, *(line[n] or "" for line in shown.counts)) for n, alarm in enumerate(shown.alarms)]
    print_table(("alarm", *columns), rows)


def _tell_runs(judged: "Sequence[Judged]") -> None:
    keys = ("run", "case", "operating_point", "seed", "outcome", "alarm", "delay_s", "missed", "alarms")
    print_table(keys, [[one.row()[key] for key in keys] for one in judged])


def _status(judged: "Sequence[Judged]") -> int:
    from bms_emulator.testing.campaign.summary import held

    return 0 if held(judged) else 1


def _refuse(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(REFUSED)
