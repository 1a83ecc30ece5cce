"""The map chiller: what its registers show, and what a master that takes command brings about."""

from collections.abc import AsyncIterator

import pytest

from bms_emulator.testing.served import ServedBench
from tests.interfaces.modbus.maps.master import Master, RefusedError, master, signed

MODE, SOURCE, RUNNING, FAULT_LEVEL, FAULT_CODE, ALARMS, SILENCE = range(7)
SUPPLY, RETURN, AMBIENT, SETPOINT = range(0x10, 0x14)
CONTROL, ENABLE, COMMAND, COOL_TO, HEAT_TO, TIMEOUT, RESET = 0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x107
BMS, EMS, LOCAL = range(3)
OFF, CIRCULATE, COOL, HEAT, AUTO = range(5)
HOUR = 3600.0


@pytest.fixture
async def bench() -> AsyncIterator[ServedBench]:
    async with ServedBench("demo", {"step_ms": 1000, "modbus.devices": [{"map": "chiller"}]}) as bench:
        yield bench


@pytest.fixture
async def ems(bench: ServedBench) -> AsyncIterator[Master]:
    async with master(bench.address("chiller"), 1) as ems:
        yield ems


async def degrees(ems: Master, address: int) -> float:
    return signed((await ems.read(address))[0]) / 10.0


async def test_a_master_in_command_cools_and_heats_the_coolant(bench: ServedBench, ems: Master) -> None:
    assert await ems.read(SOURCE) == [BMS]
    await ems.write(CONTROL, EMS, 1, COOL, 180, 120)
    await bench.run(900)
    assert await ems.read(MODE, 2) == [2, EMS]
    assert (await ems.read(RUNNING))[0] & 0b11 == 0b11
    assert await degrees(ems, SETPOINT) == 18.0
    cooled = await degrees(ems, SUPPLY)
    assert cooled < 21.0
    await ems.write(HEAT_TO, 300)
    await ems.write(COMMAND, HEAT)
    await bench.run(900)
    assert await ems.read(MODE) == [3]
    assert await degrees(ems, SUPPLY) > cooled + 3.0
    await ems.write(COMMAND, OFF)
    await bench.run(30)
    assert (await ems.read(RUNNING))[0] == 0


async def test_the_battery_commands_while_it_is_in_control(bench: ServedBench, ems: Master) -> None:
    await ems.write(COMMAND, HEAT)
    await bench.run(60)
    assert (await ems.read(MODE))[0] != 3
    assert await ems.read(SOURCE) == [BMS]
    await ems.write(CONTROL, LOCAL)
    await bench.run(5)
    assert await ems.read(SOURCE) == [LOCAL]


async def test_a_silent_master_loses_command_until_it_writes_again(bench: ServedBench, ems: Master) -> None:
    await ems.write(TIMEOUT, 0, 30)
    await ems.write(CONTROL, EMS)
    await bench.run(25)
    assert await ems.read(SOURCE) == [EMS]
    await bench.run(10)
    assert await ems.read(SOURCE) == [BMS]
    assert 30 <= (await ems.read(SILENCE))[0] <= 40
    await ems.write(COMMAND, CIRCULATE)
    await bench.run(1)
    assert await ems.read(SOURCE) == [EMS]


async def test_a_trip_shows_with_code_and_level_and_goes(bench: ServedBench, ems: Master) -> None:
    assert await ems.read(FAULT_LEVEL, 3) == [0, 0, 0]
    bench.fault("trip", "chiller", "trip")
    await bench.run(15)
    assert await ems.read(FAULT_LEVEL, 3) == [2, 1, 1]
    bench.clear("trip")
    await ems.write(RESET, 1)
    await bench.run(15)
    assert await ems.read(FAULT_LEVEL, 3) == [0, 0, 0]
    assert await ems.read(RESET) == [0]


async def test_hours_and_starts_are_counted(bench: ServedBench, ems: Master) -> None:
    await ems.write(CONTROL, EMS, 1, COOL, 100, 100)
    await bench.run(HOUR + 60.0)
    running, cooling, starts = [(await ems.read(at, 2))[1] for at in (0x20, 0x22, 0x24)]
    assert (running, cooling, starts) == (1, 1, 1)


@pytest.mark.parametrize(
    ("address", "value", "code"),
    [(CONTROL, 3, 3), (COMMAND, 5, 3), (COOL_TO, 360, 3), (COOL_TO, 40, 3), (SUPPLY, 200, 2), (0x108, 1, 2)],
)
async def test_what_the_chiller_does_not_take_is_refused(ems: Master, address: int, value: int, code: int) -> None:
    with pytest.raises(RefusedError) as refused:
        await ems.write(address, value)
    assert refused.value.code == code


async def test_measured_values_are_read_by_either_function_and_commands_by_one(ems: Master) -> None:
    assert await ems.read(0x10, 10) == await ems.read_input(0x10, 10)
    with pytest.raises(RefusedError) as refused:
        await ems.read_input(CONTROL)
    assert refused.value.code == 2
