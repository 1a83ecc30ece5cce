"""The report: one HTML file with tables and plots that needs nothing else, neither a network nor another file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any, Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.page import COLOURS, facts, page
from bms_emulator.validation import wording
from bms_emulator.validation.check import Figure, Row, Section, Trace
from bms_emulator.validation.runner import Result

POINTS: Final = 600
"""Most points of a curve that are drawn."""

GRADES: Final = {
    "[V]": "seen in a primary artefact: data file, source code, a paper's own words",
    "[S]": "a third party's summary of a vendor's document",
    "[D]": "derived, by the formula or calculation that is named",
    "[U]": "common knowledge of the field",
}


@dataclass(frozen=True)
class Heading:
    """What a report says of itself.

    Attributes:
        version: Of the program.
        site: Profile that everything was derived from.
        profile_hash: Digest of all that this profile says.
        seed: Of all that was drawn.
        date: When the checks were run.
    """

    version: str
    site: str
    profile_hash: str
    seed: int
    date: str


def render(heading: Heading, sections: Sequence[Section], results: Sequence[Result]) -> str:
    """The report as one HTML document.

    Args:
        heading: What it says of itself.
        sections: All sections; those without a result are left out.
        results: What the checks found.
    """
    from plotly.offline import get_plotlyjs

    found = {result.check.name: result for result in results}
    parts = [(s, [found[c.name] for c in s.checks if c.name in found]) for s in sections]
    parts = [(section, inside) for section, inside in parts if inside]
    figures = _Figures()
    body = "\n".join(
        [
            _heading(heading, results),
            _summary(parts),
            *(_section(n, section, inside, figures) for n, (section, inside) in enumerate(parts, 1)),
            _closing(),
        ]
    )
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    title = f"Validation of bms-emulator {heading.version}"
    scripts = f"<script>\n{figures.script()}</script>\n"
    return page(title, body, style, f"<script>{get_plotlyjs()}</script>\n", scripts)


def _heading(heading: Heading, results: Sequence[Result]) -> str:
    rows = [row for result in results for row in result.rows]
    failed = [r for r in results if r.error]
    good = all(result.held for result in results)
    verdict = wording.tally(rows)
    verdict += f"; {len(failed)} of {len(results)} checks came to no end" if failed else ""
    told = {
        "Program": f"bms-emulator {heading.version}",
        "Profile": f"{heading.site}, SHA-256 {heading.profile_hash}",
        "Seed": str(heading.seed),
        "Date": heading.date,
    }
    return (
        f'<header>\n<h1>Validation report</h1>\n<p class="verdict {"good" if good else "bad"}">{verdict}</p>\n'
        f"{facts(told)}\n</header>"
    )


def _summary(parts: Sequence[tuple[Section, Sequence[Result]]]) -> str:
    lines = []
    for number, (section, results) in enumerate(parts, 1):
        rows = [row for result in results for row in result.rows]
        state = "held" if all(result.held for result in results) else "failed"
        lines.append(
            f'<tr><td><a href="#{section.name}">{number} {escape(section.title)}</a></td><td>{len(results)}</td>'
            f'<td>{wording.tally(rows).replace(" rows held", "")}</td><td class="{state}">{state}</td></tr>'
        )
    bad = [
        f"<li>{escape(result.check.name)}: {escape(text)}</li>"
        for _, results in parts
        for result in results
        for text in [*([result.error] if result.error else []), *(_line(row) for row in result.rows if not row.held)]
    ]
    unjudged = [
        f"<li>{escape(result.check.name)}: {escape(_line(row))} ({escape(row.note)})</li>"
        for _, results in parts
        for result in results
        for row in result.rows
        if not row.judged
    ]
    listed = f'<h3>What did not hold</h3>\n<ul class="bad">{"".join(bad)}</ul>\n' if bad else ""
    listed += f"<h3>What could not be judged</h3>\n<ul>{''.join(unjudged)}</ul>\n" if unjudged else ""
    return (
        "<h2>Summary</h2>\n<table class=summary><thead><tr><th>section</th><th>checks</th><th>rows held</th>"
        f"<th>verdict</th></tr></thead><tbody>{''.join(lines)}</tbody></table>\n{listed}"
    )


def _line(row: Row) -> str:
    text = f"{row.name}: ours {wording.quantity(row.ours, row)}, reference {wording.reference(row)}, "
    text += f"difference {wording.difference(row)}"
    return f"{text}, tolerance {wording.tolerance(row)}" if row.judged else text


def _section(number: int, section: Section, results: Sequence[Result], figures: "_Figures") -> str:
    text = [f'<section id="{section.name}">\n<h2>{number} {escape(section.title)}</h2>']
    for index, result in enumerate(results, 1):
        check = result.check
        text.append(f'<h3 id="{check.name}">{number}.{index} {escape(check.title)}</h3>')
        text.append(f"<p>{escape(check.method)}</p>")
        if result.error:
            text.append(f'<p class="bad">This check came to no end. {escape(result.error)}</p>')
        if result.rows:
            text.append(_table(result.rows))
        text += [figures.place(figure) for figure in result.figures]
    return "\n".join([*text, "</section>"])


def _table(rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "reference", "ours", "difference", "tolerance", "verdict"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(map(_table_row, rows))}</tbody></table>"


def _table_row(row: Row) -> str:
    small = escape(row.source) + (f"<br>{escape(row.note)}" if row.note else "")
    cells = (wording.reference(row), wording.quantity(row.ours, row), wording.difference(row), wording.tolerance(row))
    numbers = "".join(f"<td>{escape(text)}</td>" for text in cells)
    state = wording.verdict(row)
    return f'<tr><td>{escape(row.name)}<small>{small}</small></td>{numbers}<td class="{state}">{state}</td></tr>'


def _closing() -> str:
    return (
        "<h2>How to read this</h2>\n<p>A row holds where ours lies no farther from the reference than the tolerance; "
        "within a range, or on the right side of a bound, the difference is 0. Tolerances stand in the program and do "
        "not depend on the result. A row is not judged where the source does not tell the conditions that its number "
        "depends on; it does not count. Every source carries a grade:</p>\n"
        f"{facts(GRADES, 'grades')}\n"
        '<table class="sign"><tr><td>Run by</td><td></td><td>Checked by</td><td></td></tr>'
        "<tr><td>Date</td><td></td><td>Date</td><td></td></tr></table>"
    )


class _Figures:
    """Figures in the order of the report: their places in the text, and the script that draws them."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def place(self, figure: Figure) -> str:
        """Where a figure stands, numbered, with its caption."""
        number = len(self._drawn) + 1
        data = [_trace(n, trace) for n, trace in enumerate(figure.traces)]
        drawing = json.dumps([data, _layout(figure)], ensure_ascii=False, allow_nan=False).replace("</", "<\\/")
        self._drawn.append(f'Plotly.newPlot("figure-{number}", ...{drawing}, configuration);\n')
        caption = f"<b>Figure {number}.</b> {escape(figure.caption)}"
        return f'<figure><div id="figure-{number}" class="plot"></div><figcaption>{caption}</figcaption></figure>'

    def script(self) -> str:
        """Draws all figures."""
        return "const configuration = {displaylogo: false, responsive: true, displayModeBar: false};\n" + "".join(
            self._drawn
        )


