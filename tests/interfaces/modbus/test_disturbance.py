"""Link faults: late answers and no answers, for whom they are meant and for nobody else."""

import asyncio
from typing import Any

import pytest

from bms_emulator.faults.registry import find
from bms_emulator.faults.target import classify
from bms_emulator.interfaces.modbus.disturbance import Disturbances, wire_faults
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Rig
from tests.interfaces.modbus.test_conformance import CTRL_HB, pdu

DELAY = 0.05


def fault(kind: str, target: str = "modbus", **parameters: Any) -> dict[str, Any]:
    """A fault as the emulator's status shows it, named after its kind."""
    settings = find(kind, classify(target), target).model_validate(parameters).bend(1.0)  # type: ignore[attr-defined]
    return {"id": 1, "name": kind, "kind": kind, "target": target, "seed": 5} | settings


def put(rig: Rig, *faults: dict[str, Any]) -> None:
    rig.link.faults = list(faults)
    rig.server.keep_house(0.0)


async def test_a_delayed_answer_holds_back_its_own_connection_only(rig: Rig) -> None:
    hit, other = await rig.client(), await rig.client()
    put(rig, fault("modbus-delay", "modbus:sunspec-battery/11", time=DELAY))
    clock = asyncio.get_running_loop().time
    began = clock()
    hit.send(pdu(3, 40000, 1), unit=11, transaction=1)
    hit.send(pdu(3, 40000, 1), unit=1, transaction=2)
    for _ in range(20):
        assert await other.read(40000, 2) == b"SunS"
    assert clock() - began < DELAY
    assert [(await hit.answer())[0], (await hit.answer())[0]] == [1, 2]
    assert clock() - began >= DELAY


async def test_a_delayed_write_is_executed_and_answered(rig: Rig) -> None:
    client = await rig.client()
    put(rig, fault("modbus-delay", "modbus", time=DELAY))
    assert await client.ask(pdu(6, CTRL_HB, 6)) == pdu(6, CTRL_HB, 6)
    assert len(rig.link.commands) == 1


async def test_silence_swallows_answers_of_its_map_only(rig: Rig) -> None:
    battery, pcs = await rig.client(0), await rig.client(1)
    put(rig, fault("modbus-silence", "modbus:sunspec-battery"))
    battery.send(pdu(3, 40000, 2), transaction=1)
    assert await pcs.read(40000, 2, unit=100) == b"SunS"
    put(rig)
    battery.send(pdu(3, 40000, 2), transaction=2)
    assert await battery.answer() == (2, 1, b"\x03\x04SunS")


async def test_the_device_itself_is_hit_as_its_first_unit(rig: Rig) -> None:
    client = await rig.client()
    put(rig, fault("modbus-silence", "modbus:sunspec-battery/1"))
    client.send(pdu(3, 40000, 2), unit=255, transaction=1)
    client.send(pdu(3, 40000, 2), unit=11, transaction=2)
    assert await client.answer() == (2, 11, b"\x03\x04SunS")


def draws(link: FakeLink, *updates: list[dict[str, Any]], count: int = 200, place: int = 0) -> list[float | None]:
    """Delays of so many answers of the first unit after each update, None where there is no answer."""
    device = link.plan.devices[0]
    disturbances = Disturbances(link, device, place)
    delays: list[float | None] = []
    for faults in updates:
        disturbances.update(wire_faults(faults))
        for _ in range(count):
            struck = disturbances.strike(device.units[1], None)
            delays.append(0.0 if struck is None else None if struck.is_silent else struck.delay)
    return delays


def test_jitter_and_chance_repeat_with_the_seed(link: FakeLink) -> None:
    faults = [fault("modbus-delay", probability=0.3, time=0.8, jitter=0.2)]
    first = draws(link, faults)
    assert first == draws(link, faults)
    assert draws(link, faults, faults, count=100) == first  # looking at the status changes nothing
    assert draws(link, faults, place=1) != first  # each device has its own chance
    struck = [delay for delay in first if delay]
    assert 0.2 < len(struck) / len(first) < 0.4
    assert min(struck) >= 0.6
    assert max(struck) <= 1.0


def test_delays_add_and_silence_wins(link: FakeLink) -> None:
    delay = fault("modbus-delay", time=0.5)
    assert draws(link, [delay, delay | {"id": 2}], count=1) == [pytest.approx(1.0)]
    assert draws(link, [delay, fault("modbus-silence") | {"id": 2}], count=1) == [None]


def test_a_resting_fault_and_faults_of_others_do_nothing(link: FakeLink) -> None:
    resting = fault("modbus-silence") | {"wire": None}
    other = {"id": 3, "name": "x", "kind": "stuck", "target": "rack[1].cell[1].voltage"}
    assert draws(link, [resting, other], count=1) == [0]
    assert draws(link, [fault("modbus-silence", "modbus:sunspec-pcs")], count=1) == [0]
