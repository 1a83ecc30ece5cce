"""How faults bend controllers, and what reaches them from their masters."""

from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class ControllerOverlay:
    """How active faults bend the controllers of racks and containers; the initial values are neutral."""

    GROUP: ClassVar = Group(root="container", source="firmware", public=False)
    rack_halted: Array = array("rack", "", "1 while the rack's controller does nothing: its outputs stand still.")
    rack_off: Array = array("rack", "", "Not 0 while it is off, as Off says; then it starts anew.")
    rack_divider: Array = array("rack", "", "It runs in every n-th tick only; 0 and 1 are every tick.")
    rack_frozen: Array = array("rack", "", "Bits of what it publishes and does not renew, as Frozen says.")
    rack_soc_offset: Array = array("rack", "1", "What its state of charge is wrong by.")
    rack_clock_offset: Array = array("rack", "s", "How far its clock is ahead.")
    rack_threshold: Array = array(
        "alarm rack level", "", "Value at which the level sets, whatever was configured; NaN free.", float("nan")
    )
    rack_defects: Array = array("rack", "", "Bits of what it finds wrong with itself.")
    bank_halted: Array = array("container", "", "1 while the bank controller does nothing.")
    bank_off: Array = array("container", "", "The same, of the bank controller.")
    bank_divider: Array = array("container", "", "It runs in every n-th tick only; 0 and 1 are every tick.")
    bank_frozen: Array = array("container", "", "Bits of what it publishes and does not renew, as Frozen says.")
    bank_clock_offset: Array = array("container", "s", "How far its clock is ahead.")
    mailbox_deaf: Array = array("container", "", "1 while it does not see what masters ask of it.")
    mailbox_delay: Array = array("container", "s", "Time by which it sees it later.")
    mailbox_echo: Array = array("container", "s", "Time after which it sees every request a second time; 0 is never.")
    heartbeat_deaf: Array = array("container", "", "1 while it does not see the heartbeat of its master move.")
    storage_full: Array = array("container", "", "1 while its event log takes no entry.")


class Off(IntFlag):
    """Why a controller is off: nothing that it drives is energised then."""

    CRASHED = 1
    UNPOWERED = 2


class Frozen(IntFlag):
    """What a controller publishes and may fail to renew."""

    LIMITS = 1
    DATA = 2
    """All that it publishes, but what acts on the plant and its heartbeat."""
    HEARTBEAT = 4
