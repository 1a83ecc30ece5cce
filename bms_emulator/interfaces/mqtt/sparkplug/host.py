"""The primary host application: an edge node that is told to wait for it speaks only while it is there."""

import asyncio
import json

from bms_emulator.interfaces.mqtt.sparkplug.node import NAMESPACE

STATE_MAX = 1024
"""Longest state message [byte]."""


class PrimaryHost:
    """Whether the primary host is online, by its state messages.

    Args:
        name: Its host identifier; None where the node waits for nobody.
    """

    def __init__(self, name: str | None) -> None:
        self.topic = None if name is None else f"{NAMESPACE}/STATE/{name}"
        self.online = asyncio.Event()
        self._since = -1
        self.forget()

    def forget(self) -> None:
        """Begin a connection: what was heard on an earlier one no longer counts."""
        self._since = -1
        self.online.clear()
        if self.topic is None:
            self.online.set()

    def hear(self, payload: bytes) -> bool:
        """Take a state message; True if it says that the host has gone. Stale and malformed ones count for nothing."""
        try:
            state = json.loads(payload[:STATE_MAX].decode())
            online, since = state["online"], state["timestamp"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if not isinstance(online, bool) or type(since) is not int or since < self._since:
            return False
        self._since = since
        was_online = self.online.is_set()
        if online:
            self.online.set()
        else:
            self.online.clear()
        return was_online and not online
