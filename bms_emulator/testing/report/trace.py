"""Traceability: which tests verify which requirement, and with what result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bms_emulator.testing.record import Record, Verdict
from bms_emulator.testing.report.document import worst
from bms_emulator.testing.requirements import Requirement

UNLISTED = "Not in the list of requirements"
"""Area of ids that tests name and no file of requirements knows."""


class Status(StrEnum):
    """What is known of a requirement."""

    VERIFIED = "verified"
    """Every test of it that was run passed, and one at least was."""
    OPEN = "open"
    """Its tests were skipped, or proved nothing."""
    NOT_MET = "not met"
    """A test of it failed."""
    UNTESTED = "no test"


@dataclass(frozen=True)
class Traced:
    """A requirement with its tests.

    Attributes:
        requirement: The requirement.
        tests: Positions of its tests in the report, counted from 0.
        status: What is known of it.
    """

    requirement: Requirement
    tests: tuple[int, ...]
    status: Status

    @property
    def listed(self) -> bool:
        """Whether it is a requirement, and not only an id that a test names."""
        return self.requirement.area != UNLISTED


def trace(records: Sequence[Record], requirements: Sequence[Requirement]) -> list[Traced]:
    """All requirements with their tests, in their order; then ids that tests name and no requirement has."""
    tests: dict[str, list[int]] = {requirement.id: [] for requirement in requirements}
    listed: Mapping[str, Requirement] = {requirement.id: requirement for requirement in requirements}
    for n, record in enumerate(records):
        for name in dict.fromkeys(record.requirements):
            tests.setdefault(name, []).append(n)
    return [
        Traced(
            listed.get(name) or Requirement(name, "", "", "", UNLISTED),
            tuple(at),
            _status([records[n].verdict for n in at]),
        )
        for name, at in tests.items()
    ]


def _status(verdicts: Sequence[Verdict]) -> Status:
    if not verdicts:
        return Status.UNTESTED
    if Verdict.FAILED in verdicts:
        return Status.NOT_MET
    run = [verdict for verdict in verdicts if verdict is not Verdict.SKIPPED]
    return Status.VERIFIED if run and worst(run) is Verdict.PASSED else Status.OPEN
