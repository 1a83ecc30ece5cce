"""Outputs that no firmware can mean."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.firmware.native.abi import NO_SOURCE
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.problems import problems
from bms_emulator.firmware.native.views import output_record

RECORD = output_record(Counts(20, 10, 2))
LIMITS = [name for name in RECORD.names or () if "_limit" in name]
ALARMS = {7: "fuse"}


def outputs(**fields: Any) -> Any:
    record = np.zeros((), RECORD)
    for name, value in fields.items():
        record[name] = value
    return record


def test_a_firmware_that_says_nothing_is_in_order() -> None:
    assert problems(outputs()) == []


@given(st.floats(0.0, 1e6), st.floats(0.0, 1.0), st.integers(0, 10), st.integers(0, 7))
def test_sensible_outputs_are_in_order(limit: float, share: float, state: int, contactors: int) -> None:
    fields = {
        **dict.fromkeys(LIMITS, limit),
        "soc": share,
        "soh": share,
        "state": state,
        "contactor_command": contactors,
    }
    assert problems(outputs(**fields)) == []


@pytest.mark.parametrize("name", [*LIMITS, "soc", "soh", "soe_charge", "soe_discharge"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_no_limit_and_no_state_may_be_negative_or_no_number(name: str, value: float) -> None:
    fields = dict.fromkeys(LIMITS, 1.0)
    assert any(
        problem.startswith(f"{name} = {value:g}: must be ") for problem in problems(outputs(**{**fields, name: value}))
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"soc": 50.0}, "soc = 50: must be 0 to 1 (no percent)"),
        ({"charge_power_limit": 5.0}, "charge_power_limit_60s = 0: must not be less than charge_power_limit = 5"),
        ({"state": 11}, "state = 11: must be 0 to 10"),
        ({"chiller_request": 4}, "chiller_request = 4: must be 0 to 3, or 255"),
        ({"connect_failure": 9}, "connect_failure = 9: must be 0 to 8"),
        ({"contactor_command": 12}, "contactor_command = 0xc: bits 0x8 mean nothing"),
        ({"flags": 16}, "flags = 0x10: bits 0x10 mean nothing"),
        ({"alarm_count": 257}, "alarm_count = 257: there is room for 256"),
        ({"log_length": 4097}, "log_length = 4097: there is room for 4096"),
        ({"balancing": [0] * 19 + [255]}, "balancing[19] = 255: must be 0 or 1"),
    ],
)
def test_what_is_out_of_range_is_told_with_what_is_allowed(fields: dict[str, Any], message: str) -> None:
    assert problems(outputs(**fields)) == [message]


def test_alarms_are_looked_at_up_to_their_count() -> None:
    record = outputs(alarm_count=2)
    record["alarms"][0] = (7, 3, NO_SOURCE, 0)
    record["alarms"][1] = (8, 4, 20, 0)
    record["alarms"][2] = (9, 9, 999, 0)
    wrong = problems(record, ALARMS)
    assert [problem.split(":")[0] for problem in wrong] == [
        "alarms[1].id = 8",
        "alarms[1].level = 4",
        "alarms[1].source = 20",
    ]
    assert len(problems(record)) == 2
