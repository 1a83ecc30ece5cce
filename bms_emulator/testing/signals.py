"""The fixture ``capture``: signals of a rig that are recorded while a test runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bms_emulator import __version__
from bms_emulator.testing.capture import Capture, capture_stepped, signals_of
from bms_emulator.testing.drivers.emulated import Emulated
from bms_emulator.testing.rig import Conduct


@contextmanager
def captured(conduct: Conduct, selectors: Sequence[str], folder: Path, name: str, period: float) -> Iterator[Capture]:
    """Record points until the end; the file is then named in the record of the test.

    Args:
        conduct: The rig.
        selectors: Points.
        folder: Folder of the report.
        name: Of the file.
        period: Time between two rows [s].

    Raises:
        PointError: A selector picks nothing.
        RecordingError: The file cannot be written.
    """
    about = conduct.record.provenance
    path = folder / "captures" / f"{name}.parquet"
    driver = conduct.driver
    if isinstance(driver, Emulated):
        with capture_stepped(driver.bench.link, selectors, path, period, about.seed) as capture:
            yield capture
    else:
        signals, offsets = signals_of(conduct.catalogue, selectors)
        told = {"site": about.site, "profile_hash": about.profile_hash, "emulator": __version__, "seed": about.seed}
        capture = Capture(path, signals, lambda: (driver.read(offsets), 0, conduct.time), period, told)
        capture.look()
        conduct.looks.append(capture.look)
        try:
            yield capture
        finally:
            conduct.looks.remove(capture.look)
            capture.close()
    conduct.record.capture = capture.file(folder)
