"""``bms-emulator status | points | get | set``: look at a running emulator and write to it."""

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


def status(url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Show clock, punctuality and active faults of a running emulator."""
    answer = _ask(url, None, lambda client: client.get("/api/status"))
    if as_json:
        print_json(answer)
        return
    print_table(("what", "value"), list(_flat(answer)))


def points(
    pattern: Annotated[str, typer.Argument(help="Show only points whose name contains this text.")] = "",
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the points of a running emulator: name, unit, access, meaning.

    Example:
      bms-emulator points chiller
    """
    families = _ask(url, None, lambda client: client.get("/api/points"))["families"]
    found = [family for family in families if pattern in family["name"]]
    if as_json:
        print_json(found)
        return
    columns = ("name", "unit", "access", "source", "meaning")
    print_table(columns, [[family[k] for k in ("name", "unit", "access", "source", "description")] for family in found])


def get(
    selectors: Annotated[list[str], typer.Argument(help="Points, with ranges and stars.")],
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Read points of a running emulator, in SI units.

    Examples:
      bms-emulator get 'rack[*].soc' container.voltage
      bms-emulator get 'rack[3].cell[1..8].voltage' --json
    """
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
    """Write points of a running emulator, in SI units.

    Examples:
      bms-emulator set container.request=connect
      bms-emulator set 'pcs[1].power_setpoint=1e6' 'pcs[1].setpoint_enabled=1'
      bms-emulator set emulator.speed=300
    """
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


def _flat(data: Any, path: str = "") -> list[tuple[str, str]]:
    """Rows of nested data: path and value."""
    if isinstance(data, dict):
        return [row for key, item in data.items() for row in _flat(item, f"{path}.{key}" if path else key)]
    if isinstance(data, list):
        return [row for n, item in enumerate(data, 1) for row in _flat(item, f"{path}[{n}]")] or [(path, "none")]
    return [(path, _shown(data))]
