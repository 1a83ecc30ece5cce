"""``bms-emulator age | fast-forward``: how a site ages on paper, and years that a running one skips."""

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
from bms_emulator.cli.run import ORIGIN, parse_settings
from bms_emulator.profile.errors import ProfileError

AGE_EXAMPLES = """
Examples:

  age

  age demo --years 20 --climate 45 --cycles 2

  age cabinet --years 15 --temperature 35 --json

  age --set container.rack.pack.cell.ageing.model=naumann --set container.rack.pack.cell.ageing.cycle_scale=0.85

SOH is the capacity of a cell at present relative to fresh; the first year begins after commissioning.
"""
FAST_FORWARD_EXAMPLES = """
Examples:

  fast-forward --years 5

  fast-forward --days 90 --json

The cells age by that time, at the duty of the days that were simulated; where less than a day was, at the duty that the
site declares under initial.age. The simulated clock, charge and temperatures stay.
"""

_DAYS_PER_YEAR = 365.25


def age(
    site: Annotated[str, typer.Argument(help="Site profile, by name or file.")] = "demo",
    years: Annotated[int, typer.Option(min=1, max=100, metavar="YEARS", help="How far to look.")] = 20,
    climate: Annotated[float | None, typer.Option(metavar="DEGC", help="Mean outside temperature.")] = None,
    temperature: Annotated[
        float | None, typer.Option(metavar="DEGC", help="Mean temperature of the cells, whatever the climate.")
    ] = None,
    cycles: Annotated[float | None, typer.Option(metavar="NUMBER", help="Cycles a day.")] = None,
    depth: Annotated[float | None, typer.Option(metavar="PERCENT", help="Depth of a cycle.")] = None,
    rate: Annotated[float | None, typer.Option(metavar="C", help="Rate of charge and discharge, per hour.")] = None,
    soc: Annotated[float | None, typer.Option(metavar="PERCENT", help="Mean state of charge.")] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the spread.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the site profile; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how the cells of a site age, year by year, without running it."""
    given = {
        "climate_degc": climate,
        "cell_temperature_degc": temperature,
        "cycles_per_day": cycles,
        "depth_percent": depth,
        "rate_c": rate,
        "soc_percent": soc,
    }
    overrides = {"initial.age.years": 0.0, "container_count": 1} | parse_settings(settings or [])
    overrides |= {f"initial.age.{key}": value for key, value in given.items() if value is not None}
    from bms_emulator.profile.loader import load_site

    try:
        profile = load_site(site, overrides, origin=ORIGIN)
    except ProfileError as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(2) from None
    from bms_emulator.plant.projection import project  # brings numba, which --help does without

    typer.echo(f"ageing {profile.rack_count} racks of {site} by {years} years ...", err=True)
    rows = [{"year": year, **found.as_dict()} for year, found in enumerate(project(profile, years, seed))]
    if as_json:
        print_json({"site": profile.name, "years": rows})
        return
    print_table(
        ("year", "SOH min", "SOH mean", "SOH max", "resistance", "resistance max", "full cycles"),
        (
            (
                row["year"],
                f"{row['soh_min']:.2%}",
                f"{row['soh_mean']:.2%}",
                f"{row['soh_max']:.2%}",
                f"{row['resistance_growth_mean'] - 1:+.1%}",
                f"{row['resistance_growth_max'] - 1:+.1%}",
                f"{row['equivalent_cycles']:,.0f}",
            )
            for row in rows
        ),
    )


def fast_forward(
    years: Annotated[float | None, typer.Option(metavar="YEARS", help="Years to skip.")] = None,
    days: Annotated[float | None, typer.Option(metavar="DAYS", help="Days to skip.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Let the cells of a running emulator age by years that are not simulated."""
    if (years is None) == (days is None):
        raise typer.BadParameter("give one of --years and --days")
    asked = days if days is not None else (years or 0.0) * _DAYS_PER_YEAR
    try:
        answer = Client(url, token).post("/api/fast-forward", {"days": asked})
    except ClientError as error:
        fail(error)
    if as_json:
        print_json(answer)
        return
    result: dict[str, Any] = answer["result"]
    before, after = result["before"], result["after"]
    typer.echo(f"skipped {result['days']:g} days of the {result['duty']} duty at tick {answer['tick']}")
    typer.echo(f"  age          {before['age_years']:.2f} -> {after['age_years']:.2f} years")
    typer.echo(
        f"  SOH          {before['soh_mean']:.2%} -> {after['soh_mean']:.2%} (weakest cell {after['soh_min']:.2%})"
    )
    growth = (before["resistance_growth_mean"] - 1.0, after["resistance_growth_mean"] - 1.0)
    typer.echo(f"  resistance   {growth[0]:+.1%} -> {growth[1]:+.1%}")
    typer.echo(f"  full cycles  {before['equivalent_cycles']:,.0f} -> {after['equivalent_cycles']:,.0f}")
