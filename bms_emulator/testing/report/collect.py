"""Puts parts of a test run together: records of several processes, machines or days become one report."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bms_emulator.testing.record import Record
from bms_emulator.testing.report.document import PARTS, REPORT, Report, ReportError, read_report
from bms_emulator.testing.report.write import write_report
from bms_emulator.testing.requirements import Requirement

CAPTURES = "captures"


def collect(
    sources: Sequence[Path], folder: Path, requirements: Mapping[str, Requirement] | None = None
) -> tuple[Path, Report]:
    """Write one report of all records in some folders; of a test that stands in several, the last run counts.

    Args:
        sources: Folders, each with ``records*.json`` or, where it has none, ``report.json``; or such files.
        folder: Folder of the report; captures from elsewhere are copied into it.
        requirements: What was to be verified; where None, what the parts say.

    Returns:
        The HTML file, and the report.

    Raises:
        ReportError: A source holds no records, or one of its captures is missing.
        OSError: The report cannot be written.
    """
    parts = [(file, read_report(file)) for source in sources for file in _files(source)]
    found: dict[str, tuple[Path, Record]] = {}
    for file, part in parts:
        for record in part.records:
            before = found.get(record.name)
            if before is None or _started(before[1]) <= _started(record):
                found[record.name] = (file.parent, record)
    records = [_brought(record, origin, folder) for origin, record in found.values()]
    if requirements is None:
        requirements = {item.id: item for _, part in parts for item in part.requirements}
    page = write_report(records, folder, requirements)
    return page, read_report(folder / REPORT)


def _started(record: Record) -> datetime:
    try:
        return datetime.fromisoformat(record.started).astimezone()
    except ValueError:
        raise ReportError(f"{record.name}: started {record.started!r}: must be a date and time, ISO 8601") from None


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    files = sorted(source.glob(PARTS)) or [file for file in (source / REPORT,) if file.is_file()]
    if not files:
        why = f"has neither {PARTS} nor {REPORT}" if source.is_dir() else "there is no such folder"
        raise ReportError(f"{source}: {why}")
    return files


def _brought(record: Record, origin: Path, folder: Path) -> Record:
    """A record whose capture is in the folder of the report."""
    capture = record.capture
    if capture is None or origin.resolve() == folder.resolve():
        return record
    source = origin / capture.path
    path = f"{CAPTURES}/{capture.sha256[:12]}-{source.name}"
    try:
        (folder / CAPTURES).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / path)
    except OSError as error:
        raise ReportError(f"{source}: capture of {record.name}: {error.strerror or error}") from error
    return replace(record, capture=replace(capture, path=path))
