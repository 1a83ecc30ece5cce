"""The driver of OpenEMS for the Soltaro Cluster Version C runs a cluster through start, operation, faults and stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from bms_emulator.testing.served import ServedBench
from hil.openems.bridge import REST, Bridge
from hil.openems.cluster_c import WATCHDOG, ClusterC, base
from hil.openems.driver import ERROR_PAUSE, State
from hil.openems.stage import PATIENT, START_TIMEOUT, Stage

MAP, SITE = "cluster-tower", "ems-cluster-tower"
FLOW = 40
"""Coolant of each rack [L/min]."""


@dataclass
class Cluster(Stage):
    driver: ClusterC


@asynccontextmanager
async def cluster(racks: int = 2, **wanted: Any) -> AsyncIterator[Cluster]:
    """A cluster on the bench and its driver, of which nothing is asked yet."""
    wanted = {key.replace("__", "."): value for key, value in wanted.items()}
    sized = {"container.rack_count": racks, "container.pump.rated_flow_lpm": FLOW * racks}
    async with ServedBench(SITE, sized | wanted) as bench:
        await bench.run(5)
        driver = await ClusterC.activate(Bridge(*bench.address(MAP), timeout=PATIENT))
        try:
            yield Cluster(bench, driver)
        finally:
            driver.bridge.close()


@pytest.mark.parametrize(("racks", "cycles"), [(1, 15), (2, 31), (5, 103)])
async def test_a_round_of_low_priority_takes_as_many_cycles_as_there_are_such_tasks(racks: int, cycles: int) -> None:
    async with cluster(racks) as stage:
        bridge = stage.driver.bridge
        assert (len(stage.driver.racks), stage.driver.modules) == (racks, 20)
        assert bridge.low_count == cycles
        wanted = {address for read in bridge.reads for address in read.addresses}
        bridge.registers.clear()
        await stage.cycle(cycles - 1)
        assert not wanted <= bridge.registers.keys()
        await stage.cycle()
        assert wanted <= bridge.registers.keys()


@pytest.mark.parametrize(("racks", "failures", "connects"), [(2, 2, 3), (5, 0, 1)])
async def test_only_the_first_rack_that_is_not_there_is_asked_for_twice_in_vain(
    racks: int, failures: int, connects: int
) -> None:
    async with cluster(racks) as stage:
        assert (stage.driver.bridge.failures, stage.driver.bridge.connects) == (failures, connects)
        assert not stage.driver.bridge.defective


async def test_it_starts_from_open_contactors_and_stops_again_within_the_time_of_the_system_above() -> None:
    async with cluster(5) as stage:
        driver, bench = stage.driver, stage.bench
        assert bench.get("racks_connected") == 0
        assert await stage.start() < START_TIMEOUT
        assert bench.get("racks_connected") == 5
        driver.target = False
        assert await stage.until(State.STOPPED) < START_TIMEOUT
        assert bench.get("racks_connected") == 0
        assert [bench.get(f"rack[{rack}].enabled") for rack in driver.racks] == [0] * 5
        await stage.start()
        assert bench.get("racks_connected") == 5
        assert driver.bridge.failures == 0


async def test_what_it_derives_agrees_with_the_battery_in_every_cycle_of_many_rounds() -> None:
    async with cluster(2) as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        for power in (60e3, -80e3, 0.0):
            stage.ask_power(power)
            for _ in range(2 * driver.bridge.low_count):
                await stage.cycle()
                await driver.bridge.run_cycle()  # time stands still: what it reads now is what there is
                assert driver.limits == pytest.approx(
                    (bench.get("charge_current_limit"), bench.get("discharge_current_limit")), abs=0.051
                )
                assert driver.current == pytest.approx(bench.get("current"), abs=0.051 if power else 2.0)
                assert driver.soc == pytest.approx(100.0 * bench.get("rack_soc_avg"), abs=1.01)
                assert driver.cell_voltages == pytest.approx(
                    (1e3 * bench.get("cell_voltage_min"), 1e3 * bench.get("cell_voltage_max")), abs=0.51
                )
                for rack in driver.racks:
                    assert driver.rack_current(rack) == pytest.approx(bench.get(f"rack[{rack}].current"), abs=0.051)
            assert power * bench.get("current") >= 0.0
            assert (abs(bench.get("current")) > 50.0) == (power != 0.0)
        assert driver.state is State.RUNNING
        assert driver.bridge.failures == 2  # the third rack, which is not there


async def test_a_cell_beyond_its_voltage_shows_level_by_level_and_the_driver_recovers_after_a_reset() -> None:
    async with cluster(2) as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        words = driver.bridge.registers
        levels = {(0x142, 0x1093): "3.56V", (0x141, 0x1094): "3.61V", (0x140, 0x1095): "3.70V"}
        expected: list[tuple[int, int]] = []
        for level, voltage in levels.items():
            bench.fault("stuck", "rack[2].cell[7].voltage", "cell", value=voltage)
            await bench.run(10)
            await stage.read_all()
            expected.append(level)
            assert [each for each in levels if words[base(2) + each[0]] & 1] == expected
            assert [each for each in levels if words[each[1]] & 1] == expected
            assert not any(words[base(1) + rack] & 1 for rack, _ in levels)
            bench.clear("cell")
        assert driver.state is not State.RUNNING
        assert (words[0x1083] >> 5 & 1, words[0x1084] >> 5 & 1) == (0, 1)
        assert [bench.get(f"rack[{rack}].connected") for rack in driver.racks] == [1, 0]
        bench.write({"alarm_reset": 1})
        await stage.until(State.RUNNING)
        assert bench.get("racks_connected") == 2


async def test_silence_beyond_the_watchdog_opens_the_racks_and_the_driver_brings_them_back() -> None:
    async with cluster(2) as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        await stage.read_all()
        words = driver.bridge.registers
        assert words[0x1024] == bench.get("master_timeout") == WATCHDOG
        await bench.run(WATCHDOG - 5)
        assert bench.get("master_lost") == 0
        assert bench.get("discharge_current_limit") > 0
        await bench.run(10)
        assert bench.get("master_lost") == 1
        assert bench.get("discharge_current_limit") == bench.get("racks_connected") == 0
        await driver.bridge.execute(next(read for read in driver.bridge.reads if read.start == 0x1081))
        assert words[0x1081] == 1 << 2
        await stage.read_all()
        assert words[0x1081] == 0
        await stage.until(State.RUNNING)
        await stage.read_all()
        assert bench.get("racks_connected") == 2
        assert min(driver.limits or (0.0,)) > 0
        assert driver.state is State.RUNNING


async def test_a_connection_that_the_server_closes_costs_a_second_try_and_nothing_else() -> None:
    async with cluster(2, modbus__idle_timeout_s=0.5) as stage:
        bridge = stage.driver.bridge
        await stage.start()
        answered, connects, failures = bridge.answered, bridge.connects, bridge.failures
        for n in range(1, 41):
            await stage.driver.run_cycle()
            assert stage.bench.server.connection_count() == 1
            assert bridge.answered - answered == 4 * n
            assert bridge.connects - connects == bridge.failures - failures == n
            await stage.run()
            assert stage.bench.server.connection_count() == 0
        assert stage.driver.state is State.RUNNING


async def test_an_answer_that_stays_away_now_and_then_is_asked_for_again() -> None:
    async with cluster(2) as stage:
        bridge = stage.driver.bridge
        await stage.start()
        failures = bridge.failures
        stage.hurry()
        stage.bench.fault("silence", f"modbus:{MAP}", "flaky", probability=0.1)
        for _ in range(60):
            await stage.cycle()
            assert stage.bench.server.connection_count() <= 1
        assert bridge.failures > failures
        assert not bridge.communication_failed


async def test_a_silent_battery_is_left_alone_ever_longer_and_stopped_before_it_starts_anew() -> None:
    async with cluster(2) as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        stage.hurry()
        bench.fault("silence", f"modbus:{MAP}", "dead")
        await bench.run(0.2)
        tries = []
        for _ in range(30):
            failures = driver.bridge.failures
            await stage.cycle()
            if driver.bridge.failures > failures:
                tries.append((driver.bridge.cycles, (driver.bridge.failures - failures) // 2))
        assert [count for _, count in tries] == [4, 1, 1]
        assert [later - earlier for (earlier, _), (later, _) in pairwise(tries)] == [4 * REST, 5 * REST]
        assert driver.state is State.ERROR
        bench.clear("dead")
        await stage.cycle(20)
        assert bench.get("racks_connected") == 0
        assert await stage.until(State.RUNNING, 2 * START_TIMEOUT) > ERROR_PAUSE - 60
        assert bench.get("racks_connected") == 2
