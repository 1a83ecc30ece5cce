"""The map fire-panel: from a detector to the release, and what hands do in between."""

from collections.abc import AsyncIterator

import pytest

from bms_emulator.testing.served import ServedBench
from tests.interfaces.modbus.maps.master import Master, RefusedError, master

UNIT = 2
LEVEL, DETECTORS, FLAGS, FAULTS, COUNTDOWN, PRESSURE = range(6)
STATES = 0x10
RESET, ACKNOWLEDGE, RELEASE, INHIBIT, TEST = 0x100, 0x101, 0x102, 0x103, 0x108
NORMAL, WARNING, FIRE = range(3)
HYDROGEN, CARBON_MONOXIDE, SMOKE, HEAT_LOW, HEAT_HIGH = range(5)
SOUNDER, BEACON, MANUAL, INHIBITED, RUNNING, DISCHARGING, RELEASED = 1, 2, 3, 4, 5, 6, 7


@pytest.fixture
async def bench() -> AsyncIterator[ServedBench]:
    async with ServedBench("demo", {"modbus.devices": [{"map": "fire-panel", "unit": UNIT}]}) as bench:
        yield bench


@pytest.fixture
async def panel(bench: ServedBench) -> AsyncIterator[Master]:
    async with master(bench.address("fire-panel"), UNIT) as panel:
        yield panel


async def flags(panel: Master) -> set[int]:
    word = (await panel.read(FLAGS))[0]
    return {bit for bit in range(16) if word >> bit & 1}


async def test_one_detector_warns_and_a_reset_ends_it(bench: ServedBench, panel: Master) -> None:
    bench.fault("stuck", "detector[smoke]", "smoke", reading=1.5)
    await bench.run(30)
    assert await panel.read(LEVEL, 2) == [WARNING, 1 << SMOKE]
    assert await panel.read(STATES, 5) == [0, 0, 1, 0, 0]
    assert SOUNDER in await flags(panel)
    await panel.write(ACKNOWLEDGE, 1)
    await bench.run(1)
    assert SOUNDER not in await flags(panel)
    await panel.write(RESET, 1)
    await bench.run(1)
    assert await panel.read(LEVEL) == [WARNING], "the smoke still stands"
    bench.clear("smoke")
    await bench.run(120)
    assert await panel.read(LEVEL) == [WARNING], "latched"
    await panel.write(RESET, 1)
    await bench.run(1)
    assert await panel.read(LEVEL, 2) == [NORMAL, 0]
    assert await panel.read(RESET, 2) == [0, 0]


async def test_a_hand_releases_the_agent_after_the_countdown_unless_it_is_held_back(
    bench: ServedBench, panel: Master
) -> None:
    await bench.run(1)
    full = (await panel.read(PRESSURE))[0]
    assert full == pytest.approx(2500, abs=25)
    await panel.write(RELEASE, 1)
    await bench.run(10)
    assert await panel.read(LEVEL) == [FIRE]
    assert {MANUAL, RUNNING} <= await flags(panel)
    assert (await panel.read(COUNTDOWN))[0] == pytest.approx(20, abs=1)
    await panel.write(INHIBIT, 1)
    await bench.run(60)
    assert INHIBITED in await flags(panel)
    assert not {RUNNING, RELEASED} & await flags(panel)
    await panel.write(INHIBIT, 0)
    await bench.run(32)
    assert {DISCHARGING, RELEASED} <= await flags(panel)
    await bench.run(20)
    assert DISCHARGING not in await flags(panel)
    assert (await panel.read(PRESSURE))[0] < full // 10
    assert (await panel.read(FAULTS))[0] & 4


async def test_a_detector_that_is_tested_alarms_nobody(bench: ServedBench, panel: Master) -> None:
    await panel.write(TEST + HEAT_HIGH, 1)
    await bench.run(1)
    assert await panel.read(STATES, 5) == [0, 0, 0, 0, 3]
    bench.fault("stuck", "detector[heat_high]", "hot", reading=2.0)
    await bench.run(30)
    assert await panel.read(STATES + HEAT_HIGH) == [4]
    assert await panel.read(LEVEL) == [NORMAL]
    assert (await panel.read(FAULTS))[0] == 2


async def test_a_failed_detector_is_a_fault_and_no_alarm(bench: ServedBench, panel: Master) -> None:
    bench.fault("failed", "detector[hydrogen]", "dead")
    await bench.run(1)
    assert await panel.read(STATES, 5) == [2, 0, 0, 0, 0]
    assert await panel.read(FAULTS) == [1]
    assert await panel.read(LEVEL) == [NORMAL]


async def test_readings_stand_beside_the_states(bench: ServedBench, panel: Master) -> None:
    bench.fault("stuck", "detector[carbon_monoxide]", "gas", reading=0.5)
    await bench.run(1)
    hydrogen, carbon_monoxide, smoke, low, high = await panel.read_input(0x18, 5)
    assert (hydrogen, carbon_monoxide, smoke) == (0, 25, 0)
    assert low == high == pytest.approx(250, abs=30)


@pytest.mark.parametrize(("address", "value", "code"), [(RESET, 2, 3), (LEVEL, 0, 2), (0x104, 1, 2)])
async def test_what_the_panel_does_not_take_is_refused(panel: Master, address: int, value: int, code: int) -> None:
    with pytest.raises(RefusedError) as refused:
        await panel.write(address, value)
    assert refused.value.code == code
