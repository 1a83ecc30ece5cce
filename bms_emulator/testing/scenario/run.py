"""Runs scenarios: stepped in this process, or against an emulator that runs by itself; captures what they record."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bms_emulator.arrays import Array
from bms_emulator.testing.bench import Bench
from bms_emulator.testing.capture import Capture, capture_running, capture_stepped, signals_of
from bms_emulator.testing.drivers.driver import Driver
from bms_emulator.testing.drivers.emulated import Emulated
from bms_emulator.testing.drivers.remote import Api, Remote
from bms_emulator.testing.provenance import firmware_of, provenance_of
from bms_emulator.testing.record import Record
from bms_emulator.testing.scenario.load import Prepared
from bms_emulator.testing.scenario.runner import Progress, Runner

CAPTURES: Final = "captures"
"""Folder of captures, in that of the report."""


def run_stepped(
    prepared: Prepared, seed: int | None = None, folder: Path | None = None, progress: Progress = lambda *_: None
) -> Record:
    """Run a scenario in this process, as fast as it goes.

    Args:
        prepared: The scenario.
        seed: Seed in place of its own.
        folder: Folder of the report; without one nothing is captured.
        progress: Told of every step.
    """
    chosen = prepared.scenario.seed if seed is None else seed
    command = f"bms-emulator scenario run {shlex.quote(prepared.file)}" + ("" if seed is None else f" --seed {seed}")
    provenance = provenance_of(prepared.site, chosen, "stepped", command)
    with Bench(prepared.site, seed=chosen) as bench:
        runner = Runner(prepared, Emulated(bench), provenance, progress)
        wanted = prepared.scenario.record
        if folder is None or wanted is None:
            return runner.run()
        path = folder / CAPTURES / f"{prepared.scenario.name}.parquet"
        with capture_stepped(bench.link, wanted.points, path, wanted.period, chosen) as capture:
            record = runner.run()
        record.capture = capture.file(folder)
        return record


def run_remote(
    prepared: Prepared,
    api: Api,
    url: str,
    folder: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Record:
    """Run a scenario against a running emulator, at the speed at which it runs.

    Args:
        prepared: The scenario.
        api: Interface of the emulator.
        url: Where that is.
        folder: Folder of the report; without one nothing is captured.
        progress: Told of every step.

    Raises:
        RefusedError: The emulator does not answer, or runs another site.
    """
    driver = Remote(api, prepared.site, prepared.catalogue)
    command = f"bms-emulator scenario run {shlex.quote(prepared.file)} --url {shlex.quote(url)}"
    provenance = provenance_of(prepared.site, driver.seed, url, command)
    runner = Runner(prepared, driver, provenance, progress)
    with _captured(prepared, driver, folder, driver.seed) as capture:
        record = runner.run()
    if capture is not None and folder is not None:
        record.capture = capture.file(folder)
    return record


@contextmanager
def _captured(prepared: Prepared, driver: Driver, folder: Path | None, seed: int) -> Iterator[Capture | None]:
    """Record what a scenario wants recorded of an emulator that runs by itself."""
    wanted = prepared.scenario.record
    if folder is None or wanted is None:
        yield None
        return
    signals, offsets = signals_of(prepared.catalogue, wanted.points)
    dt = prepared.site.step_ms / 1000.0

    def read() -> tuple[Array, int, float]:
        values, time = driver.read(offsets), driver.time
        return values, round(time / dt), time

    path = folder / CAPTURES / f"{prepared.scenario.name}.parquet"
    firmware, digest = firmware_of(prepared.site)
    about = {"site": prepared.site.name, "firmware": firmware, "firmware_hash": digest, "dt": dt, "seed": seed}
    with capture_running(read, signals, path, about, wanted.period) as capture:
        yield capture
