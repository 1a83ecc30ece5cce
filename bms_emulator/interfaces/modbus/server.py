"""The Modbus server: a listener for each address of the plan, a line for each serial path."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.modbus.connection import Connection, Patience
from bms_emulator.interfaces.modbus.device import DevicePlan
from bms_emulator.interfaces.modbus.disturbance import wire_faults
from bms_emulator.interfaces.modbus.heartbeat import Heartbeats
from bms_emulator.interfaces.modbus.listener import Listener, TlsListener
from bms_emulator.interfaces.modbus.plan import ModbusPlan
from bms_emulator.interfaces.modbus.serial_line import SerialLine
from bms_emulator.interfaces.modbus.sockets import Sockets
from bms_emulator.interfaces.modbus.station import Station
from bms_emulator.interfaces.modbus.tls import context_of, permission
from bms_emulator.profile.site import ModbusServer

HOUSEKEEPING = 0.1
"""Time between two looks at link faults and at clients that take too long [s]."""


class PortError(OSError):
    """Addresses that cannot be listened on; the message names each with its maps."""


class Outlet(Protocol):
    """Where a device can be reached: a TCP address or a serial line."""

    kind: str
    station: Station

    @property
    def connections(self) -> "set[Connection] | frozenset[object]":
        """Connections now open."""

    @property
    def place(self) -> str:
        """Where that is, for people."""

    async def open(self) -> None:
        """Begin to answer.

        Raises:
            OSError: The place cannot be had.
        """

    def expire(self, now: float) -> None:
        """Close connections whose clients take too long. now: the loop's time [s]."""

    async def close(self) -> None:
        """Answer no more."""


class Server:
    """All devices of a site.

    Args:
        link: The running emulator.
        plan: Compiled register maps.
        options: Options of the site.
        patience: How long a client may take; the defaults with the idle time of the options where None.

    Raises:
        OSError: Certificates cannot be used.
    """

    def __init__(self, link: Link, plan: ModbusPlan, options: ModbusServer, patience: Patience | None = None) -> None:
        self.link = link
        self.options = options
        self._faults: Sequence[Mapping[str, Any]] = ()
        self._patience = patience or Patience(idle=options.idle_timeout_s)
        self._sockets = Sockets()
        self._stations = [Station(link, device, place) for place, device in enumerate(plan.devices)]
        self.listeners = [self._outlet(station) for station in self._stations]
        self._heartbeats = Heartbeats(link, self._stations)

    def _outlet(self, station: Station) -> Outlet:
        if station.device.serial is not None:
            return SerialLine(station)
        common = (station, self._patience, self._admit, self._sockets)
        if not station.device.tls:
            return Listener(*common)
        assert self.options.tls is not None
        return TlsListener(*common, context_of(self.options.tls), permission(self.options.tls))

    def connection_count(self) -> int:
        """Connections now open."""
        return sum(len(listener.connections) for listener in self.listeners)

    def _admit(self) -> bool:
        return self.connection_count() <= self.options.connection_limit

    async def start(self) -> None:
        """Begin to listen everywhere.

        Raises:
            PortError: Some places cannot be had, all of which are named; nothing listens then.
        """
        self._sockets.open()
        problems = []
        for listener in self.listeners:
            try:
                await listener.open()
            except OSError as error:
                problems.append(error)
        if problems:
            await self.stop()
            raise PortError(problems[0].errno, "; ".join(str(error.strerror) for error in problems))

    def describe(self) -> str:
        """What listens where, for people."""
        return ", ".join(
            f"{listener.kind} {listener.place} ({'; '.join(_units_by_map(listener.station.device))})"
            for listener in self.listeners
        )

    def keep_house(self, now: float) -> None:
        """Look at link faults, and close connections whose clients take too long. now: the loop's time [s]."""
        self._disturb(self.link.status().get("faults", ()))
        self._heartbeats.update(now)
        for listener in self.listeners:
            listener.expire(now)

    def _disturb(self, listed: Sequence[Mapping[str, Any]]) -> None:
        """Tell the devices which link faults act on them."""
        faults = [fault for fault in listed if "wire" in fault]
        if faults or self._faults:
            told = wire_faults(faults) if [_acts(f) for f in faults] != [_acts(f) for f in self._faults] else None
            for station in self._stations:
                if told is not None:
                    station.disturbances.update(told)
                if station.disturbances.active:
                    station.disturbances.remember()
            self._faults = faults

    async def stop(self) -> None:
        """Close all listeners and connections."""
        self._heartbeats.stop()
        for listener in self.listeners:
            await listener.close()
        self._sockets.close()
        await asyncio.sleep(0)


async def serve(link: Link, plan: ModbusPlan, options: ModbusServer, ready: Callable[[str], None]) -> None:
    """Serve all register maps until cancelled.

    Args:
        link: The running emulator.
        plan: Compiled register maps.
        options: Options of the site.
        ready: Called once, when all ports listen, with a text that says what listens where.

    Raises:
        PortError: Addresses cannot be had.
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


def _acts(fault: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a server needs to know of a link fault."""
    return fault["id"], fault["name"], fault["seed"], fault["target"], fault["wire"]


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
