"""One test in the report: what was to be shown, what was done, what was found, and with what."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from bms_emulator.page import facts, table
from bms_emulator.runtime.recorder import RecordingError
from bms_emulator.testing.record import Check, Record, Timing
from bms_emulator.testing.report import wording
from bms_emulator.testing.report.curves import Panel, panels_of, short
from bms_emulator.testing.report.plot import draw

CHANGES = 60
"""Most lines of changes of alarms and states."""
_DETAILS = 20_000
"""Most characters of details."""


def case(number: int, record: Record, folder: Path, known: frozenset[str]) -> str:
    """A test as a section of the page.

    Args:
        number: Of the test, from 1.
        record: The test.
        folder: Folder of the report, in which its captures are.
        known: Ids of requirements that stand in the matrix.
    """
    ids = ", ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in record.requirements if name in known)
    heading = f"{number} {escape(record.name)} {wording.badge(record.verdict)}"
    parts = [
        f'<section class="case" id="test-{number}">\n<h3>{heading}</h3>',
        f"<p>{escape(record.objective)}</p>",
        f'<p class="told">Requirements: {ids or "none"}</p>',
        _reason(record),
        _checks("Preconditions", record.preconditions),
        _stimuli(record),
        _checks("Expected and measured", record.checks) or '<p class="told">Nothing was measured.</p>',
        _plot(record, folder),
        _changes(record),
        f"<h4>Details</h4><pre>{escape(record.details[:_DETAILS])}</pre>" if record.details else "",
        _provenance(record),
    ]
    return "\n".join([*filter(None, parts), "</section>"])


def _reason(record: Record) -> str:
    if not record.reason:
        return ""
    return f'<p class="reason {wording.kind(record.verdict)}"><strong>Reason:</strong> {escape(record.reason)}</p>'


def _checks(title: str, checks: Sequence[Check]) -> str:
    if not checks:
        return ""
    rows = [
        (
            escape(check.what)
            + (f"<small>{escape(check.point)}</small>" if check.point else "")
            + wording.reason(check.reason),
            escape(wording.band(check)),
            wording.window(check),
            escape(wording.quantity(check.measured, check.unit)),
            escape(_margin(check)),
            wording.badge(check.verdict),
        )
        for check in checks
    ]
    return table(("what", "allowed", "window", "measured", "margin", "verdict"), rows, title)


def _margin(check: Check) -> str:
    """A margin is a difference, also of temperatures."""
    if check.margin is None:
        return "–"
    text = wording.quantity(check.margin, "" if check.unit == "K" else check.unit)
    return f"{text} K" if check.unit == "K" else text


def _stimuli(record: Record) -> str:
    rows = [
        (
            f"S{n}",
            wording.seconds(item.time),
            escape(item.kind),
            escape(item.target),
            escape(item.commanded),
            escape(item.actual) or "–",
        )
        for n, item in enumerate(record.stimuli, 1)
    ]
    columns = ("", "time", "kind", "target", "commanded", "actual")
    return table(columns, rows, "Stimuli", "words") if rows else ""


def _plot(record: Record, folder: Path) -> str:
    """The plot with its caption, which says what is missing in it and why."""
    panels: list[Panel] = []
    told = "Green: what was allowed, and held. Red: what was not allowed, and came. Dashed: stimuli by their numbers."
    if record.capture is None:
        told += " Nothing was recorded."
    else:
        try:
            panels = panels_of(record, folder / record.capture.path)
        except RecordingError as error:
            told = f"The capture cannot be drawn. {error}"
    omitted = sum(panel.omitted for panel in panels)
    told += f" {omitted} further signals stand in the capture." if omitted else ""
    drawn = draw(record, panels)
    return f"<figure>{drawn}<figcaption>{escape(told)}</figcaption></figure>" if drawn or record.capture else ""


def _changes(record: Record) -> str:
    """Changes in the order in which they came; those of like components at one time in one line."""
    lines = [
        (time, kind, what, [change.source for change in group])
        for (time, kind, what), group in groupby(record.alarms, key=attrgetter("time", "kind", "what"))
    ]
    items = "".join(
        f"<li{' class=alarm' if kind == 'alarm' else ''}><b>{wording.seconds(time)}</b> {escape(short(sources[0]))}"
        f"{f' and {len(sources) - 1} more' if len(sources) > 1 else ''}: {escape(what.replace('->', '→'))}</li>"
        for time, kind, what, sources in lines[:CHANGES]
    )
    left = len(lines) - CHANGES
    more = f'<p class="told">{left} more stand in report.json.</p>' if left > 0 else ""
    return f'<h4>Alarms and states as they changed</h4>\n<ol class="log">{items}</ol>{more}' if lines else ""


def _provenance(record: Record) -> str:
    found, capture = record.provenance, record.capture
    rows = {
        "Under test": found.under_test,
        "Rig": found.rig,
        "Site": f"{found.site}, profile SHA-256 {found.profile_hash}",
        "Firmware": f"{found.firmware}, SHA-256 {found.firmware_hash}",
        "Emulator": f"bms-emulator {found.emulator}, seed {found.seed}",
        "Time": _timing(record.timing),
        "Run": f"{record.started}; {wording.seconds(record.duration)} simulated in {wording.seconds(record.seconds)}",
        "Capture": "none"
        if capture is None
        else f"{capture.path}, {capture.rows} rows of {len(capture.signals)} signals, SHA-256 {capture.sha256}",
        "Repeat": found.command,
    }
    return facts(rows, "provenance")


def _timing(timing: Timing) -> str:
    if timing.mode == "stepped":
        return "stepped: no clock, so no tick is late"
    speed = "" if timing.speed is None else f" ×{timing.speed:g}"
    late = ", ".join(
        f"{name} {wording.milliseconds(value)}"
        for name, value in (
            ("median", timing.lateness_p50),
            ("p99", timing.lateness_p99),
            ("max", timing.lateness_max),
        )
    )
    return f"{timing.mode}{speed}; lateness {late}; {timing.overruns} overruns, {timing.skipped} ticks skipped"
