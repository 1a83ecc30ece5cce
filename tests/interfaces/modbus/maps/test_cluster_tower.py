"""The map cluster-tower: what its driver and single writes rely on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from bms_emulator.testing.served import ServedBench
from bms_emulator.units import kelvin
from tests.interfaces.modbus.maps.master import Master, RefusedError, signed

RACKS = 2
BASE = {1: 0x2000, 2: 0x3000, 3: 0x4000, 4: 0x5000, 5: 0x6000}
SILENCE, START_STOP = 0x1024, 0x10C3
PRECHARGE, CURRENT, VOLTAGES, TEMPERATURES = 0x010, 0x101, 0x800, 0xC00
LEVELS = {1: 0x080, 2: 0x040, 3: 0x400}
"""Threshold table of each level of an alarm."""


@asynccontextmanager
async def cluster() -> AsyncIterator[tuple[ServedBench, Master]]:
    """Two racks of which nobody is missed who does not ask to be."""
    sized = {"container.rack_count": RACKS, "container.pump.rated_flow_lpm": 40 * RACKS}
    async with ServedBench("ems-cluster-tower", sized | {"initial.rack_soc_spread_percent": 0}) as bench:
        await bench.run(5)
        host, port = bench.address("cluster-tower")
        async with AsyncModbusTcpClient(host, port=port, timeout=30, retries=0) as client:
            master = Master(client, 1)
            await master.write(SILENCE, 0)
            yield bench, master


async def test_racks_that_are_not_there_answer_that_they_are_not_wherever_they_are_asked() -> None:
    async with cluster() as (_, master):
        assert [await master.read(BASE[rack] + 0xC1) for rack in (1, 2)] == [[20], [20]]
        for rack in (3, 4, 5):
            for register in (0x000, 0x010, 0x0C1, 0x100, 0x800, 0xFFF):
                with pytest.raises(RefusedError) as refused:
                    await master.read(BASE[rack] + register)
                assert refused.value.code == ExcCodes.ILLEGAL_ADDRESS
        assert await master.read(0x1081, 21) == [0] * 21


async def test_one_request_starts_the_racks_that_are_used_and_one_stops_all() -> None:
    async with cluster() as (bench, master):
        await master.write(START_STOP, 1, 1, 2, 2, 2, 2)
        await bench.run(60)
        assert [await master.read(BASE[rack] + PRECHARGE) for rack in (1, 2)] == [[3], [0]]
        assert await master.read(START_STOP, 6) == [1, 1, 2, 0, 0, 0]
        await master.write(START_STOP, 1, 1, 1, 2, 2, 2)
        await bench.run(60)
        assert [await master.read(BASE[rack] + PRECHARGE) for rack in (1, 2)] == [[3], [3]]
        await master.write(START_STOP, 2, 2, 2, 2, 2, 2)
        await bench.run(10)
        assert [await master.read(BASE[rack] + PRECHARGE) for rack in (1, 2)] == [[0], [0]]


async def test_precharge_control_shows_how_far_a_rack_is_and_takes_orders_until_the_cluster_gets_one() -> None:
    async with cluster() as (bench, master):
        seen = await master.read(BASE[1] + PRECHARGE)
        await master.write(BASE[1] + PRECHARGE, 1)
        for _ in range(200):
            [stage] = await master.read(BASE[1] + PRECHARGE)
            seen += [stage] if seen[-1:] != [stage] else []
            await bench.run(0.1)
        assert seen == [0, 1, 2, 3]
        assert await master.read(BASE[2] + PRECHARGE) == [0]
        await master.write(START_STOP, 1)
        await bench.run(30)
        await master.write(BASE[1] + PRECHARGE, 0)
        await bench.run(10)
        assert [await master.read(BASE[rack] + PRECHARGE) for rack in (1, 2)] == [[0], [3]]
        await master.write(START_STOP, 1)
        await bench.run(30)
        assert [await master.read(BASE[rack] + PRECHARGE) for rack in (1, 2)] == [[3], [3]]
        with pytest.raises(RefusedError):
            await master.write(BASE[1] + PRECHARGE, 3)


async def test_the_master_shows_a_magnitude_and_a_direction_and_a_rack_a_signed_current() -> None:
    async with cluster() as (bench, master):
        await master.write(START_STOP, 1)
        await bench.run(60)
        find = bench.emulator.catalogue.find
        for power, direction in ((50e3, 1), (-50e3, 2)):
            asked = {"setpoint_enabled": 1.0, "power_setpoint": power}
            bench.order("write", writes=[[find(f"pcs[1].{name}")[1], value] for name, value in asked.items()])
            await bench.run(5)
            shown, current = await master.read(0x1044, 2)
            assert shown == direction
            assert current == pytest.approx(abs(10.0 * bench.get("current")), abs=0.51)
            [own] = await master.read(BASE[1] + CURRENT)
            assert signed(own) == pytest.approx(10.0 * bench.get("rack[1].current"), abs=0.51)
            assert signed(own) * power > 0


async def test_cells_and_their_temperatures_lie_module_by_module() -> None:
    async with cluster() as (bench, master):
        bench.fault("stuck", "rack[2].cell[25].voltage", "v", value="3.21V")
        bench.fault("stuck", "rack[2].temperature_sensor[13].temperature", "t", value="-5degC")
        await bench.run(5)
        assert (await master.read(BASE[2] + VOLTAGES + 24, 12))[0] == 3210
        assert (await master.read(BASE[1] + VOLTAGES + 24, 12))[0] != 3210
        served = await master.read(BASE[2] + TEMPERATURES + 24, 12)
        assert [signed(raw) for raw in served[:2]] == [-50, -50]
        assert served[0] == 65486, "the driver takes it for 6548.6 °C"


@pytest.mark.parametrize(("level", "table"), LEVELS.items())
async def test_a_threshold_that_a_master_writes_is_the_one_that_the_firmware_goes_by(level: int, table: int) -> None:
    async with cluster() as (bench, master):
        thresholds = await master.read(BASE[2] + table, 34)
        assert thresholds[0] == round(1e3 * bench.get(f"rack[2].threshold.cell_overvoltage.set[{level}]"))
        assert thresholds[0xC] == round(bench.get(f"rack[2].threshold.overtemperature_charge.set[{level}]") - kelvin(0))
        assert thresholds[0x12:0x14] == [0, 0]
        assert bench.get("rack[2].alarm[cell_overvoltage].level") == 0
        await master.write(BASE[2] + table, 3000, 2900)
        await bench.run(10)
        assert bench.get("rack[2].alarm[cell_overvoltage].level") == level
        assert bench.get("rack[1].alarm[cell_overvoltage].level") == 0
        shown = await master.read(BASE[2] + 0x140, 3)
        assert [word & 1 for word in shown] == [int(n <= level) for n in (3, 2, 1)]


@pytest.mark.parametrize("table", LEVELS.values())
async def test_a_table_of_thresholds_can_be_written_back_as_it_was_read(table: int) -> None:
    async with cluster() as (bench, master):
        thresholds = await master.read(BASE[1] + table, 34)
        await master.write(BASE[1] + table, *thresholds)
        await bench.run(1)
        assert await master.read(BASE[1] + table, 34) == thresholds


async def test_the_block_of_a_rack_can_be_read_to_its_end_whatever_number_of_modules_a_driver_asks_for() -> None:
    async with cluster() as (_, master):
        for start in (VOLTAGES, TEMPERATURES):
            assert await master.read(BASE[2] + start + 12 * 20, 12) == [0] * 12
        assert await master.read(BASE[2] + 0xFFF) == [0]


async def test_insulation_thresholds_count_for_both_poles() -> None:
    async with cluster() as (bench, master):
        await master.write(BASE[1] + LEVELS[1] + 0x16, 500, 600)
        for pole in ("positive", "negative"):
            assert bench.get(f"rack[1].threshold.insulation_{pole}.set[1]") == 500e3
            assert bench.get(f"rack[1].threshold.insulation_{pole}.clear[1]") == 600e3


async def test_any_request_shows_that_a_master_is_there() -> None:
    async with cluster() as (bench, master):
        await master.write(START_STOP, 1)
        await master.write(SILENCE, 20)
        for _ in range(6):
            await bench.run(10)
            assert await master.read(0x1081) == [0]
        assert bench.get("racks_connected") == RACKS
        await bench.run(28)
        assert await master.read(0x1081) == [1 << 2]
        assert bench.get("racks_connected") == 0
        await bench.run(2)
        assert await master.read(0x1081) == [0]
