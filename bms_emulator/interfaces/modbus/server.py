"""The Modbus TCP server: a listener for each address of the plan, on the transport of pymodbus."""

import asyncio
import errno
import os
from collections.abc import Callable

from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.modbus.connection import Connection, Patience
from bms_emulator.interfaces.modbus.device import DevicePlan
from bms_emulator.interfaces.modbus.dispatch import Dispatcher
from bms_emulator.interfaces.modbus.disturbance import Disturbances
from bms_emulator.interfaces.modbus.plan import ModbusPlan
from bms_emulator.interfaces.modbus.wire import ListenerProtocol
from bms_emulator.profile.site import ModbusServer

HOUSEKEEPING = 0.1
"""Time between two looks at link faults and at clients that take too long [s]."""


class PortError(OSError):
    """A port that cannot be listened on; the message names address and map."""


class Listener(ListenerProtocol):
    """Listens at one address and knows what all of its connections need.

    Args:
        link: The running emulator.
        device: What is served there.
        options: Options of the site.
        patience: How long a client may take.
        disturbances: Active link faults.
        count: Number of connections of the whole server.
    """

    def __init__(
        self,
        link: Link,
        device: DevicePlan,
        options: ModbusServer,
        patience: Patience,
        disturbances: Disturbances,
        count: Callable[[], int],
    ) -> None:
        super().__init__(device.host, device.port)
        self.device = device
        self.options = options
        self.patience = patience
        self.disturbances = disturbances
        self.image = link.image
        self.units = {number: next(iter(device.units.values())) for number in device.any_unit} | device.units
        self.dispatcher = Dispatcher(link, self.units)
        self._count = count
        self._places = {
            number: (
                unit.read_limit,
                tuple((part.start, part.stop, part.offset - 2 * part.start) for part in unit.ranges["holding"]),
            )
            for number, unit in self.units.items()
        }

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            PortError: The address cannot be had.
        """
        try:
            await super().open()
        except OSError as error:
            host, port = self.device.host, self.device.port
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            used = "; another program listens there" if error.errno == errno.EADDRINUSE else ""
            maps = ", ".join(self.device.maps)
            raise PortError(error.errno, f"modbus {host}:{port} ({maps}): cannot listen: {reason}{used}") from error

    def locate(self, unit: int, address: int, count: int) -> int:
        """Byte in the images of registers that may be read, -1 where it takes a closer look to say why not."""
        limit, places = self._places.get(unit, (0, ()))
        if 1 <= count <= limit:
            for start, stop, shift in places:
                if start <= address and address + count <= stop:
                    return shift + 2 * address
        return -1

    def admit(self) -> bool:
        """Whether one more connection is allowed, the newest counted."""
        return self._count() <= self.options.connection_limit

    def callback_new_connection(self) -> Connection:
        """A connection for a client that has come."""
        return Connection(self)


class Server:
    """All listeners of a site.

    Args:
        link: The running emulator.
        plan: Compiled register maps.
        options: Options of the site.
        patience: How long a client may take; the defaults with the idle time of the options where None.
    """

    def __init__(self, link: Link, plan: ModbusPlan, options: ModbusServer, patience: Patience | None = None) -> None:
        self.link = link
        self.disturbances = Disturbances()
        patience = patience or Patience(idle=options.idle_timeout_s)
        self.listeners = [
            Listener(link, device, options, patience, self.disturbances, self.connection_count)
            for device in plan.devices
        ]

    def connection_count(self) -> int:
        """Connections now open."""
        return sum(len(listener.active_connections) for listener in self.listeners)

    async def start(self) -> None:
        """Begin to listen everywhere.

        Raises:
            PortError: An address cannot be had; nothing listens then.
        """
        try:
            for listener in self.listeners:
                await listener.open()
        except PortError:
            await self.stop()
            raise

    def describe(self) -> str:
        """What listens where, for people."""
        return ", ".join(
            f"modbus tcp {':'.join(map(str, listener.address))} ({'; '.join(_units_by_map(listener.device))})"
            for listener in self.listeners
        )

    def keep_house(self, now: float) -> None:
        """Look at link faults, and close connections whose clients take too long. now: the loop's time [s]."""
        self.disturbances.update(self.link.status().get("faults", ()))
        for listener in self.listeners:
            for connection in list(listener.active_connections.values()):
                assert isinstance(connection, Connection)
                connection.expire(now)

    async def stop(self) -> None:
        """Close all listeners and connections."""
        for listener in self.listeners:
            for connection in list(listener.active_connections.values()):
                assert isinstance(connection, Connection)
                connection.drop_unsent()
            listener.close()
        await asyncio.sleep(0)


async def serve(link: Link, plan: ModbusPlan, options: ModbusServer, ready: Callable[[str], None]) -> None:
    """Serve all register maps until cancelled.

    Args:
        link: The running emulator.
        plan: Compiled register maps.
        options: Options of the site.
        ready: Called once, when all ports listen, with a text that says what listens where.

    Raises:
        PortError: An address cannot be had.
    """
    server = Server(link, plan, options)
    await server.start()
    try:
        ready(server.describe())
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(HOUSEKEEPING)
            server.keep_house(loop.time())
    finally:
        await server.stop()


def _units_by_map(device: DevicePlan) -> list[str]:
    """Each map with its unit ids, runs of ids in short."""
    texts = []
    for name in device.maps:
        ids = sorted(unit.unit for unit in device.units.values() if unit.map == name)
        runs: list[list[int]] = []
        for number in ids:
            if runs and number == runs[-1][1] + 1:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        spans = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
        texts.append(f"{name} unit{'s' * (len(ids) > 1)} {spans}")
    return texts
