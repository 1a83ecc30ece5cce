"""The driver of OpenEMS for the Pylontech PowerCube M2 runs piles through start, operation, faults and stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bms_emulator.testing.served import ServedBench
from hil.openems.bridge import Bridge, long
from hil.openems.driver import ERROR_PAUSE, State
from hil.openems.powercube_m2 import PowerCubeM2, base
from hil.openems.stage import PATIENT, START_TIMEOUT, Stage

MAP, SITE, PILES = "pile-sleepwake", "ems-pile-sleepwake", 12

LAST_OF_SYSTEM = 0x1148
"""Register that is read after all others of the system, and before those of the piles."""


@dataclass
class Battery(Stage):
    driver: PowerCubeM2


@asynccontextmanager
async def battery() -> AsyncIterator[Battery]:
    """A battery on the bench and its driver, of which nothing is asked yet."""
    async with ServedBench(SITE, {"initial.rack_soc_spread_percent": 0}) as bench:
        await bench.run(5)
        driver = PowerCubeM2(Bridge(*bench.address(MAP), timeout=PATIENT))
        try:
            yield Battery(bench, driver)
        finally:
            driver.bridge.close()


async def test_piles_are_found_once_the_system_has_said_how_many_there_are() -> None:
    async with battery() as stage:
        bridge = stage.driver.bridge
        assert bridge.low_count == 6
        await stage.cycle(4)
        assert len(stage.driver.piles) == PILES
        assert bridge.low_count == 6 + 3 * PILES
        await stage.cycle(2 + 3 * PILES + 6)  # what is left of the first round, and a whole one
        wanted = {address for read in bridge.reads for address in read.addresses}
        assert wanted <= bridge.registers.keys()
        assert bridge.answered == bridge.cycles
        assert (bridge.connects, bridge.failures) == (1, 0)


async def test_it_wakes_and_sleeps_within_the_time_of_the_system_above() -> None:
    async with battery() as stage:
        driver, bench = stage.driver, stage.bench
        assert await stage.start() < START_TIMEOUT
        await stage.read_all()
        assert bench.get("racks_connected") == PILES
        assert driver.bridge.registers[0x1100] & 1 << 10
        driver.target = False
        assert await stage.until(State.STOPPED) < START_TIMEOUT
        assert bench.get("racks_connected") == 0
        await stage.read_all()
        assert driver.bridge.registers[0x1100] == 1 << 13
        assert [driver.bridge.registers[base(pile)] for pile in driver.piles] == [1 << 13] * PILES
        await stage.start()
        assert driver.bridge.failures == 0


async def test_what_it_derives_agrees_with_the_battery_once_all_was_read() -> None:
    async with battery() as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        for power, state in ((1e6, 2), (-1.2e6, 1), (0.0, 3)):
            stage.ask_power(power)
            await bench.run(5)
            await stage.read_all()
            for _ in range(driver.bridge.low_count):  # time stands still: what it reads now is what there is
                await driver.bridge.run_cycle()
            words = driver.bridge.registers
            assert words[0x1100] & 7 == state
            assert driver.current == pytest.approx(bench.get("current"), abs=0.0051)
            assert driver.limits == pytest.approx(
                (bench.get("charge_current_limit"), bench.get("discharge_current_limit")), abs=0.0051
            )
            assert driver.soc == pytest.approx(100.0 * bench.get("soc"), abs=0.51)
            for pile in driver.piles:
                at = base(pile)
                assert words[at + 7] == pytest.approx(1e3 * bench.get(f"rack[{pile}].soc"), abs=0.51)
                current = long(words[at + 4], words[at + 5])
                assert current == pytest.approx(100.0 * bench.get(f"rack[{pile}].current"), abs=0.51)
                assert long(words[at + 0xD], words[at + 0xE]) <= 0
        assert driver.state is State.RUNNING


async def test_a_fault_of_one_pile_stops_the_driver_until_it_is_reset() -> None:
    async with battery() as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        bench.fault("stuck", "rack[3].cell[41].voltage", "cell", value="3.70V")
        await bench.run(10)
        await stage.read_all()
        words = driver.bridge.registers
        assert words[0x1101] == words[base(3) + 1] == 1 << 1
        assert words[0x1102] & words[base(3) + 2] == 1 << 1
        assert words[base(2) + 1] == 0
        assert words[0x1100] & (1 << 3 | 1 << 5) == 1 << 3 | 1 << 5
        assert driver.state is State.ERROR
        assert bench.get("rack[3].connected") == 0
        bench.clear("cell")
        await bench.run(10)
        bench.write({"alarm_reset": 1})
        assert await stage.until(State.RUNNING, 2 * START_TIMEOUT) < 2 * ERROR_PAUSE
        await stage.cycle(60)
        assert bench.get("racks_connected") == PILES
        assert driver.state is State.RUNNING


async def test_warnings_do_not_stop_the_driver() -> None:
    async with battery() as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        bench.fault("stuck", "rack[3].cell[41].voltage", "cell", value="3.61V")
        await bench.run(10)
        await stage.read_all()
        assert driver.bridge.registers[0x1102] == 1 << 1
        assert driver.bridge.registers[0x1101] == 0
        assert driver.state is State.RUNNING


async def test_nobody_is_missed_where_there_is_no_heartbeat() -> None:
    async with battery() as stage:
        await stage.start()
        await stage.bench.run(600)
        assert stage.bench.get("racks_connected") == PILES
        await stage.read_all()
        assert stage.driver.state is State.RUNNING


async def test_an_order_whose_answers_stay_away_is_repeated_until_it_is_obeyed() -> None:
    async with battery() as stage:
        driver, bench = stage.driver, stage.bench
        await stage.start()
        driver.bridge.registers.pop(LAST_OF_SYSTEM)
        while LAST_OF_SYSTEM not in driver.bridge.registers:  # piles come next, and the state is not soon forgotten:
            await stage.cycle()  # where it is not known, the driver thinks the battery asleep
        stage.hurry()
        bench.fault("silence", f"modbus:{MAP}", "dead")
        await bench.run(0.2)
        driver.target = False
        for _ in range(40):
            await stage.cycle()
            assert bench.server.connection_count() <= 1
        assert driver.state is State.GO_STOPPED
        bench.clear("dead")
        assert await stage.until(State.STOPPED) < START_TIMEOUT
        assert bench.get("racks_connected") == 0
