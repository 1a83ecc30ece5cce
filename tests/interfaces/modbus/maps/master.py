"""A client of pymodbus that speaks to one unit, and what it is answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymodbus.client import AsyncModbusTcpClient


class RefusedError(Exception):
    """An exception response.

    Args:
        code: Exception code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code:#04x}")
        self.code = code


class Master:
    """Reads and writes one unit.

    Args:
        client: Connected client.
        unit: Unit id.
    """

    def __init__(self, client: AsyncModbusTcpClient, unit: int) -> None:
        self.client, self.unit = client, unit

    async def read(self, address: int, count: int = 1) -> list[int]:
        """Holding registers."""
        return await self._words("read_holding_registers", address, count)

    async def read_input(self, address: int, count: int = 1) -> list[int]:
        """Input registers."""
        return await self._words("read_input_registers", address, count)

    async def write(self, address: int, *values: int) -> None:
        """One register by function 6, several by function 16."""
        if len(values) == 1:
            _sound(await self.client.write_register(address, values[0], device_id=self.unit))
        else:
            _sound(await self.client.write_registers(address, list(values), device_id=self.unit))

    async def coils(self, address: int, count: int) -> list[int]:
        """Coils."""
        answer = _sound(await self.client.read_coils(address, count=count, device_id=self.unit))
        return list(map(int, answer.bits[:count]))

    async def inputs(self, address: int, count: int) -> list[int]:
        """Discrete inputs."""
        answer = _sound(await self.client.read_discrete_inputs(address, count=count, device_id=self.unit))
        return list(map(int, answer.bits[:count]))

    async def switch(self, address: int, *states: bool) -> None:
        """One coil by function 5, several by function 15."""
        if len(states) == 1:
            _sound(await self.client.write_coil(address, states[0], device_id=self.unit))
        else:
            _sound(await self.client.write_coils(address, list(states), device_id=self.unit))

    async def _words(self, name: str, address: int, count: int) -> list[int]:
        answer = _sound(await getattr(self.client, name)(address, count=count, device_id=self.unit))
        return list(answer.registers)


def _sound(answer: Any) -> Any:
    if answer.isError():
        raise RefusedError(answer.exception_code)
    return answer


def signed(word: int) -> int:
    """A register as a signed number."""
    return word - 0x10000 if word & 0x8000 else word


@asynccontextmanager
async def master(address: tuple[str, int], unit: int) -> AsyncIterator[Master]:
    """A connected master."""
    client = AsyncModbusTcpClient(address[0], port=address[1], timeout=5, retries=0)
    assert await client.connect()
    try:
        yield Master(client, unit)
    finally:
        client.close()
