"""What ``run`` shows: progress while it starts, addresses, warnings, and on a terminal a live table."""

import json
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.table import Table
from rich.text import Text

from bms_emulator.cli.client import Client, ClientError
from bms_emulator.cli.stderr import StandardError
from bms_emulator.cli.texts import elapsed, kilowatts, number
from bms_emulator.units import celsius

if TYPE_CHECKING:
    from bms_emulator.profile.site import SiteProfile

PERIOD = 0.5
"""Time between two drawings [s]."""
RACKS_SHOWN = 16
STYLES = ("", "yellow", "dark_orange", "bold red")
"""Style of each alarm level."""


class Live:
    """Shows a run; :meth:`report` is the supervisor's callback.

    Args:
        site: The site.
        token: Access token of the HTTP interface.
        enabled: Whether to draw a live table.
        as_json: Report as JSON lines on standard output instead.
    """

    def __init__(self, site: "SiteProfile", token: str | None, enabled: bool, as_json: bool) -> None:
        self._site = site
        self._token = token
        self._enabled = enabled
        self._as_json = as_json
        self._console = Console(highlight=False)
        self._status = self._console.status("starting") if enabled else None
        self._bank = "bank" if site.container_count == 1 else f"bank 1 of {site.container_count}"
        self._opened = ExitStack()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._enabled:
            self._opened.enter_context(StandardError(self._say))
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._status:
            self._status.stop()
        if self._thread:
            self._thread.join(timeout=2.0)
        self._opened.close()

    def report(self, kind: str, data: dict[str, Any]) -> None:
        """Show what the supervisor tells."""
        if self._as_json:
            print(json.dumps({"kind": kind, **data}, default=str), flush=True)
            return
        show = getattr(self, f"_{kind}", None)
        if show is not None:
            show(data)

    def _compiling(self, data: dict[str, Any]) -> None:
        text = f"compiling kernels, once: {data['count']}, {data['kernel']}"
        if self._status:
            self._status.update(text)
        elif data["count"] % 10 == 1:
            self._say(text)

    def _waiting(self, data: dict[str, Any]) -> None:
        self._say(data["message"])

    def _ready(self, data: dict[str, Any]) -> None:
        if self._status:
            self._status.stop()
        self._say(f"{self._site.name}: {self._site.description}")
        for address in data["addresses"]:
            self._say(f"  {address}")
        self._say(f"up in {data['seconds']:.1f} s; Ctrl-C stops it")
        url = next((a.split()[-1] for a in data["addresses"] if "http" in a), None)
        if self._enabled and url:
            self._thread = threading.Thread(target=self._draw, args=(url,), daemon=True)
            self._thread.start()

    def _restarted(self, data: dict[str, Any]) -> None:
        self._say(f"{data['process']}: started again")

    def _warning(self, data: dict[str, Any]) -> None:
        self._say(data["message"], "yellow")

    def _problems(self, data: dict[str, Any]) -> None:
        if self._status:
            self._status.stop()
        for message in data["messages"]:
            self._say(message, "red")

    def _failed(self, data: dict[str, Any]) -> None:
        self._say(f"{data['process']}: {data['message']}", "red")
        if data.get("traceback"):
            self._say(data["traceback"], "dim")

    def _finished(self, data: dict[str, Any]) -> None:
        self._say(f"ran {data['ticks']} ticks, {data['time']:.1f} s of simulated time")
        if data.get("firmware_hash"):
            self._say(f"firmware hash {data['firmware_hash']}")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, markup=False, soft_wrap=True)

    def _draw(self, url: str) -> None:
        client = Client(url, self._token)
        with Screen(console=self._console, auto_refresh=False, transient=True) as screen:
            while not self._stop.wait(PERIOD):
                try:
                    screen.update(self._table(client), refresh=True)
                except ClientError:  # the server is being started again
                    continue

    def _table(self, client: Client) -> RenderableType:
        bank, bank_texts = _values(client, "container[1].*")
        pcs, _ = _values(client, "pcs[1].*")
        loop, _ = _values(client, "emulator.*")
        head = Table.grid(padding=(0, 3))
        coldest, warmest = _celsius(bank["temperature_min"]), _celsius(bank["temperature_max"])
        warmth = ("temperature", f"{number(coldest, 1)} to {number(warmest, 1, '°C')}")
        rows: list[tuple[str | Text, ...]] = [
            ("time", elapsed(loop["time"]), "speed", f"×{loop['speed_actual']:.4g} of ×{_asked(loop['speed'])}"),
            (self._bank, bank_texts["mode"], "SOC", number(_percent(bank["soc"]), 1, "%")),
            (
                "bus",
                f"{number(bank['voltage'], 1, 'V')}  {number(bank['current'], 0, 'A')}",
                "DC power",
                kilowatts(bank["power"]),
            ),
            ("PCS", kilowatts(pcs["power"]), "set point", kilowatts(pcs["power_setpoint"])),
            (
                "may charge",
                kilowatts(bank["charge_power_limit"]),
                "may discharge",
                kilowatts(bank["discharge_power_limit"]),
            ),
            ("cells", f"{number(bank['cell_voltage_min'], 3)} to {number(bank['cell_voltage_max'], 3, 'V')}", *warmth),
            ("alarm", Text(f"level {bank['alarm_level']}", STYLES[bank["alarm_level"]]), "late p99", _late(loop)),
        ]
        for row in rows:
            head.add_row(*row)
        return Group(head, self._racks(client))

    def _racks(self, client: Client) -> RenderableType:
        count = min(self._site.container.rack_count, RACKS_SHOWN)
        firmware = {row["rack"]: row for row in client.get("/api/status").get("firmware", [])}
        columns = ("mode", "soc", "current", "cell_voltage_min", "cell_voltage_max", "temperature_max", "alarm_level")
        table = Table("rack", "mode", box=None)
        for title in ("SOC %", "A", "V min", "V max", "°C max", "alarm"):
            table.add_column(title, justify="right")
        if firmware:
            table.add_column("firmware")
        selected = {
            name: client.get("/api/points", select=f"container[1].rack[1..{count}].{name}")["points"][0]
            for name in columns
        }
        values = {name: list(group["values"].values()) for name, group in selected.items()}
        modes = list(selected["mode"]["texts"].values())
        for n in range(count):
            level = values["alarm_level"][n]
            table.add_row(
                str(n + 1),
                modes[n],
                number(_percent(values["soc"][n]), 1),
                number(values["current"][n], 1),
                number(values["cell_voltage_min"][n], 3),
                number(values["cell_voltage_max"][n], 3),
                number(_celsius(values["temperature_max"][n]), 1),
                str(level),
                *([_firmware(firmware.get(f"container[1].rack[{n + 1}]"))] if firmware else []),
                style=STYLES[level],
            )
        return table


def _values(client: Client, selector: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Values and texts by the last segments of their names."""
    groups = client.get("/api/points", select=selector)["points"]
    values = {name.split("].", 1)[-1].removeprefix("emulator."): v for g in groups for name, v in g["values"].items()}
    texts = {name.split("].", 1)[-1]: text for g in groups for name, text in (g.get("texts") or {}).items()}
    return values, texts


def _firmware(row: dict[str, Any] | None) -> str:
    """What a rack runs: the reference firmware has no name."""
    return "" if row is None else f"{row['name']} {row['version']}, {row['state']}"


def _asked(speed: float | str) -> str:
    """Speed as asked for; JSON knows no infinity, so its name stands there."""
    return "max" if isinstance(speed, str) else f"{speed:g}"


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _celsius(kelvin: float | None) -> float | None:
    return None if kelvin is None else celsius(kelvin)


def _late(loop: dict[str, Any]) -> str:
    return f"{number(1e3 * loop['lateness_p99'], 2, 'ms')}, {loop['overruns']:,} overruns"
