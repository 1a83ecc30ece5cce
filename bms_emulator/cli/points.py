"""``bms-emulator points | get | set``: read points of a running emulator, and write to them."""

import json
from typing import Annotated, Any

import typer

from bms_emulator.cli.client import (
    DEFAULT_URL,
    Client,
    ClientError,
    Json,
    Token,
    Url,
    fail,
    print_json,
    print_table,
)

POINTS_EXAMPLES = """
Examples:

  points

  points chiller

  points --json
"""
GET_EXAMPLES = """
Examples:

  get 'rack[*].soc' container.voltage

  get 'rack[3].cell[1..8].voltage' --json

  get 'rack[1].alarm\\[cell_overvoltage].level'

  get 'container[1].*' 'meter.*' 'meter.phase[*].power'

The prefix plant. reads the truth that sensors only approximate: get 'plant.rack[3].cell[41].voltage'
"""
SET_EXAMPLES = """
Examples:

  set container.request=connect

  set pcs.setpoint_enabled=true pcs.setpoint_mode=watts pcs.power_setpoint=1MW

  set load.override_enabled=true load.override_power=200kW pv.limit_fraction=40%

  set 'rack[*].enabled=false' emulator.speed=300

  set emulator.speed=infinity

A choice is written by its name or number, a number in SI or with a unit as in 22degC; points tells unit, limits and
access of each.
"""


def points(
    pattern: Annotated[str, typer.Argument(help="Show only points whose name contains this text.")] = "",
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the points of a running emulator: name, unit, access, meaning."""
    families = _ask(url, None, lambda client: client.get("/api/points"))["families"]
    found = [family for family in families if pattern in family["name"]]
    if as_json:
        print_json(found)
        return
    columns = ("name", "unit", "access", "source", "meaning")
    keys = ("unit", "access", "source", "description")
    print_table(columns, [[_short(family["name"]), *(family[key] for key in keys)] for family in found])


def get(
    selectors: Annotated[list[str], typer.Argument(help="Points, with ranges and stars.")],
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Read points of a running emulator, in SI units."""
    answers = _ask(url, None, lambda client: [client.get("/api/points", select=text) for text in selectors])
    if as_json:
        print_json(answers if len(answers) > 1 else answers[0])
        return
    rows = [
        (name, _shown(value), (group.get("texts") or {}).get(name) or group["unit"])
        for answer in answers
        for group in answer["points"]
        for name, value in group["values"].items()
    ]
    print_table(("point", "value", "unit"), rows)


def set_(
    assignments: Annotated[list[str], typer.Argument(help="POINT=VALUE; all are applied in the same tick, or none.")],
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Write points of a running emulator, in SI units or with a unit."""
    values = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise typer.BadParameter(f"{assignment!r}: must be POINT=VALUE")
        values[name] = _value(text)
    answer = _ask(url, token, lambda client: client.post("/api/commands", {"set": values}))
    if as_json:
        print_json(answer)
    else:
        typer.echo(f"applied at tick {answer['tick']}, simulated time {answer['time_s']:.3f} s")


def _short(name: str) -> str:
    """A name without the index of what there is one of only; it may be left out."""
    return name.replace("[1..1]", "").replace("container.rack", "rack")


def _ask(url: str, token: str | None, question: Any) -> Any:
    try:
        return question(Client(url, token))
    except ClientError as error:
        fail(error)


def _value(text: str) -> Any:
    """A number, true or false where the text reads so; else the text, the name of a choice."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value if isinstance(value, int | float | bool) else text


def _shown(value: object) -> str:
    if value is None:
        return "invalid"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
