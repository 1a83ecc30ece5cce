"""How the connections of Modbus servers are named: all, a register map, a container, a unit, a client."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bms_emulator.faults.spec import FaultError, near
from bms_emulator.profile.site import ModbusDevice, SiteProfile

GRAMMAR = "modbus, modbus:<map>, modbus:<map>[<container>], either with /<unit>, and any with @<client address>"

_PATTERN = re.compile(r"modbus(:(?P<map>[^/:@\[\]]+)(\[(?P<container>\d+)\])?(/(?P<unit>[^/@]+))?)?(@(?P<client>.+))?")
_CLIENT = re.compile(r"(\[(?P<six>[^\]]+)\]|(?P<four>[^:]+))(:(?P<port>\d{1,5}))?")


@dataclass(frozen=True)
class WireTarget:
    """Which connections and requests a target text means; what is None is not looked at.

    Attributes:
        map: Register map.
        container: Container that the device shows, counted from 1.
        unit: Unit id.
        host: Address of the client.
        port: Port of the client.
    """

    map: str | None = None
    container: int | None = None
    unit: int | None = None
    host: str | None = None
    port: int | None = None

    @classmethod
    def read(cls, text: str) -> "WireTarget":
        """The target in a text.

        Raises:
            FaultError: It is none; says how they are written.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise FaultError(f"{text}: write {GRAMMAR}")
        unit, container = match["unit"], match["container"]
        if unit is not None and not (unit.isdecimal() and int(unit) <= 255):
            raise FaultError(f"{text}: no unit {unit} answers there; allowed: 0 to 255")
        host, port = (None, None) if match["client"] is None else _client(text, match["client"])
        return cls(
            match["map"],
            None if container is None else int(container),
            None if unit is None else int(unit),
            host,
            port,
        )

    def shows(self, registers: str, container: int) -> bool:
        """Whether it means a map that shows a container."""
        return self.map in (None, registers) and self.container in (None, container)

    def meets(self, peer: tuple[str, int] | None) -> bool:
        """Whether it means a client, None where nobody can say which."""
        if self.host is None:
            return True
        return peer is not None and peer[0] == self.host and self.port in (None, peer[1])


def find_devices(
    text: str, site: SiteProfile, units: Mapping[str, Collection[int]] | None
) -> tuple[list[int], list[str]]:
    """Places of the devices that a target text means among all of a site, and what they are called.

    Args:
        text: The target text.
        site: The site.
        units: Unit ids that answer, by register map; where None, any unit id is taken.

    Raises:
        FaultError: None; says what is allowed and what is near.
    """
    wanted, devices = WireTarget.read(text), [device for _, device in site.each_modbus_device()]
    of_map = [n for n, device in enumerate(devices) if wanted.map in (None, device.map)]
    if not of_map:
        maps = sorted({device.map for device in devices})
        raise FaultError(f"{text}: no such register map is served{near(wanted.map or '', maps)}")
    chosen = [n for n in of_map if wanted.container in (None, devices[n].container)]
    if not chosen:
        shown = ", ".join(map(str, sorted({devices[n].container for n in of_map})))
        raise FaultError(f"{text}: the map does not show container {wanted.container}; allowed: {shown}")
    answering = range(256) if units is None else sorted(units.get(wanted.map or "", ()))
    if wanted.unit is not None and wanted.unit not in answering:
        raise FaultError(f"{text}: no unit {wanted.unit} answers there; allowed: {', '.join(map(str, answering))}")
    if wanted.host is not None:
        chosen = [n for n in chosen if devices[n].serial is None]
        if not chosen:
            raise FaultError(f"{text}: a serial line has no clients; leave @ away")
    return chosen, [_name(devices[n], wanted) for n in chosen]


def _name(device: ModbusDevice, wanted: WireTarget) -> str:
    unit = "" if wanted.unit is None else f"/{wanted.unit}"
    where = f"port {device.port}" if device.serial is None else device.serial
    client = "" if wanted.host is None else f", client {wanted.host}" + (f":{wanted.port}" if wanted.port else "")
    return f"modbus:{device.map}{unit} (container {device.container}, {where}{client})"


def _client(text: str, client: str) -> tuple[str, int | None]:
    """Address and port of a client. FaultError: it is none."""
    try:
        return str(ipaddress.ip_address(client)), None
    except ValueError:
        match = _CLIENT.fullmatch(client)
    try:
        if match is None:
            raise ValueError
        host = str(ipaddress.ip_address(match["six"] or match["four"]))
    except ValueError:
        raise FaultError(
            f"{text}: {client!r} is no client; write its IP address, 127.0.0.1, 127.0.0.1:51234 or [::1]:51234"
        ) from None
    return host, None if match["port"] is None else int(match["port"])
