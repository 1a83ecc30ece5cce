"""Pages that stand alone: one HTML file with its style in it, which needs neither a network nor another file."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Final

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#8c6d1f")
"""Told apart by eyes that do not see red and green alike; after Okabe and Ito."""

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN: Final = (1e-3, 1e6)
"""Where a number is written without a power of ten."""


def page(title: str, body: str, style: str = "", head: str = "", after: str = "", *, adaptive: bool = False) -> str:
    """An HTML document.

    Args:
        title: Title, as text.
        body: What stands in it, as HTML.
        style: CSS beyond that which all pages share.
        head: Further elements of the head, as HTML.
        after: What comes behind the text, as HTML.
        adaptive: Whether it is dark on a screen that is set to dark.
    """
    shared = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en"{" class=adaptive" if adaptive else ""}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{shared}{style}</style>\n{head}</head>\n<body>\n<main>\n{body}\n</main>\n{after}</body>\n</html>\n"
    )


def facts(rows: Mapping[str, str], kind: str = "") -> str:
    """A list of names and what they stand for, both as text.

    Args:
        rows: Text by name.
        kind: Class of the list.
    """
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows.items())
    return f"<dl{_class(kind)}>{items}</dl>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", kind: str = "") -> str:
    """A table; the first cell of a row is its heading.

    Args:
        columns: Headings, as text.
        rows: Cells, as HTML.
        caption: What it shows, as text.
        kind: Class of the table.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    lines = "".join(f"<tr>{_row(row)}</tr>\n" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table{_class(kind)}>{title}<thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table>"


def number(value: float, digits: int = 4) -> str:
    """A number to so many significant digits, as people read it."""
    if not math.isfinite(value):
        return "no number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0.0:
        return "0"
    if not _PLAIN[0] <= abs(value) < _PLAIN[1]:
        mantissa, exponent = f"{value:.{max(0, digits - 3)}e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}".replace("-", "−", 1)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def _row(cells: Sequence[str]) -> str:
    return f'<th scope="row">{cells[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in cells[1:])


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
