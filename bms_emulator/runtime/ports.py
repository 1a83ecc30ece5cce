"""Whether all that a site asks for can be listened on, before anything is started."""

import errno
import os
import socket
import time
from collections.abc import Iterator

from bms_emulator.interfaces.modbus import serial_port
from bms_emulator.interfaces.modbus.listeners import each_device
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.site import ModbusDevice, SiteProfile


def problems(site: SiteProfile) -> list[str]:
    """What stands against listening where the site says; empty where nothing does.

    The ports are tried and given back, so another program may still come in between.
    """
    wanted: dict[tuple[str, int], tuple[str, str]] = {}
    for host, port, key in _modbus_ports(site):
        wanted.setdefault((host, port), ("modbus tcp", key))
    if site.mqtt.broker == "embedded":
        wanted[site.mqtt.host, site.mqtt.port] = ("mqtt", "mqtt.port")
    wanted[site.http.host, site.http.port] = ("http", "http.port")
    taken = [
        f"{service} {host}:{port}: {reason}; choose another with {key}, 0 lets the system choose"
        for (host, port), (service, key) in wanted.items()
        if port != 0 and (reason := _try(host, port))
    ]
    return [*taken, *_serial_problems(site), *_tls_problems(site)]


def _modbus_ports(site: SiteProfile) -> Iterator[tuple[str, int, str]]:
    """Host and port of all that listens for Modbus TCP, and the key that says so."""
    for n, device in each_device(site):
        if device.serial is None and device.port != 0:
            for shift in _port_shifts(site, device):
                yield device.host or site.modbus.host, device.port + shift, f"modbus.devices.{n}.port"


def _port_shifts(site: SiteProfile, device: ModbusDevice) -> set[int]:
    """Which ports from its own on a device uses; a map that is wrong is told elsewhere."""
    try:
        units = load_map(device.map, site.folders).registers.units
    except ProfileError:
        return {0}
    racks = site.container.rack_count
    return {unit.port_offset + n for unit in units for n in range(racks if unit.over and unit.by == "port" else 1)}


def _serial_problems(site: SiteProfile) -> Iterator[str]:
    for n, device in enumerate(site.modbus.devices):
        if device.serial is not None and (reason := serial_port.problem(device.serial, device.baud)):
            yield f"modbus rtu {device.serial}: {reason}; it stands at modbus.devices.{n}.serial"


def _tls_problems(site: SiteProfile) -> list[str]:
    """What is wrong with the certificates, where any device needs them."""
    if site.modbus.tls is None or not any(device.tls for device in site.modbus.devices):
        return []
    from bms_emulator.interfaces.modbus import tls

    return tls.problems(site.modbus.tls, time.time())


def _try(host: str, port: int) -> str:
    """Why one cannot listen there; empty where one can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror as error:
        return f"the host is unknown ({error.strerror})"
    except OSError as error:
        words = {
            errno.EADDRINUSE: "another program, perhaps another emulator, listens there",
            errno.EACCES: "listening there needs more rights (ports below 1024 are privileged)",
            errno.EADDRNOTAVAIL: "this machine does not have that address",
        }
        return words.get(error.errno or 0, os.strerror(error.errno or 0))
    return ""
