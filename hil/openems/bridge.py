"""A Modbus bridge that polls as that of OpenEMS does: the load a real EMS puts on a battery.

In every cycle it executes all pending writes, one read of low priority, whose turn comes round, and all reads of high
priority. A request that fails, an exception included, closes the connection; a new one is made and the request tried
once more. What failed twice makes the component defective and what it would have read unknown: the component rests for
2 s times the failures in a row, 300 s at most, and then one of its tasks, by chance, is the probe. Any success clears
it. Writes wait for as long as it is defective.

Time counts cycles of one second: a test that steps the emulator needs no clock.
"""

import random
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

TIMEOUT = 1.0
"""Longest wait for an answer [s]."""
REST = 2
"""Cycles without a request after a failure, for each failure in a row."""
REST_MAX = 300
"""Most cycles without a request."""
FAULT_AFTER = 4
"""Tasks in a row that fail before communication counts as failed, and that succeed before it does not any more."""

Ask = Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]]


@dataclass(frozen=True)
class Read:
    """Registers that one request reads.

    Attributes:
        start: First register.
        count: Registers; gaps are read with the rest.
        high: Whether it is read in every cycle.
    """

    start: int
    count: int
    high: bool = False

    @property
    def addresses(self) -> range:
        """Its registers."""
        return range(self.start, self.start + self.count)


@dataclass(frozen=True)
class Write:
    """Registers that one request writes: function 6 for a task of one register, 16 for others.

    Attributes:
        start: First register.
        values: What is written.
        single: Whether function 6 is used.
    """

    start: int
    values: tuple[int, ...]
    single: bool = False


class RequestError(Exception):
    """A request that was refused or not answered."""


@dataclass
class Bridge:
    """One connection to one device.

    Attributes:
        host: Where it is.
        port: TCP port.
        unit: Unit id.
        timeout: Longest wait for an answer [s].
        seed: Of what is left to chance.
        reads: Tasks that come round.
        registers: What was read last, by address; what could not be read is not there.
        pending: Writes that wait, the newest by register.
        cycles: Cycles so far.
        connects: Connections made.
        answered: Requests that were answered as asked.
        failures: Requests that failed, second tries included.
        communication_failed: Whether so many tasks failed in a row that it counts as a fault.
    """

    host: str
    port: int
    unit: int = 1
    timeout: float = TIMEOUT
    seed: int = 0
    reads: list[Read] = field(default_factory=list)
    registers: dict[int, int] = field(default_factory=dict)
    pending: dict[int, Write] = field(default_factory=dict)
    cycles: int = 0
    connects: int = 0
    answered: int = 0
    failures: int = 0
    communication_failed: bool = False
    _client: AsyncModbusTcpClient | None = None
    _chance: random.Random = field(init=False)
    _failures_in_a_row: int = 0
    _contradictions: int = 0
    _next_try: int = 0
    _turn: list[Read] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    @property
    def low_count(self) -> int:
        """Tasks of low priority: cycles until all of them were read once."""
        return sum(not read.high for read in self.reads)

    @property
    def defective(self) -> bool:
        """Whether the last task failed."""
        return self._failures_in_a_row > 0

    def order(self, write: Write) -> None:
        """Write as soon as possible."""
        self.pending[write.start] = write

    async def run_cycle(self) -> None:
        """All that is due within one second."""
        self.cycles += 1
        low = self._take_turn()
        tasks = [*self.pending.values(), *low, *(read for read in self.reads if read.high)]
        if self.defective:
            if self.cycles < self._next_try:
                return
            tasks = [self._chance.choice(tasks)]
        for task in tasks:
            await self.execute(task)

    async def execute(self, task: Read | Write) -> bool:
        """Read or write, noting what came of it; whether it succeeded."""
        try:
            if isinstance(task, Read):
                self.registers.update(zip(task.addresses, await self._read(task), strict=True))
            else:
                del self.pending[task.start]
                await self._write(task)
        except RequestError:
            self._failures_in_a_row += 1
            self._next_try = self.cycles + min(REST * self._failures_in_a_row, REST_MAX)
            for address in task.addresses if isinstance(task, Read) else ():
                self.registers.pop(address, None)
        else:
            self._failures_in_a_row = 0
        self._contradictions = 0 if self.defective == self.communication_failed else self._contradictions + 1
        if self._contradictions == FAULT_AFTER:
            self.communication_failed, self._contradictions = self.defective, 0
        return not self.defective

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _take_turn(self) -> list[Read]:
        """The read of low priority whose turn it is, if there is any."""
        self._turn = self._turn or [read for read in self.reads if not read.high]
        first, self._turn = self._turn[:1], self._turn[1:]
        return first

    async def _read(self, read: Read) -> list[int]:
        answer = await self._twice(
            lambda client: client.read_holding_registers(read.start, count=read.count, device_id=self.unit)
        )
        return list(answer.registers)

    async def _write(self, write: Write) -> None:
        start, values = write.start, list(write.values)
        if write.single:
            await self._twice(lambda client: client.write_register(start, values[0], device_id=self.unit))
        else:
            await self._twice(lambda client: client.write_registers(start, values, device_id=self.unit))

    async def _twice(self, ask: Ask) -> ModbusPDU:
        try:
            return await self._once(ask)
        except RequestError:
            return await self._once(ask)

    async def _once(self, ask: Ask) -> ModbusPDU:
        try:
            answer = await ask(await self._connected())
            if answer.isError():
                raise RequestError(str(answer))
        except (ModbusException, RequestError) as error:
            self.failures += 1
            self.close()
            raise RequestError(str(error)) from error
        self.answered += 1
        return answer

    async def _connected(self) -> AsyncModbusTcpClient:
        if self._client is None:
            self.connects += 1
            client = AsyncModbusTcpClient(self.host, port=self.port, timeout=self.timeout, retries=0, reconnect_delay=0)
            if not await client.connect():
                client.close()
                raise RequestError("no connection")
            self._client = client
        return self._client


def signed(raw: int) -> int:
    """A register as a signed number."""
    return raw - 0x10000 if raw & 0x8000 else raw


def long(high: int, low: int) -> int:
    """Two registers, the most significant one first, as a signed number."""
    number: int = struct.unpack(">i", struct.pack(">HH", high, low))[0]
    return number
