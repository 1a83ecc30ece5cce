"""What SunSpec control points do: bank, racks, heartbeats, resets, functions of the PCS with their reversion."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bms_emulator.testing.served import ServedBench
from tests.interfaces.modbus.maps.sunspec_client import Address, point_of, scanned

BATTERY, PCS = ("sunspec-battery", 1), ("pcs-sunspec", 100)
Device = tuple[str, int]
DISCONNECTED, CONNECTED, STANDBY = 1, 3, 4
REMOTE, LOCAL = 0, 1
EXTERNAL = 3
STOP, START, ENTER_STANDBY, EXIT_STANDBY = 0, 1, 2, 3


class Master:
    """A client of the bank and of the PCS."""

    def __init__(self, bench: ServedBench) -> None:
        self.bench = bench

    async def model(self, device: Device, number: int, **values: float) -> Any:
        """A model as it is now, after some of its points were written; groups are separated by two underscores."""

        def ask(address: Address) -> Any:
            with scanned(address, device[1]) as models:
                [found] = models[number]
                for name, value in values.items():
                    point_of(found, name.replace("__", ".")).cvalue = value
                if values:
                    found.write()
                return found

        return await asyncio.to_thread(ask, self.bench.address(device[0]))

    async def after(self, seconds: float, device: Device, number: int) -> Any:
        """A model some time later."""
        await self.bench.run(seconds)
        return await self.model(device, number)


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    async with ServedBench("cabinet") as bench:
        await bench.run(5.0)
        yield Master(bench)


@pytest.fixture
async def connected(master: Master) -> Master:
    await master.model(BATTERY, 802, SetOp=1)
    assert (await master.after(15.0, BATTERY, 802)).State.value == CONNECTED
    return master


async def test_the_bank_connects_stands_by_and_disconnects_as_715_asks(master: Master) -> None:
    await master.model(BATTERY, 715, OpCtl=START)
    bank = await master.after(20.0, BATTERY, 802)
    assert bank.State.value == CONNECTED
    assert bank.ADisChaMax.cvalue > 0.0
    await master.model(BATTERY, 715, OpCtl=ENTER_STANDBY)
    bank = await master.after(20.0, BATTERY, 802)
    assert (bank.AChaMax.cvalue, bank.ADisChaMax.cvalue) == (0.0, 0.0)
    assert (await master.model(BATTERY, 803)).NStrCon.value == 1
    await master.model(BATTERY, 715, OpCtl=EXIT_STANDBY)
    assert (await master.after(20.0, BATTERY, 802)).ADisChaMax.cvalue > 0.0
    await master.model(BATTERY, 715, OpCtl=STOP)
    bank = await master.after(20.0, BATTERY, 802)
    assert (bank.State.value, bank.SetOp.value) == (DISCONNECTED, 2)


async def test_a_bank_under_local_control_shows_it_and_takes_no_request(master: Master) -> None:
    master.bench.write({"control": LOCAL})
    bank = await master.model(BATTERY, 802, SetOp=1)
    bank = await master.after(20.0, BATTERY, 802)
    assert (bank.LocRemCtl.value, bank.State.value) == (LOCAL, STANDBY)
    assert (await master.model(BATTERY, 715)).LocRemCtl.value == LOCAL
    master.bench.write({"control": REMOTE})
    await master.model(BATTERY, 802, SetOp=2)
    await master.model(BATTERY, 802, SetOp=1)
    assert (await master.after(20.0, BATTERY, 802)).State.value == CONNECTED


async def test_a_rack_that_is_disabled_opens_and_says_why(connected: Master) -> None:
    await connected.model((BATTERY[0], 11), 804, SetEna=2)
    bank = await connected.after(20.0, BATTERY, 803)
    assert (bank.NStrCon.value, bank.string[0].StrDisRsn.value, bank.string[0].StrSt.value & 1) == (0, EXTERNAL, 0)
    await connected.model((BATTERY[0], 11), 804, SetEna=1)
    bank = await connected.after(20.0, BATTERY, 803)
    assert (bank.NStrCon.value, bank.string[0].StrDisRsn.value, bank.string[0].StrSt.value) == (1, 0, 3)


async def test_a_reset_takes_back_itself_and_the_alarm(connected: Master) -> None:
    bench = connected.bench
    bench.fault("stuck", "rack[1].cell[7].voltage", "ov", value="3.75V")
    bank = await connected.after(30.0, BATTERY, 802)
    over_voltage = 1 << 9 | 1 << 10
    assert bank.Evt1.value & over_voltage == over_voltage
    assert (await connected.model(BATTERY, 803)).string[0].StrDisRsn.value == 1
    bench.clear("ov")
    assert (await connected.after(30.0, BATTERY, 803)).NStrCon.value == 0
    await connected.model(BATTERY, 802, AlmRst=1)
    bank = await connected.after(30.0, BATTERY, 802)
    assert (bank.AlmRst.value, bank.Evt1.value & over_voltage, bank.State.value) == (0, 0, CONNECTED)


@pytest.mark.parametrize(("model", "point"), [(802, "CtrlHb"), (715, "ControllerHb")])
async def test_limits_fall_where_a_heartbeat_stands_and_return_with_it(
    connected: Master, model: int, point: str
) -> None:
    connected.bench.write({"master_timeout": 10.0})
    for beat in (5, 6, 60_000):
        await connected.model(BATTERY, model, **{point: beat})
        assert (await connected.after(8.0, BATTERY, 802)).ADisChaMax.cvalue > 0.0
    bank = await connected.after(8.0, BATTERY, 802)
    assert bank.ADisChaMax.cvalue == 0.0
    assert bank.Evt1.value & 1  # communication
    await connected.model(BATTERY, model, **{point: 0})
    assert (await connected.after(5.0, BATTERY, 802)).ADisChaMax.cvalue > 0.0


async def test_heartbeats_of_the_devices_count_seconds(master: Master) -> None:
    before = [(await master.model(*device)) for device in ((BATTERY, 802), (BATTERY, 715), (PCS, 715))]
    await master.bench.run(9.0)
    after = [(await master.model(*device)) for device in ((BATTERY, 802), (BATTERY, 715), (PCS, 715))]
    names = ("Hb", "DERHb", "DERHb")
    assert [getattr(b, n).value - getattr(a, n).value for a, b, n in zip(before, after, names, strict=True)] == [9] * 3


async def test_the_pcs_follows_its_functions_and_they_revert(connected: Master) -> None:
    await connected.bench.run(10.0)
    set_point = {"WSetMod": 1, "WSet": 50e3, "WSetRvrt": -20e3, "WSetEnaRvrt": 1, "WSetRvrtTms": 30, "WSetEna": 1}
    await connected.model(PCS, 704, **set_point)
    measured = await connected.after(10.0, PCS, 701)
    assert (measured.W.cvalue, measured.InvSt.value) == (pytest.approx(50e3, abs=200), 3)
    assert (await connected.model(PCS, 704)).WSetRvrtRem.value == pytest.approx(20, abs=1)
    assert (await connected.model(PCS, 714)).Prt[0].DCW.cvalue == pytest.approx(52e3, rel=0.05)
    assert (await connected.after(25.0, PCS, 701)).W.cvalue == pytest.approx(-20e3, abs=200)
    await connected.model(PCS, 704, WMaxLimPct=8.0, WMaxLimPctEna=1)
    measured = await connected.after(3.0, PCS, 701)
    assert measured.W.cvalue == pytest.approx(-10e3, abs=200)
    assert measured.ThrotSrc.value & 1
    await connected.model(PCS, 704, VarSetMod=1, VarSetPct=-40.0, VarSetEna=1)
    assert (await connected.after(3.0, PCS, 701)).Var.cvalue == pytest.approx(-33e3, abs=200)
    await connected.model(PCS, 704, VarSetEna=0, WMaxLimPctEna=0, PFWAbs__PF=0.8, PFWAbs__Ext=0, PFWAbsEna=1)
    measured = await connected.after(3.0, PCS, 701)
    assert (measured.W.cvalue, measured.Var.cvalue) == (pytest.approx(-20e3, abs=200), pytest.approx(15e3, abs=200))
    assert measured.PF.cvalue == pytest.approx(-0.8, abs=0.01)


async def test_settings_of_702_bound_the_power_and_703_takes_the_pcs_off(connected: Master) -> None:
    await connected.bench.run(10.0)
    await connected.model(PCS, 702, WDisChaRteMax=30e3)
    await connected.model(PCS, 704, WSetMod=1, WSet=60e3, WSetEna=1)
    assert (await connected.after(5.0, PCS, 701)).W.cvalue == pytest.approx(30e3, abs=200)
    await connected.model(PCS, 703, ES=0)
    measured = await connected.after(5.0, PCS, 701)
    assert (measured.W.cvalue, measured.St.value, measured.Alrm.value & 1 << 4) == (
        pytest.approx(0, abs=500),
        0,
        1 << 4,
    )
    await connected.model(PCS, 703, ES=1, ESDlyTms=20)
    await connected.bench.run(10.0)
    assert (await connected.model(PCS, 703)).ESDlyRemTms.value == pytest.approx(10, abs=2)
    assert (await connected.after(30.0, PCS, 701)).W.cvalue == pytest.approx(30e3, abs=200)


async def test_the_pcs_starts_stands_by_and_stops_as_715_asks(connected: Master) -> None:
    states = {STOP: 0, START: 3, ENTER_STANDBY: 7, EXIT_STANDBY: 3}
    for command, state in [*states.items(), (STOP, 0)]:
        await connected.model(PCS, 715, OpCtl=command)
        assert (await connected.after(15.0, PCS, 701)).InvSt.value == state, command
