"""What listens where: the devices of a site, and the units that they bring to each address."""

import ipaddress
from dataclasses import dataclass, field

from bms_emulator.interfaces.modbus.assembly import Served
from bms_emulator.interfaces.modbus.device import DevicePlan, UnitPlan
from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.profile.errors import Problem
from bms_emulator.profile.site import ModbusDevice, SiteProfile

UNIT_MAX = 247
"""Highest unit id that a device may have."""
PORT_MAX = 65535
"""Highest port."""

Address = tuple[str, int, int]
"""Host or serial line, port, and, where the system chooses the port, which of those it is."""


@dataclass
class _Listener:
    """What listens at one address, as the first device there says."""

    device: ModbusDevice
    number: int
    host: str
    port: int
    any_unit: tuple[int, ...]
    silent: bool
    units: dict[int, UnitPlan] = field(default_factory=dict)

    def plan(self) -> DevicePlan:
        device, units = self.device, self.units
        maps = tuple(dict.fromkeys(unit.map for unit in units.values()))
        line = (device.serial, device.baud, device.parity, device.tls)
        return DevicePlan(self.host, self.port, *line, maps, units, self.any_unit, self.silent)


class Listeners:
    """Gathers the units of all devices by the address they are served at.

    Args:
        site: The site.

    Attributes:
        problems: What is wrong.
    """

    def __init__(self, site: SiteProfile) -> None:
        self.site = site
        self.problems: list[Problem] = []
        self._listeners: dict[Address, _Listener] = {}
        self._free = 0

    def add(self, number: int, device: ModbusDevice, registers: RegisterMap, served: list[Served]) -> None:
        """Add the units of a device.

        Args:
            number: Number of the device in the site file.
            device: The device.
            registers: Its map.
            served: Its units.
        """
        first = self._free
        for unit in served:
            address = self._address(number, device, unit.port_shift, first)
            if address is None:
                continue
            silent = registers.unknown_unit == "silent"
            host, port, _ = address
            host = host if device.serial is None else ""
            first_there = _Listener(device, number, host, port, registers.any_unit, silent)
            listener = self._listeners.setdefault(address, first_there)
            self._check_line(number, device, listener)
            self._add(number, unit.unit, listener)

    def plans(self) -> tuple[DevicePlan, ...]:
        """What listens where."""
        return tuple(listener.plan() for listener in self._listeners.values())

    def _address(self, number: int, device: ModbusDevice, shift: int, first: int) -> Address | None:
        """Where a unit is served, None where it cannot be."""
        if device.serial is not None:
            if shift:
                self._problem(number, "serial", f"{device.map} needs several ports, which a serial line has not")
            return None if shift else (device.serial, 0, 0)
        host = device.host or self.site.modbus.host
        if device.port == 0:
            self._free = max(self._free, first + shift + 1)
            return host, 0, first + shift + 1
        port = device.port + shift
        if port > PORT_MAX:
            self._problem(number, "port", f"{device.map} would get port {port}; the last one is {PORT_MAX}")
            return None
        if not _is_host(host):
            self._problem(number, "host_step", f"container {device.container} would get host {host}")
            return None
        return host, port, 0

    def _check_line(self, number: int, device: ModbusDevice, there: _Listener) -> None:
        """One address speaks in one way."""
        keys = ("baud", "parity") if device.serial is not None else ("tls",)
        for key in keys:
            own, other = getattr(device, key), getattr(there.device, key)
            if own != other:
                self._problem(number, key, f"is {own}, but {other} for devices.{there.number} at the same address")

    def _add(self, number: int, unit: UnitPlan, there: _Listener) -> None:
        """One unit id is one unit."""
        where = "one serial line" if there.device.serial is not None else "one port"
        if not 1 <= unit.unit <= UNIT_MAX:
            message = f"{unit.name} of {unit.map} would get unit id {unit.unit}; allowed are 1 to {UNIT_MAX}"
            self._problem(number, "unit", message)
        elif (other := there.units.get(unit.unit)) is not None:
            both = f"{unit.name} of {unit.map} and {other.name} of {other.map}"
            self._problem(number, "unit", f"{both} both get unit id {unit.unit} on {where}")
        else:
            there.units[unit.unit] = unit

    def _problem(self, number: int, key: str, message: str) -> None:
        problem = self.site.device_problem(f"modbus.devices.{number}.{key}", message)
        if problem not in self.problems:
            self.problems.append(problem)


def _is_host(host: str) -> bool:
    """Whether it may be an address or a name."""
    if not host.replace(".", "").isdecimal():
        return " " not in host
    try:
        return ipaddress.ip_address(host) is not None
    except ValueError:
        return False
