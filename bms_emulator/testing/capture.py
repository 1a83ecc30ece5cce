"""Captures: chosen points of an emulator, stepped or running, recorded at a period of simulated time."""

import hashlib
import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Link
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.runtime.link import LocalLink
from bms_emulator.runtime.recorder import Recorder, RecordingError, Signal
from bms_emulator.testing.record import CaptureFile

_INSTANT: Final = 1e-6
"""Times that differ by less are the same [s]."""
_CHUNK: Final = 1 << 20

Reading = tuple[Array, int, float]
"""Values of the signals, tick, simulated time [s]."""


class Capture:
    """A capture that is being written: a row at the first look, then one whenever a period has passed.

    Args:
        path: Parquet file; an existing one is replaced.
        signals: What is recorded.
        read: Gives the present values of the signals.
        period: Simulated time between two rows [s].
        about: What the values belong to, as plain data.

    Attributes:
        path: The file.
        missed: Rows that were due and could not be taken, as the emulator ran on faster than it was looked at.

    Raises:
        RecordingError: The period is not positive, or the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        signals: Sequence[Signal],
        read: Callable[[], Reading],
        period: float,
        about: Mapping[str, Any],
    ) -> None:
        if not (math.isfinite(period) and period > 0.0):
            raise RecordingError(f"{path}: period {period:g} s: must be > 0")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.missed = path, 0
        self._signals, self._read, self._period = tuple(signals), read, period
        self._recorder = Recorder(path, signals, {**about, "period": period})
        self._due = self._last = -math.inf

    def look(self, time: float | None = None) -> None:
        """Take a row if one is due.

        Args:
            time: Simulated time, where it is known before the values are read [s].

        Raises:
            RecordingError: Time ran backwards: the emulator was started anew.
        """
        if time is not None and self._last <= time < self._due - _INSTANT:
            return
        values, tick, time = self._read()
        if time < self._last:
            raise RecordingError(f"{self.path}: time ran back from {self._last:g} s to {time:g} s")
        if time < self._due - _INSTANT:
            return
        if math.isfinite(self._due):
            self.missed += int((time - self._due + _INSTANT) / self._period)
        self._recorder.add(time, tick, values)
        self._last = time
        self._due = (math.floor((time + _INSTANT) / self._period) + 1) * self._period

    def close(self) -> None:
        """End the file; it is whole only then."""
        self._recorder.close()

    def file(self, folder: Path | None = None) -> CaptureFile:
        """What is kept of it in a record; ends the file.

        Args:
            folder: Folder of the report, which the path is then relative to; that of the file where None.
        """
        self.close()
        place = os.path.relpath(self.path, folder or self.path.parent)
        names = tuple(signal.name for signal in self._signals)
        return CaptureFile(Path(place).as_posix(), sha256_of(self.path), self._recorder.rows, names)


@contextmanager
def capture_stepped(
    link: LocalLink, selectors: Sequence[str], path: Path, period: float = 1.0, seed: int = 0
) -> Iterator[Capture]:
    """Record a stepped emulator, whoever steps it.

    Args:
        link: The emulator, e.g. ``bench.link``.
        selectors: Points.
        path: Parquet file.
        period: Simulated time between two rows, a tick at least [s].
        seed: Seed of the run.

    Raises:
        PointError: A selector picks nothing.
        RecordingError: The file cannot be written.
    """
    signals, offsets = signals_of(link.catalogue, selectors)
    capture = Capture(path, signals, lambda: link.values(offsets), period, about(link, seed))
    if link.status()["tick"] > 0:  # nothing is measured before the first tick
        capture.look()
    link.after_tick.append(capture.look)
    try:
        yield capture
    finally:
        link.after_tick.remove(capture.look)
        capture.close()


@contextmanager
def capture_running(
    read: Callable[[], Reading],
    signals: Sequence[Signal],
    path: Path,
    about: Mapping[str, Any],
    period: float = 1.0,
    interval: float = 0.02,
) -> Iterator[Capture]:
    """Record an emulator that runs by itself, in a thread of this process.

    Args:
        read: Gives the present values of the signals; called in the thread.
        signals: What is recorded.
        path: Parquet file.
        about: What the values belong to, as plain data.
        period: Simulated time between two rows [s].
        interval: Real time between two looks [s].

    Raises:
        RecordingError: The file cannot be written; at the end, whatever kept it from being recorded.
    """
    capture = Capture(path, signals, read, period, about)
    ended, failures = threading.Event(), list[Exception]()

    def record() -> None:
        try:
            capture.look()
            while not ended.wait(interval):
                capture.look()
            capture.look()
        except Exception as error:  # it is raised where the caller can see it
            failures.append(error)

    thread = threading.Thread(target=record, name=f"capture {path.name}", daemon=True)
    thread.start()
    try:
        yield capture
    finally:
        ended.set()
        thread.join()
        capture.close()
    if failures:
        raise RecordingError(f"{path}: capture ended early: {failures[0]}") from failures[0]


def signals_of(catalogue: Catalogue, selectors: Sequence[str]) -> tuple[list[Signal], NDArray[np.int64]]:
    """Signals that selectors pick, each once, and their positions in the arena. PointError: one picks nothing."""
    found: dict[str, tuple[Signal, int]] = {}
    for selector in selectors:
        for selection in catalogue.select(selector):
            info = selection.family.slot.info
            for name, offset in zip(selection.names(), selection.offsets(), strict=True):
                unit = "" if selection.family.unit == "1" else selection.family.unit
                found[name] = Signal(name, unit, info.kind, dict(info.choices or {})), int(offset)
    return [signal for signal, _ in found.values()], np.array([offset for _, offset in found.values()], np.int64)


def about(link: Link, seed: int) -> dict[str, Any]:
    """What the values of a link belong to: site, hash of its profile, version of the emulator, seed, tick."""
    status = link.status()
    keys = {"site": "site", "profile_hash": "profile", "emulator": "version", "dt": "dt"}
    return {key: status[name] for key, name in keys.items()} | {"seed": seed}


def sha256_of(path: Path) -> str:
    """Digest of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
