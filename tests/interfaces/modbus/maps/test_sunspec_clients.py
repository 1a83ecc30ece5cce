"""Battery, PCS and meter as SunSpec clients meet them: walks, scans, values, writes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bms_emulator.interfaces.modbus.heartbeat import MODULUS
from bms_emulator.profile.loader import load_site
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.maps.sunspec_client import complaints, other, point_of, scan, scanned, writable, write
from tests.interfaces.modbus.rig import Rig, on_free_ports

BANK, PCS, METER = 1, 100, 200
RACKS = range(11, 23)
LISTENER = {"battery": 0, "pcs": 1, "meter": 3}
SUNS = Path(sys.executable).with_name("suns.py")


@pytest.fixture(scope="module")
def demo() -> FakeLink:
    """The 5 MWh container with values that can be told apart."""
    link = FakeLink(on_free_ports(load_site("demo")))
    link.set("rack[*].cell[*].voltage", 3.3)
    link.set("rack[12].cell[416].voltage", 3.456)
    link.set("rack[12].cell[415].balancing", 1)
    link.set("rack[12].pack[4].balancing_count", 1)
    link.set("rack[*].temperature_sensor[*].temperature", 298.15)
    link.set("rack[12].temperature_sensor[208].temperature", 263.15)
    link.set("rack[3].soc", 0.375)
    link.set("rack[12].cycle_count", 123)
    link.set("rack[5].disabled_reason", 2)
    link.set("soc", 0.5)
    link.set("soh", 0.98)
    link.set("current", -1234.5)
    link.set("power", -1.5e6)
    link.set("charge_status", 4)
    link.set("inverter_request", 2)
    link.set("power_request", -2e5)
    link.set("charge_voltage_limit", 1497.6)
    link.set("operation", 1)
    link.set("heartbeat", 65535)
    link.set("heartbeat_master", MODULUS + 7)
    link.set("rack[7].alarm[overtemperature_charge].level", 2)
    link.set("rack[2].alarm[fuse_open].level", 1)
    link.set("alarm[door_open].level", 1)
    for point, value in {
        "power": 1.25e6,
        "phase[b].current": 1234.0,
        "frequency": 49.987,
        "energy_exported": 3.6e9,
        "faults": 1 << 2 | 1 << 8,  # overtemperature, DC breaker
        "limits": 1 << 0 | 1 << 3,  # set limit, temperature
        "dc_voltage": 1331.2,
        "dc_current": 950.5,
        "in_service": 1,
    }.items():
        link.set(f"pcs[1].{point}", value)
    link.set("meter.power", -3.2e5)
    link.set("meter.phase[a].power", -1e5)
    link.set("meter.power_factor", -0.95)
    link.set("meter.phase[c].line_voltage", 691.5)
    link.set("meter.energy_imported", 7.2e6)
    link.set("meter.reactive_energy_q4", (2.0**32 + 5) * 3600)
    link.set("meter.over_voltage", 1)
    link.step()
    return link


@pytest.fixture
async def served(demo: FakeLink) -> AsyncIterator[Rig]:
    rig = Rig(demo)
    await rig.server.start()
    yield rig
    await rig.close()


def address(served: Rig, device: str) -> tuple[str, int]:
    return served.server.listeners[LISTENER[device]].address


@pytest.mark.parametrize(
    ("device", "units", "models"),
    [
        ("battery", [BANK], [1, 802, 803, 713, 715]),
        ("battery", list(RACKS), [1, 804, *[805] * 4]),
        ("pcs", [PCS], [1, 701, 702, 703, 704, 713, 714, 715]),
        ("meter", [METER], [1, 203, 213]),
    ],
)
async def test_client_finds_every_model_without_complaint(
    served: Rig, device: str, units: list[int], models: list[int]
) -> None:
    for unit in units:
        found = complaints(await asyncio.to_thread(scan, address(served, device), unit))
        assert found == [(number, "") for number in models]


@pytest.mark.parametrize(("device", "unit"), [("battery", BANK), ("battery", 22), ("pcs", PCS), ("meter", METER)])
async def test_a_walk_that_reads_id_and_length_one_by_one_ends_at_the_end_model(
    served: Rig, device: str, unit: int
) -> None:
    """As OpenEMS walks: some devices do not supply the length of the end model."""
    client = await served.client(LISTENER[device])
    assert await client.read(40000, 2, unit) == b"SunS"
    at, walked = 40002, []
    while (number := int.from_bytes(await client.read(at, 1, unit), "big")) != 0xFFFF:
        length = int.from_bytes(await client.read(at + 1, 1, unit), "big")
        for first in range(at, at + 2 + length, 125):
            await client.read(first, min(125, at + 2 + length - first), unit)
        walked.append(number)
        at += 2 + length
    assert len(walked) >= 3
    assert await client.read(at + 1, 1, unit) == b"\0\0"


async def test_the_public_command_line_scan_prints_all_models(served: Rig) -> None:
    host, port = address(served, "pcs")
    scan = await asyncio.create_subprocess_exec(
        sys.executable, str(SUNS), "-i", host, "-P", str(port), "-a", str(PCS), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await scan.communicate()
    assert scan.returncode == 0
    text = told.decode()
    assert all(name in text for name in ("DERMeasureAC", "DERCapacity", "DERCtlAC", "DERMeasureDC"))


async def test_client_reads_the_bank_in_its_units(served: Rig) -> None:
    models = await asyncio.to_thread(scan, address(served, "battery"), BANK)
    [battery], [bank], [common], [capacity], [control] = (models[n] for n in (802, 803, 1, 713, 715))
    assert (common.Mn.value, common.SN.value) == ("BMS Emulator", "demo-C001")
    assert battery.SoC.cvalue == pytest.approx(50.0)
    assert battery.DoD.cvalue == pytest.approx(50.0)
    assert battery.A.cvalue == pytest.approx(-1234.5)
    assert battery.W.cvalue == pytest.approx(-1.5e6)
    assert battery.WHRtg.cvalue == pytest.approx(5.016e6)
    assert battery.AHRtg.cvalue == pytest.approx(12 * 314)
    assert battery.VMax.cvalue == pytest.approx(1497.6)
    assert (battery.SoCMin.cvalue, battery.SoCMax.cvalue) == (0.0, 100.0)
    assert (battery.ChaSt.value, battery.ReqInvState.value) == (4, 2)
    assert battery.ReqW.cvalue == pytest.approx(-2e5)
    assert (battery.Hb.value, control.DERHb.value) == (0, 65535), "65535 would be not implemented"
    assert battery.CtrlHb.value == 7
    assert (control.ControllerHb.value, control.OpCtl.value) == (MODULUS + 7, 1)
    assert (capacity.SoC.cvalue, capacity.SoH.cvalue) == pytest.approx((50.0, 98.0))
    assert bank.NStr.value == 12
    assert bank.string[2].StrSoC.cvalue == pytest.approx(37.5)
    assert [string.StrDisRsn.value for string in bank.string[3:6]] == [0, 2, 0]


async def test_client_reads_alarms_by_their_bits(served: Rig) -> None:
    """Those of any rack and of the container in 802, those of each rack in 803 and 804."""
    models = await asyncio.to_thread(scan, address(served, "battery"), BANK)
    [battery], [bank] = models[802], models[803]
    overtemperature, warm, open_door, other_warning = 1 << 1, 1 << 2, 1 << 23, 1 << 26
    assert battery.Evt1.value == overtemperature | warm | open_door | other_warning
    assert battery.EvtVnd1.value == 0
    strings = {n + 1: string.StrEvt1.value for n, string in enumerate(bank.string) if string.StrEvt1.value}
    assert strings == {2: other_warning, 7: overtemperature | warm}
    assert [n + 1 for n, string in enumerate(bank.string) if string.StrEvtVnd2.value] == [2]
    models = await asyncio.to_thread(scan, address(served, "battery"), 17)
    assert models[804][0].Evt1.value == overtemperature | warm


async def test_client_reads_the_last_cell_of_the_last_rack(served: Rig) -> None:
    models = await asyncio.to_thread(scan, address(served, "battery"), 22)
    [string] = models[804]
    assert string.Idx.value == 12
    assert [module.ModIdx.value for module in models[805]] == [1, 2, 3, 4]
    assert [module.NCellBal.value for module in models[805]] == [0, 0, 0, 1]
    assert [module.NCyc.value for module in models[805]] == [123] * 4
    [cells] = [group for name, group in models[805][3].groups.items() if "cell" in name]
    assert len(cells) == 104
    assert cells[103].CellV.cvalue == pytest.approx(3.456)
    assert [cells[n].CellTmp.cvalue for n in (101, 102, 103)] == pytest.approx([25.0, -10.0, -10.0])
    assert [cells[n].CellSt.value for n in (101, 102, 103)] == [0, 1, 0]


async def test_client_reads_the_pcs(served: Rig) -> None:
    models = await asyncio.to_thread(scan, address(served, "pcs"), PCS)
    [measured], [ratings], [capacity], [dc] = (models[n] for n in (701, 702, 713, 714))
    assert measured.W.cvalue == pytest.approx(1.25e6)
    assert measured.AL2.cvalue == pytest.approx(1234.0)
    assert measured.Hz.cvalue == pytest.approx(49.987)
    assert measured.TotWhInj.cvalue == pytest.approx(1e6)
    assert measured.Alrm.value == 1 << 3 | 1 << 7
    assert measured.ThrotSrc.value == 1 << 0 | 1 << 14
    assert ratings.WMaxRtg.cvalue == pytest.approx(2.5e6)
    assert ratings.AMaxRtg.cvalue == pytest.approx(2301.0, abs=0.1)
    assert capacity.SoC.cvalue == pytest.approx(50.0)
    assert (dc.NPrt.value, dc.PrtAlrms.value) == (1, 1)
    [port] = dc.Prt
    assert (port.DCV.cvalue, port.DCA.cvalue) == pytest.approx((1331.2, 950.5))
    assert port.DCAlrm.value == 1 << 3 | 1 << 7


async def test_client_reads_the_meter_positive_in_import(served: Rig) -> None:
    models = await asyncio.to_thread(scan, address(served, "meter"), METER)
    for [meter] in (models[203], models[213]):
        assert (meter.W.cvalue, meter.WphA.cvalue) == pytest.approx((3.2e5, 1e5))
        assert meter.TotWhImp.cvalue == pytest.approx(2000.0)
        assert meter.Evt.value == 1 << 6
    assert models[203][0].PhVphCA.cvalue == pytest.approx(691.5)
    assert models[213][0].PPVphCA.cvalue == pytest.approx(691.5)
    assert models[203][0].PF.cvalue == pytest.approx(95.0)
    assert models[213][0].PF.cvalue == pytest.approx(0.95)
    assert models[203][0].TotVArhExpQ4.cvalue == pytest.approx(5.0)  # an accumulator begins anew


async def test_client_writes_one_point_and_adjacent_points(served: Rig) -> None:
    """One register goes by function 6, neighbours go together by function 16."""
    requests = [
        (802, {"CtrlHb": 41}),
        (802, {"SetOp": 1, "SetInvState": 3}),
        (802, {"SocRsvMax": 95.0}),
        (715, {"ControllerHb": 100_000}),
        (715, {"AlarmReset": 1, "OpCtl": 2}),
    ]
    served.link.commands.clear()
    await asyncio.to_thread(write, address(served, "battery"), BANK, *requests)
    assert [len(command.args["writes"]) for command in served.link.commands] == [1, 2, 1, 1, 2]
    shown = [served.link.get(name) for name in ("heartbeat_master", "request", "inverter_state", "operation")]
    assert shown == [100_000.0, 1.0, 3.0, 2.0]
    assert served.link.get("soc_reserve_max") == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("device", "unit", "count"), [("battery", BANK, 9), ("battery", 12, 2), ("pcs", PCS, 54), ("meter", METER, 0)]
)
async def test_every_writable_point_takes_what_the_client_writes(
    served: Rig, device: str, unit: int, count: int
) -> None:
    def write_all() -> int:
        with scanned(address(served, device), unit) as models:
            written = 0
            for model in [model for key, listed in models.items() if isinstance(key, int) for model in listed]:
                for name, value in {path: other(point) for path, point in writable(model)}.items():
                    point_of(model, name).value = value
                    model.write()
                    model.read()
                    assert point_of(model, name).value == value, (model.model_id, name)
                    written += 1
        return written

    before = served.link.arena.buffer.copy()
    assert await asyncio.to_thread(write_all) == count
    served.link.arena.buffer[:] = before
    served.link.step()
