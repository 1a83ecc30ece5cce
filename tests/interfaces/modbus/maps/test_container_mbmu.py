"""The map container-mbmu: addresses as its clients know them, and a day of a commissioning tool on it."""

import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from bms_emulator.profile.loader import load_site
from bms_emulator.testing.served import ServedBench
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.maps.commissioning_tool import POWER_OFF, POWER_ON, Tool
from tests.interfaces.modbus.rig import Rig, on_free_ports

SITE = "ems-container-mbmu"
RACK_3 = 3 * 0x400
CELL_OVERVOLTAGE = 1
"""Bit 0 of the first word of each level."""
WORDS_A_LEVEL = 4
MASTER_COMMUNICATION = 1 << 22 - 16
"""Bit of the second word of a level of the container's alarms."""
MASTER_LOST = 1


@pytest.fixture(scope="module")
def link() -> FakeLink:
    return FakeLink(on_free_ports(load_site(SITE)))


@pytest.fixture
async def client(link: FakeLink) -> AsyncIterator[AsyncModbusTcpClient]:
    rig = Rig(link)
    await rig.server.start()
    host, port = rig.server.listeners[0].address
    client = AsyncModbusTcpClient(host, port=port, timeout=5, retries=0)
    assert await client.connect()
    yield client
    client.close()
    await rig.close()


async def read(client: AsyncModbusTcpClient, address: int, count: int = 1) -> list[int]:
    answer = await client.read_holding_registers(address, count=count, device_id=1)
    assert not answer.isError(), (hex(address), answer)
    return list(answer.registers)


CASES = [
    # bank: address, point, value in SI, raw
    (0x0020, "voltage", 1331.2, 13312),
    (0x0021, "current", -1234.4, 18766),
    (0x0022, "soc", 0.504, 504),
    (0x0023, "soh", 0.98, 980),
    (0x0024, "cell_voltage_max", 3.345, 3345),
    (0x0028, "temperature_min", 253.15, 30),
    (0x002A, "charge_current_limit", 2160.0, 22160),
    (0x002C, "charge_power_limit", 2.5e6, 22500),
    (0x002E, "power", -1.5e6, 18500),
    (0x002F, "soe", 0.25, 750),
    (0x0030, "soe", 0.25, 250),
    (0x0032, "soe_discharge", 2508 * 3.6e6, 2508),
    (0x0033, "charge_voltage_limit", 1439.4, 14394),
    (0x0035, "insulation_status", 2.0, 2),
    (0x0036, "insulation_positive", 5.5e6, 5500),
    (0x0038, "io.enclosure_temperature", 308.15, 85),
    (0x003E, "io.humidity", 0.45, 45),
    (0x0060, "chiller.request", 2.0, 1),
    (0x0061, "chiller.setpoint", 295.15, 72),
    (0x0062, "chiller.mode", 1.0, 3),
    (0x0063, "coolant.supply_temperature", 293.15, 70),
    (0x0067, "chiller.fault_level", 2.0, 2),
    (0x0133, "connected.temperature_max", 313.15, 90),
    (0x0300, "heartbeat", 257.0, 1),
    (0x0301, "power_state", 3.0, 3),
    (0x0302, "status", 5.0, 5),
    (0x0304, "racks_connected", 11.0, 11),
    # third rack
    (RACK_3 + 0x12, "rack[3].contactor[main_negative].feedback", 1.0, 1),
    (RACK_3 + 0x20, "rack[3].link_voltage", 1331.2, 13312),
    (RACK_3 + 0x21, "rack[3].string_voltage", 1330.0, 13300),
    (RACK_3 + 0x22, "rack[3].current", 157.3, 21573),
    (RACK_3 + 0x2C, "rack[3].discharge_current_limit", 180.0, 21800),
    (RACK_3 + 0x2F, "rack[3].power", -2.5e5, 17500),
    (RACK_3 + 0x36, "rack[3].soe_charge", 209 * 3.6e6, 2090),
    (RACK_3 + 0x38, "rack[3].cell_voltage_sum", 1330.9, 13309),
    # first and last cell of the last rack
    (12 * 0x400 + 0x80, "rack[12].cell[1].voltage", 3.301, 3301),
    (12 * 0x400 + 0x80 + 415, "rack[12].cell[416].voltage", 3.299, 3299),
]


@pytest.mark.parametrize(("address", "point", "value", "raw"), CASES)
async def test_a_value_stands_where_clients_look_for_it(
    client: AsyncModbusTcpClient, link: FakeLink, address: int, point: str, value: float, raw: int
) -> None:
    link.set(point, value)
    link.step()
    assert await read(client, address) == [raw]


