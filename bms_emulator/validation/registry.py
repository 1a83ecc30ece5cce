"""All checks, in the order of the report, and which of them a user means by a name."""

from collections.abc import Sequence
from typing import Final

from bms_emulator.profile.wording import near
from bms_emulator.validation import ageing, cells, closure, cooling, efficiency, runaway, strings, system
from bms_emulator.validation.check import Check, Section

SECTIONS: Final[tuple[Section, ...]] = (
    cells.SECTION,
    efficiency.SECTION,
    strings.SECTION,
    cooling.SECTION,
    system.SECTION,
    ageing.SECTION,
    runaway.SECTION,
    closure.SECTION,
)


def select(names: Sequence[str], sections: Sequence[Section] = SECTIONS) -> list[Check]:
    """The checks of some sections, or some checks, each once and in the order of the report.

    Args:
        names: Names of sections or checks; all where there are none.
        sections: Where to look.

    Raises:
        ValueError: A name is neither, with what is near.
    """
    known = [section.name for section in sections] + [check.name for part in sections for check in part.checks]
    for name in names:
        if name not in known:
            raise ValueError(f"{name!r}: no such section or check{near(name, known)}")
    return [
        check
        for section in sections
        for check in section.checks
        if not names or section.name in names or check.name in names
    ]
