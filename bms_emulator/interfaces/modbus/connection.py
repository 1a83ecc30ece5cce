"""One client's connection: framing, order of answers, and what a client must not do to the server."""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bms_emulator.interfaces.modbus.pdu import REGISTER_READS
from bms_emulator.interfaces.modbus.wire import ConnectionProtocol

if TYPE_CHECKING:
    from bms_emulator.interfaces.modbus.server import Listener

_log = logging.getLogger(__name__)

HEADER = struct.Struct(">HHH")
"""Transaction, protocol, length."""
READ = struct.Struct(">HHHBBHH")
"""A whole read request: header, unit, function, address, quantity."""
READ_ANSWER = struct.Struct(">HHHBBB")
"""What stands before the registers of its answer: header, unit, function, byte count."""
READ_LENGTH = 6
LENGTH_MIN, LENGTH_MAX = 2, 254

BUFFER_SIZE = 4096
"""Room for requests that wait; more than 300 reads."""
SEND_BUFFER_MAX = 128 * 1024
"""Unsent answers above which no more requests are taken [B]."""


@dataclass(frozen=True)
class Patience:
    """How long a client may take, in seconds.

    Attributes:
        frame: From the first byte of a request to its last.
        send: Until it fetches answers that wait for it.
        idle: Between requests; 0 is forever.
        keepalive: Silence after which the system asks whether the client is still there.
    """

    frame: float = 5.0
    send: float = 5.0
    idle: float = 0.0
    keepalive: int = 30


