"""The embedded broker: amqtt behind a door of our own.

amqtt's own listener accepts everybody, everywhere, without limits. Here it only speaks the protocol: the socket, the
cap on connections, the cap on message size and the time-outs are ours, and it answers on the loopback interface only.
"""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.session import Session

CONNECTIONS_MAX = 64
PACKET_MAX = 262_144
"""Longest message that a client may send [byte]."""
STALL_MAX = 10.0
"""Longest time for the first packet to begin, for a packet to arrive whole, and for a client not to read [s]."""

KEEPING = 0.1
"""Time between two looks at faults [s]."""
FAREWELL = 0.3
"""Time in which the last messages of a client that goes are passed on [s]."""

_DISCONNECT = b"\xe0"
_MORE = 0x80
"""Bit of a byte of the length that says that another one follows."""
_LENGTH_BYTES_MAX = 4
_PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
_LISTENER = "default"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def embedded_broker(host: str, port: int, is_down: Callable[[], bool] = lambda: False) -> AsyncIterator[int]:
    """Run the broker and yield its port; with port 0 the system chooses one.

    Args:
        host: Address to listen on.
        port: Port.
        is_down: Whether a fault keeps it from being there.

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
    broker = _Broker(BrokerConfig(listeners={_LISTENER: listener}, plugins=_PLUGINS))
    door = _Door(broker)
    port = await door.open(host, port)
    try:
        await broker.start()
        await door.serve()
        keeping = asyncio.ensure_future(door.keep(is_down))
        try:
            yield port
        finally:
            keeping.cancel()
            await door.close()
            await broker.shutdown()
    finally:
        door.shut()


class _Door:
    """Lets clients in, a bounded number of them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._inside: set[asyncio.Task[None] | None] = set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> int:
        """Take the port, or one that the system chooses; returns it. OSError: It is taken."""
        self._server = await asyncio.start_server(self.admit, host, port, start_serving=False)
        self._place = host, int(self._server.sockets[0].getsockname()[1])
        return self._place[1]

    async def serve(self) -> None:
        """Let clients in."""
        if self._server is not None:
            await self._server.start_serving()

    def shut(self) -> None:
        """Let nobody in, and throw out who is."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in self._ends:
            end.transport.abort()

    async def keep(self, is_down: Callable[[], bool]) -> None:
        """Be shut while a fault says so, until cancelled."""
        while True:
            if is_down() and self._server is not None:
                self.shut()
            elif not is_down() and self._server is None:
                with suppress(OSError):  # somebody has taken the port meanwhile: again and again
                    await self.open(*self._place)
                    await self.serve()
            await asyncio.sleep(KEEPING)

    async def admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._inside) >= CONNECTIONS_MAX:
            _log.warning("MQTT connection refused: %d are open", CONNECTIONS_MAX)
            writer.close()
            return
        task = asyncio.current_task()
        self._inside.add(task)
        self._ends.add(writer)
        try:
            await self._broker.external_connected(_Reader(reader), _Writer(writer), _LISTENER)
        except asyncio.CancelledError:
            pass  # the broker is going down
        finally:
            self._inside.discard(task)
            self._ends.discard(writer)
            writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        inside = [task for task in self._inside if task is not None]
        for task in inside:
            task.cancel()
        await asyncio.gather(*inside, return_exceptions=True)


class _Broker(Broker):  # type: ignore[misc]
    """The broker without a mistake of amqtt: what it has retained goes to those who have subscribed to it.

    At each connect amqtt goes through the filters of all clients as if they were those of the new one, and sends it
    what is retained there: ``mosquitto_sub -t bms/demo/answer`` would see the discovery for Home Assistant.
    """

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribed = self._subscriptions.get(subscription[0], ())
        if any(one.client_id == session.client_id for one, _ in subscribed):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class _Reader(StreamReaderAdapter):  # type: ignore[misc]
    """Reads packets of bounded size, each whole in bounded time; at the first offence the stream has ended.

    amqtt takes a packet in many small pieces, which are cut from it here.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._packet = b""
        self._at = 0
        self._begun = False
        self._ended = False

    async def read(self, n: int = -1) -> bytes:
        while len(self._packet) - self._at < n:
            self._packet, self._at = self._packet[self._at :] + await self._next(), 0
        start, self._at = self._at, self._at + max(n, 0)
        return self._packet[start : self._at]

    async def _next(self) -> bytes:
        """The next packet.

        Raises:
            asyncio.IncompleteReadError: There is none, or none that is allowed.
        """
        if self._ended:
            raise asyncio.IncompleteReadError(b"", None)
        self._ended = True  # until the packet is whole
        try:
            first = await self._first_byte()
            async with asyncio.timeout(STALL_MAX):
                packet = first + await self._rest()
        except TimeoutError:
            raise asyncio.IncompleteReadError(b"", None) from None
        self._ended = False
        return packet

    async def _first_byte(self) -> bytes:
        """The byte that begins a packet: between two a client may be silent; the broker watches its keepalive.

        amqtt forgets what it has received from a client but not yet passed on when that client goes, so
        ``mosquitto_pub``, which publishes and leaves, would not be heard: its going is told a little later.
        """
        try:
            async with asyncio.timeout(None if self._begun else STALL_MAX):
                byte: bytes = await self._reader.readexactly(1)
        except asyncio.IncompleteReadError:
            await asyncio.sleep(FAREWELL)
            raise
        self._begun = True
        if byte == _DISCONNECT:
            await asyncio.sleep(FAREWELL)
        return byte

    async def _rest(self) -> bytes:
        """A packet behind its first byte: the length in up to four bytes of seven bits, lowest first, then so much."""
        head, size = b"", 0
        while not head or head[-1] & _MORE:
            if len(head) == _LENGTH_BYTES_MAX:
                raise asyncio.IncompleteReadError(head, None)
            head += await self._reader.readexactly(1)
            size |= (head[-1] & ~_MORE) << 7 * (len(head) - 1)
        if size > PACKET_MAX:
            _log.warning("MQTT client dropped: it sends %d bytes, at most %d are allowed", size, PACKET_MAX)
            raise asyncio.IncompleteReadError(head, None)
        return head + bytes(await self._reader.readexactly(size))


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
