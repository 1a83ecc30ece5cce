"""The plot of a test, as SVG in the page: stimulus, response, limits and alarms over one axis of time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.page import COLOURS, number
from bms_emulator.testing.record import Check, Record, Verdict
from bms_emulator.testing.report.axis import Axis, extent, spanning, time_unit
from bms_emulator.testing.report.bars import Bar, alarm_bars
from bms_emulator.testing.report.curves import Curve, Panel, picks, short
from bms_emulator.testing.report.wording import ABSOLUTE
from bms_emulator.units import ZERO_CELSIUS

WIDTH: Final = 960
_LEFT, _RIGHT, _TOP = 190, 12, 22
_PANEL: Final = 118
_LEGEND: Final = 16
_ROW: Final = 17
_GAP: Final = 14
_LETTER: Final = 6.3
"""Width of a letter of the legend."""
_ROWS: Final = 14
"""Most rows of alarms."""
_NAME: Final = 30
"""Most letters of the name of such a row."""


def draw(record: Record, panels: Sequence[Panel]) -> str:
    """The plot of a test; nothing where there is nothing to draw.

    Args:
        record: The test.
        panels: What its capture shows.
    """
    bars = alarm_bars(record)
    if not panels and not bars:
        return ""
    begin, end = _span(record, panels)
    time = Axis(begin, end, _LEFT, WIDTH - _RIGHT)
    parts: list[str] = []
    top = float(_TOP)
    for panel in panels:
        legend = _legend(panel.curves, top)
        parts += legend.parts
        top = legend.bottom
        parts += _panel(record, panel, time, top)
        top += _PANEL + _GAP
    if bars:
        parts += _alarms(bars, time, top)
        top += _LEGEND + _ROW * len(bars[:_ROWS]) + 6
    parts = [*_stimuli(record, time, top), *parts, *_time_axis(time, top)]
    height = top + 34
    title = f"Course of {record.name}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


@dataclass(frozen=True)
class _Legend:
    parts: list[str]
    bottom: float


def _span(record: Record, panels: Sequence[Panel]) -> tuple[float, float]:
    """From the first to the last time that is drawn [s]."""
    times = [stimulus.time for stimulus in record.stimuli] + [change.time for change in record.alarms]
    times += [check.time for check in record.checks]
    times += [check.begin for check in record.checks if check.begin is not None]
    curves = [curve for panel in panels for curve in panel.curves if curve.time.size]
    times += [float(at) for curve in curves for at in curve.time[[0, -1]]]
    begin, end = extent(times)
    return begin, end if end > begin else begin + 1.0


def _legend(curves: Sequence[Curve], top: float) -> _Legend:
    parts = []
    x = float(_LEFT)
    y = top + 10
    for n, curve in enumerate(curves):
        width = 24 + _LETTER * len(curve.name)
        if n and x + width > WIDTH - _RIGHT:
            x, y = float(_LEFT), y + _LEGEND
        parts.append(f'<path class="c {_colour(n)}" d="M{x:.0f} {y - 4:.0f}h14"/>')
        parts.append(f'<text x="{x + 18:.0f}" y="{y:.0f}">{escape(curve.name)}</text>')
        x += width
    return _Legend(parts, y + 6)


def _panel(record: Record, panel: Panel, time: Axis, top: float) -> Iterator[str]:
    shift, unit = _shown(panel)
    limits = [check for check in record.checks if check.point and _judges(check, panel)]
    ends = [end for check in limits for end in (check.low, check.high) if end is not None]
    held = np.concatenate([*(curve.low for curve in panel.curves), *(curve.high for curve in panel.curves), ends])
    value = spanning((held + shift).tolist(), top + _PANEL, top)
    yield f'<rect class="frame" x="{_LEFT}" y="{top:.1f}" width="{time.stop - _LEFT:.1f}" height="{_PANEL}"/>'
    yield from _grid(panel, held, value)
    yield f'<text class="head" x="0" y="{top + _PANEL / 2:.0f}">{escape(panel.title)}</text>'
    if unit:
        yield f'<text class="unit" x="0" y="{top + _PANEL / 2 + 15:.0f}">[{escape(unit)}]</text>'
    for check in limits:
        yield from _band(check, time, value, shift)
    for check in record.checks:
        if _times(check, panel):
            yield from _window(check, time, top)
    for n, curve in enumerate(panel.curves):
        yield _curve(curve, panel.stepped, time, value, shift, _colour(n))


def _grid(panel: Panel, held: Array, value: Axis) -> Iterator[str]:
    if panel.choices:
        seen = sorted({int(item) for item in held[np.isfinite(held)]})
        marks = [(float(item), panel.choices.get(item, str(item))) for item in seen]
    else:
        marks = [(item, number(round(item, 12), 6)) for item in value.ticks(4)]
    for at, text in marks:
        y = value.at(at)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        yield f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}">{escape(text)}</text>'


def _band(check: Check, time: Axis, value: Axis, shift: float) -> Iterator[str]:
    """What was allowed where it held, what was not where it did not, and the ends of the band."""
    left = time.at(time.low if check.begin is None else check.begin)
    right = max(time.at(time.high if check.end is None else check.end), left + 3)
    low = value.at(value.low if check.low is None else check.low + shift)
    high = value.at(value.high if check.high is None else check.high + shift)
    state = _state(check)
    areas = [(high - 1.5, low + 1.5)] if state == "good" else [(value.stop, high), (low, value.start)]
    for top, bottom in areas:
        if bottom > top:
            yield (
                f'<rect class="band {state}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
                f'height="{bottom - top:.1f}"><title>{escape(check.what)}: {check.verdict}</title></rect>'
            )
    for end, y in ((check.low, low), (check.high, high)):
        if end is not None:
            yield f'<path class="limit {state}" d="M{left:.1f} {y:.1f}H{right:.1f}"/>'


def _window(check: Check, time: Axis, top: float) -> Iterator[str]:
    """The time in which something was to come, and when it came."""
    begin = check.begin or 0.0
    left = time.at(begin + (check.low or 0.0))
    right = max(time.at(time.high if check.high is None else begin + check.high), left + 2)
    state = _state(check)
    yield (
        f'<rect class="window {state}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{_PANEL}">'
        f"<title>{escape(check.what)}: {check.verdict}</title></rect>"
    )
    if check.measured is not None:
        yield f'<path class="came {state}" d="M{time.at(begin + check.measured):.1f} {top:.1f}v{_PANEL}"/>'


def _curve(curve: Curve, stepped: bool, time: Axis, value: Axis, shift: float, colour: str) -> str:
    x = [time.at(at) for at in curve.time.tolist()]
    if curve.low is not curve.high:
        return "".join(_range(curve, stretch, x, value, shift, colour) for stretch in _stretches(curve.low))
    path = []
    for stretch in _stretches(curve.low):
        for n in stretch:
            y = value.at(float(curve.low[n]) + shift)
            if n == stretch[0]:
                path.append(f"M{x[n]:.1f} {y:.1f}")
            else:
                path.append(f"H{x[n]:.1f}V{y:.1f}" if stepped else f"L{x[n]:.1f} {y:.1f}")
        if len(stretch) == 1:
            path.append("h1")
    return f'<path class="c {colour}" d="{"".join(path)}"/>'


def _range(curve: Curve, stretch: range, x: Sequence[float], value: Axis, shift: float, colour: str) -> str:
    there = [f"{x[n]:.1f} {value.at(float(curve.high[n]) + shift):.1f}" for n in stretch]
    back = [f"{x[n]:.1f} {value.at(float(curve.low[n]) + shift):.1f}" for n in reversed(stretch)]
    return f'<path class="range {colour}" d="M{"L".join(there + back)}Z"/>'


def _stretches(values: Array) -> list[range]:
    """Positions of values between gaps."""
    valid = np.concatenate([[False], np.isfinite(values), [False]])
    edges = np.flatnonzero(valid[1:] != valid[:-1])
    return [range(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _stimuli(record: Record, time: Axis, bottom: float) -> Iterator[str]:
    """A line for each stimulus, with its number in the table."""
    last = -math.inf
    for n, stimulus in enumerate(record.stimuli, 1):
        x = time.at(stimulus.time)
        told = f"{stimulus.kind} {stimulus.target} {stimulus.commanded}"
        yield f'<path class="stimulus" d="M{x:.1f} {_TOP - 4}V{bottom:.1f}"><title>{escape(told)}</title></path>'
        if x - last >= 20:  # numbers do not stand on one another
            yield f'<text class="number" x="{x:.1f}" y="{_TOP - 8}">S{n}</text>'
            last = x


def _alarms(bars: Sequence[tuple[str, list[Bar]]], time: Axis, top: float) -> Iterator[str]:
    more = f", {len(bars) - _ROWS} more not drawn" if len(bars) > _ROWS else ""
    yield f'<text class="head" x="{_LEFT}" y="{top + 11:.0f}">Alarms and states{more}</text>'
    for row, (name, drawn) in enumerate(bars[:_ROWS]):
        y = top + _LEGEND + _ROW * row
        for bar in drawn:
            left, right = time.at(bar.begin), time.at(time.high if bar.end is None else bar.end)
            yield (
                f'<rect class="alarm {bar.kind}" x="{left:.1f}" y="{y:.1f}" width="{max(right - left, 3.0):.1f}" '
                f'height="{_ROW - 3}"><title>{escape(bar.told)}</title></rect>'
            )
            if right - left > _LETTER * len(bar.text) + 8:
                yield f'<text class="on {bar.kind}" x="{left + 4:.1f}" y="{y + 11:.1f}">{escape(bar.text)}</text>'
        yield f'<text class="tick" x="{_LEFT - 6}" y="{y + 11:.1f}">{escape(_cut(short(name)))}</text>'


def _time_axis(time: Axis, bottom: float) -> Iterator[str]:
    factor, sign = time_unit(time.high - time.low)
    shown = Axis(time.low / factor, time.high / factor, time.start, time.stop)
    yield f'<path class="rule" d="M{_LEFT} {bottom:.1f}H{WIDTH - _RIGHT}"/>'
    for at in shown.ticks(10):
        x = shown.at(at)
        yield f'<path class="rule" d="M{x:.1f} {bottom:.1f}v4"/>'
        yield f'<text class="below" x="{x:.1f}" y="{bottom + 16:.1f}">{number(round(at, 9), 6)}</text>'
    middle = (time.start + time.stop) / 2
    yield f'<text class="below" x="{middle:.0f}" y="{bottom + 30:.1f}">simulated time [{sign}]</text>'


def _judges(check: Check, panel: Panel) -> bool:
    """Whether the band of a check stands on this ordinate."""
    if (check.low is None and check.high is None) or _is_time(check, panel):
        return False
    return _is_on(check, panel)


def _times(check: Check, panel: Panel) -> bool:
    """Whether a check says when something was to come that this panel shows."""
    return _is_time(check, panel) and _is_on(check, panel)


def _is_time(check: Check, panel: Panel) -> bool:
    return check.unit == "s" and panel.unit != "s"


def _is_on(check: Check, panel: Panel) -> bool:
    return any(picks(check.point, name) for name in panel.names)


def _shown(panel: Panel) -> tuple[float, str]:
    """What is added to values, and the unit they are shown in: temperatures in °C, differences in K."""
    if panel.unit != "K" or any(np.nanmin(curve.low, initial=np.inf) < ABSOLUTE for curve in panel.curves):
        return 0.0, panel.unit
    return -ZERO_CELSIUS, "°C"


def _cut(name: str) -> str:
    """The end of a name, which tells more than its beginning."""
    return name if len(name) <= _NAME else "…" + name[1 - _NAME :]


def _state(check: Check) -> str:
    return "good" if check.verdict is Verdict.PASSED else "bad"


def _colour(n: int) -> str:
    """Class of a curve's colour."""
    return f"c{n % len(COLOURS)}"
