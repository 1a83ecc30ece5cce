import asyncio
import json
import math

import pytest

from bms_emulator.interfaces.mqtt import broker
from bms_emulator.interfaces.mqtt.cells import CellArrays
from tests.interfaces.fake_site import FakeSite, demo_catalogue
from tests.interfaces.mqtt.served import BASE, served, subscribed


async def test_cells_of_a_rack_come_when_they_are_asked_for() -> None:
    link = FakeSite()
    link.tick = 42
    link.set("rack[3].cell[*].voltage", 3.312)
    link.set("rack[3].cell[2].voltage", math.nan)
    link.set("rack[3].temperature_sensor[*].temperature", 301.4)
    async with served(link) as port, subscribed(port, f"{BASE}/container/1/rack/+/cells") as client:
        await client.client.publish(f"{BASE}/container/1/rack/99/cells/get")
        await client.client.publish(f"{BASE}/container/1/rack/3/cells/get")
        answer = await client.next()
    told = json.loads(answer.payload)
    assert answer.topic.value == f"{BASE}/container/1/rack/3/cells"
    assert not answer.retain
    assert told["tick"] == 42
    assert len(told["voltage_v"]) == len(told["temperature_degc"]) == 416
    assert told["voltage_v"][:3] == [3.312, None, 3.312]
    assert set(told["temperature_degc"]) == {28.25}


async def test_a_retained_request_is_not_answered() -> None:
    async with (
        broker.embedded_broker("127.0.0.1", 0) as port,
        subscribed(port, f"{BASE}/container/1/rack/+/cells") as client,
    ):
        await client.client.publish(f"{BASE}/container/1/rack/1/cells/get", "now", qos=1, retain=True)
        async with served(FakeSite(), broker=f"mqtt://127.0.0.1:{port}"):
            async with subscribed(port, f"{BASE}/status") as early:
                await early.next(lambda message: message.payload == b"online")
            await client.client.publish(f"{BASE}/container/1/rack/2/cells/get", qos=1)
            answer = await client.next()
    assert answer.topic.value == f"{BASE}/container/1/rack/2/cells"


async def test_requests_for_one_rack_that_wait_are_answered_together() -> None:
    cells = CellArrays(demo_catalogue(), BASE)
    for rack in (5, 2, 5, 5, 99):
        cells.ask(f"{BASE}/container/1/rack/{rack}/cells/get")
    assert [await cells.asked_for(), await cells.asked_for()] == [4, 1]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await cells.asked_for()


async def test_all_cells_come_at_the_chosen_period() -> None:
    async with (
        served(FakeSite(), cells_period_s=0.2) as port,
        subscribed(port, f"{BASE}/container/1/rack/+/cells") as client,
    ):
        racks = [(await client.next()).topic.value.split("/")[5] for _ in range(24)]
    assert sorted(racks[:12]) == sorted(racks[12:]) == sorted(str(n) for n in range(1, 13))
