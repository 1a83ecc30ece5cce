"""The embedded broker: amqtt behind a door of our own.

amqtt's own listener accepts everybody, everywhere, without limits. Here it only speaks the protocol: the socket, the
cap on connections, the cap on message size and the time-outs are ours, and it answers on the loopback interface only.
"""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

CONNECTIONS_MAX = 64
PACKET_MAX = 262_144
"""Longest message that a client may send [byte]."""
STALL_MAX = 10.0
"""Longest time for the first packet to begin, for a packet to arrive whole, and for a client not to read [s]."""

FAREWELL = 0.3
"""Time in which the last messages of a client that goes are passed on [s]."""

_DISCONNECT = b"\xe0"
_PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
_LISTENER = "default"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def embedded_broker(host: str, port: int) -> AsyncIterator[int]:
    """Run the broker and yield its port; with port 0 the system chooses one.

    Raises:
        ValueError: The host is no loopback address: everybody may connect, so nobody else must reach it.
        OSError: The port is taken.
    """
    if host != "localhost" and not _is_loopback(host):
        raise ValueError(
            f"mqtt.host = {host!r}: the embedded broker knows no passwords and answers on loopback only "
            "(127.0.0.1, ::1, localhost); for other machines run a broker and give its URL as mqtt.broker"
        )
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
    listener = ListenerConfig(type=ListenerType.EXTERNAL, bind=f"{host}:{port}", max_connections=CONNECTIONS_MAX)
    broker = Broker(BrokerConfig(listeners={_LISTENER: listener}, plugins=_PLUGINS))
    door = _Door(broker)
    server = await asyncio.start_server(door.admit, host, port, start_serving=False)
    try:
        await broker.start()
        try:
            await server.start_serving()
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            await door.close()
            await broker.shutdown()
    finally:
        server.close()


class _Door:
    """Lets clients in, a bounded number of them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._inside: set[asyncio.Task[None] | None] = set()

    async def admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._inside) >= CONNECTIONS_MAX:
            _log.warning("MQTT connection refused: %d are open", CONNECTIONS_MAX)
            writer.close()
            return
        task = asyncio.current_task()
        self._inside.add(task)
        try:
            await self._broker.external_connected(_Reader(reader), _Writer(writer), _LISTENER)
        except asyncio.CancelledError:
            pass  # the broker is going down
        finally:
            self._inside.discard(task)
            writer.close()

    async def close(self) -> None:
        inside = [task for task in self._inside if task is not None]
        for task in inside:
            task.cancel()
        await asyncio.gather(*inside, return_exceptions=True)


class _Reader(StreamReaderAdapter):  # type: ignore[misc]
    """Reads packets of bounded size in bounded time; at the first offence the stream has ended for the broker."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._begun = False
        self._ended = False

    async def read(self, n: int = -1) -> bytes:
        if n > PACKET_MAX:
            _log.warning("MQTT client dropped: it sends %d bytes, at most %d are allowed", n, PACKET_MAX)
            self._ended = True
        if self._ended:
            raise asyncio.IncompleteReadError(b"", n)
        if self._begun and n == 1:  # between two packets a client may be silent; the broker watches its keepalive
            return await self._first_byte()
        self._begun = True
        try:
            async with asyncio.timeout(STALL_MAX):
                return await super().read(n)
        except TimeoutError:
            self._ended = True
            raise asyncio.IncompleteReadError(b"", n) from None

    async def _first_byte(self) -> bytes:
        """A byte that may begin a packet.

        amqtt forgets what it has received from a client but not yet passed on when that client goes, so
        ``mosquitto_pub``, which publishes and leaves, would not be heard: its going is told a little later.
        """
        try:
            byte = await super().read(1)
        except asyncio.IncompleteReadError:
            await asyncio.sleep(FAREWELL)
            raise
        if byte == _DISCONNECT:
            await asyncio.sleep(FAREWELL)
        return byte


class _Writer(StreamWriterAdapter):  # type: ignore[misc]
    """Drops a client that does not read, so that messages for it do not pile up."""

    async def drain(self) -> None:
        try:
            async with asyncio.timeout(STALL_MAX):
                await super().drain()
        except TimeoutError:
            _log.warning("MQTT client dropped: it has not read for %g s", STALL_MAX)
            self._writer.transport.abort()
            raise ConnectionResetError from None

    async def close(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            await super().close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
