"""The wall between the plant and its firmware: what a firmware receives and what it gives.

A firmware sees :class:`Measurements`, the mailboxes of its masters, and writes outputs. It never sees the plant. All
arrays have a leading rack or container axis; NaN marks an invalid measurement; ages are in seconds.

There are two controllers: one for every rack, and the bank controller of every container. The bank controller takes
what masters ask and gives :class:`RackOrders`; the controller of a rack takes those and writes :class:`RackOutputs`;
from these the bank controller makes :class:`BankOutputs`. So the controller of any rack may be somebody else's.
"""

from typing import Protocol

from bms_emulator.firmware.contract.bank import BankLog, BankOutputs
from bms_emulator.firmware.contract.commands import Commands, MasterLink, PcsCommands, RackOrders
from bms_emulator.firmware.contract.measurements import Measurements
from bms_emulator.firmware.contract.modes import (
    Action,
    BankMode,
    ChillerRequest,
    CmuFault,
    ConnectFailure,
    ControllerFault,
    LogKind,
    RackMode,
    Request,
    names,
)
from bms_emulator.firmware.contract.racks import RackOutputs

__all__ = [
    "GROUPS",
    "Action",
    "BankLog",
    "BankMode",
    "BankOutputs",
    "ChillerRequest",
    "CmuFault",
    "Commands",
    "ConnectFailure",
    "ControllerFault",
    "Firmware",
    "LogKind",
    "MasterLink",
    "Measurements",
    "PcsCommands",
    "RackMode",
    "RackOrders",
    "RackOutputs",
    "Request",
    "names",
]

GROUPS: dict[str, type] = {
    "commands": Commands,
    "master": MasterLink,
    "pcs.commands": PcsCommands,
    "firmware.orders": RackOrders,
    "firmware.racks": RackOutputs,
    "firmware.bank": BankOutputs,
    "firmware.log": BankLog,
}


class Firmware(Protocol):
    """Anything that can run the controllers of racks: it takes orders and measurements, and gives rack outputs.

    It is made for the arrays of these, which never move, and for a period that never varies.
    """

    def step(self, time: float) -> None:
        """Read measurements and orders, write the outputs of a period. time: since the start [s]."""