class Connection(ConnectionProtocol):
    """One client's connection.

    The length field of the header alone divides the stream into requests. Answers leave in the order of their requests:
    while one waits for the emulator or is delayed, those behind it wait too, and nothing more is read.

    Args:
        listener: The listener that accepted it.
    """

    def __init__(self, listener: "Listener") -> None:
        super().__init__()
        self.origin = "modbus"
        self._owner = listener
        self._buffer = bytearray(BUFFER_SIZE)
        self._view = memoryview(self._buffer)
        self._stop = 0
        self._held: asyncio.Task[None] | None = None
        self._choked_since: float | None = None
        self._partial_since: float | None = None
        self._heard = self.loop.time()
        self._tcp: asyncio.Transport | None = None

    # ---- transport

    def callback_connected(self) -> None:
        """Set the connection up, or close it where there are too many."""
        assert isinstance(self.transport, asyncio.Transport)
        self._tcp = self.transport
        peer = self._tcp.get_extra_info("peername") or ("?", 0)
        self.origin = f"modbus:{peer[0]}:{peer[1]}"
        if not self._owner.admit():
            _log.warning("%s: refused, %d connections are the limit", self.origin, self._owner.options.connection_limit)
            self._tcp.abort()
            return
        self._tcp.set_write_buffer_limits(high=SEND_BUFFER_MAX)
        keep_alive(self._tcp.get_extra_info("socket"), self._owner.patience.keepalive)

    def callback_disconnected(self, exc: Exception | None) -> None:
        """Forget what is still to be answered."""
        if self._held is not None:
            self._held.cancel()
        self._tcp = None

    def pause_writing(self) -> None:
        """The client does not fetch its answers: take no more requests."""
        self._choked_since = self.loop.time()
        self._regulate()

    def resume_writing(self) -> None:
        """The client has fetched its answers."""
        self._choked_since = None
        self._advance()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go; never empty, as nothing is read while requests wait."""
        return self._view[self._stop :]

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have arrived."""
        self._stop += nbytes
        self._heard = self.loop.time()
        self._advance()

    def expire(self, now: float) -> None:
        """Close the connection if its client takes too long."""
        patience = self._owner.patience
        waits = (
            ("sent half a request", self._partial_since, patience.frame),
            ("does not fetch its answers", self._choked_since, patience.send),
            ("is idle", None if self._held or not patience.idle else self._heard, patience.idle),
        )
        for what, since, allowed in waits:
            if since is not None and now - since > allowed and self._tcp is not None:
                _log.info("%s: closed, %s for %g s", self.origin, what, allowed)
                self._tcp.abort()
                return

    def drop_unsent(self) -> None:
        """Do not wait for a client that has not fetched its answers."""
        if self._tcp is not None and self._tcp.get_write_buffer_size():
            self._tcp.abort()

    # ---- requests

    def _advance(self) -> None:
        """Answer all whole requests in the buffer, as far as none must wait."""
        if self._tcp is None:
            return
        owner, buffer = self._owner, self._buffer
        start, stop = 0, self._stop
        answers: list[bytes] = []
        broken = False
        while self._held is None and self._choked_since is None and stop - start >= HEADER.size:
            if stop - start >= READ.size and not owner.disturbances.active:
                transaction, protocol, length, unit, function, address, count = READ.unpack_from(buffer, start)
                if length == READ_LENGTH and protocol == 0 and function in REGISTER_READS:
                    at = owner.locate(unit, address, count)
                    if at >= 0:
                        size = 2 * count
                        answers += (
                            READ_ANSWER.pack(transaction, 0, size + 3, unit, function, size),
                            owner.image(at, at + size),
                        )
                        start += READ.size
                        continue
            transaction, protocol, length = HEADER.unpack_from(buffer, start)
            if protocol != 0 or not LENGTH_MIN <= length <= LENGTH_MAX:
                broken = True
                break
            end = start + HEADER.size + length
            if end > stop:
                break
            self._answer(transaction, buffer[start + HEADER.size], bytes(self._view[start + 7 : end]), answers)
            start = end
        self._keep(start)
        if answers:
            self._tcp.write(b"".join(answers))
        if broken:
            _log.info("%s: closed, its stream is no Modbus TCP", self.origin)
            self._tcp.close()
        else:
            self._regulate()

    def _answer(self, transaction: int, unit: int, pdu: bytes, answers: list[bytes]) -> None:
        """Answer a request that is not a plain read."""
        owner = self._owner
        delay = owner.disturbances.delay(owner.units.get(unit)) if owner.disturbances.active else 0.0
        answer = owner.dispatcher.answer(unit, pdu, self.origin)
        if isinstance(answer, bytes) and not delay:
            if delay is not None:
                answers.append(frame(transaction, unit, answer))
            return
        self._held = self.loop.create_task(self._finish(transaction, unit, answer, delay))

    async def _finish(
        self, transaction: int, unit: int, answer: bytes | Callable[[], Awaitable[bytes]], delay: float | None
    ) -> None:
        """Send an answer that must be waited for, then go on."""
        try:
            pdu = answer if isinstance(answer, bytes) else await answer()
            if delay:
                await asyncio.sleep(delay)
            if delay is not None and self._tcp is not None:
                self._tcp.write(frame(transaction, unit, pdu))
        except Exception:
            _log.exception("%s: closed, its request failed", self.origin)
            if self._tcp is not None:
                self._tcp.abort()
        finally:
            self._held = None
        self._advance()

    def _keep(self, start: int) -> None:
        """Move what is left in the buffer from ``start`` on to its front."""
        left = self._stop - start
        if left and start:
            self._buffer[:left] = self._buffer[start : self._stop]
        self._stop = left
        waits = self._held is not None or self._choked_since is not None
        if not left or waits:
            self._partial_since = None
        elif start or self._partial_since is None:
            self._partial_since = self.loop.time()

    def _regulate(self) -> None:
        """Read on only while nothing waits."""
        if self._tcp is None or self._tcp.is_closing():
            return
        if self._held is None and self._choked_since is None:
            self._tcp.resume_reading()
        else:
            self._tcp.pause_reading()


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A PDU with its header."""
    return HEADER.pack(transaction, 0, len(pdu) + 1) + bytes((unit,)) + pdu


def keep_alive(connection: socket.socket, silence: int) -> None:
    """Have the system find out that a client is gone that never said so.

    Args:
        connection: Its socket.
        silence: Time after which it asks, and between four more times [s].
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, number in (("TCP_KEEPIDLE", silence), ("TCP_KEEPINTVL", silence), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), number)
