"""An edge node on a broker: a connection of its own, since its last will is its death."""

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial

from aiomqtt import Client, MqttError, Will

from bms_emulator.interfaces.link import Command, Link
from bms_emulator.interfaces.mqtt.disturbance import SPARKPLUG
from bms_emulator.interfaces.mqtt.reconnect import (
    FAREWELL,
    INCOMING_MAX,
    Broker,
    heed_cancellation,
    publish_all,
    until_one_ends,
)
from bms_emulator.interfaces.mqtt.sparkplug.commands import Reader, RefusedError
from bms_emulator.interfaces.mqtt.sparkplug.host import PrimaryHost
from bms_emulator.interfaces.mqtt.sparkplug.metrics import NODE
from bms_emulator.interfaces.mqtt.sparkplug.node import NAMESPACE, Node
from bms_emulator.profile.site import Sparkplug

_log = logging.getLogger(__name__)


class EdgeNode:
    """A site as an edge node.

    Args:
        link: The running emulator.
        broker: The broker.
        options: Identifiers, period, primary host.
        name: Identifier of the edge node where the options give none.
    """

    def __init__(self, link: Link, broker: Broker, options: Sparkplug, name: str) -> None:
        self._link = link
        self._broker = broker
        self._period = options.period_s
        self._node = Node(link.catalogue, options.group, options.node or name, _utc_ms)
        self._host = PrimaryHost(options.primary_host)
        self._reader = Reader(self._node.metrics)
        self._arrived: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(INCOMING_MAX)
        self._is_rebirth_due = False
        self._wake = asyncio.Event()
        self._is_born = False

    async def run(self) -> None:
        """Speak until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._obey())
            await self._broker.keep_connected(self._client, self._session)

    def _client(self) -> Client:
        topic, payload = self._node.connect()
        will = Will(topic, payload, qos=1, retain=False)
        return self._broker.client(f"{self._node.group}/{self._node.name}", will)

    async def _session(self, client: Client) -> None:
        node = self._node
        topics = [node.topic("NCMD"), node.topic("DCMD", "+"), *([self._host.topic] if self._host.topic else [])]
        self._host.forget()
        self._is_born = False
        await client.subscribe([(topic, 1) for topic in topics])
        heed_cancellation()
        if self._host.topic is not None:
            _log.info("Sparkplug %s/%s waits for %s", node.group, node.name, self._host.topic)
        try:
            await until_one_ends(self._listen(client), self._speak(client))
        finally:  # a broker that is still there hears of the death from us, for our going is in order
            if self._is_born:
                with suppress(MqttError):
                    await client.publish(*node.death(), qos=1, timeout=FAREWELL)

    async def _listen(self, client: Client) -> None:
        """Take messages; returns when the primary host has gone."""
        async for message in client.messages:
            topic = str(message.topic)
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if topic == self._host.topic:
                if self._host.hear(payload):
                    _log.warning("Sparkplug: %s has gone offline", topic)
                    return
            elif message.retain:
                _log.warning("Sparkplug command on %s ignored: it is retained", topic)
            else:
                try:
                    self._arrived.put_nowait((topic, payload))
                except asyncio.QueueFull:
                    _log.warning("Sparkplug command dropped: %d are waiting", INCOMING_MAX)

    async def _speak(self, client: Client) -> None:
        """Births, then data at every period; a rebirth comes before the data that is left of a round."""
        await self._host.online.wait()
        clock = asyncio.get_running_loop().time
        self._is_rebirth_due = self._is_born = True
        while True:
            began = clock()
            values, _, simulated = self._link.values(self._node.offsets)
            is_birth, self._is_rebirth_due = self._is_rebirth_due, False
            say = self._node.births if is_birth else self._node.data
            messages = say(values, simulated)
            await publish_all(
                client,
                messages,
                False,
                self._broker.disturbances,
                SPARKPLUG,
                partial(self._is_broken_off, is_birth),
            )
            took = clock() - began
            self._wake.clear()
            if not self._is_rebirth_due:
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(self._period - took, took)):  # rests as long as it worked
                        await self._wake.wait()

    def _is_broken_off(self, is_birth: bool) -> bool:
        """Whether the round is given up for a rebirth."""
        return self._is_rebirth_due and not is_birth

    async def _obey(self) -> None:
        while True:
            topic, payload = await self._arrived.get()
            device = topic.removeprefix(f"{NAMESPACE}/{self._node.group}/").split("/", 2)[2:]
            try:
                await self._apply(device[0] if device else NODE, payload)
            except RefusedError as error:
                _log.warning("Sparkplug command on %s refused: %s", topic, error)
                self._node.refuse(f"{topic}: {error}")
                self._wake.set()

    async def _apply(self, device: str, payload: bytes) -> None:
        wanted = self._reader.read(device, payload)
        if wanted.writes:
            origin = f"sparkplug:{device or self._node.name}"
            try:
                ack = await self._link.command(Command("write", origin, {"writes": wanted.writes}))
            except TimeoutError:
                raise RefusedError("the emulator did not answer in time; the command may yet be applied") from None
            if not ack.accepted:
                raise RefusedError(ack.message)
        self._is_rebirth_due = self._is_rebirth_due or wanted.rebirth
        self._wake.set()


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000
