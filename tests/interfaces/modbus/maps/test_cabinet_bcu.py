"""The map cabinet-bcu: addresses as its clients know them, the list that they accept it by, and start to stop."""

import math
from collections.abc import AsyncIterator

import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.testing.served import ServedBench
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.maps.master import Master, RefusedError, master, signed
from tests.interfaces.modbus.rig import Rig, on_free_ports

SITE = "ems-cabinet-bcu"
CRITICAL, ALARM, WARNING = 0x12, 0x13, 0x14
STAGE, STATE, HEARTBEAT, DIRECTION, CONTACTORS = 0x18, 0x19, 0x1A, 0x1D, 0x1F
CELLS, CELL_COUNT, SENSORS, SENSOR_COUNT = 0x1401, 260, 0x1801, 140
HV_DOWN, RESET, CLEAR_FAULTS = 0x0402, 0x0403, 0x0465
LEVELS = (0x6001, 0x6023, 0x6045)
LIMIT = 120
"""Most registers in one read."""
BLOCKS = {
    "signal": (0x0001, 0x200),
    "measure": (0x0201, 0x200),
    "control": (0x0401, 0x400),
    "diagnosis": (0x0801, 0x300),
    "cell voltages": (0x1401, 0x400),
    "temperatures": (0x1801, 0x500),
    "connectors": (0x2203, 20),
    "thresholds": (0x6001, 0x6C),
}
DEGC_25 = 298.15


@pytest.fixture(scope="module")
def link() -> FakeLink:
    return FakeLink(on_free_ports(load_site(SITE)))


@pytest.fixture
async def ems(link: FakeLink) -> AsyncIterator[Master]:
    rig = Rig(link)
    await rig.server.start()
    async with master(rig.server.listeners[0].address, 1) as ems:
        yield ems
    await rig.close()


CASES = [
    (0x18, "rack[1].precharge_stage", 4.0, 4),
    (0x19, "rack[1].operating_state", 2.0, 2),
    (0x1A, "rack[1].heartbeat", 65535.0, 65535),
    (0x1D, "rack[1].direction", 2.0, 2),
    (0x1E, "rack[1].empty", 1.0, 2),
    (0x40, "chiller.mode", 3.0, 3),
    (0x41, "alarm_level", 3.0, 3),
    (0x210, "rack[1].cell_voltage_max", 3.345, 3345),
    (0x211, "rack[1].cell_voltage_max_cell", 259.0, 259),
    (0x212, "rack[1].cell_voltage_max_pack", 5.0, 5),
    (0x213, "rack[1].cell_voltage_max_pack_cell", 51.0, 51),
    (0x218, "rack[1].cell_voltage_spread", 0.123, 123),
    (0x21E, "rack[1].temperature_min", 263.05, 0x10000 - 101),
    (0x21F, "rack[1].temperature_min_sensor", 140.0, 140),
    (0x225, "rack[1].charge_current_limit", 175.0, 1750),
    (0x227, "rack[1].soc", 0.504, 504),
    (0x229, "rack[1].temperature_spread", 4.2, 42),
    (0x22F, "rack[1].link_voltage", 832.4, 8324),
    (0x230, "rack[1].cell_voltage_sum", 833.1, 8331),
    (0x231, "rack[1].string_voltage", 832.9, 8329),
    (0x234, "rack[1].current", -150.3, 0x10000 - 1503),
    (0x238, "rack[1].insulation_positive", 5.5e6, 5500),
    (0x23A, "supply_voltage", 24.012, 24012),
    (0x270, "rack[1].charge_power_limit", 120.3e3, 1203),
    (0x272, "rack[1].soe", 0.75, 750),
    (0x275, "rack[1].pack[3].balancing_count", 26.0, 1),
    (0x27C, "rack[1].alarm[thermal_runaway].source", 4.0, 4),
    (0x80D, "rack[1].pack[5].cell_voltage_age", 3.0, 16),
    (0x810, "rack[1].pack[2].cmu_faults", 4.0, 2),
    (0xA02, "chiller.setpoint_in_force", 295.15, 220),
    (0xA0A, "chiller.supply_pressure", 1.5e5, 150),
    (0xA0E, "chiller.fault_level", 1.0, 0),
    (0xA0E, "chiller.fault_level", 2.0, 1),
    (0xA56, "smoke", 0.15 * math.log(10.0) / 10.0, 15),
    (0xA57, "fire.heat_low", DEGC_25, 65),
    (0xA58, "gas.carbon_monoxide", 200e-6, 20),
    (CELLS, "rack[1].cell[1].voltage", 3.301, 3301),
    (CELLS + 259, "rack[1].cell[260].voltage", 3.299, 3299),
    (SENSORS + 139, "rack[1].temperature_sensor[140].temperature", 272.15, 0x10000 - 10),
    (0x2203, "rack[1].terminal_temperature", 313.15, 400),
    (0x2216, "rack[1].terminal_temperature", 323.15, 500),
    (0x6001, "rack[1].threshold.cell_overvoltage.set[1]", 3.551, 3551),
    (0x6028, "rack[1].threshold.rack_overvoltage.clear[2]", 923.4, 9234),
    (0x6061, "rack[1].threshold.undertemperature_discharge.set[3]", 243.15, 0x10000 - 300),
]


