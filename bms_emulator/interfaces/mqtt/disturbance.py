"""Faults of MQTT as the server applies them: to its connections, and to the messages that it publishes."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bms_emulator.interfaces.link import Link

PERIOD = 0.1
"""Time between two looks at the faults [s]."""

HANGS = "mqtt-late-will"
DOWN = "mqtt-broker-down"
CUT = "mqtt-disconnect"

Text = str | bytes


class Message(NamedTuple):
    """A message to publish.

    Attributes:
        topic: Its topic.
        payload: What it says.
        correlation: What an answer carries along (MQTT 5).
    """

    topic: str
    payload: Text
    correlation: bytes | None = None


STATE, DELIVERED, SPARKPLUG = "state", "delivered", "sparkplug"
"""Streams of messages, each in an order of its own."""

_FORMS: Mapping[str, Callable[[Text], Text]] = {
    "cut": lambda payload: payload[: len(payload) // 2],
    "empty": lambda payload: b"",
    "binary": lambda payload: bytes((0xFF, 0xFE, 0x00)) * (1 + len(payload) // 3),
    "shape": lambda payload: b'[{"value": [[]]}, null]',
}


@dataclass(eq=False)
class Disturbance:
    """A fault that acts.

    Attributes:
        kind: Full name of its kind.
        settings: Its settings.
        chance: Its sequence of random numbers.
        told: Payloads of the beginning by topic.
    """

    kind: str
    settings: Mapping[str, Any]
    chance: random.Random
    told: dict[str, Text] = field(default_factory=dict)


class Disturbances:
    """The faults of MQTT that act.

    Args:
        link: The running emulator.
        base: First part of the topics of the site, ``bms/demo``.

    Attributes:
        active: Those that act now; empty nearly always.
        changed: Set and made anew whenever they change.
    """

    def __init__(self, link: Link, base: str) -> None:
        self.active: tuple[Disturbance, ...] = ()
        self.changed = asyncio.Event()
        self._link = link
        self._base = base
        self._known: dict[tuple[Any, ...], Disturbance] = {}
        self._kept_back: dict[str, Message] = {}

    def update(self) -> None:
        """Look at the faults of the emulator's status; one that goes on keeps what it knows."""
        known: dict[tuple[Any, ...], Disturbance] = {}
        active: list[Disturbance] = []
        for fault in self._link.status().get("faults", ()):
            if not fault["kind"].startswith("mqtt-"):
                continue
            key = fault["id"], fault["name"], fault["seed"]
            one = self._known.get(key) or Disturbance(fault["kind"], {}, random.Random(fault["seed"]))
            known[key] = one
            if fault["wire"] is None:
                one.told.clear()
            else:
                one.settings = fault["wire"]
                active.append(one)
        self._known = known
        if tuple(active) != self.active:
            self.active = tuple(active)
            self.changed.set()
            self.changed = asyncio.Event()

    async def watch(self) -> None:
        """Look again and again until cancelled."""
        while True:
            self.update()
            await asyncio.sleep(PERIOD)

    def has(self, *kinds: str) -> bool:
        """Whether a fault of one of these kinds acts."""
        return any(disturbance.kind in kinds for disturbance in self.active)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that depends on the faults."""
        while not holds():
            await self.changed.wait()

    @property
    def is_busy(self) -> bool:
        """Whether messages are to be bent."""
        return bool(self.active or self._kept_back)

    async def bend(self, messages: Iterable[tuple[str, Text]], stream: str) -> AsyncIterator[Message]:
        """The messages of a stream as they are published."""
        for message in messages:
            for bent in await self.bent(Message(*message), stream):
                yield bent

    async def bent(self, message: Message, stream: str) -> list[Message]:
        """What is published in place of a message."""
        await self.until(lambda: not self.has(HANGS))
        struck = [d for d in self.active if d.chance.random() < d.settings.get("probability", 0.0)]
        if stream == STATE:
            for disturbance in (d for d in self.active if d.kind == "mqtt-stale"):
                disturbance.told.setdefault(message.topic, message.payload)
        sent = [message]
        for kind, change in _KINDS.items():
            for disturbance in (d for d in struck if d.kind == kind):
                sent = [bent for one in sent for bent in change(disturbance, one, self._base)]
        for disturbance in (d for d in struck if d.kind == "mqtt-slow"):
            await asyncio.sleep(disturbance.settings["time"])
        before = self._kept_back.pop(stream, None) if sent else None
        if sent and before is None and any(d.kind == "mqtt-reorder" for d in struck):
            self._kept_back[stream] = sent.pop()
        return sent if before is None else [*sent, before]


def _lost(fault: Disturbance, message: Message, base: str) -> list[Message]:
    return []


def _stale(fault: Disturbance, message: Message, base: str) -> list[Message]:
    return [message._replace(payload=fault.told.get(message.topic, message.payload))]


def _of_another(fault: Disturbance, message: Message, base: str) -> list[Message]:
    is_own = message.topic.startswith(f"{base}/")
    return [message._replace(topic=f"{base}-other{message.topic.removeprefix(base)}") if is_own else message]


def _oversized(fault: Disturbance, message: Message, base: str) -> list[Message]:
    size, payload = int(fault.settings["size"]), message.payload
    return [message._replace(payload=payload.rjust(size)) if isinstance(payload, str) else message]


def _malformed(fault: Disturbance, message: Message, base: str) -> list[Message]:
    return [message._replace(payload=_FORMS[fault.settings["form"]](message.payload))]


def _duplicated(fault: Disturbance, message: Message, base: str) -> list[Message]:
    return [message] * int(fault.settings["copies"])


_KINDS: Mapping[str, Callable[[Disturbance, Message, str], list[Message]]] = {
    "mqtt-loss": _lost,
    "mqtt-stale": _stale,
    "mqtt-wrong-identity": _of_another,
    "mqtt-oversized": _oversized,
    "mqtt-malformed": _malformed,
    "mqtt-duplicate": _duplicated,
}
"""What becomes of a message, in the order in which they act."""
