"""An MQTT interface under test and a client beside it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt

from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.mqtt import serve
from bms_emulator.profile.site import Mqtt

BASE = "bms/demo"
UNDISTURBED: Any = None
"""Faults of a broker that is never connected to."""
PATIENCE = 20.0
"""Longest wait for anything that is to come [s]."""


@asynccontextmanager
async def served(link: Link, **options: Any) -> AsyncIterator[int]:
    """Serve MQTT, by default on an embedded broker, and yield the broker's port."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(link, Mqtt(**{"port": 0, "period_s": 0.1, **options}), told.set_result))
    await asyncio.wait((task, told), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        found = re.search(r":(\d+),", told.result())
        yield int(found[1]) if found else 0
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Subscriber:
    """A client that has subscribed and waits for messages."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self._messages = client.messages

    async def next(self, wanted: Callable[[aiomqtt.Message], bool] = lambda message: True) -> aiomqtt.Message:
        """The next message of that kind."""
        async with asyncio.timeout(PATIENCE):
            async for message in self._messages:
                if wanted(message):
                    return message
        raise AssertionError("the client ended")

    async def ask(self, payload: Any, **publish: Any) -> dict[str, Any]:
        """The answer to a command."""
        text = payload if isinstance(payload, bytes) else json.dumps(payload)
        await self.client.publish(f"{BASE}/command", text, qos=1, **publish)
        answer = await self.next(lambda message: message.topic.matches(f"{BASE}/answer"))
        return dict(json.loads(answer.payload))


@asynccontextmanager
async def subscribed(port: int, topic: str = f"{BASE}/#", **options: Any) -> AsyncIterator[Subscriber]:
    async with aiomqtt.Client("127.0.0.1", port, **options) as client:
        await client.subscribe(topic, qos=1)
        yield Subscriber(client)
