"""Results of a campaign as files: CSV for spreadsheets, JSON for programs, HTML for people."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any, Final

from bms_emulator import __version__
from bms_emulator.page import facts, page, table
from bms_emulator.testing.campaign.plan import Plan
from bms_emulator.testing.campaign.result import GOOD, Judged
from bms_emulator.testing.campaign.summary import CaseRow, Coverage, case_rows, coverage, held, outcomes

CSV: Final = "results.csv"
JSON: Final = "results.json"
HTML: Final = "results.html"

_STYLE: Final = """
td.n { text-align: right; }
td.bad { font-weight: bold; }
table.matrix th[scope=col] { writing-mode: vertical-rl; }
"""


def write_results(plan: Plan, judged: Sequence[Judged], folder: Path) -> list[Path]:
    """Write results.csv, results.json and results.html; returns their paths. OSError: they cannot be written."""
    texts = {CSV: _csv(judged), JSON: _json(plan, judged), HTML: _html(plan, judged)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def data(plan: Plan, judged: Sequence[Judged]) -> dict[str, Any]:
    """Results as plain data."""
    return {
        "campaign": plan.campaign.name,
        "file": plan.file,
        "emulator": __version__,
        "digest": plan.digest,
        "ok": held(judged),
        "planned": len(plan.runs),
        "made": len(judged),
        "outcomes": outcomes(judged),
        "cases": [asdict(row) for row in case_rows(plan, judged)],
        "coverage": asdict(coverage(plan, judged)),
        "runs": [one.row() for one in judged],
    }


def delay(seconds: float | None) -> str:
    """A time for people."""
    return "" if seconds is None else f"{seconds:.1f} s"


def counts(words: dict[str, int], total: int, most: int = 3) -> str:
    """What came most often, with how often where that was not always."""
    shown = [word if count == total else f"{word} ({count})" for word, count in list(words.items())[:most]]
    return ", ".join(shown) + (f" and {len(words) - most} more" if len(words) > most else "")


def command(plan: Plan, number: int) -> str:
    """Command that repeats a run."""
    return f"bms-emulator campaign run {plan.file} --only {number}"


def _json(plan: Plan, judged: Sequence[Judged]) -> str:
    return json.dumps(data(plan, judged), indent=1) + "\n"


def _csv(judged: Sequence[Judged]) -> str:
    rows = [one.row() for one in judged]
    columns = dict.fromkeys(key for row in rows for key in row)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _html(plan: Plan, judged: Sequence[Judged]) -> str:
    campaign = plan.campaign
    told = {
        "Site": campaign.site,
        "Runs": f"{len(judged)} of {len(plan.runs)}, {campaign.duration:g} s each",
        "Outcomes": ", ".join(f"{count} {name}" for name, count in outcomes(judged).items()) or "none",
        "Emulator": __version__,
        "Digest": plan.digest,
    }
    rows = [_case(row) for row in case_rows(plan, judged)]
    cases = table(("case", "runs", "as expected", "first alarm", "median", "longest", "followed", "missed"), rows)
    wrong = [one for one in judged if one.outcome not in GOOD]
    parts = [
        f"<h1>{escape(campaign.name)}</h1><p>{escape(campaign.description)}</p>",
        facts(told),
        f"<h2>Cases</h2>{cases}",
        f"<h2>Which alarm rose after which kind of fault</h2>{_matrix(coverage(plan, judged))}",
    ]
    if wrong:
        parts.append(f"<h2>Runs that were not as expected</h2>{_wrong(plan, wrong)}")
    return page(campaign.name, "\n".join(parts), _STYLE, adaptive=True)


def _case(row: CaseRow) -> list[str]:
    cells = [
        row.case,
        str(row.runs),
        str(row.good),
        counts(row.alarms, row.runs),
        delay(row.delay_median),
        delay(row.delay_max),
        counts(row.actions, row.runs, 7),
        counts(row.missed, row.runs),
    ]
    return [escape(cell) for cell in cells]


def _matrix(shown: Coverage) -> str:
    rows = [
        [escape(kind), str(runs), *(str(count or "") for count in line)]
        for kind, runs, line in zip(shown.kinds, shown.runs, shown.counts, strict=True)
    ]
    return table(("kind of fault", "runs", *shown.alarms), rows, kind="matrix")


def _wrong(plan: Plan, wrong: Sequence[Judged]) -> str:
    rows = [
        [
            str(one.run.number),
            escape(one.run.case),
            escape(one.run.operating_point),
            str(one.run.seed),
            escape(one.outcome),
            escape("; ".join(one.missed) or ", ".join(one.new)),
            f"<code>{escape(command(plan, one.run.number))}</code>",
        ]
        for one in wrong
    ]
    return table(("run", "case", "operating point", "seed", "outcome", "missing", "repeat"), rows)
