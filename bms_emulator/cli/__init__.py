"""The command line: ``bms-emulator``."""

import typer

from bms_emulator import __version__
from bms_emulator.cli import (
    age,
    campaign,
    capture,
    cell,
    fault,
    firmware,
    map,
    points,
    profile,
    report,
    run,
    scenario,
    status,
    tls,
    validate,
)

app = typer.Typer(
    name="bms-emulator",
    help="Emulate a grid-scale, liquid-cooled LFP battery behind Modbus TCP, MQTT and HTTP.",
    epilog="A first look: bms-emulator run · then bms-emulator status · get 'rack[*].soc' · "
    "fault add 'rack[3].cell[41].voltage' stuck --value 3.70V",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("status", epilog=status.EXAMPLES)(status.status)
app.command("points", epilog=points.POINTS_EXAMPLES)(points.points)
app.command("get", epilog=points.GET_EXAMPLES)(points.get)
app.command("set", epilog=points.SET_EXAMPLES)(points.set_)
app.command("validate", epilog=validate.EXAMPLES)(validate.validate)
app.command("fast-forward", epilog=age.FAST_FORWARD_EXAMPLES)(age.fast_forward)
app.command("age", epilog=age.AGE_EXAMPLES)(age.age)
app.add_typer(fault.app, name="fault")
app.add_typer(cell.app, name="cell")
app.add_typer(firmware.app, name="firmware")
app.add_typer(profile.app, name="profile")
app.add_typer(map.app, name="map")
app.add_typer(scenario.app, name="scenario")
app.add_typer(campaign.app, name="campaign")
app.add_typer(report.app, name="report")
app.add_typer(capture.app, name="capture")
app.add_typer(tls.app, name="tls")


def main() -> None:
    """Entry point of the program."""
    app()
