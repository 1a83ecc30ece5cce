"""``bms-emulator map``: register maps as tables, and whether they are right."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bms_emulator.cli.map_forms import FORMS
from bms_emulator.profile.errors import Problem, ProfileError

if TYPE_CHECKING:
    from bms_emulator.interfaces.modbus.coverage import Coverage
    from bms_emulator.interfaces.modbus.table import Entry
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.site import ModbusDevice, SiteProfile

app = typer.Typer(help="List, show, check and export register maps.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Register map, by name or file.")]
SiteOption = Annotated[
    str, typer.Option(help="Site, by name or file: it says how many racks, packs and cells there are.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_SITE = "demo"

SHOW_EXAMPLES = """
Examples:

  map show sunspec-battery

  map show sunspec-battery --block model_802 --find soc

  map show sunspec-battery --unit 11 --address 0x9C90

  map show pcs-sunspec --address 40180..40200 --site cabinet --csv
"""
CHECK_EXAMPLES = """
Examples:

  map check

  map check my-map.yaml --site cabinet

  map check --site my-site.yaml --unbound
"""
EXPORT_EXAMPLES = """
Examples:

  map export sunspec-battery --format csv --out battery.csv

  map export sunspec-battery --format sunspec --out models.json

  map export my-map.yaml --site my-site.yaml --format markdown
"""


@app.command("list", epilog="Examples: bms-emulator map list · map list --json")
def list_(as_json: AsJson = False) -> None:
    """List the register maps that there are."""
    from bms_emulator.cli.client import print_table
    from bms_emulator.interfaces.modbus.load import KIND, load_map
    from bms_emulator.profile.folders import Folders

    rows: list[dict[str, str]] = []
    problems: list[Problem] = []
    for name, found in Folders.default().list(KIND).items():
        try:
            registers = load_map(name).registers
        except ProfileError as error:
            problems += error.problems
            continue
        told = {"name": name, "description": registers.description, "compatible_with": registers.compatible_with}
        rows.append(told | {"file": found.label})
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(list(rows[0]) if rows else ["name"], [list(row.values()) for row in rows])
    if problems:
        raise _failed(ProfileError(problems))


@app.command(epilog=SHOW_EXAMPLES)
def show(
    name: NameArgument,
    site: SiteOption = DEFAULT_SITE,
    unit: Annotated[int | None, typer.Option(help="Only this unit id.")] = None,
    block: Annotated[str, typer.Option(help="Only this block.")] = "",
    find: Annotated[str, typer.Option(help="Only rows with this text in name, point or description.")] = "",
    address: Annotated[
        str, typer.Option(help="Only rows at this address or range, decimal or hexadecimal: 0x1100, 4352..4400.")
    ] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Print the addresses of a register map. Addresses are those on the wire, from 0."""
    chosen = [form for form, wanted in (("csv", as_csv), ("json", as_json), ("markdown", as_markdown)) if wanted]
    if len(chosen) > 1:
        raise typer.BadParameter("choose one of --csv, --json, --markdown")
    span = _span(address)
    rows = [row for row in _rows(name, site) if _is_wanted(row, unit, block, find)]
    if span is not None:
        rows = [there for row in rows if (there := row.at(*span)) is not None]
    if not rows:
        typer.echo(f"{name}: no row is like that", err=True)
        raise typer.Exit(1)
    print(FORMS[chosen[0] if chosen else "text"](rows))


