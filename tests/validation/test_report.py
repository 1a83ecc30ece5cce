"""The report: all rows in it, nothing outside it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace
from bms_emulator.validation.report import Heading, render
from bms_emulator.validation.runner import as_data, run_checks

ROWS = (
    Row.close("voltage <held> & close", 1.0001, 1.0, 0.5, "mV", "[V] thevenin"),
    Row.within("failed range", 95.0, (89.5, 92.5), 0.5, "%", "[S] a sheet", "a note"),
    Row.at_most("no number", float("nan"), 4.0, "K", "[U] known"),
)
FIGURE = Figure("A </script> caption.", "time [s]", "voltage [V]", (
    Trace("ours", [0.0, 1.0, 2.0], [1.0, float("nan"), 3.0]), Trace("gap", [0.0, 1.0], [0.1, 0.2], second=True)
), "gap [mV]")  # fmt: skip
HEADING = Heading("9.9", "demo", "abc123", 7, "2026-01-02 03:04 UTC")
VOID = {"meta", "br", "link", "img", "hr"}


def findings(_: Context) -> Iterator[Finding]:
    yield from ROWS
    yield FIGURE


def breaks(context: Context) -> Iterator[Finding]:
    context.progress(0.5)
    yield ROWS[0]
    raise RuntimeError("no <convergence>")


SECTION = Section(
    "things",
    "Things",
    (Check("things.one", "One", "As told.", findings), Check("things.two", "Two", "As told.", breaks)),
)


@pytest.fixture(scope="module")
def page() -> str:
    return render(HEADING, [SECTION], run_checks(SECTION.checks, 1, lambda _check, _share: None))


class Reader(HTMLParser):
    """Elements in their nesting, texts, and addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" not in self.open:
            self.texts.append(data)


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_every_element_is_closed(read: Reader) -> None:
    assert read.open == []


def test_it_holds_all_rows_with_their_sources_and_verdicts(read: Reader) -> None:
    for row in ROWS:
        assert row.name in read.texts
        assert row.source in read.texts
    assert read.texts.count("failed") >= 2
    assert "a note" in read.texts
    assert "2 of 4 rows held; 1 of 2 checks came to no end" in read.texts


def test_it_says_what_was_run(read: Reader) -> None:
    text = " ".join(read.texts)
    assert all(part in text for part in ("9.9", "demo, SHA-256 abc123", "2026-01-02 03:04 UTC", "7"))


def test_a_check_that_raised_is_shown_with_its_message(read: Reader) -> None:
    assert any("no <convergence>" in text and "breaks" in text for text in read.texts)


def test_it_points_to_nothing_outside(read: Reader, page: str) -> None:
    assert all(address.startswith("#") for address in read.addresses)
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "://" not in own
    assert "@import" not in own


def test_plotly_is_in_it_once(page: str) -> None:
    assert len(re.findall(r"plotly\.js v\d", page)) == 1
    assert page.count("Plotly.newPlot(") >= 1
    assert page.count("<script>") == 2


def test_data_for_machines_knows_no_infinity() -> None:
    (result, _) = run_checks(SECTION.checks, 1, lambda _check, _share: None)
    rows = as_data(result)
    assert rows[2]["ours"] is None
    assert rows[2]["reference"] == [None, 4.0]
    assert [row["held"] for row in rows] == [True, False, False]
