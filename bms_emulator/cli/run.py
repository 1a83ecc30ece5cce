"""``bms-emulator run``: emulate a site until told to stop."""

import json
import math
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from bms_emulator.cli.firmware_options import UNHURRIED, debugged_racks, firmware_rows, memory_folders
from bms_emulator.cli.live import Live
from bms_emulator.firmware.native.trace_options import TraceOptions
from bms_emulator.profile.errors import ProfileError

if TYPE_CHECKING:
    from bms_emulator.profile.site import SiteProfile

EXAMPLES = r"""
Examples:

  run: the demo container at real time

  run --speed 300 --ambient 45: a hot day in five minutes

  run --weather device_profiles/weather/hot-week.csv --speed 60: a heat wave

  run cabinet --duration 24h --speed max: a day of a cabinet at once

  run --set initial.temperature_degc=-5: a cold start

  run --age 10 --climate 45: after ten years in the desert

  run --mqtt mqtts://broker.plant:8883: on a broker of the plant

  run --firmware "rack[1]=libmybms.so": your own firmware in rack 1

  run --firmware "rack[1..3]=mybms.py:Firmware" --firmware-state memory: a Python class, its memory kept

  run --modbus-port 0 --http-port 0 --mqtt-port 0: beside other instances

  run --host 0.0.0.0 --expose --mqtt off: for other machines

Exit status: 0 after a clean end, 1 where the run failed, 2 where nothing was started.
"""

FASTEST = "max"
ORIGIN = "command line"
"""Where values come from that are no part of a profile, for messages."""