@pytest.mark.parametrize(("address", "point", "value", "raw"), CASES)
async def test_a_value_stands_where_clients_look_for_it(
    ems: Master, link: FakeLink, address: int, point: str, value: float, raw: int
) -> None:
    link.set(point, value)
    link.step()
    assert await ems.read(address) == [raw]
    assert await ems.read_input(address) == [raw]


async def test_numbers_of_32_bits_are_pairs_with_the_high_word_first(ems: Master, link: FakeLink) -> None:
    link.set("rack[1].throughput_discharged", 70_000.0 * 3600.0)
    link.step()
    assert await ems.read(0x24E, 2) == [70_000 >> 16, 70_000 & 0xFFFF]


@pytest.mark.parametrize("block", BLOCKS)
async def test_every_block_is_read_whole_in_pieces_by_both_functions(ems: Master, block: str) -> None:
    start, size = BLOCKS[block]
    for read in (ems.read, ems.read_input):
        words = []
        for at in range(start, start + size, LIMIT):
            words += await read(at, min(LIMIT, start + size - at))
        assert len(words) == size
    with pytest.raises(RefusedError) as refused:
        await ems.read(start, LIMIT + 1)
    assert refused.value.code == 3


async def test_arrays_that_are_read_in_pieces_lose_and_double_nothing(ems: Master, link: FakeLink) -> None:
    for n in range(1, CELL_COUNT + 1):
        link.set(f"rack[1].cell[{n}].voltage", 3.0 + n / 1000.0)
    for n in range(1, SENSOR_COUNT + 1):
        link.set(f"rack[1].temperature_sensor[{n}].temperature", 273.15 + n / 10.0)
    link.step()
    cells = [word for at in range(0, 512, 64) for word in await ems.read(CELLS + at, 64)]
    sensors = [word for at in range(0, 512, 64) for word in await ems.read_input(SENSORS + at, 64)]
    assert cells == [3000 + n for n in range(1, CELL_COUNT + 1)] + [0] * (512 - CELL_COUNT)
    assert sensors == [*range(1, SENSOR_COUNT + 1)] + [0] * (512 - SENSOR_COUNT)


async def test_what_the_table_reserves_reads_0_and_what_it_does_not_know_is_refused(ems: Master) -> None:
    for start, count in ((0x01, 15), (0x28, 24), (0x45, 27), (0x254, 28), (0x405, 96), (0x46B, 26), (0x1601, 120)):
        assert not any(await ems.read(start, count)), hex(start)
    for start, count in (
        (0x1000, 120),
        (0x1389, 120),
        (0x1D01, 120),
        (0x2217, 120),
        (0x5F89, 120),
        (0x606D, 120),
        (0x6F89, 120),
    ):
        assert not any(await ems.read(start, count)), hex(start)
        assert not any(await ems.read_input(start, count)), hex(start)
    for address in (0x0000, 0x0B01, 0x0FFF, 0x7001):
        with pytest.raises(RefusedError) as refused:
            await ems.read(address)
        assert refused.value.code == 2, hex(address)


