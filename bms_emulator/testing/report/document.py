"""What a report says, as data: ``report.json``, from which all else is drawn.

The format is versioned: a program that reads it finds ``format`` first, and within one number nothing changes its
meaning or goes away.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from bms_emulator.interfaces.values import dumps
from bms_emulator.testing.record import Check, Record, Verdict
from bms_emulator.testing.requirements import Requirement

FORMAT: Final = 1
REPORT: Final = "report.json"
PARTS: Final = "records*.json"
"""Files of records that parts of a test run leave behind, each in the format of a report."""

_ORDER: Final = list(Verdict)


class ReportError(ValueError):
    """A report that cannot be read. The message says which file and why."""


@dataclass(frozen=True)
class Report:
    """A test run.

    Attributes:
        emulator: Version of the program that wrote it.
        created: When, ISO 8601 with offset.
        records: All tests, in the order in which they were run.
        requirements: What was to be verified, in the order of its file.
        format: Version of this format.
    """

    emulator: str
    created: str
    records: list[Record]
    requirements: list[Requirement] = field(default_factory=list)
    format: int = FORMAT

    @property
    def verdict(self) -> Verdict:
        """The worst of all tests; inconclusive where there is none."""
        return worst([record.verdict for record in self.records]) if self.records else Verdict.INCONCLUSIVE

    @property
    def held(self) -> bool:
        """Whether something passed, and nothing did worse than to be skipped."""
        verdicts = {record.verdict for record in self.records}
        return Verdict.PASSED in verdicts and verdicts <= {Verdict.PASSED, Verdict.SKIPPED}


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The last in the order of verdicts; passed where there is none."""
    return max(verdicts, key=_ORDER.index, default=Verdict.PASSED)


def settled(record: Record) -> Record:
    """A record whose verdict is no better than what it holds: whoever wrote it, a failed check is never a pass."""
    unmet = [check for check in record.preconditions if check.verdict not in (Verdict.PASSED, Verdict.SKIPPED)]
    broken = [check for check in record.checks if check.verdict not in (Verdict.PASSED, Verdict.SKIPPED)]
    implied = worst([*(check.verdict for check in broken), *([Verdict.INCONCLUSIVE] if unmet else [])])
    if _ORDER.index(implied) <= _ORDER.index(record.verdict):
        return record
    return replace(record, verdict=implied, reason=record.reason or _why([*broken, *unmet][0]))


def report_text(report: Report) -> str:
    """The report as JSON; what is no number is null."""
    data = {"format": report.format, **asdict(report)}
    return json.dumps(json.loads(dumps(data)), indent=1, ensure_ascii=False) + "\n"


def parse_report(text: str | bytes, label: str) -> Report:
    """The report of a JSON text.

    Args:
        text: The text.
        label: Where it came from, for messages.

    Raises:
        ReportError: It is no report, or one of another version.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ReportError(f"{label}: is no JSON: {error}") from None
    if not isinstance(data, dict) or "records" not in data:
        raise ReportError(f"{label}: is no report of tests")
    if data.get("format") != FORMAT:
        raise ReportError(f"{label}: is of format {data.get('format')!r}; this program reads format {FORMAT}")
    try:
        return _adapter().validate_python(data)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:5])
        raise ReportError(f"{label}: {told}") from None


def read_report(path: Path) -> Report:
    """The report of a file. ReportError: it cannot be read."""
    try:
        return parse_report(path.read_bytes(), str(path))
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror or error}") from error


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Report)


def _why(check: Check) -> str:
    return f"{check.what}: {check.reason or check.verdict}"
