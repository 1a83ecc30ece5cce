"""The wall between the plant and its firmware: what a firmware receives and what it gives.

A firmware sees :class:`Measurements`, the mailboxes of its masters, and writes outputs. It never sees the plant. All
arrays have a leading rack or container axis; NaN marks an invalid measurement; ages are in seconds.

There are two controllers: one for every rack, and the bank controller of every container. The bank controller takes
what masters ask and gives :class:`RackOrders`; the controller of a rack takes those and writes :class:`RackOutputs`;
from these the bank controller makes :class:`BankOutputs`. So the controller of any rack may be somebody else's.
"""

from typing import Protocol

from bms_emulator.firmware.contract.bank import BankLog, BankOutputs
from bms_emulator.firmware.contract.commands import Commands, MasterLink, RackOrders
from bms_emulator.firmware.contract.measurements import Measurements
from bms_emulator.firmware.contract.modes import (
    Action,
    BankMode,
    ChargeStatus,
    ChillerRequest,
    CmuFault,
    ConnectFailure,
    Control,
    ControllerFault,
    Direction,
    DisabledReason,
    InsulationStatus,
    InverterRequest,
    LogKind,
    OperatingState,
    Operation,
    PowerState,
    PrechargeStage,
    RackMode,
    Request,
    Status,
    names,
)
from bms_emulator.firmware.contract.overlay import ControllerOverlay, Frozen, Off
from bms_emulator.firmware.contract.pcs import PcsCommands, PcsLink
from bms_emulator.firmware.contract.racks import RackOutputs
from bms_emulator.firmware.contract.report import BankReport, RackReport
from bms_emulator.firmware.contract.settings import Settings, Thresholds

__all__ = [
    "GROUPS",
    "Action",
    "BankLog",
    "BankMode",
    "BankOutputs",
    "BankReport",
    "ChargeStatus",
    "ChillerRequest",
    "CmuFault",
    "Commands",
    "ConnectFailure",
    "Control",
    "ControllerFault",
    "ControllerOverlay",
    "Direction",
    "DisabledReason",
    "Firmware",
    "Frozen",
    "InsulationStatus",
    "InverterRequest",
    "LogKind",
    "MasterLink",
    "Measurements",
    "Off",
    "OperatingState",
    "Operation",
    "PcsCommands",
    "PcsLink",
    "PowerState",
    "PrechargeStage",
    "RackMode",
    "RackOrders",
    "RackOutputs",
    "RackReport",
    "Request",
    "Settings",
    "Status",
    "Thresholds",
    "names",
]

GROUPS: dict[str, type] = {
    "commands": Commands,
    "commands.settings": Settings,
    "commands.thresholds": Thresholds,
    "master": MasterLink,
    "pcs.commands": PcsCommands,
    "pcs.link": PcsLink,
    "firmware.orders": RackOrders,
    "firmware.racks": RackOutputs,
    "firmware.bank": BankOutputs,
    "firmware.rack_report": RackReport,
    "firmware.bank_report": BankReport,
    "firmware.log": BankLog,
}


class Firmware(Protocol):
    """Anything that can run the controllers of racks: it takes orders and measurements, and gives rack outputs.

    It is made for the arrays of these, which never move, and for a period that never varies.
    """

    def step(self, time: float) -> None:
        """Read measurements and orders, write the outputs of a period. time: since the start [s]."""
