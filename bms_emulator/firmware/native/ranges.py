"""What every number of ``bms_outputs`` may be: for the quick look at outputs, and for the words about them."""

from dataclasses import dataclass
from typing import Literal

from bms_emulator.firmware.native.abi import NO_CHILLER_REQUEST, Contactor, OutputFlag
from bms_emulator.firmware.native.layout import ALARM_CAPACITY, LOG_CAPACITY

LARGEST = 1e12
"""No limit [A] [W] and no energy [J] is as large."""
WITHIN_A_MINUTE = "_60s"
"""How the names of limits for the next 60 s end; each is at least the limit without."""
HIGHEST_LEVEL = 3
"""Of an alarm."""


@dataclass(frozen=True)
class Word:
    """A number of 32 bits.

    Attributes:
        name: As in the header.
        largest: It is not larger.
        kind: A count of what there is room for, bits of which only the lowest mean something, one of several choices,
            or any number.
        other: A choice that is larger all the same.
    """

    name: str
    largest: int
    kind: Literal["count", "bits", "choice", "any"]
    other: int | None = None

    def allows(self, value: int) -> bool:
        """Whether it may have this value."""
        return value <= self.largest or value == self.other


WORDS = (
    Word("alarm_count", ALARM_CAPACITY, "count"),
    Word("log_length", LOG_CAPACITY, "count"),
    Word("contactor_command", sum(Contactor), "bits"),
    Word("flags", sum(OutputFlag), "bits"),
    Word("state", 10, "choice"),
    Word("heartbeat", 0xFFFFFFFF, "any"),
    Word("chiller_request", 3, "choice", NO_CHILLER_REQUEST),
    Word("connect_failure", 8, "choice"),
)
"""In the order of the struct, without gaps."""
NUMBERS = {
    "charge_current_limit": LARGEST,
    "discharge_current_limit": LARGEST,
    "charge_current_limit_60s": LARGEST,
    "discharge_current_limit_60s": LARGEST,
    "charge_power_limit": LARGEST,
    "discharge_power_limit": LARGEST,
    "charge_power_limit_60s": LARGEST,
    "discharge_power_limit_60s": LARGEST,
    "soc": 1.0,
    "soh": 1.0,
    "soe_charge": LARGEST,
    "soe_discharge": LARGEST,
}
"""Numbers of 64 bits, each from 0 to its largest value; in the order of the struct, without gaps."""
PAIRS = {name: name + WITHIN_A_MINUTE for name in NUMBERS if name + WITHIN_A_MINUTE in NUMBERS}
"""Continuous limits, and those for the next 60 s, which are not lower."""
