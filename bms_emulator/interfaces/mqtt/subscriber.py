"""The other end of the broker: the last messages of some topics, and messages to send."""

import threading
import time
from collections.abc import Iterable
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from bms_emulator.interfaces.mqtt.address import credentials, parse_url
from bms_emulator.profile.site import Mqtt

TIMEOUT = 10.0
"""Longest wait for the broker [s]."""


class SubscriberError(OSError):
    """The broker cannot be reached, or does not answer; the message says where."""


class Subscriber:
    """Keeps the last message of each topic that it has subscribed to.

    Args:
        options: The broker, and how to reach it.
        topics: What to subscribe to.

    Raises:
        SubscriberError: The broker cannot be reached.
        ValueError: The options do not fit together.
    """

    def __init__(self, options: Mqtt, topics: Iterable[str]) -> None:
        self._address = parse_url(options.broker)
        password, tls = credentials(self._address, options)
        self._topics = sorted(set(topics))
        self._last: dict[str, tuple[float, bytes]] = {}
        self._online = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        if options.username is not None:
            self._client.username_pw_set(options.username, password)
        if tls is not None:
            self._client.tls_set_context(tls)
        try:
            self._client.connect(self._address.host, self._address.port)
        except OSError as error:
            raise SubscriberError(f"{self._address}: {error}") from error
        self._client.loop_start()
        if not self._online.wait(TIMEOUT):
            self.close()
            raise SubscriberError(f"{self._address}: the broker does not admit us")

    def last(self, topic: str) -> tuple[float, bytes] | None:
        """Age [s] and payload of the last message; None where none has come."""
        found = self._last.get(topic)
        return None if found is None else (time.monotonic() - found[0], found[1])

    def publish(self, topic: str, payload: str) -> None:
        """Send a message and wait until the broker has it.

        Raises:
            SubscriberError: The broker does not take it.
        """
        sent = self._client.publish(topic, payload, qos=1)
        try:
            sent.wait_for_publish(TIMEOUT)
        except (RuntimeError, ValueError) as error:
            raise SubscriberError(f"{self._address}: {topic}: {error}") from error
        if not sent.is_published():
            raise SubscriberError(f"{self._address}: {topic}: the broker has not taken the message")

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe([(topic, 1) for topic in self._topics])
            self._online.set()

    def _arrived(self, client: Client, userdata: Any, message: Any) -> None:
        self._last[message.topic] = time.monotonic(), bytes(message.payload)