async def test_what_is_read_only_takes_no_write(ems: Master, link: FakeLink) -> None:
    for address in (CRITICAL, STAGE, 0x210, 0x231, 0x405, 0x801, 0xA02, CELLS, SENSORS, 0x2203):
        before = link.arena.buffer.tobytes()
        for values in ((1,), (1, 1)):
            with pytest.raises(RefusedError) as refused:
                await ems.write(address, *values)
            assert refused.value.code == 2, hex(address)
        assert link.arena.buffer.tobytes() == before


async def test_reasons_of_a_refusal_can_be_told_apart(ems: Master, link: FakeLink) -> None:
    async def code(*values: int, address: int = HV_DOWN) -> int:
        with pytest.raises(RefusedError) as refused:
            await ems.write(address, *values)
        return refused.value.code

    with pytest.raises(RefusedError) as refused:
        await ems.coils(1, 1)
    assert refused.value.code == 1
    assert await code(1, address=0x3000) == 2
    assert await code(7) == 3
    link.unanswered = True
    assert await code(1) == 4
    link.unanswered = False


@pytest.mark.parametrize("values", [(2, 1000), (1, 25)])
async def test_what_is_written_is_read_back(ems: Master, values: tuple[int, int]) -> None:
    phase, duration = values
    await ems.write(0x466, phase)
    await ems.write(0x469, duration)
    await ems.write(0x900, 0x6950, phase)
    assert (await ems.read(0x466))[0] == phase
    assert (await ems.read(0x469))[0] == duration
    assert await ems.read(0x900, 2) == [0x6950, phase]


async def test_insulation_detection_has_two_switches_for_one_thing(ems: Master, link: FakeLink) -> None:
    await ems.write(0x401, 2)
    assert (link.get("insulation_enabled"), await ems.read(0x46A), await ems.read(0x27D)) == (0.0, [1], [0])
    await ems.write(0x46A, 0)
    assert (link.get("insulation_enabled"), await ems.read(0x401), await ems.read(0x27D)) == (1.0, [1], [1])
    await ems.write(0x46A, 0xFFFF)
    assert link.get("insulation_enabled") == 1.0


async def test_a_threshold_of_insulation_is_that_of_either_pole(ems: Master, link: FakeLink) -> None:
    await ems.write(LEVELS[1] + 0x14, 300)
    for pole in ("positive", "negative"):
        assert link.get(f"rack[1].threshold.insulation_{pole}.set[2]") == pytest.approx(300 * 923.0)


SAME_BITS = {
    0: "rack_overvoltage",
    1: "rack_undervoltage",
    2: "cell_overvoltage",
    3: "cell_undervoltage",
    4: "overcurrent_discharge",
    5: "overcurrent_charge",
    6: "overtemperature_discharge",
    7: "undertemperature_charge",
    10: "insulation_negative",
    12: "terminal_overtemperature",
    13: "cell_voltage_spread",
    14: "temperature_spread",
}


@pytest.mark.parametrize(("bit", "alarm"), SAME_BITS.items())
async def test_an_alarm_has_the_same_bit_at_each_level_up_to_its_own(
    ems: Master, link: FakeLink, bit: int, alarm: str
) -> None:
    for level, words in ((1, [0, 0, 1]), (2, [0, 1, 1]), (3, [1, 1, 1]), (0, [0, 0, 0])):
        link.set(f"rack[1].alarm[{alarm}].level", float(level))
        link.step()
        assert await ems.read(CRITICAL, 3) == [word << bit for word in words]


@pytest.mark.parametrize(
    ("level", "released", "shown", "faults"),
    [(0, 0, 0, 0), (1, 0, 1, 1 << 6), (2, 0, 2, 1 << 7), (2, 1, 3, 1 << 7 | 1 << 8)],
)
async def test_the_fire_panel_has_three_levels(
    ems: Master, link: FakeLink, level: int, released: int, shown: int, faults: int
) -> None:
    link.set("fire.level", float(level))
    link.set("fire.aerosol_released", float(released))
    link.step()
    assert await ems.read(0xA40) == [shown]
    assert (await ems.read(0x44))[0] & 0x1C0 == faults


@pytest.fixture
async def bench() -> AsyncIterator[ServedBench]:
    async with ServedBench(SITE) as bench:
        yield bench


@pytest.fixture
async def live(bench: ServedBench) -> AsyncIterator[Master]:
    async with master(bench.address("cabinet-bcu"), 1) as live:
        yield live


