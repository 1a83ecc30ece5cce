"""Runs checks one after the other and keeps what they found."""

import math
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bms_emulator.validation.check import Check, Context, Figure, Row


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        check: The check.
        rows: In the order found.
        figures: In the order found.
        error: Why it came to no end; empty where it did.
    """

    check: Check
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    error: str = ""

    @property
    def held(self) -> bool:
        """Whether all of it came out, and came out right."""
        return not self.error and all(row.held for row in self.rows)


def run_checks(checks: Iterable[Check], seed: int, progress: Callable[[Check, float], None]) -> list[Result]:
    """Run checks; one that raises is a failed check and does not keep the others from running.

    Args:
        checks: What to run.
        seed: Of cells that differ, and of profiles that are drawn.
        progress: Told the check at work and the share of it that is done.
    """
    results = []
    for check in checks:
        progress(check, 0.0)
        results.append(_run(check, Context(seed, lambda share, check=check: progress(check, share))))  # type: ignore[misc]
        progress(check, 1.0)
    return results


def _run(check: Check, context: Context) -> Result:
    rows: list[Row] = []
    figures: list[Figure] = []
    error = ""
    try:
        for finding in check.run(context):
            if isinstance(finding, Row):
                rows.append(finding)
            else:
                figures.append(finding)
    except Exception as failure:  # whatever it is, the report shows it
        place = traceback.extract_tb(failure.__traceback__)[-1]
        error = f"{type(failure).__name__}: {failure} ({place.name}, line {place.lineno})"
    return Result(check, tuple(rows), tuple(figures), error)


def as_data(result: Result) -> list[dict[str, Any]]:
    """Rows as plain data, for machines; an open end of a reference, or what is no number, is null."""
    return [
        {
            "check": result.check.name,
            "name": row.name,
            "unit": row.unit,
            "reference": [_finite(row.lowest), _finite(row.highest)],
            "source": row.source,
            "ours": _finite(row.ours),
            "difference": _finite(row.difference),
            "tolerance": _finite(row.tolerance),
            "judged": row.judged,
            "held": row.held,
            "note": row.note,
        }
        for row in result.rows
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
