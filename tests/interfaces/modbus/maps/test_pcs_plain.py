"""The map pcs-plain: where its values stand, its signs, and the work of bringing a battery onto a PCS and off it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from bms_emulator.testing.served import ServedBench
from tests.interfaces.modbus.maps.sunspec_client import Address, scanned

SITE = "behind-the-meter"
PCS = 101
RUN_STATE, STATUS, ALARMS, DC_BREAKER, HEARTBEAT = 1000, 1001, 1002, 1005, 1007
POWER, CHARGE, DISCHARGE, DC_VOLTAGE, BATTERY_VOLTAGE, DC_CURRENT = 1100, 1106, 1107, 1120, 1121, 1122
COMMAND, RESET, POWER_SET, REACTIVE_SET, DC_COMMAND, MASTER, TIMEOUT = 1200, 1201, 1202, 1204, 1209, 1210, 1211
OFF, STARTING, RUNNING, STANDBY, FAULT = 0, 1, 2, 3, 5
START, STOP, HOLD, GO_ON = 1, 2, 3, 4
I32, U32 = AsyncModbusTcpClient.DATATYPE.INT32, AsyncModbusTcpClient.DATATYPE.UINT32


class Master:
    """What an EMS knows: registers of the PCS, and the models of battery and meter."""

    def __init__(self, bench: ServedBench, pcs: AsyncModbusTcpClient) -> None:
        self.bench = bench
        self._pcs = pcs

    async def registers(self, address: int, count: int = 1) -> list[int]:
        answer = await self._pcs.read_holding_registers(address, count=count, device_id=PCS)
        assert not answer.isError(), answer
        return answer.registers

    async def one(self, address: int) -> int:
        return (await self.registers(address))[0]

    async def wide(self, address: int) -> int:
        return int(self._pcs.convert_from_registers(await self.registers(address, 2), I32))  # type: ignore[arg-type]

    async def write(self, address: int, value: int, kind: Any = None) -> None:
        if kind is None:
            answer: Any = await self._pcs.write_register(address, value, device_id=PCS)
        else:
            words = self._pcs.convert_to_registers(value, kind)
            answer = await self._pcs.write_registers(address, words, device_id=PCS)
        assert not answer.isError(), answer

    async def until(self, holds: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Let time pass until something holds, looking once a second."""
        for _ in range(round(seconds)):
            if await holds():
                return
            await self.bench.run(1.0)
        raise AssertionError(f"not within {seconds} s")

    async def shows(self, address: int, value: int, seconds: float = 30.0) -> None:
        async def is_so() -> bool:
            return await self.one(address) == value

        await self.until(is_so, seconds)

    async def sunspec(self, register_map: str, unit: int, model: int, **values: int) -> Any:
        """A model as it is now, after some of its points were written."""

        def ask(address: Address) -> Any:
            with scanned(address, unit) as models:
                [found] = models[model]
                for name, value in values.items():
                    getattr(found, name).value = value
                if values:
                    found.write()
                return found

        return await asyncio.to_thread(ask, self.bench.address(register_map))


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    async with ServedBench(SITE) as bench:
        host, port = bench.address("pcs-plain")
        client = AsyncModbusTcpClient(host, port=port, timeout=5, retries=0)
        assert await client.connect()
        yield Master(bench, client)
        client.close()


async def connect(master: Master) -> None:
    """Bring the battery onto the bus, then the PCS onto the battery."""
    await master.write(DC_COMMAND, 0)
    await master.shows(DC_BREAKER, 0)
    await master.bench.run(5.0)
    assert (await master.sunspec("sunspec-battery", 1, 802, SetOp=1)).State.value == 4  # standby

    async def connected() -> bool:
        return bool((await master.sunspec("sunspec-battery", 1, 802)).State.value == 3)

    await master.until(connected, 30)
    assert await master.one(RUN_STATE) == OFF
    await master.write(DC_COMMAND, 1)
    await master.shows(DC_BREAKER, 1)
    await master.write(COMMAND, START)
    await master.shows(RUN_STATE, RUNNING)


async def test_battery_and_pcs_come_together_and_part_again_by_modbus_alone(master: Master) -> None:
    """Breaker open, battery on, breaker closed; power to 0, battery off, breaker open."""
    await connect(master)
    battery, link = await master.registers(BATTERY_VOLTAGE), await master.registers(DC_VOLTAGE)
    assert link[0] == pytest.approx(battery[0], abs=20)
    await master.write(POWER_SET, -60_000, I32)  # 60 kW out of the battery
    await master.bench.run(5.0)
    assert await master.wide(POWER) == pytest.approx(-60_000, abs=200)
    assert await master.registers(CHARGE, 2) == pytest.approx([0, 600], abs=2)
    assert (await master.registers(DC_CURRENT))[0] >= 1 << 15  # negative in discharge
    assert (await master.sunspec("pcs-sunspec", 100, 701)).W.cvalue == pytest.approx(60e3, abs=200)
    before = (await master.sunspec("meter-sunspec", 200, 213)).W.cvalue
    await master.write(POWER_SET, 60_000, I32)
    await master.bench.run(5.0)
    assert await master.wide(POWER) == pytest.approx(60_000, abs=200)
    drawn = (await master.sunspec("meter-sunspec", 200, 213)).W.cvalue - before
    assert drawn == pytest.approx(120e3, rel=0.05)

    await master.write(POWER_SET, 0, I32)
    await master.bench.run(3.0)
    assert abs(await master.wide(POWER)) <= 100
    await master.sunspec("sunspec-battery", 1, 802, SetOp=2)

    async def parted() -> bool:
        return bool((await master.sunspec("sunspec-battery", 1, 803)).NStrCon.value == 0)

    await master.until(parted, 30)
    await master.write(DC_COMMAND, 0)
    await master.shows(DC_BREAKER, 0)
    assert await master.one(RUN_STATE) in (OFF, FAULT)


async def test_commands_start_hold_and_stop(master: Master) -> None:
    await connect(master)
    await master.write(COMMAND, HOLD)
    await master.shows(RUN_STATE, STANDBY)
    await master.write(COMMAND, GO_ON)
    await master.shows(RUN_STATE, RUNNING)
    await master.write(REACTIVE_SET, 30_000, I32)
    await master.bench.run(3.0)
    assert await master.wide(POWER + 2) == pytest.approx(30_000, abs=100)
    await master.write(COMMAND, STOP)
    await master.shows(RUN_STATE, OFF)


async def test_a_heartbeat_that_stands_stops_the_pcs_until_it_is_reset(master: Master) -> None:
    await connect(master)
    await master.write(TIMEOUT, 20, U32)
    await master.write(POWER_SET, 40_000, I32)
    for beat in (1, 9, 5):  # any change counts
        await master.write(MASTER, beat)
        await master.bench.run(15.0)
        assert await master.one(RUN_STATE) == RUNNING
    await master.bench.run(10.0)
    assert await master.one(RUN_STATE) == FAULT
    assert await master.one(ALARMS) == 1 << 7
    await master.write(MASTER, 6)
    await master.write(RESET, 1)
    await master.shows(RUN_STATE, RUNNING, 15.0)
    assert await master.registers(ALARMS) == [0]
    assert await master.one(RESET) == 0


async def test_the_pcs_beats_every_second(master: Master) -> None:
    await master.bench.run(1.5)
    first = await master.one(HEARTBEAT)
    await master.bench.run(7.0)
    assert (await master.one(HEARTBEAT) - first) % 256 == 7