def _layout(figure: Figure) -> dict[str, Any]:
    line = {"showline": True, "linecolor": "#444", "gridcolor": "#e4e4e4", "zeroline": False, "ticks": "outside"}
    layout: dict[str, Any] = {
        "height": 380,
        "margin": {"l": 70, "r": 80 if figure.second_axis else 20, "t": 30, "b": 60},
        "font": {"family": "Helvetica, Arial, sans-serif", "size": 13, "color": "#222"},
        "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff",
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": {**line, "title": {"text": figure.x_axis, "standoff": 8}},
        "yaxis": {**line, "title": {"text": figure.y_axis, "standoff": 12}},
    }
    if figure.second_axis:
        right = {"overlaying": "y", "side": "right", "showgrid": False, "tickmode": "auto", "automargin": True}
        layout["yaxis2"] = {**line, **right, "title": {"text": figure.second_axis, "standoff": 12}}
    return layout


def _trace(number: int, trace: Trace) -> dict[str, Any]:
    colour = COLOURS[number % len(COLOURS)]
    look: dict[str, Any] = (
        {"mode": "markers", "marker": {"color": colour, "size": 7, "symbol": "circle-open", "line": {"width": 2}}}
        if trace.marks
        else {"mode": "lines", "line": {"color": colour, "width": 1.2 if trace.second else 2}}
    )
    x, y = np.asarray(trace.x, dtype=float), np.asarray(trace.y, dtype=float)
    shown = slice(None, None, max(1, -(-len(x) // POINTS)))
    side = {"yaxis": "y2"} if trace.second else {}
    return {"type": "scatter", "name": trace.name, "x": _rounded(x[shown]), "y": _rounded(y[shown]), **look, **side}


def _rounded(values: Array) -> list[float | None]:
    """Seven digits are more than a plot shows; what is no number is a gap."""
    return list(_gaps(values))


def _gaps(values: Array) -> Iterator[float | None]:
    for value in values:
        yield float(f"{value:.7g}") if np.isfinite(value) else None
