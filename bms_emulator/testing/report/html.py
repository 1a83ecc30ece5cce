"""The report as one HTML file: no script, no network, light or dark, fit for print."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from bms_emulator.page import COLOURS, facts, page, table
from bms_emulator.testing.record import Record, Verdict
from bms_emulator.testing.report import wording
from bms_emulator.testing.report.case import case
from bms_emulator.testing.report.document import REPORT, Report
from bms_emulator.testing.report.trace import Status, Traced, trace

TITLE = "Test report"
DIGEST_CLASS = "digest"

_STATUS_KIND = {
    Status.VERIFIED: "passed",
    Status.OPEN: "inconclusive",
    Status.NOT_MET: "failed",
    Status.UNTESTED: "skipped",
}
_STATUS_SIGN = {Status.VERIFIED: "✓", Status.OPEN: "?", Status.NOT_MET: "✗", Status.UNTESTED: "–"}


def html(report: Report, digest: str, folder: Path) -> str:
    """The report as an HTML document.

    Args:
        report: The report.
        digest: SHA-256 of its JSON, 64 hexadecimal digits.
        folder: Folder of the report, in which its captures are.
    """
    traced = trace(report.records, report.requirements)
    known = frozenset(item.requirement.id for item in traced)
    tests = [case(n, record, folder, known) for n, record in enumerate(report.records, 1)]
    body = "\n".join(
        [
            _heading(report, traced),
            '<h2 id="summary">1 Summary</h2>',
            _counts(report.records),
            _not_passed(report.records),
            _tests(report.records),
            '<h2 id="tested">2 What was tested, with what</h2>',
            _configurations(report.records),
            '<h2 id="traceability">3 Requirements</h2>',
            _matrix(traced, report.records),
            '<h2 id="tests">4 Tests</h2>',
            *tests,
            _signature(report, digest, traced),
        ]
    )
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    curves = "".join(f"svg .c{n} {{ --curve: {colour}; }}\n" for n, colour in enumerate(COLOURS))
    return page(TITLE, body, curves + style, adaptive=True)


def _heading(report: Report, traced: Sequence[Traced]) -> str:
    rows = {
        "Emulator": f"bms-emulator {report.emulator}",
        "Written": report.created,
        "Tests": str(len(report.records)),
        "Requirements": _tally(traced),
    }
    links = "".join(
        f'<a href="#{at}">{text}</a>'
        for at, text in (
            ("summary", "Summary"),
            ("tested", "What was tested"),
            ("traceability", "Requirements"),
            ("tests", "Tests"),
            ("signature", "Signature"),
        )
    )
    return (
        f'<header>\n<h1>{TITLE}</h1>\n<p class="verdict {"good" if report.held else "bad"}">{_sentence(report)}</p>\n'
        f'{facts(rows)}\n<nav aria-label="Contents">{links}</nav>\n</header>'
    )


def _sentence(report: Report) -> str:
    """The whole report in a line."""
    if not report.records:
        return "Nothing was tested"
    passed = sum(record.verdict is Verdict.PASSED for record in report.records)
    return f"{passed} of {len(report.records)} tests passed"


def _counts(records: Sequence[Record]) -> str:
    """How many tests ended how; a bar, and the numbers."""
    counts = {verdict: sum(record.verdict is verdict for record in records) for verdict in Verdict}
    bar = "".join(
        f'<span class="{wording.kind(verdict)}" style="flex-grow:{count}"></span>'
        for verdict, count in counts.items()
        if count
    )
    items = "".join(
        f'<li class="{wording.kind(verdict) if count else "zero"}"><b>{count}</b> {wording.SIGNS[verdict]} '
        f"{verdict}</li>"
        for verdict, count in counts.items()
    )
    return f'<div class="share" aria-hidden="true">{bar}</div>\n<ul class="counts">{items}</ul>'


def _not_passed(records: Sequence[Record]) -> str:
    rows = [
        (_link(n, record), escape(record.reason or "–"), wording.badge(record.verdict))
        for n, record in enumerate(records, 1)
        if record.verdict is not Verdict.PASSED
    ]
    return table(("test", "reason", "verdict"), rows, "What did not pass", "words") if rows else ""


def _tests(records: Sequence[Record]) -> str:
    rows = [
        (
            f"{_link(n, record)}<small>{escape(record.objective)}</small>",
            escape(", ".join(record.requirements)) or "–",
            wording.seconds(record.duration),
            f"{sum(check.verdict is Verdict.PASSED for check in record.checks)} of {len(record.checks)}",
            wording.badge(record.verdict),
        )
        for n, record in enumerate(records, 1)
    ]
    columns = ("test", "requirements", "simulated", "checks passed", "verdict")
    return table(columns, rows, "All tests", "tests") if rows else ""


def _configurations(records: Sequence[Record]) -> str:
    """What tests have in common is told once, with their numbers."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for n, record in enumerate(records, 1):
        found = record.provenance
        key = (
            found.under_test,
            found.rig,
            f"{escape(found.site)}<small>{escape(found.profile_hash)}</small>",
            f"{escape(found.firmware)}<small>{escape(found.firmware_hash)}</small>",
            found.emulator,
            record.timing.mode,
        )
        groups.setdefault(key, []).append(n)
    rows = [
        (escape(key[0]), escape(key[1]), key[2], key[3], escape(key[4]), escape(key[5]), _numbers(numbers))
        for key, numbers in groups.items()
    ]
    columns = ("under test", "rig", "site, profile hash", "firmware, hash", "emulator", "time", "tests")
    return table(columns, rows, "", "words hashes") if rows else ""


