"""MQTT: state, events and commands of a site on a broker.

Topics, under ``{prefix}/{site}``:

- ``status``: ``online`` or ``offline``, retained; the last will says ``offline``.
- ``container/1/state``, ``container/1/rack/3/state``, ``pcs/1/state``, ``meter/state`` and so on: retained JSON, every
  period; QoS 0, since the next one replaces it. All messages of a round show one tick.
- ``event``: one JSON message for each event, QoS 1.
- ``container/1/rack/3/cells``: JSON arrays of all cells, asked for on ``.../cells/get`` or at a period of its own.
- ``command``: JSON commands; each gets an answer on ``answer``, or on the response topic that an MQTT 5 message names.

On request the same site describes itself to Home Assistant, and is an edge node of Sparkplug B.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.mqtt.address import Address, parse_url
from bms_emulator.interfaces.mqtt.cells import CellArrays
from bms_emulator.interfaces.mqtt.client import Connection, Message
from bms_emulator.interfaces.mqtt.commands import Commander
from bms_emulator.interfaces.mqtt.disturbance import DOWN, Disturbances
from bms_emulator.interfaces.mqtt.events import EventQueue, watch
from bms_emulator.interfaces.mqtt.home_assistant import Discovery
from bms_emulator.interfaces.mqtt.reconnect import INCOMING_MAX, Broker, until_one_ends
from bms_emulator.interfaces.mqtt.telemetry import Telemetry
from bms_emulator.interfaces.values import dumps
from bms_emulator.profile.site import Mqtt

ANSWERS_MAX = 1024
"""Answers kept while the broker is away; further commands wait."""

Answer = tuple[str, str, bytes | None]
"""Topic, payload, correlation data."""

_log = logging.getLogger(__name__)


async def serve(link: Link, options: Mqtt, ready: Callable[[str], None]) -> None:
    """Serve MQTT until cancelled.

    Args:
        link: The running emulator.
        options: The broker, and how to reach it.
        ready: Called once with a line that says where the broker is and whether it answered.

    Raises:
        ValueError: The options do not fit together; the message says where and what is allowed.
        OSError: The port of the embedded broker is taken.
    """
    if options.broker == "off":
        ready("MQTT off")
        await asyncio.Event().wait()
    site = re.sub(r"[+#/\s]", "_", link.catalogue.site.name)
    faults = Disturbances(link, f"{options.topic_prefix}/{site}")
    async with _broker(options, faults) as address:
        await _Site(link, options, Broker(address, options, faults), site).run(ready)


@contextlib.asynccontextmanager
async def _broker(options: Mqtt, faults: Disturbances) -> AsyncIterator[Address]:
    if options.broker != "embedded":
        yield parse_url(options.broker)
        return
    from bms_emulator.interfaces.mqtt.broker import embedded_broker

    async with embedded_broker(options.host, options.port, partial(faults.has, DOWN)) as port:
        yield Address(options.host, port)


class _Site:
    """The tasks of a site: they outlive connections, so that an outage loses nothing and doubles nothing."""

    def __init__(self, link: Link, options: Mqtt, broker: Broker, site: str) -> None:
        self._link = link
        self._options = options
        self._base = f"{options.topic_prefix}/{site}"
        self._command_topic = f"{self._base}/command"
        self._broker = broker
        self._connection = Connection(self._broker, self._base, f"{self._base}/status")
        self._telemetry = Telemetry(link.catalogue, self._base)
        self._cells = CellArrays(link.catalogue, self._base)
        self._discovery = Discovery(link.catalogue, self._base, options) if options.home_assistant else None
        self._events = EventQueue()
        self._commander = Commander(link, time.time)
        self._arrived: asyncio.Queue[Message] = asyncio.Queue(INCOMING_MAX)
        self._answers: asyncio.Queue[Answer] = asyncio.Queue(ANSWERS_MAX)
        self._edge: Callable[[], Coroutine[Any, Any, None]] | None = None
        if options.sparkplug is not None:
            from bms_emulator.interfaces.mqtt.sparkplug import EdgeNode

            self._edge = EdgeNode(link, self._broker, options.sparkplug, site).run

    async def run(self, ready: Callable[[str], None]) -> None:
        told = False

        def tried(connected: bool) -> None:
            nonlocal told
            if not told:
                told = True
                ready(f"MQTT {self._broker.address}, {self._base}/#" + ("" if connected else " (no broker yet)"))

        topics = [self._command_topic, self._cells.request_topic]
        if self._discovery is not None:
            topics.append(self._discovery.status_topic)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch(self._link, self._events))
            tasks.create_task(self._broker.disturbances.watch())
            tasks.create_task(self._send_events())
            tasks.create_task(self._obey())
            tasks.create_task(self._send_answers())
            if self._edge is not None:
                tasks.create_task(self._edge())
            await self._connection.hold(topics, self._receive, self._show, tried)

    async def _show(self) -> None:
        """Publish what is shown while the connection lasts."""
        parts = [_every(self._options.period_s, self._show_state), self._show_cells_asked_for()]
        if self._options.cells_period_s is not None:
            parts.append(_every(self._options.cells_period_s, self._show_cells))
        if self._discovery is not None:
            parts.append(self._discovery.show(self._connection.show))
        await until_one_ends(*parts)

    async def _show_state(self) -> None:
        values, tick, simulated = self._link.values(self._telemetry.offsets)
        await self._connection.show(self._telemetry.messages(values, tick, simulated))

    async def _show_cells(self) -> None:
        racks = range(self._cells.rack_count)
        await self._connection.show((self._cells.message(self._link, rack) for rack in racks), retain=False)

    async def _show_cells_asked_for(self) -> None:
        while True:
            rack = await self._cells.asked_for()
            await self._connection.show([self._cells.message(self._link, rack)], retain=False)

    async def _send_events(self) -> None:
        while True:
            await self._connection.online.wait()
            await self._connection.deliver(f"{self._base}/event", await self._events.next())

    def _receive(self, message: Message) -> None:
        if message.topic != self._command_topic:
            if self._discovery is not None and message.topic == self._discovery.status_topic:
                self._discovery.hear(message.payload)
            elif not message.retained:
                self._cells.ask(message.topic)
            return
        try:
            self._arrived.put_nowait(message)
        except asyncio.QueueFull:
            _log.warning("MQTT command dropped: %d are waiting", INCOMING_MAX)

    async def _obey(self) -> None:
        while True:
            message = await self._arrived.get()
            answer = await self._commander.answer(message.payload, message.retained)
            if not answer["accepted"]:
                _log.warning("MQTT command %s refused: %s", answer["id"], answer["message"])
            await self._answers.put((self._answer_topic(message), dumps(answer), message.correlation))

    async def _send_answers(self) -> None:
        while True:
            await self._connection.deliver(*await self._answers.get())

    def _answer_topic(self, message: Message) -> str:
        """Where to answer: a response topic must not be one on which we speak ourselves."""
        topic = message.response_topic
        if not topic or topic.startswith(f"{self._base}/") or set(topic) & {"+", "#"}:
            return f"{self._base}/answer"
        return topic


async def _every(period: float, show: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Show something at every period [s]; a site too large, or a broker too slow, for that gets fewer rounds."""
    clock = asyncio.get_running_loop().time
    due = clock()
    while True:
        began = clock()
        await show()
        now = clock()
        due = max(due + period, now + (now - began))  # rests as long as it worked: the rest is others' turn
        await asyncio.sleep(due - now)
