"""A client that polls as commissioning tools of containers with a block of 0x400 registers for each rack do.

One connection to each container. In every cycle of one second three reads of the bank, one of each rack, and the writes
that wait, all on that connection.
"""

from dataclasses import dataclass, field

from pymodbus.client import AsyncModbusTcpClient

from bms_emulator.testing.served import ServedBench

BANK_READS = ((0x0000, 32), (0x0020, 80), (0x0300, 16))
RACK_READ = (0x20, 96)
"""First register behind the rack's block, and how many."""
RACK_BLOCK = 0x400

STATUS_NORMAL = 1
STAY, POWER_ON, POWER_OFF = 1, 2, 3


@dataclass
class Tool:
    """The client; what it read last is by address.

    Attributes:
        bench: The site, which it lets run for a second in every cycle.
        racks: Racks that it reads.
        beat: Heartbeat of the next cycle; None where it sends none.
    """

    bench: ServedBench
    racks: int = 12
    beat: int | None = 0
    read: dict[int, int] = field(default_factory=dict)
    _queue: list[tuple[int, int]] = field(default_factory=list)
    _client: AsyncModbusTcpClient | None = None

    async def __aenter__(self) -> "Tool":
        host, port = self.bench.address("container-mbmu")
        self._client = AsyncModbusTcpClient(host, port=port, timeout=5, retries=0)
        assert await self._client.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._client is not None
        self._client.close()

    def write(self, address: int, value: int) -> None:
        """Write a register in the next cycle."""
        self._queue.append((address, value))

    async def cycle(self, count: int = 1) -> None:
        """So many seconds."""
        assert self._client is not None
        for _ in range(count):
            if self.beat is not None:
                self.beat = (self.beat + 1) % 16
                self.write(0x0380, self.beat)
            queue, self._queue = self._queue, []
            for address, value in queue:
                answer = await self._client.write_register(address, value, device_id=1)
                assert not answer.isError(), (hex(address), value, answer)
            racks = [(n * RACK_BLOCK + RACK_READ[0], RACK_READ[1]) for n in range(1, self.racks + 1)]
            for start, length in (*BANK_READS, *racks):
                answer = await self._client.read_holding_registers(start, count=length, device_id=1)
                assert not answer.isError(), (hex(start), answer)
                self.read |= {start + n: word for n, word in enumerate(answer.registers)}
            await self.bench.run(1.0)

    async def until(self, address: int, value: int, most: int) -> int:
        """Cycles until a register has a value."""
        for n in range(most):
            if self.read.get(address) == value:
                return n
            await self.cycle()
        raise AssertionError(f"0x{address:04X} is {self.read.get(address)} after {most} s, not {value}")

    async def high_voltage_on(self) -> None:
        """The work flow of the tool: the container first, then the DC breaker of the PCS."""
        await self.until(0x0302, STATUS_NORMAL, 10)
        await self.breaker("open")
        self.write(0x0381, POWER_ON)
        await self.until(0x0301, 1, 30)
        await self.breaker("close")
        self.write(0x0381, STAY)

    async def high_voltage_off(self) -> None:
        """No power, the container off, then the DC breaker."""
        self.power(0.0)
        while abs(self.bench.get("pcs[1].power")) > 100.0:
            await self.cycle()
        self.write(0x0381, POWER_OFF)
        await self.until(0x0301, 0, 30)
        await self.breaker("open")
        self.write(0x0381, STAY)
        await self.cycle()

    async def breaker(self, command: str) -> None:
        """Order the DC breaker of the PCS and wait for it."""
        closed = float(command == "close")
        self._order("pcs[1].dc_breaker.command", closed)
        for _ in range(10):
            if self.bench.get("pcs[1].dc_breaker.closed") == closed:
                return
            await self.cycle()
        raise AssertionError(f"the DC breaker does not {command}")

    def power(self, watts: float) -> None:
        """Set point of the PCS."""
        self._order("pcs[1].setpoint_enabled", 1.0)
        self._order("pcs[1].power_setpoint", watts)

    def _order(self, name: str, value: float) -> None:
        self.bench.order("write", writes=[[self.bench.emulator.catalogue.find(name)[1], value]])
