"""The map io-module: inputs and outputs by functions 1, 2, 5 and 15, analog inputs as integers and numbers."""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from bms_emulator.testing.served import ServedBench
from tests.interfaces.modbus.maps.master import Master, RefusedError, master, signed

UNIT = 3
LAMPS, SIREN, VENTILATION, TRIP = slice(0, 3), 3, 4, 5
DOOR, STOP, WATER, SURGE, ON_BATTERY, FED, BREAKERS, FAN = 0, 1, 2, 3, 4, 5, 9, 12
ANALOG, NUMBERS, ANALOG_COUNT = 0x10, 0x100, 7


@pytest.fixture
async def bench() -> AsyncIterator[ServedBench]:
    async with ServedBench("demo", {"modbus.devices": [{"map": "io-module", "unit": UNIT}]}) as bench:
        await bench.run(2)
        yield bench


@pytest.fixture
async def module(bench: ServedBench) -> AsyncIterator[Master]:
    async with master(bench.address("io-module"), UNIT) as module:
        yield module


@pytest.mark.parametrize(
    ("bit", "command"),
    [
        (DOOR, "door.opened"),
        (STOP, "emergency_stop.pressed"),
        (WATER, "floor.water"),
        (SURGE, "surge_protection.spent"),
    ],
)
async def test_an_input_follows_its_contact(bench: ServedBench, module: Master, bit: int, command: str) -> None:
    assert (await module.inputs(bit, 1), (await module.read_input(0))[0] >> bit & 1) == ([0], 0)
    bench.write({command: 1})
    await bench.run(1)
    assert (await module.inputs(bit, 1), (await module.read_input(0))[0] >> bit & 1) == ([1], 1)


async def test_a_failed_supply_puts_the_module_on_its_battery(bench: ServedBench, module: Master) -> None:
    assert await module.inputs(ON_BATTERY, 2) == [0, 1]
    charge = (await module.read_input(ANALOG + 3))[0]
    bench.write({"supply.failed": 1})
    await bench.run(600)
    assert await module.inputs(ON_BATTERY, 2) == [1, 0]
    assert (await module.read_input(ANALOG + 3))[0] < charge


async def test_coils_drive_the_outputs_and_the_outputs_are_read_back(bench: ServedBench, module: Master) -> None:
    await module.switch(0, True, False, True)
    await module.switch(SIREN, True)
    await bench.run(1)
    assert await module.coils(0, 6) == [1, 0, 1, 1, 0, 0]
    assert await module.read_input(1) == [0b001101]
    await module.switch(VENTILATION, True)
    await bench.run(5)
    assert await module.inputs(FAN, 1) == [1]
    await module.switch(0, False, False, False, False, False, False)
    await bench.run(5)
    assert await module.coils(0, 6) == [0] * 6
    assert await module.inputs(FAN, 1) == [0]


async def test_the_trip_opens_the_breakers_of_all_racks(bench: ServedBench, module: Master) -> None:
    assert await module.inputs(BREAKERS, 1) == [1]
    await module.switch(TRIP, True)
    await bench.run(2)
    assert await module.inputs(BREAKERS, 1) == [0]
    assert bench.get("rack[12].breaker_feedback") == 0.0


async def test_analog_inputs_are_the_same_as_integers_and_as_numbers(module: Master) -> None:
    scales = (0.1, 0.1, 0.01, 0.1, 1.0, 0.01, 1.0)
    integers = [signed(word) for word in await module.read_input(ANALOG, ANALOG_COUNT)]
    words = await module.read_input(NUMBERS, 2 * ANALOG_COUNT)
    numbers = struct.unpack(f">{ANALOG_COUNT}f", struct.pack(f">{len(words)}H", *words))
    assert [scale * n for scale, n in zip(scales, integers, strict=True)] == [
        pytest.approx(number, abs=0.51 * scale) for scale, number in zip(scales, numbers, strict=True)
    ]


async def test_inputs_take_no_write_and_there_are_no_holding_registers(module: Master) -> None:
    for request, code in ((module.read(0), 1), (module.switch(6, True), 2), (module.inputs(16, 1), 2)):
        with pytest.raises(RefusedError) as refused:
            await request
        assert refused.value.code == code


async def mbpoll(program: str, address: tuple[str, int], *options: str, value: str | None = None) -> str:
    """Output of mbpoll, run once; addresses count from 0; a value is written, none is read."""
    host, port = address
    common = ("-m", "tcp", "-0", "-1", "-q", "-a", str(UNIT), "-p", str(port))
    process = await asyncio.create_subprocess_exec(
        *(program, *common, *options, host, *([] if value is None else [value])),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.component
async def test_mbpoll_writes_coils_and_reads_inputs_and_numbers(
    bench: ServedBench, require_program: Callable[[str], str]
) -> None:
    program, address = require_program("mbpoll"), bench.address("io-module")

    def values(output: str) -> list[str]:
        return re.findall(r"^\[\d+\]:\s+(\S+)", output, re.MULTILINE)

    await mbpoll(program, address, "-t", "0", "-r", "2", value="1")
    await bench.run(1)
    assert values(await mbpoll(program, address, "-t", "0", "-r", "0", "-c", "6")) == list("001000")
    assert values(await mbpoll(program, address, "-t", "1", "-r", "0", "-c", "10")) == list("0000010001")
    [voltage] = values(await mbpoll(program, address, "-t", "3:float", "-B", "-r", str(NUMBERS + 4), "-c", "1"))
    assert float(voltage) == pytest.approx(24.0, abs=0.5)
