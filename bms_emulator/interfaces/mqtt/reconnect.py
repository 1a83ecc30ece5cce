"""Connections to a broker that may be away, hung, slow or closed to us: one client for each, with pauses between them.

A client is never used again after its connection: one whose broker hangs with a full socket cannot be closed in order,
and would refuse to be opened again. What it had not yet delivered is the business of whoever handed it over.
"""

import asyncio
import itertools
import logging
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from aiomqtt import Client, MqttError, ProtocolVersion, Will
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY

from bms_emulator.interfaces.mqtt.address import Address, credentials
from bms_emulator.interfaces.mqtt.disturbance import CUT, HANGS, Disturbances
from bms_emulator.profile.site import Mqtt

KEEPALIVE = 10
"""Longest silence on the connection [s]; a dead broker is noticed after at most twice that."""
TIMEOUT = 10.0
"""Longest wait for the broker to answer [s]."""
BACKOFF = (0.2, 10.0)
"""Shortest and longest pause before the next attempt [s]."""
FAREWELL = 1.0
"""Longest wait for a broker to take note that we go [s]."""
INCOMING_MAX = 256
"""Messages that may wait to be read; more are dropped."""
AT_ONCE = 16
"""Messages that are handed to the client together: one by one, each costs four rounds of the event loop."""

_HINTS = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate must be signed by mqtt.ca_file, be in date and name this host",
    "CERTIFICATE_REQUIRED": "it asks for mqtt.certificate_file and mqtt.key_file",
    "ALERT_UNKNOWN_CA": "it does not trust mqtt.certificate_file",
    "WRONG_VERSION_NUMBER": "it speaks no TLS on this port: mqtt://, or another port",
    "Not authorized": "it refuses mqtt.username or the password, or allows nobody without",
    "Bad user name or password": "it refuses mqtt.username or the password",
}
"""What to do, by a part of what the broker or the TLS library says."""

_NOTHING_TO_END = "Could not gracefully disconnect"
"""How the client comments on the end of a connection that there is no more."""

_log = logging.getLogger(__name__)


class Broker:
    """A broker, and what proves us to it.

    Args:
        address: Where it is.
        options: User name, certificates, protocol version.
        disturbances: Faults of its connections.

    Raises:
        ValueError: The options do not fit together, a file or the password is missing; all problems at once.
    """

    def __init__(self, address: Address, options: Mqtt, disturbances: Disturbances) -> None:
        self.address = address
        self.disturbances = disturbances
        self._options = options
        self._password, self._tls = credentials(address, options)
        self._words = _LastWords(logging.WARNING)
        self._logger = logging.Logger(f"{__name__}.client")
        self._logger.addHandler(self._words)

    def client(self, identifier: str, will: Will) -> Client:
        """A client for one connection.

        Args:
            identifier: The same in every run, so that the broker ends a dead connection of ours before it accepts the
                new one, and the last will of the old comes before the birth of the new.
            will: What the broker is to publish if the connection breaks.
        """
        version_5 = self._options.version == "5"
        client = Client(
            self.address.host,
            self.address.port,
            username=self._options.username,
            password=self._password,
            identifier=identifier,
            protocol=ProtocolVersion.V5 if version_5 else ProtocolVersion.V311,
            clean_session=None if version_5 else True,
            clean_start=True if version_5 else MQTT_CLEAN_START_FIRST_ONLY,
            will=will,
            keepalive=KEEPALIVE,
            timeout=TIMEOUT,
            max_queued_incoming_messages=INCOMING_MAX,
            tls_context=self._tls,
            logger=self._logger,
        )
        client.pending_calls_threshold = (
            4 * AT_ONCE
        )  # above it warns: state, cells and discovery, and some that confirm
        return client

    async def keep_connected(
        self,
        make: Callable[[], Client],
        session: Callable[[Client], Awaitable[None]],
        tried: Callable[[bool], None] = lambda connected: None,
    ) -> None:
        """Connect again and again until cancelled.

        Args:
            make: Makes the client of the next connection.
            session: What is done while connected; the connection is closed when it returns or raises ``MqttError``.
            tried: Called with False after each failure.
        """
        clock = asyncio.get_running_loop().time
        jitter = random.Random()
        pause, is_warned = BACKOFF[0], False
        while True:
            await self.disturbances.until(lambda: not self.disturbances.has(CUT, HANGS))
            began, self._words.said = clock(), ""
            try:
                async with _connected(make()) as client:
                    suffering = asyncio.ensure_future(self._suffer(client))
                    try:
                        await session(client)
                    finally:
                        suffering.cancel()
            except MqttError as error:
                if not is_warned:
                    _log.warning(
                        "%s: %s; trying again until it answers", self.address, _explained(error, self._words.said)
                    )
                    is_warned = True
                tried(False)
            if clock() - began > BACKOFF[1] + TIMEOUT:  # a broker that throws us out at once is not pestered
                pause, is_warned = BACKOFF[0], False
            await asyncio.sleep(pause * jitter.uniform(0.5, 1.0))
            pause = min(2.0 * pause, BACKOFF[1])

    async def _suffer(self, client: Client) -> None:
        """End a connection as its faults do: cut it, at once or after it has hung."""
        faults = self.disturbances
        await faults.until(lambda: faults.has(CUT, HANGS))
        if not faults.has(CUT):
            _hang(client)
            await faults.until(lambda: not faults.has(HANGS) or faults.has(CUT))
        _cut(client)


