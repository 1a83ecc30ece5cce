"""``bms-emulator firmware``: look at a user's own firmware before, during and after it runs in the loop."""

from typing import TYPE_CHECKING, Annotated

import typer

from bms_emulator.cli import firmware_replay, firmware_trace
from bms_emulator.cli.client import Json, print_json

if TYPE_CHECKING:
    from bms_emulator.firmware.native.check import Report
    from bms_emulator.firmware.native.errors import FirmwareError

app = typer.Typer(help="Check and replay your own BMS firmware.", no_args_is_help=True)
app.command("trace", epilog=firmware_trace.EXAMPLES)(firmware_trace.trace)
app.command("replay", epilog=firmware_replay.EXAMPLES)(firmware_replay.replay_trace)

_EXAMPLES = """
Examples:

  firmware check libmybms.so

  firmware check ./mybms.py:MyBms --cells 52 --temperatures 26 --packs 1

  firmware check libmybms.so --steps 100000 --json > check.json

Exit status: 0 where nothing is wrong, 1 where something is, 2 where it cannot be loaded.
"""
_NOT_LOADABLE = 2


@app.command("check", epilog=_EXAMPLES)
def check(
    library: Annotated[
        str, typer.Argument(metavar="LIB", help="A shared library, path/file.py:Class or package.module:Class.")
    ],
    cells: Annotated[int, typer.Option(min=1, help="Cells of the rack.")] = 416,
    temperatures: Annotated[int, typer.Option(min=1, help="Measured temperatures of the rack.")] = 208,
    packs: Annotated[int, typer.Option(min=1, help="Packs of the rack.")] = 8,
    steps: Annotated[int, typer.Option(min=1, help="Length of the dry run, in periods of the firmware.")] = 1000,
    memory: Annotated[int, typer.Option(min=1, metavar="MB", help="Memory that it may use.")] = 256,
    as_json: Json = False,
) -> None:
    """Load a firmware in a process of its own, run it beside a rack at rest, and look at what it answers."""
    from time import perf_counter

    from bms_emulator.firmware.native.check import check as look
    from bms_emulator.firmware.native.errors import FirmwareError
    from bms_emulator.firmware.native.layout import Counts
    from bms_emulator.firmware.native.worker import Limits

    counts = Counts(cells, temperatures, packs)
    try:
        report = look(library, counts, steps, perf_counter, Limits(memory=memory << 20))
    except FirmwareError as error:
        if as_json:
            print_json({"library": library, "loadable": False, "ok": False, "problems": [error.message]})
        else:
            typer.echo(f"error: {error}", err=True)
            _print_trace(error)
        raise typer.Exit(_NOT_LOADABLE) from None
    if as_json:
        print_json(_data(library, report))
    else:
        _print(library, report)
    raise typer.Exit(1 if report.problems else 0)


def _print(library: str, report: "Report") -> None:
    about = report.description
    median, rare, longest = (1e6 * duration for duration in report.step_time)
    rows = [
        ("name", f"{about.name} {about.version}"),
        ("interface", ".".join(map(str, about.abi))),
        ("period", f"{about.period * 1e3:g} ms, watchdog {about.watchdog * 1e3:g} ms"),
        ("supports", f"{_range(about.cells)} cells, {_range(about.temperatures)} temperatures"),
        ("alarms", f"{len(about.alarms)}" + "".join(f"\n{'':14}{n} {name}" for n, name in about.alarms.items())),
        ("steps", f"{report.steps}"),
    ]
    if report.error is None:
        rows += [
            ("step time", f"median {median:.0f} us, p99 {rare:.0f} us, longest {longest:.0f} us, with the way there"),
            ("at the end", f"state {_state(report)}, contactors {_contactors(report)}"),
            ("persistent", f"{report.persistent_size} bytes"),
            ("snapshot", "none" if report.snapshot_size is None else f"{report.snapshot_size} bytes"),
            ("outputs", f"hash {report.digest}"),
        ]
    typer.echo(library)
    for label, text in rows:
        typer.echo(f"  {label:<12}{text}")
    for text in report.unprotected:
        typer.echo(f"  unprotected {text}")
    if report.text:
        typer.echo("  it wrote:\n" + "".join(f"    {line}\n" for line in report.text.splitlines()[:20]), nl=False)
    for caution in report.cautions:
        typer.echo(f"  warning: {caution}")
    for problem in report.problems:
        typer.echo(f"  problem: {problem}")
    if report.error is not None:
        _print_trace(report.error)
    typer.echo("nothing is wrong" if not report.problems else f"problems: {len(report.problems)}")


def _print_trace(error: "FirmwareError") -> None:
    """Where it crashed, by lines of source where they are known."""
    from bms_emulator.firmware.native.source_lines import source_lines

    lines = source_lines(error.details.get("frames", ())) or error.details.get("backtrace", "").splitlines()
    for line in lines:
        typer.echo(f"    {line}", err=True)


def _data(library: str, report: "Report") -> dict[str, object]:
    about = report.description
    return {
        "library": library,
        "loadable": True,
        "ok": not report.problems,
        "problems": report.problems,
        "warnings": report.cautions,
        "name": about.name,
        "version": about.version,
        "abi": about.abi,
        "period_ms": about.period * 1e3,
        "watchdog_ms": about.watchdog * 1e3,
        "cells": about.cells,
        "temperatures": about.temperatures,
        "alarms": about.alarms,
        "steps": report.steps,
        "step_time_us": dict(zip(("median", "p99", "longest"), (1e6 * t for t in report.step_time), strict=True)),
        "state": _state(report),
        "contactor_command": report.contactor_command,
        "persistent_size": report.persistent_size,
        "snapshot_size": report.snapshot_size,
        "outputs_hash": report.digest,
        "unprotected": report.unprotected,
        "text": report.text,
    }


def _range(allowed: tuple[int, int] | None) -> str:
    return "any number of" if allowed is None else f"{allowed[0]} to {allowed[1]}"


def _state(report: "Report") -> str:
    from bms_emulator.firmware.contract import RackMode, names

    return names(RackMode).get(report.state, str(report.state))


def _contactors(report: "Report") -> str:
    from bms_emulator.firmware.native.abi import Contactor

    closed = [str(contactor.name).lower() for contactor in Contactor if report.contactor_command & contactor]
    return " and ".join(closed) + " closed" if closed else "open"