async def test_packed_registers_hold_what_clients_take_apart(client: AsyncModbusTcpClient, link: FakeLink) -> None:
    link.set("rack[3].cell_voltage_max_pack", 7.0)
    link.set("rack[3].cell_voltage_max_pack_cell", 41.0)
    link.set("rack[3].temperature_sensor[1].temperature", 298.15)
    link.set("rack[3].temperature_sensor[2].temperature", 263.15)
    link.set("rack[3].cell[*].balancing", 0.0)
    link.set("rack[3].cell[53].balancing", 1.0)
    link.set("rack[3].cell[104].balancing", 1.0)
    link.set("rack[3].energy_charged", 70_000.0 * 3.6e5)
    link.step()
    assert await read(client, RACK_3 + 0x30) == [7 << 8 | 41]
    assert await read(client, RACK_3 + 0x2C0) == [40 << 8 | 75], "the first of two sensors is in the low byte"
    assert await read(client, RACK_3 + 0x394, 4) == [1, 0, 0, 1 << 51 % 16], "four registers for each pack"
    assert await read(client, RACK_3 + 0x54, 2) == [70_000 >> 16, 70_000 & 0xFFFF]


async def test_texts_have_two_characters_in_a_register(client: AsyncModbusTcpClient) -> None:
    words = await read(client, 0x108, 8)
    assert struct.pack(">8H", *words).rstrip(b"\0") == b"virtual 1"


async def test_what_no_row_takes_reads_0_and_racks_that_are_not_there_are_refused(
    client: AsyncModbusTcpClient, link: FakeLink
) -> None:
    holes = [(0x1C, 4), (0x3A, 4), (0x69, 45), (0x14A, 100), (0x310, 0x70), (0x392, 0x6E)]
    holes += [(RACK_3 + 0x15, 11), (RACK_3 + 0x39, 27), (RACK_3 + 0x80 + 416, 120), (RACK_3 + 0x3E0, 32)]
    for start, count in holes:
        assert not any(await read(client, start, count)), hex(start)
    assert await read(client, 12 * 0x400 + 0x3FF) == [0]
    answer = await client.read_holding_registers(13 * 0x400 + 0x20, count=96, device_id=1)
    assert answer.exception_code == ExcCodes.ILLEGAL_ADDRESS


async def test_only_holding_registers_are_there_and_measured_ones_take_no_write(client: AsyncModbusTcpClient) -> None:
    answer: Any = await client.read_input_registers(0x20, count=2, device_id=1)
    assert answer.exception_code == ExcCodes.ILLEGAL_FUNCTION
    for address in (0x22, 0x3B0, RACK_3 + 0x22):
        answer = await client.write_register(address, 1, device_id=1)
        assert answer.exception_code == ExcCodes.ILLEGAL_ADDRESS, hex(address)
    answer = await client.write_register(0x381, 4, device_id=1)
    assert answer.exception_code == ExcCodes.ILLEGAL_VALUE


@pytest.mark.parametrize("racks", [12, 17])
async def test_three_masks_disable_racks_of_containers_of_any_size(racks: int) -> None:
    sized = {"container.rack_count": racks, "container.pump.rated_flow_lpm": 40 * racks}
    link = FakeLink(on_free_ports(load_site(SITE, sized)))
    rig = Rig(link)
    await rig.server.start()
    host, port = rig.server.listeners[0].address
    async with AsyncModbusTcpClient(host, port=port, timeout=5, retries=0) as client:
        assert await read(client, 0x38D, 3) == [0, 0, 0]
        for n in range(3):
            assert not (await client.write_register(0x38D + n, 1, device_id=1)).isError()
        link.step()
        assert await read(client, 0x38D, 3) == [1, racks > 16, 0]
        assert link.get(f"rack[{racks}].enabled") == (racks == 12)
    await rig.close()


