"""The other end of the line: a master that reads and writes devices, by Modbus TCP or RTU."""

from typing import Any, Protocol

from pymodbus.client import AsyncModbusTcpClient, ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ModbusException

from bms_emulator.interfaces.modbus.map import Table

Client = AsyncModbusTcpClient
"""A client of pymodbus."""
RETRIES = 1
"""Times that a request which is not answered is sent again."""
CLIENT_TIMEOUT = 5.0
"""Longest wait of a client of its own for an answer [s]."""
_READ = {
    "holding": "read_holding_registers",
    "input": "read_input_registers",
    "coil": "read_coils",
    "discrete_input": "read_discrete_inputs",
}
_PARITY = {"none": "N", "even": "E", "odd": "O"}


class MasterError(OSError):
    """A device does not answer, or refuses; the message says which, and what was asked of it."""


class Wire(Protocol):
    """Opens the connection to a device."""

    def client(self, port_shift: int) -> Any:
        """A client of pymodbus; port_shift: added to the port."""

    def place(self, port_shift: int) -> str:
        """Where that is, for people."""


class Tcp:
    """Modbus TCP.

    Args:
        host: Address of the device.
        port: Its port.
        timeout: Longest wait for an answer [s].
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.host, self.port, self.timeout = host, port, timeout

    def client(self, port_shift: int) -> Any:
        """A client of pymodbus."""
        return ModbusTcpClient(self.host, port=self.port + port_shift, timeout=self.timeout, retries=RETRIES)

    def place(self, port_shift: int) -> str:
        """Where that is."""
        return f"{self.host}:{self.port + port_shift}"


class Rtu:
    """Modbus RTU.

    Args:
        path: Serial device.
        baud: Bits per second.
        parity: ``none``, ``even`` or ``odd``.
        timeout: Longest wait for an answer [s].

    Raises:
        MasterError: The package that knows serial devices is not installed.
    """

    def __init__(self, path: str, baud: int, parity: str, timeout: float) -> None:
        self.path, self.baud, self.parity, self.timeout = path, baud, parity, timeout

    def client(self, port_shift: int) -> Any:
        """A client of pymodbus."""
        try:
            return ModbusSerialClient(
                self.path, baudrate=self.baud, parity=_PARITY[self.parity], timeout=self.timeout, retries=RETRIES
            )
        except RuntimeError as error:
            raise MasterError(f"{self.path}: Modbus RTU needs the package pyserial") from error

    def place(self, port_shift: int) -> str:
        """Where that is."""
        return self.path


class Master:
    """Reads and writes registers and coils as bytes; a bit takes a word, as in register images.

    Args:
        wire: How the device is reached.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._clients: dict[int, Any] = {}

    def read(self, port_shift: int, unit: int, table: Table, address: int, count: int) -> bytes:
        """Words from an address on.

        Raises:
            MasterError: They cannot be read.
        """
        answer = self._ask(port_shift, unit, _READ[table], address, count=count)
        words = answer.registers if table in ("holding", "input") else answer.bits[:count]
        return b"".join(int(word).to_bytes(2, "big") for word in words)

    def write(self, port_shift: int, unit: int, table: Table, address: int, data: bytes) -> None:
        """Write words from an address on, one by function 6 or 5, several by function 16 or 15.

        Raises:
            MasterError: They are not taken.
        """
        words = [int.from_bytes(data[n : n + 2], "big") for n in range(0, len(data), 2)]
        what, values = ("register", words) if table == "holding" else ("coil", [word != 0 for word in words])
        if len(values) == 1:
            self._ask(port_shift, unit, f"write_{what}", address, values[0])
        else:
            self._ask(port_shift, unit, f"write_{what}s", address, values)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _ask(self, port_shift: int, unit: int, what: str, address: int, *values: Any, **named: Any) -> Any:
        place = f"{self._wire.place(port_shift)}, unit {unit}: {what.replace('_', ' ')} at {address}"
        try:
            client = self._connected(port_shift)
            answer = getattr(client, what)(address, *values, device_id=unit, **named)
        except (ModbusException, OSError) as error:
            if (client := self._clients.pop(port_shift, None)) is not None:
                client.close()
            raise MasterError(f"{place}: {error}") from error
        if answer.isError():
            raise MasterError(f"{place}: refused with exception {getattr(answer, 'exception_code', 0):#04x}")
        return answer

    def _connected(self, port_shift: int) -> Any:
        if port_shift not in self._clients:
            client = self._wire.client(port_shift)
            if not client.connect():
                client.close()
                raise OSError("no connection")
            self._clients[port_shift] = client
        return self._clients[port_shift]


async def open_client(host: str, port: int) -> Client:
    """A client that is connected, for programs that speak Modbus themselves.

    Raises:
        MasterError: Nothing answers there.
    """
    client = AsyncModbusTcpClient(host, port=port, timeout=CLIENT_TIMEOUT, retries=0)
    if not await client.connect():
        client.close()
        raise MasterError(f"{host}:{port}: no connection")
    return client