def drive(bench: ServedBench, **settings: float) -> None:
    """Settings of the PCS."""
    find = bench.emulator.catalogue.find
    bench.order("write", writes=[[find(f"pcs[1].{name}")[1], value] for name, value in settings.items()])


async def test_high_voltage_comes_by_itself_then_goes_down_and_up_as_the_master_says(
    bench: ServedBench, live: Master
) -> None:
    await bench.run(0.5)
    assert await live.read(CONTACTORS) == [0b11000]
    await bench.run(25)
    assert (await live.read(STAGE), await live.read(STATE), await live.read(CONTACTORS)) == ([3], [0], [0b11101])
    assert all(limit > 1000 for limit in await live.read(0x225, 2))
    drive(bench, enable=1, setpoint_enabled=1, setpoint_mode=1, power_setpoint=60e3)
    before = (await live.read(HEARTBEAT))[0]
    await bench.run(30)
    assert (await live.read(HEARTBEAT))[0] == before + 30
    assert await live.read(DIRECTION) == [1]
    voltage, current = (await live.read(0x231))[0], signed((await live.read(0x234))[0])
    assert 55e3 < voltage * current / 100 < 65e3
    drive(bench, power_setpoint=0.0)
    await bench.run(5)
    await live.write(HV_DOWN, 1)
    await bench.run(5)
    assert (await live.read(HV_DOWN), await live.read(STATE), await live.read(CONTACTORS)) == ([1], [3], [0b11000])
    await live.write(HV_DOWN, 0)
    await bench.run(20)
    assert await live.read(CONTACTORS) == [0b11101]


@pytest.mark.parametrize("start", LEVELS)
async def test_thresholds_of_a_level_are_written_and_read_back_whole(
    bench: ServedBench, live: Master, start: int
) -> None:
    await bench.run(1)
    block = [(word + 1) % 0xFFFF for word in await live.read(start, 34)]
    await live.write(start, *block)
    assert await live.read(start, 34) == block
    await bench.run(1)
    assert await live.read(start, 34) == block


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_a_threshold_that_is_written_raises_the_alarm_and_written_back_clears_it(
    bench: ServedBench, live: Master, level: int
) -> None:
    word, start = WARNING + 1 - level, LEVELS[level - 1]
    await bench.run(10)
    pair = await live.read(start, 2)
    assert not (await live.read(word))[0] & 4
    await live.write(start, 3000, 2900)
    assert await live.read(start, 2) == [3000, 2900]
    await bench.run(10)
    assert (await live.read(word))[0] & 4
    await live.write(start, *pair)
    await bench.run(30)
    await live.write(CLEAR_FAULTS, 1)
    await bench.run(90)
    assert not (await live.read(word))[0] & 4


@pytest.mark.parametrize("address", [RESET, CLEAR_FAULTS])
async def test_a_pulse_resets_what_is_latched_once_and_reads_0_afterwards(
    bench: ServedBench, live: Master, address: int
) -> None:
    await bench.run(5)
    first = await live.read(LEVELS[2], 2)
    await live.write(LEVELS[2], 3000, 2900)
    await bench.run(10)
    await live.write(LEVELS[2], *first)
    await bench.run(70)
    assert (await live.read(CRITICAL))[0] & 4, "latched"
    await live.write(address, 1)
    await bench.run(5)
    assert not (await live.read(CRITICAL))[0] & 4
    assert await live.read(address) == [0]


async def test_faults_show_in_their_words(bench: ServedBench, live: Master) -> None:
    await bench.run(5)
    clear = await live.read(0x41, 4)
    assert clear == [0, 0, 0, 0]
    bench.fault("silence", "rack[1].pack[4].cmu", "cmu")
    bench.fault("silence", "chiller", "chiller")
    bench.write({"emergency_stop.pressed": 1, "door.opened": 1, "floor.water": 1, "surge_protection.spent": 1})
    await bench.run(40)
    level, faults, _, others = await live.read(0x41, 4)
    assert level == 3
    assert faults & 1 << 1
    assert await live.read(0x80D) == [1 << 3]
    assert await live.read(0x810) == [1 << 3]
    assert others == 1 << 1 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
