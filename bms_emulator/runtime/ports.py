"""Whether all that a site asks for can be listened on, before anything is started."""

import errno
import functools
import os
import socket
import time
from collections.abc import Iterator

from bms_emulator.interfaces.modbus import serial_port
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.site import SiteProfile


def problems(site: SiteProfile) -> list[str]:
    """What stands against listening where the site says; empty where nothing does.

    The ports are tried and given back, so another program may still come in between.
    """
    wanted: dict[tuple[str, int], tuple[str, str]] = {}
    for host, port, key in modbus_ports(site):
        wanted.setdefault((host, port), ("modbus tcp", key))
    others = [("http", "http.port", site.http.host, site.http.port)]
    if site.mqtt.broker == "embedded":
        others.insert(0, ("mqtt", "mqtt.port", site.mqtt.host, site.mqtt.port))
    taken = []
    for service, key, host, port in others:
        _, first = wanted.setdefault((host, port), (service, key))
        if port and first != key:  # a map may take more ports than the site names
            taken.append(f"{service} {host}:{port}: {first} takes it; choose another with {key}")
    taken += [
        f"{service} {host}:{port}: {reason}; choose another with {key}, 0 lets the system choose"
        for (host, port), (service, key) in wanted.items()
        if port != 0 and (reason := _try(host, port))
    ]
    return [*taken, *_serial_problems(site), *_tls_problems(site)]


def modbus_ports(site: SiteProfile) -> Iterator[tuple[str, int, str]]:
    """Host and port of all that listens for Modbus TCP, and the key that says so."""
    shifts_of = functools.cache(functools.partial(_port_shifts, site))
    for n, device in site.each_modbus_device():
        if device.serial is None and device.port != 0:
            for shift in shifts_of(device.map):
                yield device.host or site.modbus.host, device.port + shift, f"modbus.devices.{n}.port"


def _port_shifts(site: SiteProfile, registers: str) -> set[int]:
    """Which ports from its own on a device with a map uses; a map that is wrong is told elsewhere."""
    try:
        units = load_map(registers, site.folders).registers.units
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
