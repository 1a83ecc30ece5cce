"""The record of a test of pytest: begun before its fixtures, settled by how its phases end, kept in a file."""

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from bms_emulator import __version__
from bms_emulator.testing.record import Provenance, Record, Verdict
from bms_emulator.testing.report.document import PARTS, read_report, worst
from bms_emulator.testing.report.write import write_records
from bms_emulator.testing.rig import InconclusiveError

RECORD: Final = pytest.StashKey[Record]()
"""The record of an item."""


def begin(item: pytest.Item, rig: str) -> Record:
    """A record of a test that is about to begin; its fixtures say what it is about."""
    own: Any = getattr(item, "function", None)
    objective = next(iter((getattr(own, "__doc__", "") or "").strip().splitlines()), "")
    ids = [str(name) for mark in item.iter_markers("requirement") for name in mark.args]
    command = f"pytest {_quoted(item.nodeid)} --rig {_quoted(rig)}"
    record = Record(
        name=item.nodeid,
        objective=objective or item.name.removeprefix("test_").replace("_", " "),
        requirements=tuple(dict.fromkeys(ids)),
        provenance=Provenance("", "", "", "", __version__, 0, rig, "", command),
        started=datetime.now().astimezone().isoformat(timespec="milliseconds"),
    )
    item.stash[RECORD] = record
    return record


def crashed(nodeid: str, rig: str, reason: str) -> Record:
    """The record of a test whose process ended."""
    now = datetime.now().astimezone().isoformat(timespec="milliseconds")
    about = Provenance("", "", "", "", __version__, 0, rig, "", f"pytest {_quoted(nodeid)} --rig {_quoted(rig)}")
    return Record(nodeid, "", (), about, now, verdict=Verdict.RIG_ERROR, reason=reason)


def settle(record: Record, call: pytest.CallInfo[None], text: str) -> None:
    """Take over how a phase of a test ended.

    Args:
        record: Its record.
        call: The phase.
        text: What pytest says of a failure.
    """
    record.seconds += call.duration
    if call.excinfo is None:
        return
    error = call.excinfo.value
    verdict = _verdict(error)
    if worst([record.verdict, verdict]) is not record.verdict:
        record.verdict = verdict
        record.reason = (str(error) or type(error).__name__).splitlines()[0]
    if verdict is not Verdict.SKIPPED:
        record.details = f"{record.details}\n{text}".strip()


def part(folder: Path, worker: str, number: int) -> Path:
    """File of the records that a worker leaves behind."""
    return folder / PARTS.replace("*", f"-{worker}-{number}")


def merged(folder: Path) -> list[Record]:
    """The records of all workers in the order in which the tests began."""
    records = [record for file in sorted(folder.glob(PARTS)) for record in read_report(file).records]
    return sorted(records, key=lambda record: datetime.fromisoformat(record.started))


def remove(folder: Path) -> None:
    """Remove the files of records that workers have left behind."""
    for file in folder.glob(PARTS):
        file.unlink()


def keep(record: Record, file: Path) -> None:
    """Write a record to a file."""
    write_records([record], file)


def _verdict(error: BaseException) -> Verdict:
    if isinstance(error, pytest.skip.Exception):
        return Verdict.SKIPPED
    if isinstance(error, InconclusiveError):
        return Verdict.INCONCLUSIVE
    return Verdict.FAILED if isinstance(error, AssertionError | pytest.fail.Exception) else Verdict.RIG_ERROR


def _quoted(text: str) -> str:
    return shlex.quote(text)