async def words_that_change(
    client: AsyncModbusTcpClient, link: FakeLink, point: str, level: int
) -> set[tuple[int, int]]:
    """Addresses of alarm words of container and rack 3, with the bits that a level sets."""
    values = []
    for value in (level - 1.0, float(level)):
        link.set(point, value)
        link.step()
        values.append([*enumerate(await read(client, 0, 32)), *enumerate(await read(client, RACK_3, 16), RACK_3)])
    link.set(point, 0.0)
    return {(at, after - before) for (at, before), (_, after) in zip(*values, strict=True) if after != before}


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_every_alarm_of_the_firmware_has_a_bit_of_its_own_at_every_level(
    client: AsyncModbusTcpClient, link: FakeLink, level: int
) -> None:
    taken: set[tuple[int, int]] = set()
    families = link.catalogue.families
    for n, alarm in enumerate(families["container.rack.alarm.level"].axes[-1].labels):
        changed = await words_that_change(client, link, f"rack[3].alarm[{alarm}].level", level)
        word, bit = (level - 1) * WORDS_A_LEVEL + n // 16, 1 << n % 16
        assert changed == {(word, bit), (RACK_3 + word, bit)}, alarm
        assert not changed & taken, alarm
        taken |= changed
    for n, alarm in enumerate(families["container.alarm.level"].axes[-1].labels):
        changed = await words_that_change(client, link, f"alarm[{alarm}].level", level)
        assert (0x10 + (level - 1) * 2 + n // 16, 1 << n % 16) in changed, alarm
        assert {at for at, _ in changed} <= {0x10 + (level - 1) * 2 + n // 16, 0x18}, alarm


@pytest.fixture
async def tool() -> AsyncIterator[Tool]:
    async with ServedBench(SITE) as bench, Tool(bench) as tool:
        yield tool


@pytest.fixture
async def running(tool: Tool) -> Tool:
    """On, all racks connected, 1.5 MW of discharge."""
    await tool.high_voltage_on()
    await tool.until(0x0304, 12, 30)
    tool.power(1.5e6)
    await tool.cycle(10)
    return tool


async def test_the_work_flow_switches_high_voltage_on_and_off(tool: Tool) -> None:
    await tool.cycle(2)
    assert (tool.read[0x0301], tool.read[0x0304], tool.read[0x0305]) == (0, 0, 12)
    await tool.high_voltage_on()
    await tool.until(0x0304, 12, 30)
    assert all(tool.read[n * 0x400 + 0x2B] > 20000 for n in range(1, 13)), "every rack permits a charge"
    tool.power(-1.0e6)
    await tool.cycle(10)
    assert tool.read[0x0021] - 20000 == pytest.approx(-1.0e6 / (tool.read[0x0020] / 10), rel=0.05)
    assert tool.read[0x002E] - 20000 == pytest.approx(-1000, rel=0.05)
    await tool.high_voltage_off()
    assert (tool.read[0x0301], tool.read[0x0304]) == (0, 0)


async def test_a_command_that_is_repeated_in_every_cycle_is_harmless(tool: Tool) -> None:
    await tool.cycle(5)
    for command, state in ((POWER_ON, 1), (POWER_OFF, 0)):
        for _ in range(25):
            tool.write(0x0381, command)
            await tool.cycle()
        assert (tool.read[0x0301], tool.read[0x0304]) == (state, 12 * state)


async def test_the_heartbeat_counts_seconds(tool: Tool) -> None:
    await tool.cycle(3)
    first = tool.read[0x0300]
    await tool.cycle(5)
    assert (tool.read[0x0300] - first) % 256 == 5


async def test_an_overvoltage_shows_at_every_level_opens_its_rack_and_is_cleared(running: Tool) -> None:
    tool, bench = running, running.bench
    free = tool.read[0x002A] - 20000
    bench.fault("stuck", "rack[3].cell[41].voltage", "high", value="3.70V")
    await tool.until(0x0304, 11, 10)
    for level in range(3):
        assert tool.read[level * WORDS_A_LEVEL] & CELL_OVERVOLTAGE
    assert [tool.read[n * 0x400 + 0x5D] for n in range(1, 13)] == [0, 0, 1, *[0] * 9], "times it was raised"
    assert (tool.read[RACK_3 + 0x25], tool.read[RACK_3 + 0x30]) == (3700, 1 << 8 | 41)
    await tool.cycle()
    assert tool.read[RACK_3 + 0x2B] == 20000, "no charge of the rack"
    assert tool.read[0x0301] == 1
    assert tool.read[0x0302] == 4, "the container goes on, with a warning"
    await tool.cycle(15)
    assert tool.read[0x002A] - 20000 == pytest.approx(free * 11 / 12, rel=0.01)
    tool.power(0.0)
    bench.clear("high")
    await tool.cycle(10)
    assert tool.read[0x0008] & CELL_OVERVOLTAGE, "it is latched"
    await tool.cycle(60)
    tool.write(0x038C, 1)
    await tool.cycle()
    tool.write(0x038C, 0)
    await tool.until(0x0304, 12, 60)
    assert not any(tool.read[word] for word in range(32))
    assert tool.read[0x0302] == 1
    await tool.high_voltage_off()
    assert tool.read[0x0301] == 0


async def test_a_heartbeat_that_stands_still_takes_the_limits_and_then_opens_the_racks(running: Tool) -> None:
    tool = running
    tool.beat = None
    tool.write(0x0380, 200)
    for _ in range(8):
        tool.write(0x0380, 200)
        await tool.cycle()
    assert tool.read[0x0018] & MASTER_LOST
    assert tool.read[0x0011] & MASTER_COMMUNICATION
    assert (tool.read[0x002A], tool.read[0x002B]) == (20000, 20000)
    assert tool.read[0x0304] == 12
    await tool.cycle(30)
    assert tool.read[0x0304] == 0
    tool.power(0.0)
    tool.beat = 3
    await tool.cycle(3)
    assert not tool.read[0x0018] & MASTER_LOST
    await tool.until(0x0304, 12, 60)


async def test_a_mask_keeps_racks_off_the_bus(running: Tool) -> None:
    tool = running
    tool.power(0.0)
    tool.write(0x038D, 0b100000000101)
    await tool.until(0x0304, 9, 20)
    assert [n for n in range(12) if tool.read[(n + 1) * 0x400 + 0x2B] == 20000] == [0, 2, 11]
    tool.write(0x038D, 0)
    await tool.until(0x0304, 12, 60)


async def test_the_insulation_switch_stops_the_measurement(running: Tool) -> None:
    tool = running
    assert tool.read[0x0035] == 2
    tool.write(0x038B, 2)
    await tool.cycle(3)
    assert (tool.read[0x0035], tool.read[0x0036]) == (1, 0xFFFF)
    tool.write(0x038B, 1)
    await tool.cycle(3)
    assert tool.read[0x0035] == 2
