"""Writes a report: ``report.json`` first, then what is drawn from it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from bms_emulator import __version__
from bms_emulator.testing.record import Record
from bms_emulator.testing.report.document import REPORT, Report, parse_report, report_text, settled
from bms_emulator.testing.report.html import html
from bms_emulator.testing.report.junit import junit
from bms_emulator.testing.requirements import Requirement

PAGE: Final = "report.html"
JUNIT: Final = "junit.xml"


def write_report(
    records: Sequence[Record], folder: Path, requirements: Mapping[str, Requirement] | None = None
) -> Path:
    """Write report.json, report.html and junit.xml; returns the HTML file.

    Args:
        records: Tests, in the order in which they were run. A record that says better of itself than its checks do is
            reported as its checks say.
        folder: Folder, made where there is none; captures of records are relative to it.
        requirements: What was to be verified, by id; the matrix shows also those without a test.

    Raises:
        OSError: It cannot be written.
    """
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    report = Report(__version__, created, [settled(record) for record in records], list((requirements or {}).values()))
    folder.mkdir(parents=True, exist_ok=True)
    content = report_text(report).encode()
    (folder / REPORT).write_bytes(content)
    for name, drawn in drawings(content, folder).items():
        (folder / name).write_text(drawn, encoding="utf-8")
    return folder / PAGE


def write_records(records: Sequence[Record], path: Path) -> None:
    """Write the records of a part of a test run, e.g. ``records-1.json``, from which a report is built later."""
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_text(Report(__version__, created, list(records))), encoding="utf-8")


def drawings(content: bytes, folder: Path) -> dict[str, str]:
    """Files that are drawn from a report, by name: the same for the same content and captures.

    Args:
        content: The report's JSON as it stands in the file.
        folder: Folder of the report, in which its captures are.

    Raises:
        ReportError: The content is no report.
    """
    report = parse_report(content, str(folder / REPORT))
    digest = hashlib.sha256(content).hexdigest()
    return {PAGE: html(report, digest, folder), JUNIT: junit(report, digest)}
