"""The checks that there are: names, sources, and those that are quick enough run for real."""

import re

import pytest

from bms_emulator.validation.check import Check, Context, Figure, Row
from bms_emulator.validation.registry import SECTIONS, select

CHECKS = {check.name: check for section in SECTIONS for check in section.checks}
QUICK = ("cells.heat", "cells.relaxation", "strings.split", "strings.power", "strings.kirchhoff", "strings.precharge",
         "efficiency.container", "efficiency.temperature")  # fmt: skip
GRADED = re.compile(r"\[[VSDU]\] \S")


def test_names_are_unique_and_tell_the_section() -> None:
    assert len(CHECKS) == sum(len(section.checks) for section in SECTIONS)
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)
    for section in SECTIONS:
        assert all(check.name.startswith(f"{section.name}.") for check in section.checks)


def test_every_check_says_what_it_is_and_how_it_is_done() -> None:
    for check in CHECKS.values():
        assert check.title
        assert check.method.endswith(".")


def test_selection_keeps_the_order_of_the_report_and_takes_each_once() -> None:
    assert [check.name for check in select(["strings", "cells.heat", "strings.split"])] == [
        "cells.heat",
        *(name for name in CHECKS if name.startswith("strings.")),
    ]
    assert select([]) == list(CHECKS.values())


@pytest.mark.parametrize(
    ("name", "hint"), [("cels", "near: cells"), ("cells.heaat", "near: cells.heat"), ("", "known")]
)
def test_an_unknown_name_is_told_with_what_is_near(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        select([name])


@pytest.mark.parametrize("check", [CHECKS[name] for name in QUICK], ids=QUICK)
def test_quick_checks_hold_and_every_row_has_a_graded_source(check: Check) -> None:
    shares: list[float] = []
    found = list(check.run(Context(progress=shares.append)))
    rows = [finding for finding in found if isinstance(finding, Row)]
    assert rows
    assert [row.name for row in rows if not row.held] == []
    assert len({row.name for row in rows}) == len(rows)
    assert all(GRADED.match(row.source) and row.unit for row in rows)
    assert all(0.0 <= share <= 1.0 for share in shares)
    for figure in (finding for finding in found if isinstance(finding, Figure)):
        assert re.search(r"\[.+\]$|order", figure.x_axis)
        assert re.search(r"\[.+\]$", figure.y_axis)
        assert figure.caption.endswith(".")
        assert all(len(trace.x) == len(trace.y) > 0 for trace in figure.traces)
