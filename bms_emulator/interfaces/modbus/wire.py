"""All that is used of pymodbus: its transport below listeners and connections, and its codec for device identification.

The server classes of pymodbus change in every minor release and read one request at a time; nothing of them is used.
"""

import asyncio
from typing import NoReturn

from pymodbus.pdu.mei_message import ReadDeviceInformationResponse
from pymodbus.transport import CommParams, CommType, ModbusProtocol


class _Endpoint(ModbusProtocol):
    """What pymodbus asks of every protocol, for one that does not take part in it."""

    def callback_new_connection(self) -> ModbusProtocol:
        """Only a listener is asked for connections."""
        self._unused()

    def callback_connected(self) -> None:
        """Only a connection is connected."""
        self._unused()

    def callback_disconnected(self, exc: Exception | None) -> None:
        """Only a connection is lost."""
        self._unused()

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        """Data arrive in a buffer of the connection's own."""
        self._unused()

    def _unused(self) -> NoReturn:
        raise NotImplementedError(type(self).__name__)


class ListenerProtocol(_Endpoint):
    """Listens at an address; a subclass gives the connections (``callback_new_connection``).

    Args:
        host: Address of the interface.
        port: TCP port, 0 where the system chooses.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(CommParams(comm_type=CommType.TCP, comm_name="modbus", source_address=(host, port)), True)

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The address cannot be had; pymodbus's own ``listen`` would only log that.
        """
        self.is_listener = True
        self.transport = await self.call_create()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where it listens."""
        host, port = self.transport.sockets[0].getsockname()[:2]  # type: ignore[attr-defined]
        return host, port


class ConnectionProtocol(_Endpoint, asyncio.BufferedProtocol):
    """A connection that a listener accepted and that reads into its own buffer."""

    def __init__(self) -> None:
        super().__init__(CommParams(comm_type=CommType.TCP, comm_name="modbus"), True, is_sync=True)
        self.loop = asyncio.get_running_loop()


def encode_identification(read_code: int, texts: dict[int, str], conformity: int) -> bytes:
    """Data of an answer with objects of the device identification, as many as fit.

    Args:
        read_code: Read code of the request.
        texts: Objects by id.
        conformity: What the device can do.
    """
    response = ReadDeviceInformationResponse(
        read_code=read_code, information={number: text.encode() for number, text in texts.items()}
    )
    response.conformity = conformity
    return bytes(response.encode())
