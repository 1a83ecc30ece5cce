"""The embedded broker: what it passes on, and what it bears."""

import asyncio

import aiomqtt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bms_emulator.interfaces.mqtt import broker
from tests.interfaces.mqtt.served import PATIENCE, subscribed

_CONNECT = bytes((0x10, 13, 0, 4)) + b"MQTT" + bytes((4, 2, 0, 0, 0, 1)) + b"t"
_CONNACK = bytes((0x20, 2, 0, 0))


async def test_a_client_gets_what_is_retained_for_its_own_subscriptions_only() -> None:
    async with broker.embedded_broker("127.0.0.1", 0) as port, subscribed(port, "a/#") as first:
        await first.client.publish("a/1", "retained", qos=1, retain=True)
        await first.next()
        async with subscribed(port, "b") as second:
            await second.client.publish("b", "live", qos=1)
            heard = await second.next()
        async with subscribed(port, "a/+") as third:
            late = await third.next()
    assert (str(heard.topic), heard.payload) == ("b", b"live")
    assert (late.payload, late.retain) == (b"retained", True)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(high=st.integers(1, 40), low=st.sampled_from([0, 0x5F, 0x60, 0x7F]))
def test_no_message_waits_because_of_its_length(monkeypatch: pytest.MonkeyPatch, high: int, low: int) -> None:
    """0x60 with the bit that says that more follows is what begins a farewell, too."""
    monkeypatch.setattr(broker, "FAREWELL", 3600.0)
    length = high << 7 | low

    async def send() -> None:
        async with broker.embedded_broker("127.0.0.1", 0) as port, subscribed(port, "t") as client:
            payload = b"x" * (length - 3)
            await client.client.publish("t", payload, qos=0)
            assert (await client.next()).payload == payload

    asyncio.run(send())


@pytest.mark.parametrize("begun", [b"", b"\x30", b"\x30\x80", b"\x30\x05\x00"])
async def test_a_packet_that_never_ends_ends_the_connection(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(broker, "STALL_MAX", 0.2)
    async with broker.embedded_broker("127.0.0.1", 0) as port, asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if begun:
            writer.write(_CONNECT + begun)
            assert await reader.readexactly(len(_CONNACK)) == _CONNACK
        assert await reader.read() == b""
        writer.close()


async def test_a_client_may_be_silent_between_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "STALL_MAX", 0.2)
    async with (
        broker.embedded_broker("127.0.0.1", 0) as port,
        aiomqtt.Client("127.0.0.1", port, keepalive=0) as silent,
        subscribed(port, "t") as client,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""  # one who says nothing at all has been dropped by now
        writer.close()
        await silent.publish("t", "still here", qos=1)
        assert (await client.next()).payload == b"still here"


@pytest.mark.parametrize("packet", [b"\x30\xff\xff\xff\xff\x01", b"\x30\xff\xff\x7f"])
async def test_a_length_that_cannot_be_ends_the_connection(packet: bytes) -> None:
    async with broker.embedded_broker("127.0.0.1", 0) as port, asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_CONNECT + packet)
        assert await reader.readexactly(len(_CONNACK)) == _CONNACK
        assert await reader.read() == b""
        writer.close()