FirmwareClock = Literal["realtime", "lockstep"]
LogLevel = Literal["debug", "info", "warning", "error"]


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
    from bms_emulator.faults.quantity import TIME

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
        float,
        typer.Option(parser=_speed, metavar="FACTOR", help="Simulated seconds per second: 0 is paused, max is free."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of noise and spread.")] = 0,
    duration: Annotated[
        float | None,
        typer.Option(parser=_duration, metavar="TIME", help="Stop after this simulated time: 90s, 24h, 3d."),
    ] = None,
    ambient: Annotated[
        float | None, typer.Option(metavar="DEGC", help="Outside temperature, without daily swing.")
    ] = None,
    weather: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Outside temperature of every hour, repeated after its end.")
    ] = None,
    soc: Annotated[float | None, typer.Option(metavar="PERCENT", help="State of charge at the start.")] = None,
    age: Annotated[float | None, typer.Option(metavar="YEARS", help="Time in service at the start.")] = None,
    climate: Annotated[
        float | None, typer.Option(metavar="DEGC", help="Mean outside temperature of those years, and of skipped ones.")
    ] = None,
    step: Annotated[int | None, typer.Option(metavar="MS", help="Length of a tick: 10 to 1000.")] = None,
    modbus_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, metavar="PORT", help="Port of all Modbus devices; 0: any free one."),
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, metavar="PORT", help="Port of REST and live page; 0: any free one.")
    ] = None,
    mqtt: Annotated[
        str | None, typer.Option(metavar="BROKER", help="embedded, off, mqtt://host:port or mqtts://...")
    ] = None,
    mqtt_port: Annotated[
        int | None, typer.Option(min=0, max=65535, metavar="PORT", help="Port of the embedded broker; 0: any free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address that Modbus and HTTP listen on.")] = None,
    expose: Annotated[
        bool, typer.Option("--expose", help="Permit an address other than loopback; HTTP writes then need the token.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(metavar="TEXT", envvar="BMS_EMULATOR_TOKEN", help="Token that HTTP writes must present."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Set a key of the site profile, or of one that it names; repeatable."
        ),
    ] = None,
    firmware: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RACKS=FILE",
            help="Run a firmware of your own, a shared library or file.py:Class, in these racks, "
            "instead of what the site names; repeatable.",
        ),
    ] = None,
    firmware_config: Annotated[
        list[str] | None,
        typer.Option(metavar="RACKS=JSON", help="File with what the firmware of these racks is told; repeatable."),
    ] = None,
    firmware_state: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the persistent memory of your firmware here, from run to run."),
    ] = None,
    firmware_clock: Annotated[
        FirmwareClock | None,
        typer.Option(
            metavar="CLOCK",
            help="realtime: a tick waits half its time for your firmware; lockstep: until it answers. "
            "At speed max it always waits.",
        ),
    ] = None,
    firmware_debug: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RACKS",
            help="Wait until a debugger is attached to the firmware of these racks; simulated time then waits for it.",
        ),
    ] = None,
    firmware_traces: Annotated[
        Path, typer.Option(metavar="FOLDER", help="For the last steps of your firmware before it failed.")
    ] = TraceOptions.folder,
    firmware_trace_steps: Annotated[
        int, typer.Option(min=1, max=1_000_000, metavar="N", help="How many steps that are.")
    ] = TraceOptions.steps,
    firmware_record: Annotated[
        bool, typer.Option("--firmware-record", help="Write all steps of your firmware there, from the first on.")
    ] = False,
    journal: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all commands here, for a replay.")] = None,
    log_level: Annotated[
        LogLevel, typer.Option(metavar="LEVEL", help="Least severe that is logged: debug, info, warning, error.")
    ] = "warning",
    live: Annotated[bool, typer.Option(help="Show a live table on a terminal.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Report progress as JSON lines.")] = False,
) -> None:
    """Emulate a site: plant, BMS firmware, Modbus TCP, MQTT, REST and a live page. Ctrl-C stops it."""
    from bms_emulator.runtime.early import EarlyEngine

    with EarlyEngine() as early:
        from bms_emulator.profile.loader import load_site  # while the engine loads
        from bms_emulator.runtime.options import RunOptions
        from bms_emulator.runtime.supervisor import run as supervise

        overrides = parse_settings(settings or [])
        if ambient is not None and weather is not None:
            raise typer.BadParameter("the weather is either --ambient or --weather")
        series = None if weather is None else {"file": str(weather.resolve())}
        given = {
            "weather": series if ambient is None else {"mean_degc": ambient},
            "initial.soc_percent": soc,
            "initial.age.years": age,
            "initial.age.climate_degc": climate,
            "step_ms": step,
            "http.port": http_port,
            "mqtt.broker": mqtt,
            "mqtt.port": mqtt_port,
            "modbus.host": host,
            "http.host": host,
            "firmware_clock": firmware_clock,
        }
        overrides |= firmware_rows(firmware or [], firmware_config or [])
        overrides |= {key: value for key, value in given.items() if value is not None}
        overrides |= UNHURRIED if firmware_debug else {}
        console = Console(stderr=True)
        try:
            profile = load_site(site, overrides, origin=ORIGIN)
            later = memory_folders(firmware_state, len(profile.user_firmware))
            if modbus_port is not None:
                later |= {f"modbus.devices.{n}.port": modbus_port for n in range(len(profile.modbus.devices))}
            if later:
                profile = load_site(site, overrides | later, origin=ORIGIN)
        except ProfileError as error:
            console.print(f"{error}", style="red", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(2) from None
        token = _check_exposure(profile, expose, token, console)
        options = RunOptions(
            speed,
            seed,
            duration,
            journal,
            token,
            log_level=log_level,
            traces=TraceOptions(firmware_traces, firmware_trace_steps, firmware_record),
            debugged=debugged_racks(firmware_debug or [], profile),
        )
        view = Live(profile, token, enabled=live and not as_json and sys.stdout.isatty(), as_json=as_json)
        with view:
            code = supervise(profile, options, view.report, early=early)
    raise typer.Exit(code)


def parse_settings(settings: list[str]) -> dict[str, Any]:
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


def _check_exposure(site: "SiteProfile", expose: bool, token: str | None, console: Console) -> str | None:
    """The token to use; refuses addresses beyond loopback unless they were asked for."""
    from bms_emulator.profile.site import is_loopback

    own = [(f"modbus.devices.{n}.host", device.host) for n, device in enumerate(site.modbus.devices)]
    hosts = {"modbus.host": site.modbus.host, "http.host": site.http.host}
    hosts |= {key: host for key, host in own if host is not None}
    outside = {key: host for key, host in hosts.items() if not is_loopback(host)}
    if not outside:
        return token
    if not expose:
        for key, host in outside.items():
            message = f"{key} = {host}: is not a loopback address; --expose permits it"
            console.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2)
    if token is None:
        token = secrets.token_urlsafe(18)
        console.print(f"token for HTTP writes: {token}", markup=False, highlight=False, soft_wrap=True)
    plain = {device.host or site.modbus.host for device in site.modbus.devices if not (device.tls or device.serial)}
    for key, host in outside.items():
        if key.startswith("modbus") and host in plain:
            message = f"{key} = {host}: Modbus knows no passwords; whoever reaches its port can write"
            console.print(message, style="yellow", markup=False, highlight=False, soft_wrap=True)
    return token
