"""``bms-emulator status``: what a running emulator says of its clock, its punctuality and its faults, on one page."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from bms_emulator.cli.client import DEFAULT_URL, Client, ClientError, Json, Token, Url, fail, print_json
from bms_emulator.cli.texts import elapsed

EXAMPLES = """
Examples:

  status

  status --json

  status --url http://127.0.0.1:18080

Lateness is the time from a tick's deadline to its beginning, compute from its beginning to its end, over the whole run.
An overrun is a tick that took longer than its period. Ticks due are always ticks run and ticks declared skipped.
"""

_WIDTH = 14
_POLICIES = {
    "strict": "stops when it falls behind",
    "slip": "declares ticks skipped when it falls behind",
    "slow": "simulated time slows down when it falls behind",
}
_QUANTILES = {"p50": "median", "p99": "99 %", "p999": "99.9 %", "max": "max"}


def status(url: Url = DEFAULT_URL, token: Token = None, as_json: Json = False) -> None:
    """Show clock, punctuality and faults of a running emulator."""
    try:
        answer = Client(url, token).get("/api/status")
    except ClientError as error:
        fail(error)
    if as_json:
        print_json(answer)
        return
    typer.echo(f"{answer['site']}, at {url}, version {answer['version']}, seed {answer.get('seed', '-')}")
    for title, rows in page(answer):
        typer.echo(f"\n{title}")
        for label, text in rows:
            typer.echo(f"  {label:<{_WIDTH}} {text}".rstrip())


def page(answer: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Sections of the page: title, and rows of label and text."""
    yield "clock", _clock(answer)
    if "lateness" in answer:
        yield "punctuality", _punctuality(answer)
    if "commands" in answer:
        counts = answer["commands"]
        lost = f", {counts['answers_lost']} answers lost" if counts["answers_lost"] else ""
        yield "commands", [("applied", f"{counts['applied']:,}"), ("refused", f"{counts['refused']:,}{lost}")]
    if answer.get("firmware"):
        yield "user firmware", _firmware(answer["firmware"])
    yield "faults", _faults(answer)


def _clock(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("simulated time", f"{elapsed(answer['time'])} ({answer['time']:,.1f} s)"),
        ("tick", f"{answer['tick']:,}, one every {1e3 * answer['dt']:g} ms"),
    ]
    if "speed" in answer:
        rows.append(("speed", _speed(answer["speed"], answer["speed_actual"])))
    due, run, skipped = answer["ticks_due"], answer["ticks_run"], answer["ticks_skipped"]
    rows.append(("ticks", f"{due:,} due = {run:,} run + {skipped:,} skipped"))
    return rows


def _speed(asked: float | str, actual: float) -> str:
    """Speed as asked for and as it is; JSON knows no infinity, so its name stands there."""
    if asked == 0.0:
        return "paused"
    return f"×{actual:,.4g}, " + ("as fast as it goes" if isinstance(asked, str) else f"asked ×{asked:g}")


def _punctuality(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("", "".join(f"{name:>12}" for name in _QUANTILES.values()))]
    rows += [
        (key, "".join(f"{1e3 * answer[key][name]:>9.3f} ms" for name in _QUANTILES)) for key in ("lateness", "compute")
    ]
    behind = _POLICIES.get(answer["overrun"], answer["overrun"])
    rows.append(("overruns", f"{answer['overruns']:,} of {answer['ticks_run']:,} ticks; {behind}"))
    rows.append(("scheduling", "real-time class" if answer["realtime"] else "normal class"))
    return rows


def _firmware(racks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    rows = []
    for rack in racks:
        process = "no process" if rack["pid"] is None else f"process {rack['pid']}"
        times = " ".join(
            f"{name} {1e3 * rack['step_time'][key]:.3f} ms" for name, key in (("median", "p50"), ("max", "max"))
        )
        counts = f"{rack['steps']:,} steps, {times}, {rack['lates']:,} late, {rack['restarts']:,} restarts"
        rows.append((rack["rack"].removeprefix("container[1]."), f"{rack['name']} {rack['version']}, {rack['state']}"))
        rows.append(("", f"{process}, {counts}"))
    return rows


def _faults(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    faults = answer["faults"]
    rows = [(fault["name"], f"{fault['kind']} on {fault['target']}, {fault['phase']}") for fault in faults]
    if omitted := answer.get("faults_omitted"):
        rows.append((f"{omitted:,}", "too many to be shown here; see: bms-emulator fault list"))
    return rows or [("none", "")]
