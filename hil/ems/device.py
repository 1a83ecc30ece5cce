"""What all devices have in common: blocks that are read in every cycle, and orders that are sent at its end."""

import asyncio
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from hil.ems.link import Link, LinkError
from hil.ems.registers import Fields, decode, pack

STALE = 10.0
"""Time that a device's heartbeat may stand still while that of others goes on [s]."""


@dataclass(frozen=True)
class Block:
    """Registers that one request reads.

    Attributes:
        at: First register.
        count: Registers.
        fields: What stands there, by name.
    """

    at: int
    count: int
    fields: Fields


class Device(ABC):
    """A device behind a link.

    Args:
        name: What people call it.
        link: The connection.

    Attributes:
        values: What was read last, in SI, by the name of the field; NaN before.
        fresh: Whether all of it was read in this cycle.
        stale: Whether it answers, but its heartbeat stands still.
    """

    heartbeat_modulo: ClassVar[int] = 0
    """Number at which its heartbeat begins anew; 0 where it has none. It counts seconds."""

    def __init__(self, name: str, link: Link) -> None:
        self.name = name
        self.link = link
        self.values: dict[str, float] = {}
        self.fresh = False
        self.stale = False
        self._blocks: tuple[Block, ...] = ()
        self._orders: list[tuple[int, tuple[int, ...]]] = []
        self._ends: list[tuple[int, tuple[int, ...]]] = []
        self._later: list[tuple[int, tuple[int, ...]]] = []
        self._kept: dict[int, tuple[int, ...]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._heartbeat = math.nan
        self._still = 0.0

    @abstractmethod
    async def find(self) -> tuple[Block, ...]:
        """Blocks to read, asked of the device itself where it knows them.

        Raises:
            LinkError: The device does not answer, or is none of this kind.
        """

    @property
    def available(self) -> bool:
        """Whether what it says may be trusted, and what it is told may be expected to be done."""
        return bool(self.values) and not self.link.lost and not self.stale

    def __getitem__(self, name: str) -> float:
        return self.values.get(name, math.nan)

    def flag(self, name: str) -> bool:
        """Whether a value is there and not 0."""
        value = self[name]
        return value == value and value != 0.0  # noqa: PLR0124

    def begin(self) -> "asyncio.Task[None]":
        """Begin to read everything, unless that still goes on from a cycle before; what fails keeps its last value."""
        if self._reading is None or self._reading.done():
            self.fresh = False
            self._reading = asyncio.create_task(self._read())
        return self._reading

    def close(self) -> None:
        """Stop reading and close the connection."""
        if self._reading is not None:
            self._reading.cancel()
        self.link.close()

    async def _read(self) -> None:
        if not self.link.due():
            return
        try:
            if not self._blocks:
                self._blocks = await self.find()
            for block in self._blocks:
                registers = await self.link.read(block.at, block.count)
                self.values.update({name: decode(field, registers) for name, field in block.fields.items()})
        except LinkError:
            self._fail()
        else:
            self.fresh = True
            self.link.succeeded()

    def watch(self, elapsed: float) -> None:
        """Look whether its heartbeat goes on; elapsed: time that has passed elsewhere [s]."""
        if not self.heartbeat_modulo or not self.fresh:
            return
        moved = self["heartbeat"] != self._heartbeat
        self._still = 0.0 if moved else self._still + elapsed
        self._heartbeat = self["heartbeat"]
        self.stale = self._still > STALE

    def order(self, at: int, kind: str, value: float) -> None:
        """Write a value at the end of this cycle."""
        self._orders.append((at, pack(kind, value)))

    def orders(self, at: int, registers: tuple[int, ...]) -> None:
        """Write several registers in one request at the end of this cycle."""
        self._orders.append((at, registers))

    def pulse(self, at: int, value: int) -> None:
        """Write a value at the end of this cycle, and 0 at the end of the next one."""
        self._orders.append((at, (value,)))
        self._ends.append((at, (0,)))

    def keep(self, at: int, kind: str, value: float) -> None:
        """Write a value, unless it is what was written last on this connection."""
        registers = pack(kind, value)
        if self._kept.get(at) != registers:
            self._orders.append((at, registers))
            self._kept[at] = registers

    async def send(self) -> None:
        """Send all orders, but those to a device that did not answer in this cycle: by then they are out of date."""
        orders, self._orders = self._orders, []
        if not self.fresh:
            self._kept.clear()
            return
        try:
            for at, registers in [*self._later, *orders]:
                await self.link.write(at, registers)
        except LinkError:
            self._fail()
        self._later, self._ends = self._ends, []

    def _fail(self) -> None:
        self.fresh = False
        self.link.failed()
        self._kept.clear()
        if self.link.lost:
            self._blocks = ()
