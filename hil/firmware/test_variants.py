"""Ten classical mistakes: each is caught, and by the requirement that is about it."""

import re

import pytest

from hil.firmware import check_contactors, check_operation, check_protection  # noqa: F401 (they enter requirements)
from hil.firmware.build import HERE, variant
from hil.firmware.requirement import REQUIREMENTS
from hil.firmware.rig import Rig

pytestmark = pytest.mark.component

CAUGHT_BY = {
    "alarm_clears_itself": ("FW-AL-1", "cannot clear an alarm whose cause stands"),
    "feedback_ignored": ("FW-CT-3", "feedback that differs from the command is a fault"),
    "limits_frozen": ("FW-LIM-1", r"limits at 3\.5 V are"),
    "no_debounce": ("FW-OV-2", r"3\.7 V for 1\.5 s is a spike"),
    "off_by_one_cell": ("FW-OV-1", "overvoltage of cell 104 of 104"),
    "precharge_no_timeout": ("FW-CT-2", "precharge gives up"),
    "soc_reset": ("FW-SOC-2", "after a reboot"),
    "stale_trusted": ("FW-ST-1", "old cell voltages are not trusted"),
    "unsigned_temperature": ("FW-UT-1", "-5 °C is cold"),
    "wrong_current_sign": ("FW-SOC-1", r"\+150 A for 60 s move"),
}
"""Requirement that catches a mistake, and what it says."""


@pytest.mark.parametrize("mistake", CAUGHT_BY)
def test_a_mistake_is_caught_by_the_requirement_that_is_about_it(mistake: str, compiler: None) -> None:
    name, words = CAUGHT_BY[mistake]
    with Rig(variant(mistake)) as rig, pytest.raises(AssertionError, match=words):
        REQUIREMENTS[name](rig)


def test_every_mistake_in_the_code_is_in_the_table() -> None:
    code = "".join(path.read_text() for path in (HERE / "src").glob("*.c"))
    places = re.findall(r"#ifdef MISTAKE_(\w+)", code)
    assert sorted(place.lower() for place in places) == sorted(CAUGHT_BY)
