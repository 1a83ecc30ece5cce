"""Numbers, bands and verdicts of a report as people read them."""

from html import escape
from typing import Final

from bms_emulator.page import number
from bms_emulator.testing.record import Check, Verdict
from bms_emulator.units import ZERO_CELSIUS, celsius

SIGNS: Final = {
    Verdict.PASSED: "✓",
    Verdict.SKIPPED: "–",
    Verdict.INCONCLUSIVE: "?",
    Verdict.FAILED: "✗",
    Verdict.RIG_ERROR: "!",
}
"""What stands beside a verdict, so that it is not told by its colour alone."""

ABSOLUTE: Final = ZERO_CELSIUS - 120.0
"""Temperatures [K] are above it, differences between temperatures below."""
_DIGITS: Final = 6


def badge(verdict: Verdict) -> str:
    """A verdict, as HTML."""
    return f'<span class="badge {kind(verdict)}">{SIGNS[verdict]} {verdict}</span>'


def kind(verdict: Verdict) -> str:
    """Class of a verdict in the style of the page."""
    return verdict.value.replace(" ", "-")


def quantity(value: float | None, unit: str) -> str:
    """A number with its unit, a temperature also in °C; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{number(value, _DIGITS)} {unit}".rstrip()
    return f"{text} ({number(celsius(value), _DIGITS)} °C)" if unit == "K" and value > ABSOLUTE else text


def band(check: Check) -> str:
    """What was allowed."""
    if check.low is None and check.high is None:
        return "–"
    if check.low is None:
        return f"≤ {quantity(check.high, check.unit)}"
    if check.high is None:
        return f"≥ {quantity(check.low, check.unit)}"
    if check.low == check.high:
        return f"= {quantity(check.low, check.unit)}"
    return f"{quantity(check.low, check.unit)} to {quantity(check.high, check.unit)}"


def window(check: Check) -> str:
    """When it was to hold [s]."""
    if check.begin is None and check.end is None:
        return "–"
    if check.begin is not None and check.begin == check.end:
        return f"at {seconds(check.begin)}"
    begin = "" if check.begin is None else seconds(check.begin)
    return f"{begin} to {'the end' if check.end is None else seconds(check.end)}".strip()


def seconds(value: float) -> str:
    """A time or a duration."""
    return f"{number(round(value, 6), 9)} s"


def milliseconds(value: float) -> str:
    """A short duration [s], in milliseconds."""
    return f"{number(1e3 * value, 3)} ms"


def reason(text: str) -> str:
    """Why it did not pass, as HTML below what did not."""
    return f"<small class=why>{escape(text)}</small>" if text else ""
