"""``bms-emulator fault``: put faults into a running emulator, look at them, take them out."""

import difflib
from pathlib import Path
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
from bms_emulator.cli.fault_lease import hold as keep_holding
from bms_emulator.cli.fault_lease import lease_to_hold

app = typer.Typer(help="Inject faults into a running emulator.", no_args_is_help=True)

_ADD_EXAMPLES = """
Parameters of the fault are options too; 'bms-emulator fault kinds TARGET' lists them. Examples:

  fault add 'rack[3].cell[41].voltage' stuck --value 3.70V --at +5s --for 30s --name ov1

  fault add 'rack[3].cell[41]' internal-short --resistance 0.5ohm

  fault add 'container[1].pump' stop --ramp 10s

  fault add 'rack[*].current' invalid --random 6/min --width 200ms --seed 7

  fault add modbus delay --time 800ms --jitter 200ms --probability 0.2 --for 2m

  fault add 'rack[3].controller' hang --when 'rack[3].soc < 20% for 2s' --for 20s --rearm

  fault add 'container[1].pump' stop --hold
"""
_LOAD_EXAMPLES = """
Examples:

  fault load dry.yaml: a list, each entry a fault as the REST interface takes it, with kind, target, parameters, at, for

  fault load dry.yaml --dry-run
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
    when: Annotated[str | None, typer.Option(help="Begin once this is met: 'rack[3].soc < 20% for 2s'.")] = None,
    rearm: Annotated[bool, typer.Option("--rearm", help="Wait for --when anew after the end.")] = False,
    lease: Annotated[str | None, typer.Option(help="End unless renewed within this simulated time: 30s.")] = None,
    hold: Annotated[bool, typer.Option("--hold", help="Renew the lease until Ctrl-C, then clear the fault.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be hit.")] = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Add a fault; returns when it is in the model, with tick and simulated time."""
    shape = _shape(ramp=ramp, pulse=pulse, period=period, random=random, width=width, gap=gap, duty=duty)
    settings = {"at": at, "for": for_, "name": name, "shape": shape, "seed": seed, "when": when, "lease": lease}
    settings |= {"rearm": True} if rearm else {}
    fault = {"kind": kind, "target": target, "parameters": ctx.meta[_PARAMETERS]}
    try:
        client = Client(url, token)
        if hold and not dry_run:
            settings["lease"] = lease_to_hold(client, lease)
        fault |= {key: setting for key, setting in settings.items() if setting is not None}
        answer = client.post("/api/faults", fault, dry_run="true" if dry_run else None)
    except ClientError as error:
        fail(error)
    if json:
        print_json(answer)
    elif dry_run:
        typer.echo(f"{_effect(answer['result'])}: would hit {_hits(answer['result'])}")
    else:
        typer.echo(_added(answer["result"], answer))
    if hold and not dry_run:
        keep_holding(client, answer["result"])


@app.command("load", epilog=_LOAD_EXAMPLES)
def load(
    file: Annotated[Path, typer.Argument(help="YAML or JSON file with a list of faults.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be hit.")] = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Add all faults of a file in one tick, or none of them."""
    try:
        answer = Client(url, token).post("/api/faults", _read(file), dry_run="true" if dry_run else None)
    except ClientError as error:
        fail(f"{file}: {error}")
    if json:
        print_json(answer)
        return
    for fault in answer["result"]:
        typer.echo(f"{_effect(fault)}: would hit {_hits(fault)}" if dry_run else _added(fault, answer))


@app.command("renew")
def renew(
    names: Annotated[list[str], typer.Argument(help="Names of faults.")],
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Begin the leases of faults anew."""
    try:
        client = Client(url, token)
        answers = [client.post(f"/api/faults/{name}/renew", {}) for name in names]
    except ClientError as error:
        fail(error)
    renewed = [name for answer in answers for name in answer["result"]]
    if json:
        print_json({"renewed": renewed, "tick": answers[-1]["tick"], "time_s": answers[-1]["time_s"]})
    else:
        typer.echo(f"renewed: {', '.join(renewed)}")


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
        ("waits for", fault["when"] or "-"),
        ("begin", _time(fault["begin"])),
        ("next change", _time(fault["next_change"])),
        ("end", _time(fault["end"])),
        ("lease until", _time(fault["lease_end"])),
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
    full: Annotated[bool, typer.Option("--full", help="Tell all about each kind.")] = False,
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
    if full:
        typer.echo("\n".join(map(_sheet, rows)))
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


def _read(file: Path) -> list[Any]:
    """The faults of a file, as far as their keys can be checked here; says file and line of what is wrong."""
    from bms_emulator.faults.spec import FaultError, FaultSpec
    from bms_emulator.profile.document import read_document
    from bms_emulator.profile.errors import ProfileError

    try:
        document = read_document(file)
    except ProfileError as error:
        fail(error)
    faults = document.data
    if not isinstance(faults, list) or not faults:
        fail(f"{file}: must be a list of faults")
    problems = [str(problem) for problem in document.problems]
    for place, fault in enumerate(faults):
        try:
            FaultSpec.read(fault)
        except FaultError as error:
            problems.append(str(document.problem((place,), str(error))))
    if problems:
        fail("\n".join(problems))
    return faults


def _added(fault: dict[str, Any], answer: dict[str, Any]) -> str:
    when = f"active from tick {answer['tick']}, {answer['time_s']:.3f} s"
    if fault["begin"] is None:
        when = f"accepted at tick {answer['tick']}, waits for {fault['when']}"
    elif fault["begin"] > answer["time_s"]:
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


def _sheet(kind: dict[str, Any]) -> str:
    """All about a kind: where, settings, what it changes, and what a BMS should do about it."""
    lines = [f"{kind['kind']}: {kind['description']}", f"  on           {', '.join(kind['on'])} (as {kind['word']})"]
    for row in kind["parameters"]:
        needed = "required" if row["required"] else f"default {row['default']}"
        units = ", ".join(row["allowed"]) or row["unit"] or "number"
        lines.append(f"  --{row['name'].replace('_', '-'):<10} {row['description']} [{units}; {needed}]")
    return "\n".join([*lines, f"  changes      {kind['changes']}", f"  expected     {kind['expected']}"])


def _written(targets: list[str]) -> str:
    return "\n".join(target.removeprefix("container[*].") for target in targets)
