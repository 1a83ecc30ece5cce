"""Answers on one serial line, for all units that stand on it."""

import asyncio
import logging

from bms_emulator.interfaces.modbus import rtu
from bms_emulator.interfaces.modbus.serial_port import SerialPort
from bms_emulator.interfaces.modbus.station import Station

BROADCAST = 0
"""Unit id that means all; nobody answers."""
PATIENCE = 0.02
"""Further silence that ends what is no request: bytes of one request may come in pieces [s]."""
REOPEN = 1.0
"""Between two attempts to open a serial device that was unplugged [s]."""
WAITING_MAX = 4 * rtu.FRAME_MAX
"""Bytes that may wait while a request is answered."""

_log = logging.getLogger(__name__)


class SerialLine:
    """Answers on one serial line, one request after the other.

    Args:
        station: The units that stand on it.
    """

    kind = "modbus rtu"

    def __init__(self, station: Station) -> None:
        self.station = station
        self.connections: frozenset[object] = frozenset()
        self.origin = f"modbus:{station.device.serial}"
        self._silence = rtu.silence(station.device.baud)
        self._port: SerialPort | None = None
        self._buffer = bytearray()
        self._ended: asyncio.TimerHandle | None = None
        self._held: asyncio.Task[None] | None = None
        self._retry = 0.0

    @property
    def place(self) -> str:
        """Where it is, for people."""
        device = self.station.device
        where = device.serial if self._port is None else self._port.place
        return f"{where} {device.baud} 8{device.parity[0].upper()}1"

    async def open(self) -> None:
        """Begin to answer.

        Raises:
            OSError: The line cannot be opened; the message says which and why.
        """
        try:
            self._open()
        except OSError as error:
            device = self.station.device
            message = f"{self.kind} {device.serial} ({', '.join(device.maps)}): {error.strerror or error}"
            raise OSError(error.errno, message) from error

    def expire(self, now: float) -> None:
        """Open a serial device again that was unplugged. now: the loop's time [s]."""
        if self._port is None and now >= self._retry:
            self._retry = now + REOPEN
            try:
                self._open()
            except OSError:
                return
            _log.warning("%s: is there again", self.origin)

    async def close(self) -> None:
        """Answer no more."""
        for waiting in (self._ended, self._held):
            if waiting is not None:
                waiting.cancel()
        if self._port is not None:
            asyncio.get_running_loop().remove_reader(self._port.fd)
            self._port.close()
            self._port = None

    def _open(self) -> None:
        device = self.station.device
        assert device.serial is not None
        self._port = SerialPort(device.serial, device.baud, device.parity)
        self._buffer.clear()
        asyncio.get_running_loop().add_reader(self._port.fd, self._receive)

    def _receive(self) -> None:
        assert self._port is not None
        try:
            self._buffer += self._port.read()
        except OSError as error:
            _log.warning("%s: %s", self.origin, error)
            asyncio.get_running_loop().remove_reader(self._port.fd)
            self._port.close()
            self._port = None
            return
        if len(self._buffer) > WAITING_MAX:
            self._buffer.clear()
        self._advance()
        if self._ended is not None:
            self._ended.cancel()
        self._ended = asyncio.get_running_loop().call_later(self._silence + PATIENCE, self._fall_silent)

    def _advance(self) -> None:
        """Answer the first request in the buffer, if it is there to its end."""
        length = rtu.request_length(self._buffer)
        if self._held is None and length and len(self._buffer) >= length and rtu.is_whole(self._buffer[:length]):
            self._take(length)

    def _fall_silent(self) -> None:
        """What has come until now is a request, or nothing."""
        if self._held is None:
            if rtu.is_whole(self._buffer):
                self._take(len(self._buffer))
            else:
                self._buffer.clear()

    def _take(self, length: int) -> None:
        request = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._held = asyncio.get_running_loop().create_task(self._finish(request[0], request[1 : -rtu.CRC_SIZE]))

    async def _finish(self, number: int, pdu: bytes) -> None:
        """Answer a request after the silence that ends it, then go on."""
        try:
            await asyncio.sleep(self._silence)
            if number == BROADCAST:
                for each in self.station.device.units:
                    await self._answer(each, pdu)
            else:
                answer = await self._answer(number, pdu)
                if answer is not None and self._port is not None:
                    self._port.write(answer)
        except Exception:
            _log.exception("%s: a request failed", self.origin)
        finally:
            self._held = None
        self._advance()

    async def _answer(self, number: int, pdu: bytes) -> bytes | None:
        """The frame that answers, when it is due; None where there is none."""
        answer, distorted = self.station.answer(number, pdu, self.origin)
        told = answer if answer is None or isinstance(answer, bytes) else await answer()
        if told is None or distorted is None:
            return None if told is None else rtu.frame(number, told)
        if distorted.is_silent:
            return None
        if distorted.delay:
            await asyncio.sleep(distorted.delay)
        content = distorted.content(number, told)
        return distorted.frame(rtu.frame(content[0], content[1:]), tcp=False)
