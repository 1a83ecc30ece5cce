"""One Modbus TCP connection to one device, closed after a failed request and made anew with the next.

What fails again and again is left alone for a while, up to ``REST_MAX`` cycles: a device that is away costs little.
Time counts cycles, so that a program that steps the site needs no clock.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

READ_MAX = 120
"""Registers of one read: a few less than Modbus permits, as some devices ask."""
LOST = 5
"""Cycles in a row that must fail before a device counts as lost."""
REST_MAX = 10
"""Most cycles without a try."""


class LinkError(Exception):
    """A request that was refused or not answered."""


@dataclass
class Link:
    """A connection.

    Attributes:
        host: Where the device is.
        port: TCP port.
        unit: Unit id.
        timeout: Longest wait for an answer [s].
        failures: Cycles in a row that failed.
        requests: Requests sent.
        errors: Requests that failed.
        connects: Connections made.
    """

    host: str
    port: int
    unit: int
    timeout: float = 1.0
    failures: int = 0
    requests: int = 0
    errors: int = 0
    connects: int = 0
    _client: AsyncModbusTcpClient | None = None
    _rest: int = 0

    @property
    def lost(self) -> bool:
        """Whether the device has not answered for so long that it counts as disconnected."""
        return self.failures >= LOST

    def due(self) -> bool:
        """Whether to try in this cycle; to be asked once a cycle."""
        self._rest = max(0, self._rest - 1)
        return self._rest == 0

    def succeeded(self) -> None:
        """Note a cycle in which all requests were answered."""
        self.failures = 0

    def failed(self) -> None:
        """Note a cycle in which one was not."""
        self.failures += 1
        self._rest = min(2 * (self.failures - LOST), REST_MAX) if self.lost else 0

    async def read(self, at: int, count: int) -> list[int]:
        """Holding registers.

        Raises:
            LinkError: Refused or not answered.
        """
        registers: list[int] = []
        while len(registers) < count:
            start, size = at + len(registers), min(count - len(registers), READ_MAX)
            answer = await self._ask("read_holding_registers", start, count=size)
            registers += answer.registers
        return registers

    async def write(self, at: int, registers: Sequence[int]) -> None:
        """Write registers, by function 6 where there is one.

        Raises:
            LinkError: Refused or not answered.
        """
        if len(registers) == 1:
            await self._ask("write_register", at, registers[0])
        else:
            await self._ask("write_registers", at, list(registers))

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _ask(self, what: str, *arguments: Any, **named: Any) -> Any:
        self.requests += 1
        answer, reason = None, "no answer"
        with contextlib.suppress(ModbusException, OSError):
            client = await self._connected()
            answer = await getattr(client, what)(*arguments, **named, device_id=self.unit)
            reason = str(answer)
        if answer is None or answer.isError():
            self.errors += 1
            self.close()
            raise LinkError(f"{self.host}:{self.port}, unit {self.unit}: {reason}")
        return answer

    async def _connected(self) -> AsyncModbusTcpClient:
        if self._client is None:
            client = AsyncModbusTcpClient(self.host, port=self.port, timeout=self.timeout, retries=0, reconnect_delay=0)
            self.connects += 1
            if not await client.connect():
                client.close()
                raise OSError("no connection")
            self._client = client
        return self._client
