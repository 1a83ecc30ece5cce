"""``bms-emulator fault``: put faults into a running emulator, look at them, take them out."""

import difflib
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

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

app = typer.Typer(help="Inject faults into a running emulator.", no_args_is_help=True)

_ADD_EXAMPLES = """
Parameters of the fault are options too; 'bms-emulator fault kinds TARGET' lists them. Examples:

  fault add 'rack[3].cell[41].voltage' stuck --value 3.70V --at +5s --for 30s --name ov1

  fault add 'rack[3].cell[41]' internal-short --resistance 0.5ohm

  fault add 'container[1].pump' stop --ramp 10s

  fault add 'rack[*].current' invalid --random 6/min --width 200ms --seed 7

  fault add modbus delay --time 800ms --jitter 200ms --probability 0.2 --for 2m
"""
_CLEAR_EXAMPLES = """
Examples:

  fault clear ov1

  fault clear --match 'rack[3]*'

  fault clear --all
"""

_PARAMETERS = "bms_emulator.fault.parameters"


class AnyParameters(TyperCommand):
    """A command that takes ``--name value`` for any name that it does not know, as a parameter of the fault."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Set parameters of the fault aside, then parse the rest."""
        known = {option for param in self.params for option in (*param.opts, *param.secondary_opts)}
        known |= set(ctx.help_option_names)
        parameters: dict[str, str] = {}
        rest: list[str] = []
        given = iter(args)
        for arg in given:
            name, equals, text = arg.partition("=")
            if not name.startswith("--") or name == "--" or name in known:
                rest.append(arg)
                continue
            text = text if equals else next(given, "--")
            if text.startswith("--"):
                near = difflib.get_close_matches(name, known, 1)
                raise typer.BadParameter(f"{name}: needs a value" + (f"; near: {near[0]}" if near else ""), ctx=ctx)
            parameters[name.removeprefix("--").replace("-", "_")] = text
        ctx.meta[_PARAMETERS] = parameters
        return super().parse_args(ctx, rest)


@app.command("add", cls=AnyParameters, epilog=_ADD_EXAMPLES)
def add(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(help="Measured points, components or connections.")],
    kind: Annotated[str, typer.Argument(help="What happens there.")],
    at: Annotated[str | None, typer.Option(help="Delay, in simulated time: +5s.")] = None,
    for_: Annotated[str | None, typer.Option("--for", help="How long, in simulated time: 30s.")] = None,
    name: Annotated[str | None, typer.Option(help="Unique name; a fault of that name is replaced.")] = None,
    ramp: Annotated[str | None, typer.Option(help="Rise to full strength over this time.")] = None,
    pulse: Annotated[int | None, typer.Option(help="Number of pulses, each of --width.")] = None,
    period: Annotated[str | None, typer.Option(help="On and off with this period.")] = None,
    random: Annotated[str | None, typer.Option(help="Events at random moments, at this rate: 6/min.")] = None,
    width: Annotated[str | None, typer.Option(help="Length of a pulse or of a random event.")] = None,
    gap: Annotated[str | None, typer.Option(help="Time between pulses.")] = None,
    duty: Annotated[str | None, typer.Option(help="Share of the period that is on: 20%.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all that is random about the fault.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be hit.")] = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Add a fault; returns when it is in the model, with tick and simulated time."""
    shape = _shape(ramp=ramp, pulse=pulse, period=period, random=random, width=width, gap=gap, duty=duty)
    settings = {"at": at, "for": for_, "name": name, "shape": shape, "seed": seed}
    fault = {"kind": kind, "target": target, "parameters": ctx.meta[_PARAMETERS]}
    fault |= {key: setting for key, setting in settings.items() if setting is not None}
    try:
        answer = Client(url, token).post("/api/faults", fault, dry_run="true" if dry_run else None)
    except ClientError as error:
        fail(error)
    if json:
        print_json(answer)
    elif dry_run:
        typer.echo(f"{_effect(answer['result'])}: would hit {_hits(answer['result'])}")
    else:
        typer.echo(_added(answer))


@app.command("list")
def list_(json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """List all faults, pending and active."""
    faults = _faults(url, token)
    if json:
        print_json(faults)
    elif not faults:
        typer.echo("no faults")
    else:
        columns = ("name", "kind", "target", "parameters", "phase", "strength", "begin", "end")
        print_table(columns, ([_cell(fault, column) for column in columns] for fault in faults))


@app.command("explain")
def explain(
    name: Annotated[str, typer.Argument(help="Name of the fault.")],
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Tell what a fault does, where it stands, and what a BMS should do about it."""
    from bms_emulator.faults.registry import kinds

    faults = {fault["name"]: fault for fault in _faults(url, token)}
    if name not in faults:
        near = difflib.get_close_matches(name, faults, 2)
        fail(f"{name}: no such fault" + (f"; near: {', '.join(near)}" if near else ""))
    fault = faults[name]
    (about,) = (row for row in kinds(fault["target"]) if row["kind"] == fault["kind"])
    if json:
        print_json(fault | {key: about[key] for key in ("description", "changes", "expected")})
        return
    typer.echo(f"{name}: {_effect(fault)}")
    for label, text in (
        ("what", about["description"]),
        ("hits", _hits(fault)),
        ("shape", ", ".join(f"{key} {setting}" for key, setting in fault["shape"].items())),
        ("phase", f"{fault['phase']}, strength {fault['strength']:.0%}"),
        ("begin", _time(fault["begin"])),
        ("next change", _time(fault["next_change"])),
        ("end", _time(fault["end"])),
        ("changes", about["changes"]),
        ("expected", about["expected"]),
    ):
        typer.echo(f"  {label:<12} {text}")


