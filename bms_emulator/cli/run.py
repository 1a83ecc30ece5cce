"""``bms-emulator run``: emulate a site until told to stop."""

import ipaddress
import json
import math
import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bms_emulator.cli.live import Live
from bms_emulator.faults.quantity import TIME
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.options import RunOptions
from bms_emulator.runtime.supervisor import run as supervise

_EXAMPLES = """
Examples:

  bms-emulator run                                  the demo container at real time

  bms-emulator run --speed 300 --ambient 45         a hot day in five minutes

  bms-emulator run cabinet --soc 80 --duration 24h  a cabinet for one simulated day

  bms-emulator run demo --set initial.temperature_degc=-5 --mqtt mqtts://broker.plant:8883
"""

FASTEST = "max"


def _speed(text: str) -> float:
    if text == FASTEST:
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}: must be a number, or {FASTEST}") from None
    if not 0.0 <= speed < math.inf:
        raise typer.BadParameter(f"{text}: must be 0 (paused) or more")
    return speed


def _duration(text: str) -> float:
    try:
        seconds = TIME.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if seconds <= 0.0:
        raise typer.BadParameter(f"{text}: must be more than 0")
    return seconds


def run(
    site: Annotated[str, typer.Argument(help="Site profile, by name or file.")] = "demo",
    speed: Annotated[
        float, typer.Option(parser=_speed, metavar="FACTOR", help="Simulated seconds per second; 0 is paused; max.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and spread.")] = 0,
    duration: Annotated[
        float | None, typer.Option(parser=_duration, metavar="TIME", help="Stop after this simulated time, e.g. 24h.")
    ] = None,
    ambient: Annotated[
        float | None, typer.Option(metavar="DEGC", help="Outside temperature, without daily swing.")
    ] = None,
    soc: Annotated[float | None, typer.Option(metavar="PERCENT", help="State of charge at the start.")] = None,
    step: Annotated[int | None, typer.Option(metavar="MS", help="Width of a tick.")] = None,
    modbus_port: Annotated[int | None, typer.Option(help="One port for all Modbus devices.")] = None,
    http_port: Annotated[int | None, typer.Option(help="Port of the REST interface and live page.")] = None,
    mqtt: Annotated[str | None, typer.Option(metavar="BROKER", help="embedded, off, or mqtt[s]://host:port.")] = None,
    mqtt_port: Annotated[int | None, typer.Option(help="Port of the embedded broker.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, for all servers.")] = None,
    expose: Annotated[
        bool, typer.Option("--expose", help="Permit an address other than loopback; HTTP writes then need the token.")
    ] = False,
    token: Annotated[
        str | None, typer.Option(envvar="BMS_EMULATOR_TOKEN", help="Token that HTTP writes must present.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the site profile.")
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="Write all commands to this file; it can be replayed.")] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
    live: Annotated[bool, typer.Option(help="Show a live table on a terminal.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Report progress as JSON lines.")] = False,
) -> None:
    """Emulate a site: plant, BMS firmware, Modbus TCP, MQTT, REST and a live page. Ctrl-C stops it."""
    overrides = _overrides(settings or [])
    given = {
        "weather.mean_degc": ambient,
        "weather.swing_k": None if ambient is None else 0.0,
        "initial.soc_percent": soc,
        "step_ms": step,
        "http.port": http_port,
        "mqtt.broker": mqtt,
        "mqtt.port": mqtt_port,
        "modbus.host": host,
        "http.host": host,
        "mqtt.host": host,
    }
    overrides |= {key: value for key, value in given.items() if value is not None}
    console = Console(stderr=True)
    try:
        profile = load_site(site, overrides)
        if modbus_port is not None:
            count = len(profile.modbus.devices)
            profile = load_site(site, overrides | {f"modbus.devices.{n}.port": modbus_port for n in range(count)})
    except ProfileError as error:
        console.print(f"{error}", style="red", markup=False, highlight=False)
        raise typer.Exit(2) from None
    token = _check_exposure(profile, expose, token, console)
    options = RunOptions(speed, seed, duration, journal, token, log_level=log_level)
    view = Live(profile, token, enabled=live and not as_json and sys.stdout.isatty(), as_json=as_json)
    with view:
        code = supervise(profile, options, view.report)
    raise typer.Exit(code)


run.__doc__ = (run.__doc__ or "") + "\n" + _EXAMPLES


def _overrides(settings: list[str]) -> dict[str, Any]:
    """Key paths and values of ``KEY=VALUE`` texts; a value is JSON where it can be read as such, else a text."""
    result: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{setting!r}: must be KEY=VALUE", param_hint="--set")
        try:
            result[key] = json.loads(text)
        except json.JSONDecodeError:
            result[key] = text
    return result


def _check_exposure(site: SiteProfile, expose: bool, token: str | None, console: Console) -> str | None:
    """The token to use; refuses addresses beyond loopback unless they were asked for."""
    hosts = {"modbus.host": site.modbus.host, "http.host": site.http.host, "mqtt.host": site.mqtt.host}
    outside = {key: host for key, host in hosts.items() if not _is_loopback(host)}
    if not outside:
        return token
    if not expose:
        for key, host in outside.items():
            console.print(f"{key} = {host}: is not a loopback address; --expose permits it", style="red", markup=False)
        raise typer.Exit(2)
    if token is None:
        token = secrets.token_urlsafe(18)
        console.print(f"token for HTTP writes: {token}", markup=False, highlight=False)
    return token


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
