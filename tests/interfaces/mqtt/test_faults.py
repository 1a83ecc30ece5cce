"""Each kind of fault of MQTT, seen by a client of the broker, and what is left when it is cleared."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from bms_emulator.faults.registry import find
from bms_emulator.faults.target import classify
from bms_emulator.interfaces.mqtt import reconnect
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.mqtt.served import BASE, PATIENCE, Subscriber, served, subscribed
from tests.interfaces.mqtt.test_outage import free_port, mosquitto

STATE = f"{BASE}/pcs/1/state"
STATUS = f"{BASE}/status"


def put(link: FakeSite, *kinds: str, **settings: Any) -> None:
    """Let faults of these kinds, and no others, act."""
    link.faults.clear()
    for word in kinds:
        kind = find(word, classify("mqtt"), "mqtt")
        about = {"id": word, "name": word, "seed": 5, "kind": kind.kind, "target": "mqtt"}
        link.faults[word] = about | kind.model_validate(settings).bend(1.0)  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def watched(link: FakeSite, topic: str = STATE, **options: Any) -> AsyncIterator[Subscriber]:
    """A client that has seen the first state of the site."""
    async with served(link, **options) as port, subscribed(port, topic) as client:
        await client.next()
        yield client


def is_json(message: aiomqtt.Message) -> bool:
    try:
        return isinstance(json.loads(message.payload), dict)
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("form", "seen"),
    [
        ("cut", lambda payload: payload.startswith(b'{"tick"') and not payload.endswith(b"}")),
        ("empty", lambda payload: payload == b""),
        ("binary", lambda payload: payload.startswith(b"\xff\xfe")),
        ("shape", lambda payload: payload.startswith(b"[")),
    ],
)
async def test_a_malformed_payload_cannot_be_read_until_it_is_cleared(form: str, seen: Callable[[bytes], bool]) -> None:
    link = FakeSite()
    async with watched(link) as client:
        put(link, "malformed", form=form)
        assert seen((await client.next(lambda message: not is_json(message))).payload)
        put(link)
        await client.next(is_json)


async def test_an_oversized_message_still_says_what_it_says() -> None:
    link = FakeSite()
    async with watched(link) as client:
        put(link, "oversized", size=100_000)
        large = await client.next(lambda message: len(message.payload) >= 100_000)
        assert json.loads(large.payload)["state"] == "off"
        put(link)
        await client.next(lambda message: len(message.payload) < 100_000)


async def test_stale_messages_say_what_was_when_the_fault_began_and_stay_retained() -> None:
    link = FakeSite()
    async with served(link) as port, subscribed(port, STATE) as client:
        link.tick = 7
        put(link, "stale")
        await client.next(lambda message: json.loads(message.payload)["tick"] == 7)
        await asyncio.sleep(0.3)
        link.tick = 8
        assert json.loads((await client.next()).payload)["tick"] == 7
        async with subscribed(port, STATE) as late:
            found = await late.next()
            assert (found.retain, json.loads(found.payload)["tick"]) == (True, 7)
        put(link)
        await client.next(lambda message: json.loads(message.payload)["tick"] == 8)


async def test_messages_of_another_identity_come_under_its_topics() -> None:
    link = FakeSite()
    async with watched(link, "bms/+/pcs/1/state") as client:
        put(link, "wrong-identity")
        await client.next(lambda message: str(message.topic) == f"{BASE}-other/pcs/1/state")
        put(link)
        await client.next(lambda message: str(message.topic) == STATE)


async def events(client: Subscriber, count: int) -> list[int]:
    return [json.loads((await client.next()).payload)["sequence"] for _ in range(count)]


@contextlib.asynccontextmanager
async def watched_events(link: FakeSite) -> AsyncIterator[Subscriber]:
    """A client that has seen the first event; the state is told once."""
    async with served(link, period_s=3600) as port, subscribed(port, f"{BASE}/event") as client:
        link.happen()
        await client.next()
        yield client


async def settle() -> None:
    """Let the server look at its faults."""
    await asyncio.sleep(0.25)


async def test_duplicates_have_the_same_sequence() -> None:
    link = FakeSite()
    async with watched_events(link) as client:
        put(link, "duplicate", copies=2)
        await settle()
        link.happen()
        link.happen()
        assert await events(client, 4) == [2, 2, 3, 3]
        put(link)
        await settle()
        link.happen()
        assert await events(client, 1) == [4]


async def test_messages_change_places_in_pairs_and_none_is_lost() -> None:
    link = FakeSite()
    async with watched_events(link) as client:
        put(link, "reorder")
        await settle()
        for _ in range(3):
            link.happen()
        assert await events(client, 2) == [3, 2]
        put(link)
        await settle()
        link.happen()
        assert await events(client, 2) == [5, 4]


async def test_lost_messages_leave_a_gap() -> None:
    link = FakeSite()
    async with watched_events(link) as client:
        put(link, "loss")
        await settle()
        link.happen()
        await settle()
        put(link)
        await settle()
        link.happen()
        assert await events(client, 1) == [3]


async def test_slow_messages_come_one_after_the_other_with_pauses() -> None:
    link, clock = FakeSite(), asyncio.get_running_loop().time
    async with watched_events(link) as client:
        put(link, "slow", time=0.2)
        await settle()
        began = clock()
        for _ in range(3):
            link.happen()
        assert await events(client, 3) == [2, 3, 4]
        assert clock() - began >= 0.6
        put(link)


async def test_the_share_of_messages_that_is_hit_repeats_with_the_seed() -> None:
    async def arrived() -> list[int]:
        link = FakeSite()
        async with watched_events(link) as client:
            put(link, "loss", probability=0.5)
            await settle()
            for _ in range(20):
                link.happen()
            await settle()
            put(link)
            await settle()
            link.happen()
            found = [0]
            while found[-1] != 22:
                found += await events(client, 1)
            return found

    first = await arrived()
    assert 5 < len(first) < 19
    assert await arrived() == first


async def test_a_broker_that_is_down_takes_nobody_and_comes_back_with_what_it_kept() -> None:
    link = FakeSite()
    async with served(link) as port:
        async with subscribed(port, STATE) as client:
            await client.next()
            put(link, "broker-down")
            with pytest.raises(aiomqtt.MqttError):
                await client.next(lambda message: False)
        with pytest.raises(aiomqtt.MqttError):
            async with subscribed(port):
                pass
        put(link)
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(aiomqtt.MqttError):
                    async with subscribed(port, STATE) as client:
                        await client.next(lambda message: not message.retain)
                        break
                await asyncio.sleep(0.05)


@pytest.mark.component
async def test_a_lost_connection_brings_the_last_will_at_once_and_the_birth_when_it_is_cleared(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    link, port = FakeSite(), free_port()
    async with (
        mosquitto(require_program("mosquitto"), port, tmp_path),
        subscribed(port, STATUS) as client,
        served(link, broker=f"mqtt://127.0.0.1:{port}"),
    ):
        await client.next(lambda message: message.payload == b"online")
        put(link, "disconnect")
        assert (await client.next()).payload == b"offline"
        put(link)
        assert (await client.next()).payload == b"online"


@pytest.mark.component
async def test_an_emulator_that_hangs_is_missed_late_and_is_there_again_when_it_is_cleared(
    require_program: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnect, "KEEPALIVE", 1)
    link, port, clock = FakeSite(), free_port(), asyncio.get_running_loop().time
    async with (
        mosquitto(require_program("mosquitto"), port, tmp_path),
        subscribed(port, STATUS) as client,
        served(link, broker=f"mqtt://127.0.0.1:{port}"),
    ):
        await client.next(lambda message: message.payload == b"online")
        put(link, "late-will")
        began = clock()
        assert (await client.next()).payload == b"offline"
        assert clock() - began >= 1.0
        put(link)
        assert (await client.next()).payload == b"online"
