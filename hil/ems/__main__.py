"""The EMS for users: against a running emulator, or on a site in this process.

    bms-emulator run ems-two-containers
    python -m hil.ems

Ctrl-C takes the containers out of service, then prints the report. The exit code is 0 where every check held.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from hil.ems.bench import Steps, injector, relocated, stepped_site
from hil.ems.config import SITE, load
from hil.ems.controller import Controller, Event
from hil.ems.ledger import Check
from hil.ems.report import as_json, as_text, line
from hil.ems.run import Inject, Pace, run, shut_down, verdict
from hil.ems.story import INCIDENTS, Incident
from hil.ems.units import HOUR

PROGRESS_INTERVAL = HOUR
"""Simulated time between two lines of progress where nobody watches a terminal [s]."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m hil.ems", description="Run the example EMS.")
    parser.add_argument("--config", type=Path, default=SITE, help="addresses, ratings and plan of the site")
    parser.add_argument("--host", help="where all devices answer, in place of the addresses in the file")
    parser.add_argument("--days", type=float, default=7.0, help="simulated days to run")
    parser.add_argument("--period", type=float, default=1.0, help="seconds from one cycle to the next, on the wall")
    parser.add_argument(
        "--faults", metavar="URL", help="inject the week's faults through the emulator's REST interface"
    )
    parser.add_argument("--stepped", action="store_true", help="run the site in this process, as fast as it goes")
    parser.add_argument("--cycle", type=float, default=10.0, help="with --stepped: simulated seconds of a cycle")
    parser.add_argument("--json", type=Path, help="write the report to this file")
    return parser.parse_args(arguments)


@contextlib.asynccontextmanager
async def emulator(options: argparse.Namespace) -> AsyncIterator[tuple[Any, Pace, Inject | None]]:
    """The site with what lets time pass and what injects faults: in this process, or elsewhere."""
    config = load(options.config, options.host)
    if options.stepped:
        async with stepped_site(options.cycle) as bench:
            yield relocated(config, bench, options.cycle), Steps(bench, options.cycle), injector(bench)
    else:
        yield config, lambda: asyncio.sleep(options.period), poster(options.faults) if options.faults else None


def poster(url: str) -> Inject:
    """What posts faults to an emulator's REST interface."""

    def post(fault: dict[str, Any]) -> None:
        data = json.dumps(fault).encode()
        request = urllib.request.Request(f"{url}/api/faults", data, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10.0).close()

    async def inject(fault: dict[str, Any]) -> None:
        await asyncio.to_thread(post, fault)

    return inject


class Progress:
    """A line that follows the run on a terminal, or a line an hour elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._clear = "\r\x1b[K" if self._live else ""
        self._next = 0.0

    def __call__(self, controller: Controller) -> None:
        if self._live:
            print(f"{self._clear}{line(controller)}", end="", file=sys.stderr, flush=True)
        elif controller.clock.now >= self._next:
            self._next = controller.clock.now + PROGRESS_INTERVAL
            print(line(controller), file=sys.stderr, flush=True)

    def event(self, event: Event) -> None:
        """Show an event as it happens."""
        print(f"{self._clear}{event}", file=sys.stderr, flush=True)


async def main(options: argparse.Namespace) -> int:
    """Run until the days are over or somebody stops it; the exit code."""
    progress = Progress()
    incidents: tuple[Incident, ...] = INCIDENTS if options.stepped or options.faults else ()
    async with emulator(options) as (config, pace, inject):
        controller = Controller(config, progress.event)
        task = asyncio.create_task(run(controller, options.days, pace, incidents, inject, progress))
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        checks: list[Check] = verdict(controller, incidents)
        await shut_down(controller, pace)
    print(as_text(controller, checks))
    if options.json:
        options.json.write_text(json.dumps(as_json(controller, checks), indent=1))
    return 0 if all(check.held for check in checks) else 1


if __name__ == "__main__":
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # lost devices are reported as events
    sys.exit(asyncio.run(main(parse())))