@app.command(epilog=CHECK_EXAMPLES)
def check(
    names: Annotated[
        list[str] | None, typer.Argument(help="Register maps, by name or file; all that the site serves where none.")
    ] = None,
    site: SiteOption = DEFAULT_SITE,
    unbound: Annotated[bool, typer.Option(help="Also list points that no register shows.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check register maps against the points of a site; print every problem with its file and line.

    Then say how many units, registers and writable values each has, and how many points it binds. Exit status 1 if
    there is any problem.
    """
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.loader import load_site

    try:
        profile = load_site(site)
    except ProfileError as error:
        raise _failed(error) from error
    catalogue = Catalogue(profile)
    together = [[_device(profile, name)] for name in names or ()] or [list(profile.modbus.devices)]
    found: list[Coverage] = []
    problems: list[Problem] = []
    for devices in together:
        try:
            found += _checked(profile, catalogue, devices)
        except ProfileError as error:
            problems += error.problems
    if as_json:
        told = [problem.as_dict() for problem in problems]
        print(json.dumps({"maps": [coverage.as_dict() for coverage in found], "problems": told}, indent=2))
    else:
        print("\n".join(map(str, found)), end="\n" if found else "")
    if unbound and not as_json:
        _print_unbound(catalogue, found)
    if problems:
        raise _failed(ProfileError(problems), quiet=as_json)


@app.command(epilog=EXPORT_EXAMPLES)
def export(
    name: NameArgument,
    site: SiteOption = DEFAULT_SITE,
    form: Annotated[
        Literal["text", "csv", "markdown", "json", "sunspec"],
        typer.Option("--format", help="sunspec: model definitions in SunSpec's JSON, of maps that consist of models."),
    ] = "csv",
    out: Annotated[Path | None, typer.Option(help="File to write; printed where none.")] = None,
) -> None:
    """Write the addresses of a register map to a file."""
    content = _sunspec(name) if form == "sunspec" else FORMS[form](list(_rows(name, site)))
    if out is None:
        print(content)
        return
    try:
        out.write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(f"--out {out}: {error.strerror}", err=True)
        raise typer.Exit(1) from error


def _rows(name: str, site: str) -> "Iterator[Entry]":
    """Rows of a map on a site; ends the command where something is wrong."""
    from bms_emulator.interfaces.modbus.layout import LayoutError
    from bms_emulator.interfaces.modbus.load import load_map
    from bms_emulator.interfaces.modbus.placing import place
    from bms_emulator.interfaces.modbus.table import entries
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.loader import load_site

    try:
        loaded = load_map(name)
        profile = load_site(site)
        try:
            units = place(loaded.registers, profile.container)
        except LayoutError as error:
            raise ProfileError(loaded.problems(error.complaints)) from error
    except ProfileError as error:
        raise _failed(error) from error
    return entries(units, _device(profile, name).unit, Catalogue(profile))


def _checked(profile: "SiteProfile", catalogue: "Catalogue", devices: "list[ModbusDevice]") -> "list[Coverage]":
    """What sound maps have, each once.

    Raises:
        ProfileError: One is not sound, or two get in each other's way.
    """
    from bms_emulator.interfaces.modbus.coverage import coverage
    from bms_emulator.interfaces.modbus.load import load_map
    from bms_emulator.interfaces.modbus.placing import place
    from bms_emulator.interfaces.modbus.plan import compile_maps

    server = profile.modbus.model_copy(update={"devices": tuple(devices)})
    plan = compile_maps(profile.model_copy(update={"modbus": server}), catalogue)
    found = []
    for device in {device.map: device for device in reversed(devices)}.values():
        registers = load_map(device.map, profile.folders).registers
        plans = [
            unit
            for listener in plan.devices
            for unit in listener.units.values()
            if (unit.map, unit.container) == (registers.name, device.container)
        ]
        found.append(coverage(registers, place(registers, profile.container), plans, device.container, catalogue))
    return found[::-1]


def _print_unbound(catalogue: "Catalogue", found: "list[Coverage]") -> None:
    """Families of points that a register might show and none does."""
    from bms_emulator.interfaces.modbus.binding import READABLE

    bound = {name for coverage in found for name in coverage.families}
    for name, family in sorted(catalogue.families.items()):
        if family.slot.group.source in READABLE and family.slot.group.root != "emulator" and name not in bound:
            print(f"not bound: {name}")


def _sunspec(name: str) -> str:
    """Model definitions of a map; ends the command where it has none."""
    from bms_emulator.interfaces.modbus.load import load_map
    from bms_emulator.interfaces.modbus.sunspec import SunSpecError, models

    try:
        return json.dumps(models(load_map(name).registers), indent=2)
    except ProfileError as error:
        raise _failed(error) from error
    except SunSpecError as error:
        typer.echo(f"--format sunspec: {error}", err=True)
        raise typer.Exit(1) from error


def _is_wanted(row: "Entry", unit: int | None, block: str, find: str) -> bool:
    """Whether the filters let a row through; of a unit that repeats, every unit id counts."""
    units = next((dim.count for dim in row.repeats if dim.stride == 0), 1)
    return (
        (unit is None or row.unit <= unit < row.unit + units)
        and (not block or row.block == block)
        and find.lower() in f"{row.name} {row.shows} {row.description}".lower()
    )


def _span(text: str) -> tuple[int, int] | None:
    """First and last address of an address or a range of them; None where nothing is said."""
    if not text:
        return None
    low, dots, high = text.partition("..")
    try:
        return int(low, 0), int(high if dots else low, 0)
    except ValueError:
        raise typer.BadParameter(f"--address {text}: write 4352, 0x1100 or 0x1100..0x113F") from None


def _device(site: "SiteProfile", name: str) -> "ModbusDevice":
    """How the site serves a map; as by default where it does not."""
    from bms_emulator.profile.site import ModbusDevice

    return next((device for device in site.modbus.devices if device.map == name), ModbusDevice(map=name))


def _failed(error: ProfileError, *, quiet: bool = False) -> typer.Exit:
    for problem in () if quiet else error.problems:
        typer.echo(str(problem), err=True)
    return typer.Exit(1)