@app.command("clear", epilog=_CLEAR_EXAMPLES)
def clear(
    names: Annotated[list[str] | None, typer.Argument(help="Names of faults.")] = None,
    match: Annotated[str | None, typer.Option(help="Pattern over names and targets; * is any text.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All faults.")] = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Take faults out again, by name, by pattern, or all."""
    if bool(names) + (match is not None) + everything != 1:
        raise typer.BadParameter("give names, --match or --all, one of them")
    try:
        client = Client(url, token)
        if names:
            answers = [client.delete(f"/api/faults/{name}") for name in names]
        else:
            answers = [client.delete("/api/faults", match=match, all="true" if everything else None)]
    except ClientError as error:
        fail(error)
    cleared = [name for answer in answers for name in answer["result"]]
    if json:
        print_json({"cleared": cleared, "tick": answers[-1]["tick"], "time_s": answers[-1]["time_s"]})
    else:
        what = ", ".join(cleared) or "nothing to clear"
        typer.echo(f"cleared: {what}" if cleared else what)


@app.command("kinds")
def kinds_(
    target: Annotated[str | None, typer.Argument(help="Where; everything where not given.")] = None,
    json: Json = False,
) -> None:
    """List what can be injected, or what can be injected at a target, with parameters and units."""
    from bms_emulator.faults.registry import kinds
    from bms_emulator.faults.spec import FaultError

    try:
        rows = kinds(target)
    except FaultError as error:
        fail(error)
    if json:
        print_json(rows)
        return
    measured = max((row["targets"] for row in rows), key=len)
    where = {} if target is not None else {row["kind"]: _written(row["targets"]) for row in rows}
    where |= {row["kind"]: "a measured point" for row in rows if where and row["targets"] == measured}
    columns = [*(["target"] if where else []), "kind", "parameters", "what happens"]
    texts = ([where.get(row["kind"]), row["word"], _parameters(row), row["description"]] for row in rows)
    print_table(columns, (row if where else row[1:] for row in texts))
    if where:
        typer.echo("Measured points:\n" + _written(measured))


def _shape(**options: Any) -> dict[str, Any] | None:
    """The shape that the options describe; an option without its shape is an error."""
    forms = {"ramp": ("ramp", "duration"), "pulse": ("pulse", "count"), "period": ("periodic", "period")}
    forms |= {"random": ("random", "rate")}
    belongs = {"width": ("pulse", "random"), "gap": ("pulse",), "duty": ("period",)}
    given = {key: option for key, option in options.items() if option is not None}
    chosen = [key for key in given if key in forms]
    if len(chosen) > 1:
        raise typer.BadParameter(f"--{chosen[0]} and --{chosen[1]}: give one shape only")
    for key, hosts in belongs.items():
        if key in given and not set(hosts) & set(chosen):
            raise typer.BadParameter(f"--{key}: needs {' or '.join('--' + host for host in hosts)}")
    if not chosen:
        return None
    form, first = forms[chosen[0]]
    return {"form": form, first: given.pop(chosen[0])} | given


def _faults(url: str, token: str | None) -> list[dict[str, Any]]:
    try:
        answer = Client(url, token).get("/api/faults")
    except ClientError as error:
        fail(error)
    faults: list[dict[str, Any]] = answer["faults"]
    return faults


def _added(answer: dict[str, Any]) -> str:
    fault = answer["result"]
    when = f"active from tick {answer['tick']}, {answer['time_s']:.3f} s"
    if fault["begin"] > answer["time_s"]:
        when = f"accepted at tick {answer['tick']}, begins at {fault['begin']:.3f} s"
    until = "" if fault["end"] is None else f", until {fault['end']:.3f} s"
    replaced = " (replaced)" if fault["replaced"] else ""
    return f"{fault['name']}{replaced}: {_effect(fault)}: {when}{until}; hits {_hits(fault)}"


def _effect(fault: dict[str, Any]) -> str:
    settings = "".join(f" {key}={setting}" for key, setting in fault["parameters"].items())
    return f"{fault['kind']} on {fault['target']}{settings}"


def _hits(fault: dict[str, Any]) -> str:
    more = fault["count"] - len(fault["hits"])
    return ", ".join(fault["hits"]) + (f" and {more} more" if more > 0 else "")


def _cell(fault: dict[str, Any], column: str) -> str:
    if column == "parameters":
        return ", ".join(f"{key}={setting}" for key, setting in fault["parameters"].items())
    if column in ("begin", "end"):
        return _time(fault[column])
    return f"{fault['strength']:.0%}" if column == "strength" else str(fault[column])


def _time(time: float | None) -> str:
    return "-" if time is None else f"{time:.3f} s"


def _parameters(kind: dict[str, Any]) -> str:
    """Parameters of a kind with some of their units, and with what they are where not given."""
    texts = []
    for row in kind["parameters"]:
        units = ["number" if unit == "nothing" else unit for unit in row["allowed"]]
        text = f"--{row['name'].replace('_', '-')} [{' | '.join(units[:3])}{' | ...' if units[3:] else ''}]"
        texts.append(text if row["required"] else f"{text} = {row['default']}")
    return "\n".join(texts)


def _written(targets: list[str]) -> str:
    return "\n".join(target.removeprefix("container[*].") for target in targets)
