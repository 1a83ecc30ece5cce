"""State of the electronics between the plant and its controllers."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array

CMU_FAULTS = {0: "communication", 1: "integrity", 2: "open_wire"}
"""Bits of what is wrong with a cell-monitoring unit."""


class BalancingHold(IntEnum):
    """Where the balancing switch of a cell is stuck."""

    OFF = -1
    FREE = 0
    ON = 1


@dataclass
class UnitState:
    """What of the measuring units works, whoever broke it."""

    GROUP: ClassVar = Group(root="container", source="plant")
    cmu_faults: Array = array(
        "rack pack", "", "What is wrong with the pack's monitoring unit.", kind="bitfield", choices=CMU_FAULTS
    )
    insulation_monitor_on: Array = array(
        "rack",
        "",
        "1 while the rack's insulation monitor is on, its measuring resistance against earth.",
        1.0,
        kind="boolean",
        point="insulation_monitor.on",
    )
    chiller_tripped: Array = array(
        "container", "", "1 while the chiller has tripped.", kind="boolean", point="chiller.tripped"
    )
    chiller_silent: Array = array(
        "container", "", "1 while the chiller's reports do not arrive.", kind="boolean", point="chiller.silent"
    )
