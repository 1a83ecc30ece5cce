"""The map pile-sleepwake: what its driver relies on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from bms_emulator.testing.served import ServedBench
from tests.interfaces.modbus.maps.master import Master, RefusedError, signed

PILES = 12
WAKE, SLEEP = 0x55, 0xAA
CONTROL, STATUS = 0x1090, 0x1100


def base(pile: int) -> int:
    return 0x0D00 + 0x0700 * pile


def long(words: list[int]) -> int:
    """Two registers as a signed number."""
    return (signed(words[0]) << 16) + words[1]


@asynccontextmanager
async def piles() -> AsyncIterator[tuple[ServedBench, Master]]:
    async with ServedBench("ems-pile-sleepwake", {"initial.rack_soc_spread_percent": 0}) as bench:
        await bench.run(5)
        host, port = bench.address("pile-sleepwake")
        async with AsyncModbusTcpClient(host, port=port, timeout=30, retries=0) as client:
            yield bench, Master(client, 1)


async def test_one_register_wakes_and_lets_sleep_however_often_it_is_told() -> None:
    async with piles() as (bench, master):
        assert await master.read(STATUS) == [1 << 13]
        for order, status, connected in ((WAKE, 3 | 1 << 10, PILES), (SLEEP, 1 << 13, 0), (WAKE, 3 | 1 << 10, PILES)):
            for _ in range(40):
                await master.write(CONTROL, order)
                await bench.run(1)
            assert await master.read(STATUS) == [status]
            assert bench.get("racks_connected") == connected
        with pytest.raises(RefusedError) as refused:
            await master.write(CONTROL, 1)
        assert refused.value.code == ExcCodes.ILLEGAL_VALUE


async def test_there_are_as_many_piles_as_the_system_says_and_no_more() -> None:
    async with piles() as (_, master):
        assert await master.read(0x1131) == await master.read(0x100C) == [PILES]
        for pile in range(1, PILES + 1):
            assert len(await master.read(base(pile), 49)) == 49
            assert await master.read(base(pile) + 0x32) == [0]
        for pile in (PILES + 1, 32):
            with pytest.raises(RefusedError) as refused:
                await master.read(base(pile))
            assert refused.value.code == ExcCodes.ILLEGAL_ADDRESS


async def test_state_of_charge_is_in_percent_for_the_system_and_in_tenths_for_a_pile() -> None:
    async with piles() as (bench, master):
        assert await master.read(0x1107) == [round(100.0 * bench.get("soc"))]
        assert await master.read(base(4) + 7) == [round(1e3 * bench.get("rack[4].soc"))]


async def test_the_limit_of_discharge_is_negative_and_that_of_charge_is_not() -> None:
    async with piles() as (bench, master):
        await master.write(CONTROL, WAKE)
        await bench.run(60)
        for at, name in ((0x1100, ""), (base(7), "rack[7].")):
            charge = long(await master.read(at + 0xA, 2))
            discharge = long(await master.read(at + 0xD, 2))
            assert charge == round(100.0 * bench.get(f"{name}charge_current_limit")) > 0
            assert discharge == round(-100.0 * bench.get(f"{name}discharge_current_limit")) < 0


async def test_modules_of_the_system_are_those_of_the_pile_that_has_the_extreme() -> None:
    async with piles() as (bench, master):
        bench.fault("stuck", "rack[5].cell[150].voltage", "cell", value="3.40V")
        await bench.run(5)
        highest, _, module, _ = await master.read(0x1118, 4)
        assert await master.read(base(5) + 0x18) == [highest]
        assert module == bench.get("rack[5].pack_voltage_max_pack") == 2
        assert bench.get("pack_voltage_max_rack") == 5


async def test_words_of_alarms_tell_warnings_from_protections() -> None:
    async with piles() as (bench, master):
        for voltage, words in (("2.85V", [1 << 7, 0, 1]), ("2.40V", [1 << 3 | 1 << 5 | 1 << 7, 1, 1])):
            bench.fault("stuck", "rack[2].cell[9].voltage", "cell", value=voltage)
            await bench.run(10)
            for at in (STATUS, base(2)):
                status, *others = await master.read(at, 3)
                assert [status & 0x03F8, *others] == words
            assert (await master.read(base(1), 3))[1:] == [0, 0]
            bench.clear("cell")