def _matrix(traced: Sequence[Traced], records: Sequence[Record]) -> str:
    if not traced:
        return "<p>No requirements were given, and no test names one.</p>"
    parts = [f"<p>{escape(_tally(traced))}.</p>"]
    for area, group in groupby(traced, key=lambda item: item.requirement.area):
        rows = [
            (
                f'<span id="{escape(item.requirement.id)}">{escape(item.requirement.id)}</span>',
                f"<strong>{escape(item.requirement.title)}</strong> {escape(item.requirement.text)}"
                f"<small>{escape(item.requirement.source)}</small>",
                "<br>".join(f"{_link(n + 1, records[n])} {wording.badge(records[n].verdict)}" for n in item.tests)
                or "–",
                f'<span class="badge {_STATUS_KIND[item.status]}">{_STATUS_SIGN[item.status]} {item.status}</span>',
            )
            for item in group
        ]
        parts.append(table(("id", "requirement", "tests", "result"), rows, area, "matrix"))
    return "\n".join(parts)


def _tally(traced: Sequence[Traced]) -> str:
    listed = [item for item in traced if item.listed]
    counts = [(status, sum(item.status is status for item in listed)) for status in Status]
    told = ", ".join(f"{count} {status}" for status, count in counts if count)
    stray = len(traced) - len(listed)
    return (f"{len(listed)}: {told}" if told else "none") + (f"; ids of no requirement: {stray}" if stray else "")


def _signature(report: Report, digest: str, traced: Sequence[Traced]) -> str:
    captures = [record.capture for record in report.records if record.capture is not None]
    spaced = " ".join(digest[n : n + 8] for n in range(0, len(digest), 8))
    rows = {
        "Result": f"{_sentence(report)}; requirements {_tally(traced)}",
        "Report written": f"{report.created} by bms-emulator {report.emulator}",
        "Captures": f"{len(captures)}, the SHA-256 of each of which stands in {REPORT}",
    }
    lines = "".join(
        f'<tr><th scope="row">{role}</th>' + "<td></td>" * 3 + "</tr>"
        for role in ("Prepared by", "Reviewed by", "Approved by")
    )
    return (
        '<section class="signature" id="signature">\n<h2>5 Signature</h2>\n'
        f"{facts(rows)}\n<h4>SHA-256 of {REPORT}</h4>\n"
        f'<p class="{DIGEST_CLASS}" data-sha256="{digest}">{spaced}</p>\n'
        f"<p>What is signed is {REPORT}: it holds every number of this page and the digest of every capture. "
        "Whether the files are the ones that were signed is shown by</p>\n"
        "<pre>bms-emulator report verify FOLDER --digest DIGEST</pre>\n"
        '<table class="sign"><thead><tr><td></td><th scope="col">Name</th><th scope="col">Date</th>'
        f'<th scope="col">Signature</th></tr></thead><tbody>{lines}</tbody></table>\n</section>'
    )


def _link(number: int, record: Record) -> str:
    return f'<a href="#test-{number}">{number} {escape(record.name)}</a>'


def _numbers(numbers: Sequence[int]) -> str:
    """Numbers with runs of them drawn together: ``1–4, 7``."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