def _hang(client: Client) -> None:
    """Read nothing and ping no more; the socket stays open."""
    if client._misc_task is not None:
        client._misc_task.cancel()
    end = client._client.socket()
    if end is not None:
        asyncio.get_running_loop().remove_reader(end.fileno())


def _cut(client: Client) -> None:
    """End the connection without a farewell, and read up to that end, which a client that hangs has not seen."""
    inner = client._client
    end = inner.socket()
    if end is None:
        return
    with suppress(OSError):
        cast(socket.socket, end).shutdown(socket.SHUT_RDWR)
        for _ in range(INCOMING_MAX):
            if inner.socket() is not None:
                inner.loop_read()


async def until_one_ends(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run all until the first ends, then end the others; raises what it raised."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def publish_some(client: Client, messages: Iterator[tuple[str, str | bytes]], retain: bool) -> bool:
    """Publish the next few messages with QoS 0, and wait until they have left; False where there are no more.

    Raises:
        MqttError: The connection is lost.
    """
    some = list(itertools.islice(messages, AT_ONCE))
    await asyncio.gather(*(client.publish(topic, payload, qos=0, retain=retain) for topic, payload in some))
    heed_cancellation()
    await asyncio.sleep(0)  # what fits into the socket does not wait: let others have a turn
    return bool(some)


async def publish_all(
    client: Client,
    messages: Iterable[tuple[str, str | bytes]],
    retain: bool,
    faults: Disturbances,
    stream: str,
    is_enough: Callable[[], bool] = lambda: False,
) -> None:
    """Publish messages with QoS 0, as faults leave them, until there are no more or it is enough.

    Raises:
        MqttError: The connection is lost.
    """
    waiting = iter(messages)
    if not faults.is_busy:
        while await publish_some(client, waiting, retain) and not is_enough():
            pass
        return
    async for message in faults.bend(waiting, stream):
        await publish_some(client, iter([(message.topic, message.payload)]), retain)
        if is_enough():
            return


def heed_cancellation() -> None:
    """Raise a cancellation that came at the moment at which a call of the client ended.

    Until Python 3.12 ``asyncio.wait_for``, in which the client waits, forgets such a one, and its task would go on.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@asynccontextmanager
async def _connected(client: Client) -> AsyncIterator[Client]:
    """The client, connected; its end is waited for only a little, for a broker that hangs never confirms it.

    A connection that was never accepted is ended as well, or its socket would stay open until the keepalive is over.
    """
    try:
        await client.__aenter__()
        heed_cancellation()
        yield client
    finally:
        client.timeout = FAREWELL
        with suppress(MqttError):
            await client.__aexit__(None, None, None)


class _LastWords(logging.Handler):
    """Keeps the last error that the client logs: an alert of TLS comes no other way. Warnings are passed on."""

    said = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.said = record.getMessage()
        elif not record.getMessage().startswith(_NOTHING_TO_END):
            _log.warning("%s", record.getMessage())


def _explained(error: MqttError, last_words: str) -> str:
    said = f"{error}; {last_words}" if last_words else str(error)
    hint = next((hint for part, hint in _HINTS.items() if part.lower() in said.lower()), None)
    return said if hint is None else f"{said} ({hint})"
