"""Listens at one TCP address, plain or with TLS, and knows what all of its connections need."""

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections.abc import Callable, Set
from contextlib import suppress
from functools import partial

from bms_emulator.interfaces.modbus.connection import Connection, Patience
from bms_emulator.interfaces.modbus.sockets import READABLE, Sockets, SocketTransport, listening
from bms_emulator.interfaces.modbus.station import EVERYTHING, Station

_log = logging.getLogger(__name__)


class Listener:
    """Listens at one TCP address.

    Args:
        station: What is served there.
        patience: How long a client may take.
        admit: Whether one more connection is allowed, the newest counted.
        sockets: Where plain sockets wait.
    """

    kind = "modbus tcp"

    def __init__(self, station: Station, patience: Patience, admit: Callable[[], bool], sockets: Sockets) -> None:
        self.station = station
        self.patience = patience
        self.admit = admit
        self.connections: set[Connection] = set()
        self._open: list[socket.socket] = []
        self._sockets = sockets
        self._resting: list[socket.socket] = []
        self._address: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where it listens."""
        assert self._address is not None  # it has been opened
        return self._address

    @property
    def place(self) -> str:
        """Where it listens, for people."""
        host, port = self.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The address cannot be had; the message says which and why.
        """
        device = self.station.device
        try:
            self._open = listening(device.host, device.port)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            used = "; another program listens there" if error.errno == errno.EADDRINUSE else ""
            maps = ", ".join(device.maps)
            message = f"{self.kind} {device.host}:{device.port} ({maps}): cannot listen: {reason}{used}"
            raise OSError(error.errno, message) from error
        host, port = self._open[0].getsockname()[:2]
        self._address = host, port
        self._serve()

    def _serve(self) -> None:
        for opened in self._open:
            self._sockets.add(opened.fileno(), partial(self._accept, opened))

    def _accept(self, opened: socket.socket, _: int) -> None:
        """Take one client; the others have to wait their turn like requests do."""
        try:
            accepted, _ = opened.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:  # no more files: look again at the next housekeeping
            _log.warning("%s %s: cannot accept: %s", self.kind, self.place, error)
            self._sockets.watch(opened.fileno(), 0)
            self._resting.append(opened)
            return
        accepted.setblocking(False)
        self._take(accepted)

    def _take(self, accepted: socket.socket) -> None:
        """Talk to a client."""
        try:
            SocketTransport(self._sockets, accepted, Connection(self))
        except OSError:  # it is gone again
            accepted.close()

    def functions(self, secured: ssl.SSLObject | None) -> Set[int]:
        """Functions that a client may use: without TLS nobody says who he is."""
        return EVERYTHING

    def expire(self, now: float) -> None:
        """Close connections whose clients take too long, listen as link faults let. now: the loop's time [s]."""
        for connection in tuple(self.connections):
            connection.expire(now)
        refuses = self.station.disturbances.refuses
        if refuses and self._open:
            self._refuse()
        elif not refuses and not self._open:
            self._return()
        while self._resting:
            self._sockets.watch(self._resting.pop().fileno(), READABLE)

    def _return(self) -> None:
        """Listen again where nobody was to listen."""
        host, port = self.address
        try:
            self._open = listening(self.station.device.host, port)
        except OSError as error:
            _log.warning("%s %s: cannot listen again: %s", self.kind, host, error)
            return
        self._serve()

    def _refuse(self) -> None:
        """Listen no more; open connections go on."""
        for opened in self._open:
            self._sockets.remove(opened.fileno())
            opened.close()
        self._open, self._resting = [], []

    async def close(self) -> None:
        """Close the listener and its connections."""
        for connection in tuple(self.connections):
            connection.end()
        self._refuse()


class TlsListener(Listener):
    """Listens at one TCP address for Modbus/TCP Security.

    Args:
        station: What is served there.
        patience: How long a client may take.
        admit: Whether one more connection is allowed, the newest counted.
        sockets: Where plain sockets wait.
        context: Certificates.
        permit: Functions that the owner of a certificate may use.
    """

    kind = "modbus tls"

    def __init__(
        self,
        station: Station,
        patience: Patience,
        admit: Callable[[], bool],
        sockets: Sockets,
        context: ssl.SSLContext,
        permit: Callable[[bytes], Set[int]],
    ) -> None:
        super().__init__(station, patience, admit, sockets)
        self._context = context
        self._permit = permit
        self._greeting: set[asyncio.Task[None]] = set()

    def _take(self, accepted: socket.socket) -> None:
        task = asyncio.get_running_loop().create_task(self._greet(accepted))
        self._greeting.add(task)
        task.add_done_callback(self._greeting.discard)

    async def _greet(self, accepted: socket.socket) -> None:
        """Shake hands with a client, then talk to it."""
        with suppress(OSError):  # it speaks no TLS, has no certificate that counts, or is gone
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self), accepted, ssl=self._context, ssl_handshake_timeout=self.patience.frame
            )

    def functions(self, secured: ssl.SSLObject | None) -> Set[int]:
        """Functions that a client may use, by the role in his certificate."""
        assert secured is not None
        certificate = secured.getpeercert(binary_form=True)
        assert certificate is not None  # none is accepted without
        return self._permit(certificate)

    async def close(self) -> None:
        """Close the listener and its connections."""
        for task in tuple(self._greeting):
            task.cancel()
        await super().close()
