"""``bms-emulator map``: register maps as tables, and whether they are right."""

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bms_emulator.profile.errors import ProfileError

if TYPE_CHECKING:
    from bms_emulator.interfaces.modbus.table import Entry
    from bms_emulator.profile.site import ModbusDevice, SiteProfile

app = typer.Typer(help="Show and check register maps.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Register map, by name or file.")]
SiteOption = Annotated[
    str, typer.Option(help="Site, by name or file: it says how many racks, packs and cells there are.")
]
DEFAULT_SITE = "demo"


@app.command(epilog="Examples: bms-emulator map show sunspec-battery · map show pcs-sunspec --site cabinet --csv")
def show(
    name: NameArgument,
    site: SiteOption = DEFAULT_SITE,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Print the addresses of a register map. Addresses are those on the wire, from 0."""
    from bms_emulator.interfaces.modbus.layout import LayoutError, place
    from bms_emulator.interfaces.modbus.load import load_map
    from bms_emulator.interfaces.modbus.table import entries
    from bms_emulator.profile.loader import load_site

    if as_csv + as_json + as_markdown > 1:
        raise typer.BadParameter("choose one of --csv, --json, --markdown")
    try:
        loaded = load_map(name)
        profile = load_site(site)
        try:
            units = place(loaded.registers, profile.container)
        except LayoutError as error:
            raise ProfileError(loaded.problems(error.complaints)) from error
    except ProfileError as error:
        raise _failed(error) from error
    rows = list(entries(units, _device(profile, name).unit))
    form: Callable[[list[Entry]], str] = _text
    form = _json if as_json else _csv if as_csv else _markdown if as_markdown else form
    print(form(rows))


@app.command(epilog="Examples: bms-emulator map check sunspec-battery · map check my-map.yaml --site cabinet")
def check(name: NameArgument, site: SiteOption = DEFAULT_SITE) -> None:
    """Check a register map against the points of a site; print every problem with its file and line.

    Exit status 1 if there is any.
    """
    from bms_emulator.interfaces.modbus.plan import compile_maps
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.loader import load_site

    try:
        profile = load_site(site)
        server = profile.modbus.model_copy(update={"devices": (_device(profile, name),)})
        profile = profile.model_copy(update={"modbus": server})
        plan = compile_maps(profile, Catalogue(profile))
    except ProfileError as error:
        raise _failed(error) from error
    units = [unit for device in plan.devices for unit in device.units.values()]
    writable = sum(
        len({(table, w.address) for table, rows in unit.writables.items() for w in rows.values()}) for unit in units
    )
    print(f"{name}: ok, {len(units)} units, {plan.size // 2} registers, {writable} values can be written")


def _device(site: "SiteProfile", name: str) -> "ModbusDevice":
    """How the site serves a map; as by default where it does not."""
    from bms_emulator.profile.site import ModbusDevice

    return next((device for device in site.modbus.devices if device.map == name), ModbusDevice(map=name))


def _failed(error: ProfileError) -> typer.Exit:
    for problem in error.problems:
        typer.echo(str(problem), err=True)
    return typer.Exit(1)


def _text(rows: "list[Entry]") -> str:
    cells = [row.cells() for row in rows]
    widths = {column: max(len(column), *(len(row[column]) for row in cells)) for column in cells[0]}
    lines = [{column: column for column in widths}, *cells]
    return "\n".join("  ".join(line[c].ljust(width) for c, width in widths.items()).rstrip() for line in lines)


def _markdown(rows: "list[Entry]") -> str:
    cells = [row.cells() for row in rows]
    lines = [list(cells[0]), ["---"] * len(cells[0]), *(list(row.values()) for row in cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _csv(rows: "list[Entry]") -> str:
    cells = [row.cells() for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(cells[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return out.getvalue().rstrip()


def _json(rows: "list[Entry]") -> str:
    return json.dumps([row.as_dict() for row in rows], indent=2)
