"""Registers of Modbus devices that keep what a master writes, where no other point does."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class KeptRegisters:
    """What masters wrote to registers that stand for nothing else; given out in the order of the register maps."""

    GROUP: ClassVar = Group(root="container", source="command")
    value: Array = array("container register", "", "Raw value of a register that keeps what a master writes.")


GROUPS: dict[str, type] = {"registers": KeptRegisters}
