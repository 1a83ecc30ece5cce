"""A server with its link, and a client that speaks bytes."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

from bms_emulator.interfaces.modbus.connection import Patience
from bms_emulator.interfaces.modbus.server import Server
from bms_emulator.profile.site import ModbusServer, SiteProfile
from tests.interfaces.fakes import FakeLink

HEADER = struct.Struct(">HHHB")


def on_free_ports(site: SiteProfile, **options: object) -> SiteProfile:
    """The site with ports that the system chooses, and other server options."""
    devices = tuple(device.model_copy(update={"port": 0}) for device in site.modbus.devices)
    return site.model_copy(update={"modbus": site.modbus.model_copy(update={"devices": devices, **options})})


class Client:
    """Sends bytes, receives answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, pdu: bytes, unit: int = 1, transaction: int = 1) -> None:
        self.writer.write(request(pdu, unit, transaction))

    async def answer(self) -> tuple[int, int, bytes]:
        """Transaction, unit and PDU of the next answer."""
        async with asyncio.timeout(5):
            transaction, protocol, length, unit = HEADER.unpack(await self.reader.readexactly(HEADER.size))
            assert protocol == 0
            return transaction, unit, await self.reader.readexactly(length - 1)

    async def ask(self, pdu: bytes, unit: int = 1) -> bytes:
        """PDU that answers a PDU."""
        self.send(pdu, unit, 7)
        transaction, answered, answer = await self.answer()
        assert (transaction, answered) == (7, unit)
        return answer

    async def read(self, address: int, count: int, unit: int = 1) -> bytes:
        answer = await self.ask(struct.pack(">BHH", 3, address, count), unit)
        assert answer[0] == 3, answer
        return answer[2:]

    async def is_closed(self) -> bool:
        """Whether the server closes the connection."""
        async with asyncio.timeout(5):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


Connect = Callable[..., Awaitable[Client]]
"""Opens a connection, given what ``asyncio.open_connection`` takes."""


def request(pdu: bytes, unit: int = 1, transaction: int = 1) -> bytes:
    return HEADER.pack(transaction, 0, len(pdu) + 1, unit) + pdu


class Rig:
    """A running server, its link and its clients."""

    def __init__(self, link: FakeLink, options: ModbusServer | None = None, patience: Patience | None = None) -> None:
        self.link = link
        self.server = Server(link, link.plan, options or link.site.modbus, patience)
        self._writers: list[asyncio.StreamWriter] = []

    async def client(self, listener: int = 0) -> Client:
        host, port = self.server.listeners[listener].address
        reader, writer = await asyncio.open_connection(host, port)
        self._writers.append(writer)
        return Client(reader, writer)

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
        await self.server.stop()
        await asyncio.sleep(0.01)
