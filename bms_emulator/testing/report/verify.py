"""Whether a report is the one that was signed: every file of it, against the digests in it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from bms_emulator import __version__
from bms_emulator.testing.capture import sha256_of
from bms_emulator.testing.report.document import REPORT, ReportError, parse_report
from bms_emulator.testing.report.write import drawings

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BETWEEN = re.compile(r"[\s:-]")
"""What people put between the digits of a digest."""


@dataclass(frozen=True)
class Finding:
    """What was found of a file.

    Attributes:
        file: The file, relative to the folder.
        ok: Whether it is what it should be.
        text: What was found.
    """

    file: str
    ok: bool
    text: str


def verify(folder: Path, digest: str = "") -> list[Finding]:
    """Look at every file of a report.

    Args:
        folder: Folder of the report.
        digest: SHA-256 of report.json as it was signed; without it only that the files belong together is shown.

    Raises:
        ReportError: There is no report that can be read, or the digest is none.
    """
    wanted = _BETWEEN.sub("", digest).lower()
    if wanted and not _DIGEST.fullmatch(wanted):
        raise ReportError(f"{digest!r}: a SHA-256 has 64 hexadecimal digits; this has {len(wanted)} characters")
    try:
        content = (folder / REPORT).read_bytes()
    except OSError as error:
        raise ReportError(f"{folder / REPORT}: cannot be read: {error.strerror or error}") from error
    report = parse_report(content, str(folder / REPORT))
    found = hashlib.sha256(content).hexdigest()
    told = f"SHA-256 {found}" + ("" if not wanted else ", as signed" if found == wanted else f", signed was {wanted}")
    findings = [Finding(REPORT, wanted in ("", found), told)]
    files = {record.capture.path: record.capture.sha256 for record in report.records if record.capture is not None}
    findings += [_capture(folder, path, expected) for path, expected in files.items()]
    if report.emulator == __version__:
        findings += [_drawing(folder, name, text) for name, text in drawings(content, folder).items()]
    else:
        told = f"drawn by version {report.emulator}, this is {__version__}; only that version can draw it again"
        findings.append(Finding("report.html, junit.xml", True, f"not compared: {told}"))
    return findings


def _capture(folder: Path, path: str, expected: str) -> Finding:
    try:
        found = sha256_of(folder / path)
    except OSError as error:
        return Finding(path, False, f"cannot be read: {error.strerror or error}")
    same = found == expected
    return Finding(path, same, "as recorded" if same else f"SHA-256 is {found}, recorded was {expected}")


def _drawing(folder: Path, name: str, text: str) -> Finding:
    try:
        found = (folder / name).read_bytes()
    except OSError as error:
        return Finding(name, False, f"cannot be read: {error.strerror or error}")
    same = found == text.encode()
    return Finding(name, same, "says what report.json says" if same else "is not what report.json draws")
