"""The connection over which JSON messages go: births, deaths, deliveries that outlast interruptions."""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiomqtt import Client, MqttError, Will
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bms_emulator.interfaces.mqtt.disturbance import DELIVERED, STATE
from bms_emulator.interfaces.mqtt.disturbance import Message as Outgoing
from bms_emulator.interfaces.mqtt.reconnect import (
    FAREWELL,
    Broker,
    heed_cancellation,
    publish_all,
    until_one_ends,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A message that arrived.

    Attributes:
        topic: On which topic.
        payload: What it says.
        retained: Whether the broker had kept it from earlier.
        response_topic: Where the sender wants its answer (MQTT 5), else None.
        correlation: What the answer is to carry along (MQTT 5), else None.
    """

    topic: str
    payload: bytes
    retained: bool
    response_topic: str | None
    correlation: bytes | None


class Connection:
    """A connection to a broker that comes back after every interruption.

    Args:
        broker: The broker.
        identifier: Client identifier.
        status_topic: Where "online" and "offline" are published, retained.
    """

    def __init__(self, broker: Broker, identifier: str, status_topic: str) -> None:
        self.online = asyncio.Event()
        """Set while messages can be published."""
        self._broker = broker
        self._identifier = identifier
        self._status_topic = status_topic
        self._client: Client | None = None
        self._unconfirmed: set[asyncio.Task[None]] = set()

    async def deliver(self, topic: str, payload: str, correlation: bytes | None = None) -> None:
        """Publish with QoS 1 and wait until the broker has it, over however many reconnects.

        The broker gets it twice only where it had it and its confirmation was lost.
        """
        faults, message = self._broker.disturbances, Outgoing(topic, payload, correlation)
        for each in await faults.bent(message, DELIVERED) if faults.is_busy else [message]:
            await self._deliver(each)

    async def _deliver(self, message: Outgoing) -> None:
        properties = None
        if message.correlation is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.CorrelationData = message.correlation
        while True:
            await self.online.wait()
            assert self._client is not None  # online
            publishing = asyncio.ensure_future(
                self._client.publish(message.topic, message.payload, qos=1, properties=properties, timeout=math.inf)
            )
            self._unconfirmed.add(publishing)
            try:
                await asyncio.wait((publishing,))
            finally:
                publishing.cancel()
                self._unconfirmed.discard(publishing)
            if not publishing.cancelled() and publishing.exception() is None:
                return
            await asyncio.sleep(0)  # the end of the connection is noticed elsewhere

    async def show(self, messages: Iterable[tuple[str, str]], retain: bool = True) -> None:
        """Publish with QoS 0: the next ones replace them, so a lost one is not missed.

        Args:
            messages: Topics and payloads; few of them wait for the broker at a time.
            retain: Whether the broker is to keep them.

        Raises:
            MqttError: The connection is lost.
        """
        assert self._client is not None  # called while online
        await publish_all(self._client, messages, retain, self._broker.disturbances, STATE)

    async def hold(
        self,
        topics: list[str],
        receive: Callable[[Message], None],
        while_online: Callable[[], Coroutine[Any, Any, None]],
        tried: Callable[[bool], None],
    ) -> None:
        """Stay connected until cancelled.

        Args:
            topics: What to subscribe to.
            receive: Called with each message that arrives.
            while_online: Started at every connect, after the birth message, and cancelled when the connection is lost.
            tried: Called after every attempt with its outcome.
        """

        async def session(client: Client) -> None:
            await client.subscribe([(topic, 1) for topic in topics])  # its answer proves that the broker accepted us
            await client.publish(self._status_topic, "online", qos=1, retain=True)
            heed_cancellation()
            _log.info("connected to %s", self._broker.address)
            self._client = client
            self.online.set()
            tried(True)
            try:
                await until_one_ends(_listen(client, receive), while_online())
            except asyncio.CancelledError:
                with suppress(MqttError):
                    await client.publish(self._status_topic, "offline", qos=1, retain=True, timeout=FAREWELL)
                raise
            finally:
                self.online.clear()
                for publishing in self._unconfirmed:
                    publishing.cancel()

        will = Will(self._status_topic, "offline", qos=1, retain=True)
        await self._broker.keep_connected(lambda: self._broker.client(self._identifier, will), session, tried)


async def _listen(client: Client, receive: Callable[[Message], None]) -> None:
    async for message in client.messages:
        properties = message.properties
        payload = message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()
        receive(
            Message(
                str(message.topic),
                payload,
                bool(message.retain),
                getattr(properties, "ResponseTopic", None),
                getattr(properties, "CorrelationData", None),
            )
        )
