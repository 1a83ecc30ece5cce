import asyncio
import json
import logging
import socket

import aiomqtt
import pytest

from bms_emulator.interfaces.mqtt import broker
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.mqtt.served import BASE, served, subscribed


async def test_state_shows_one_tick_with_units_in_the_names() -> None:
    link = FakeSite()
    link.tick = 42
    link.set("rack[3].soc", 0.625)
    link.set("rack[3].temperature_max", 303.15)
    link.set("rack[3].mode", 4)
    link.set("rack[3].current", float("nan"))
    async with served(link) as port, subscribed(port, f"{BASE}/container/1/rack/3/state") as client:
        state = json.loads((await client.next()).payload)
    assert state["tick"] == 42
    assert state["time_s"] == 4.2
    assert state["soc_percent"] == 62.5
    assert state["temperature_max_degc"] == 30.0
    assert state["mode"] == "connected"
    assert state["current_a"] is None
    assert state["contactor"]["main_positive"] == {"feedback": False, "command": False}


async def test_state_is_retained_for_those_who_come_later() -> None:
    async with served(FakeSite(), period_s=3600) as port:
        async with subscribed(port, f"{BASE}/pcs/1/state") as client:
            await client.next()
        async with subscribed(port, f"{BASE}/pcs/1/state") as client:
            late = await client.next()
    assert late.retain
    assert json.loads(late.payload)["state"] == "off"


async def test_birth_says_online_and_the_end_says_offline() -> None:
    async with broker.embedded_broker("127.0.0.1", 0) as port, subscribed(port, f"{BASE}/status") as client:
        async with served(FakeSite(), broker=f"mqtt://127.0.0.1:{port}"):
            assert (await client.next()).payload == b"online"
        assert (await client.next()).payload == b"offline"


async def test_every_event_arrives_in_order_with_its_sequence() -> None:
    link = FakeSite()
    link.happen(level=2)
    async with served(link) as port, subscribed(port, f"{BASE}/event") as client:
        for level in range(3):
            link.happen(level=level)
        arrived = [json.loads((await client.next()).payload) for _ in range(3)]
    sequences = [event["sequence"] for event in arrived]
    assert sequences == list(range(sequences[0], sequences[0] + 3))
    assert arrived[0]["kind"] == "alarm"
    assert arrived[0]["source"] == "container[1].rack[3]"


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_client_that_publishes_and_leaves_is_heard(qos: int) -> None:
    async with served(FakeSite()) as port, subscribed(port, f"{BASE}/answer") as client:
        for n in range(3):
            async with aiomqtt.Client("127.0.0.1", port) as passer_by:
                await passer_by.publish(f"{BASE}/command", json.dumps({"id": str(n), "get": "container.soc"}), qos=qos)
        answered = {json.loads((await client.next()).payload)["id"] for _ in range(3)}
    assert answered == {"0", "1", "2"}


async def test_a_command_is_applied_and_answered_with_its_tick() -> None:
    link = FakeSite()
    link.tick = 7
    async with served(link) as port, subscribed(port) as client:
        answer = await client.ask({"id": "a", "set": {"pcs[1].power_setpoint": 1e6, "pcs[1].setpoint_mode": "watts"}})
    assert answer == {"id": "a", "accepted": True, "tick": 7, "time_s": 0.7, "message": ""}
    assert link.get("pcs[1].power_setpoint") == 1e6
    assert link.commands[0].origin == "mqtt:a"


async def test_a_command_sent_twice_is_applied_once() -> None:
    link = FakeSite()
    async with served(link) as port, subscribed(port) as client:
        command = {"id": "twice", "set": {"rack[2].enabled": False}}
        first = await client.ask(command)
        second = await client.ask(command)
    assert len(link.commands) == 1
    assert second == {**first, "repeated": True}


async def test_a_retained_command_is_never_applied() -> None:
    link = FakeSite()
    async with broker.embedded_broker("127.0.0.1", 0) as port, subscribed(port, f"{BASE}/answer") as client:
        command = json.dumps({"id": "old", "set": {"rack[2].enabled": False}})
        await client.client.publish(f"{BASE}/command", command, qos=1, retain=True)
        async with served(link, broker=f"mqtt://127.0.0.1:{port}"):
            answer = json.loads((await client.next()).payload)
    assert (answer["id"], answer["accepted"]) == ("old", False)
    assert "retained" in answer["message"]
    assert not link.commands


async def test_nonsense_gets_an_answer_that_says_what_is_allowed() -> None:
    link = FakeSite()
    async with served(link) as port, subscribed(port) as client:
        answers = [await client.ask(payload) for payload in (b"", b"\xff\xfe", b"[1]", {"id": "x", "do": 1}, b"NaN")]
        cells = await client.ask({"id": "g", "get": "rack[3].cell[1..3].voltage"})
    assert not any(answer["accepted"] for answer in answers)
    assert all('"set"' in answer["message"] for answer in answers)
    assert answers[3]["id"] == "x"
    assert cells["points"] == [{"name": "container.rack.cell.voltage", "unit": "V", "values": [3.3, 3.3, 3.3]}]
    assert not link.commands


async def test_the_embedded_broker_drops_who_sends_too_much(caplog: pytest.LogCaptureFixture) -> None:
    async with served(FakeSite()) as port:
        async with subscribed(port) as client:
            with pytest.raises(aiomqtt.MqttError):
                await client.client.publish("big", b"x" * (broker.PACKET_MAX + 1), qos=1, timeout=1.0)
            with pytest.raises(aiomqtt.MqttError, match="Disconnected"):
                await client.next(lambda message: False)
        async with subscribed(port, f"{BASE}/status") as client:
            assert (await client.next()).payload == b"online"
    assert "at most" in caplog.text


async def test_the_embedded_broker_caps_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "CONNECTIONS_MAX", 2)
    async with served(FakeSite()) as port, subscribed(port):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port, timeout=2.0):
                pass


async def test_the_embedded_broker_stays_on_loopback() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        async with broker.embedded_broker("0.0.0.0", 0):
            pass


async def test_a_taken_port_is_an_error_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address already in use"):
        async with served(FakeSite(), port=taken.getsockname()[1]):
            pass


async def test_off_serves_nothing_and_says_so() -> None:
    told: list[str] = []
    from bms_emulator.interfaces.mqtt import serve
    from bms_emulator.profile.site import Mqtt

    task = asyncio.create_task(serve(FakeSite(), Mqtt(broker="off"), told.append))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == ["MQTT off"]


async def test_an_absent_broker_is_warned_of_once_and_awaited(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    caplog.set_level(logging.WARNING)
    link = FakeSite()
    async with served(link, broker=f"mqtt://127.0.0.1:{port}"):
        await asyncio.sleep(0.5)  # time for several attempts
        link.happen(level=1)
        async with broker.embedded_broker("127.0.0.1", port), subscribed(port, f"{BASE}/event") as client:
            event = await client.next()
            warnings = [record for record in caplog.records if record.name.endswith("mqtt.reconnect")]
    assert json.loads(event.payload)["sequence"] == 1
    assert len(warnings) == 1
