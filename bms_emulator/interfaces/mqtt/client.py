"""The connection to a broker: one client that stays the same over all reconnects.

The client keeps what the broker has not yet confirmed and sends it again by itself after a reconnect. So a message is
handed to it once; handing it over again would double it.
"""

import asyncio
import logging
import math
import os
import random
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiomqtt import Client, MqttError, ProtocolVersion, Will
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bms_emulator.profile.site import Mqtt

KEEPALIVE = 10
"""Longest silence on the connection [s]; a dead broker is noticed after at most twice that."""
TIMEOUT = 10.0
"""Longest wait for the broker to answer [s]."""
BACKOFF = (0.2, 10.0)
"""Shortest and longest pause before the next attempt [s]."""
INCOMING_MAX = 256
"""Commands that may wait; more are dropped."""

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A message that arrived.

    Attributes:
        payload: What it says.
        retained: Whether the broker had kept it from earlier.
        response_topic: Where the sender wants its answer (MQTT 5), else None.
        correlation: What the answer is to carry along (MQTT 5), else None.
    """

    payload: bytes
    retained: bool
    response_topic: str | None
    correlation: bytes | None


@dataclass(frozen=True)
class Address:
    """Where a broker is."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"


def parse_url(url: str) -> Address:
    """The address in a URL.

    Raises:
        ValueError: It is none; the message says what is allowed.
    """
    allowed = "allowed: embedded, off, mqtt://host[:port] or mqtts://host[:port]"
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "mqtt.broker: the URL carries a user name or password; give mqtt.username and mqtt.password_env"
        )
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"mqtt.broker = {url!r}: {error}; {allowed}") from None
    extra = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in _PORTS or not parts.hostname or extra:
        raise ValueError(f"mqtt.broker = {url!r}: is no address of a broker; {allowed}")
    return Address(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts")


class Connection:
    """A client of a broker that comes back after every interruption.

    Args:
        address: The broker.
        options: User name, certificates, protocol version.
        identifier: Client identifier, the same in every run, so that the broker ends a dead connection of ours before
            it accepts the new one, and the last will of the old comes before the birth of the new.
        status_topic: Where "online" and "offline" are published, retained.

    Raises:
        ValueError: The options do not fit together, a file or the password is missing; all problems at once.
    """

    def __init__(self, address: Address, options: Mqtt, identifier: str, status_topic: str) -> None:
        self.address = address
        self.online = asyncio.Event()
        """Set while messages can be published."""
        self._status_topic = status_topic
        self._jitter = random.Random()
        password, tls = _credentials(address, options)
        version_5 = options.version == "5"
        self._client = Client(
            address.host,
            address.port,
            username=options.username,
            password=password,
            identifier=identifier,
            protocol=ProtocolVersion.V5 if version_5 else ProtocolVersion.V311,
            clean_session=None if version_5 else True,
            clean_start=True if version_5 else MQTT_CLEAN_START_FIRST_ONLY,
            will=Will(status_topic, "offline", qos=1, retain=True),
            keepalive=KEEPALIVE,
            timeout=TIMEOUT,
            max_queued_incoming_messages=INCOMING_MAX,
            tls_context=tls,
        )

    async def deliver(self, topic: str, payload: str, correlation: bytes | None = None) -> None:
        """Publish with QoS 1 and wait until the broker has it, over however many reconnects."""
        properties = None
        if correlation is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.CorrelationData = correlation
        await self.online.wait()
        try:
            await self._client.publish(topic, payload, qos=1, properties=properties, timeout=math.inf)
        except MqttError:
            # The socket went away under the call: the client has the message and sends it after the reconnect.
            self.online.clear()

    async def show(self, topic: str, payload: str) -> None:
        """Publish retained with QoS 0: the next one replaces it, so a lost one is not missed.

        Raises:
            MqttError: The connection is lost.
        """
        await self._client.publish(topic, payload, qos=0, retain=True)

    async def hold(
        self,
        topic: str,
        receive: Callable[[Message], None],
        while_online: Callable[[], Awaitable[None]],
        tried: Callable[[bool], None],
    ) -> None:
        """Stay connected until cancelled.

        Args:
            topic: What to subscribe to.
            receive: Called with each message that arrives.
            while_online: Started at every connect, after the birth message, and cancelled when the connection is lost.
            tried: Called after the first attempt with its outcome.
        """
        clock = asyncio.get_running_loop().time
        pause, reached, warned = BACKOFF[0], 0.0, False
        while True:
            try:
                async with self._client:
                    await self._client.subscribe(topic, qos=1)  # its answer proves that the broker accepted us
                    await self._client.publish(self._status_topic, "online", qos=1, retain=True)
                    reached, warned = clock(), False
                    _log.info("connected to %s", self.address)
                    tried(True)
                    self.online.set()
                    await self._session(receive, while_online)
            except MqttError as error:
                if not warned:
                    _log.warning("%s: %s; trying again until it answers", self.address, error)
                    warned = True
                tried(False)
            finally:
                self.online.clear()
            if reached and clock() - reached > BACKOFF[1]:  # a broker that throws us out at once is not pestered
                pause = BACKOFF[0]
            reached = 0.0
            await asyncio.sleep(pause * self._jitter.uniform(0.5, 1.0))
            pause = min(2.0 * pause, BACKOFF[1])

    async def _session(self, receive: Callable[[Message], None], while_online: Callable[[], Awaitable[None]]) -> None:
        background = asyncio.ensure_future(while_online())
        listening = asyncio.ensure_future(self._listen(receive))
        try:
            done, _ = await asyncio.wait((background, listening), return_when=asyncio.FIRST_COMPLETED)
            if listening not in done:
                await asyncio.wait((listening,), timeout=TIMEOUT)  # it knows why
            for task in done:
                task.result()
        except asyncio.CancelledError:
            with suppress(MqttError):
                await self._client.publish(self._status_topic, "offline", qos=1, retain=True, timeout=1.0)
            raise
        finally:
            background.cancel()
            listening.cancel()
            await asyncio.gather(background, listening, return_exceptions=True)

    async def _listen(self, receive: Callable[[Message], None]) -> None:
        async for message in self._client.messages:
            properties = message.properties
            payload = message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()
            receive(
                Message(
                    payload,
                    bool(message.retain),
                    getattr(properties, "ResponseTopic", None),
                    getattr(properties, "CorrelationData", None),
                )
            )


def _credentials(address: Address, options: Mqtt) -> tuple[str | None, ssl.SSLContext | None]:
    """Password and TLS context from the options."""
    problems = []
    password = None
    if options.password_env is not None:
        password = os.environ.get(options.password_env)
        if password is None:
            problems.append(f"mqtt.password_env = {options.password_env!r}: there is no such environment variable")
        if options.username is None:
            problems.append("mqtt.password_env: needs mqtt.username")
    files = {name: getattr(options, name) for name in ("ca_file", "certificate_file", "key_file")}
    given = {name: file for name, file in files.items() if file is not None}
    if given and not address.tls:
        problems.append(f"mqtt.{', mqtt.'.join(given)}: need an mqtts:// broker, not {address}")
    problems += [f"mqtt.{name} = {file!r}: no such file" for name, file in given.items() if not Path(file).is_file()]
    if problems:
        raise ValueError("; ".join(problems))
    if not address.tls:
        return password, None
    context = ssl.create_default_context(cafile=options.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.certificate_file is not None:
        context.load_cert_chain(options.certificate_file, options.key_file)
    return password, context
