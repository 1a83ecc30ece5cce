"""Markdown, as far as the generated pages need it."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table. In cells bars are escaped, code in double backticks gets single ones, None is empty."""
    lines = [list(columns), ["---"] * len(columns), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: object) -> str:
    """A text as code."""
    return f"`{text}`"


def page(title: str, *parts: str) -> str:
    """A page of parts, blank lines between them."""
    return "\n\n".join([f"# {title}", *(part.strip("\n") for part in parts if part)])


def number(value: float) -> str:
    """A number as short as it can be written."""
    return f"{value:.10g}"


def _cell(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split()).replace("|", "\\|").replace("``", "`")
