"""One client's connection: framing, order of answers, and what a client must not do to the server."""

import asyncio
import logging
import socket
import ssl
import struct
from collections.abc import Set
from dataclasses import dataclass
from typing import Protocol

from bms_emulator.interfaces.modbus.distorted import Distorted
from bms_emulator.interfaces.modbus.disturbance import Peer
from bms_emulator.interfaces.modbus.station import (
    EVERYTHING,
    PLAIN_READ,
    READING,
    Answer,
    PlainRead,
    Station,
)

_log = logging.getLogger(__name__)

HEADER = struct.Struct(">HHH")
"""Transaction, protocol, length; the length counts what follows, beginning with the unit."""
LENGTH_MIN, LENGTH_MAX = 2, 254

BUFFER_SIZE = 260
"""Room for requests that wait: one of the greatest length, or 21 reads. What a client sends beyond that has to wait its
turn in the system's buffer, so that one who sends without end takes no more than his share."""
SEND_BUFFER_MAX = 128 * 1024
"""Unsent answers above which no more requests are taken [B]."""
SYSTEM_BUFFER = 128 * 1024
"""Further ones in the buffer of the system [B]."""

_NO_READS: dict[bytes, PlainRead] = {}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""Socket option linger: on, for 0 s."""


@dataclass(frozen=True)
class Patience:
    """How long a client may take, in seconds.

    Attributes:
        frame: From the first byte of a request to its last; also for a TLS handshake.
        send: Until it fetches answers that wait for it.
        idle: Between requests; 0 is forever.
        keepalive: Silence after which the system asks whether the client is still there.
    """

    frame: float = 5.0
    send: float = 5.0
    idle: float = 0.0
    keepalive: int = 30


class Owner(Protocol):
    """What a connection needs of the listener that accepted it."""

    station: Station
    patience: Patience
    connections: "set[Connection]"

    def admit(self) -> bool:
        """Whether one more connection is allowed, the newest counted."""

    def functions(self, secured: ssl.SSLObject | None) -> Set[int]:
        """Functions that a client may use."""


class Connection(asyncio.BufferedProtocol):
    """One client's connection.

    The length field of the header alone divides the stream into requests. Answers leave in the order of their requests:
    while one waits for the emulator or is delayed, those behind it wait too, and nothing more is read.

    Args:
        owner: The listener that accepted it.
    """

    def __init__(self, owner: Owner) -> None:
        self.origin = "modbus"
        self._peer: Peer = None
        self._number = owner.station.disturbances.opened()
        self._is_dead = False
        self._kept_back = b""
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray(BUFFER_SIZE)
        self._view = memoryview(self._buffer)
        self._stop = 0
        self._functions: Set[int] = EVERYTHING
        self._may_read = True
        self._held: asyncio.Task[None] | None = None
        self._choked_since: float | None = None
        self._partial_since: float | None = None
        self._heard = self._loop.time()
        self._waits = False
        self._transport: asyncio.Transport | None = None

    # ---- transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set the connection up, or close it where there are too many."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        owner = self._owner
        owner.connections.add(self)
        peer = transport.get_extra_info("peername") or ("?", 0)
        self._peer = peer[0], peer[1]
        self.origin = f"modbus:{peer[0]}:{peer[1]}"
        if not owner.admit() or not owner.station.disturbances.admits(len(owner.connections)):
            _log.warning("%s: refused, there are as many connections as are allowed", self.origin)
            transport.abort()
            return
        self._functions = owner.functions(transport.get_extra_info("ssl_object"))
        self._may_read = self._functions >= READING
        transport.set_write_buffer_limits(high=SEND_BUFFER_MAX)
        prepare(transport.get_extra_info("socket"), owner.patience.keepalive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what is still to be answered."""
        self._owner.connections.discard(self)
        if self._held is not None:
            self._held.cancel()
        self._transport = None

    def pause_writing(self) -> None:
        """The client does not fetch its answers: take no more requests."""
        if self._choked_since is None:
            self._choked_since = self._loop.time()
            self._regulate()

    def resume_writing(self) -> None:
        """The client has fetched its answers."""
        if self._choked_since is not None:
            self._choked_since = None
            self._advance()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go; never empty, as nothing is read while requests wait."""
        return self._view[self._stop :]

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have arrived."""
        self._stop += nbytes
        self._heard = self._loop.time()
        self._advance()

    @property
    def choked(self) -> bool:
        """Whether the client does not fetch its answers."""
        return self._choked_since is not None

    @property
    def unsent(self) -> int:
        """Bytes of answers that the system has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def expire(self, now: float) -> None:
        """Close the connection if its client takes too long, and let link faults of open connections act on it."""
        patience, disturbances = self._owner.patience, self._owner.station.disturbances
        if disturbances.active:
            fate = disturbances.fate(self._number, self._peer)
            self._is_dead = self._is_dead or fate == "dead"
            if fate == "reset":
                self._reset()
                return
        elif self._kept_back:
            self._write(b"")
        waits = (
            ("sent half a request", self._partial_since, patience.frame),
            ("does not fetch its answers", self._choked_since, patience.send),
            ("is idle", None if self._held or not patience.idle else self._heard, patience.idle),
        )
        for what, since, allowed in waits:
            if since is not None and now - since > allowed:
                _log.info("%s: closed, %s for %g s", self.origin, what, allowed)
                self._abort()
                return

    def end(self) -> None:
        """Close the connection; a client that has not fetched its answers is not waited for."""
        if self._transport is not None and self.unsent:
            self._transport.abort()
        elif self._transport is not None:
            self._transport.close()

    def _reset(self) -> None:
        """End the connection by a TCP reset."""
        if self._transport is not None:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        """Send answers, and behind them one that a link fault has kept back."""
        kept, self._kept_back = self._kept_back, b""
        if self._transport is not None:
            self._transport.write(data + kept)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # ---- requests

    def _advance(self) -> None:
        """Answer all whole requests in the buffer, as far as none must wait."""
        station = self._owner.station
        disturbed = self._is_dead or (bool(station.disturbances.active) and station.disturbances.meet(self._peer))
        if self._transport is None or self._transport.is_closing() or (disturbed and self._ignores()):
            return
        data, start, stop = self._view[: self._stop].tobytes(), 0, self._stop
        plain = self._may_read and not disturbed
        known, image = station.known if plain else _NO_READS, station.image
        answers: list[bytes] = []
        broken = False
        while self._held is None and self._choked_since is None and stop - start >= HEADER.size:
            request = data[start + 2 : start + 12]
            read = known.get(request)
            if read is None and plain and len(request) == PLAIN_READ.size:
                read = station.learn(request)
            if read is not None:
                head, at, end, heartbeat = read
                answers += (data[start : start + 2], head, image(at, end))
                if heartbeat is not None:
                    station.heard.add(heartbeat)
                start += 12
                continue
            transaction, protocol, length = HEADER.unpack_from(data, start)
            if protocol != 0 or not LENGTH_MIN <= length <= LENGTH_MAX:
                broken = True
                break
            end = start + HEADER.size + length
            if end > stop:
                break
            self._answer(transaction, data[start + HEADER.size], data[start + HEADER.size + 1 : end], answers)
            start = end
        if start == stop:
            self._stop, self._partial_since = 0, None
        else:
            self._keep(start)
        if answers:
            self._write(b"".join(answers))
        if broken:
            _log.info("%s: closed, its stream is no Modbus TCP", self.origin)
            self._transport.close()
        elif self._held is not None or self._choked_since is not None or self._waits:
            self._regulate()

    def _ignores(self) -> bool:
        """Throw away what has come, if nobody is at this end of the connection."""
        ignores = self._is_dead or self._owner.station.disturbances.mutes(self._number, self._peer)
        if ignores:
            self._stop, self._partial_since = 0, None
        return ignores

    def _answer(self, transaction: int, unit: int, pdu: bytes, answers: list[bytes]) -> None:
        """Answer a request that is not a plain read."""
        answer, distorted = self._owner.station.answer(unit, pdu, self.origin, self._functions, self._peer)
        if distorted is not None and distorted.resets:
            self._reset()
        elif distorted is not None or (answer is not None and not isinstance(answer, bytes)):
            self._held = self._loop.create_task(self._finish(transaction, unit, answer, distorted))
        elif answer is not None:
            answers.append(frame(transaction, unit, answer))

    async def _finish(self, transaction: int, unit: int, answer: Answer | None, distorted: Distorted | None) -> None:
        """Send an answer that must be waited for, then go on."""
        try:
            pdu = answer if answer is None or isinstance(answer, bytes) else await answer()
            if pdu is not None and distorted is None:
                self._write(frame(transaction, unit, pdu))
            elif pdu is not None and distorted is not None:
                await self._send(transaction, unit, pdu, distorted)
        except Exception:
            _log.exception("%s: closed, its request failed", self.origin)
            self._abort()
        finally:
            self._held = None
        self._advance()

    async def _send(self, transaction: int, unit: int, pdu: bytes, distorted: Distorted) -> None:
        """Send an answer as link faults leave it."""
        if distorted.is_silent:
            return
        if distorted.delay:
            await asyncio.sleep(distorted.delay)
        content = distorted.content(unit, pdu)
        whole = distorted.frame(frame(transaction, content[0], content[1:]), tcp=True)
        if distorted.is_kept_back and not self._kept_back:
            self._kept_back = whole
            return
        pieces, gap = distorted.pieces(whole)
        for piece in pieces[:-1]:
            if self._transport is None:
                return
            self._transport.write(piece)
            await asyncio.sleep(gap)
        self._write(pieces[-1])

    def _keep(self, start: int) -> None:
        """Move what is left in the buffer from ``start`` on to its front."""
        left = self._stop - start
        if start:
            self._buffer[:left] = self._buffer[start : self._stop]
        self._stop = left
        if self._held is not None or self._choked_since is not None:
            self._partial_since = None
        elif start or self._partial_since is None:
            self._partial_since = self._loop.time()

    def _regulate(self) -> None:
        """Read on only while nothing waits."""
        if self._transport is None or self._transport.is_closing():
            return
        self._waits = self._held is not None or self._choked_since is not None
        if self._waits:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A PDU with its header."""
    return HEADER.pack(transaction, 0, len(pdu) + 1) + bytes((unit,)) + pdu


def prepare(connection: socket.socket, silence: int) -> None:
    """Send answers at once, hold few that nobody fetches, and find out that a client is gone that never said so.

    Args:
        connection: Its socket.
        silence: Time after which the system asks, and between four more times [s].
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM_BUFFER)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, number in (("TCP_KEEPIDLE", silence), ("TCP_KEEPINTVL", silence), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), number)
