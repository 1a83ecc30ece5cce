"""Whether the ports that a site asks for are free, all of them, before anything is started."""

import errno
import os
import socket

from bms_emulator.profile.site import SiteProfile


def problems(site: SiteProfile) -> list[str]:
    """What stands against listening where the site says; empty where nothing does.

    The ports are tried and given back, so another program may still come in between.
    """
    wanted: dict[tuple[str, int], tuple[str, str]] = {}
    for n, device in enumerate(site.modbus.devices):
        wanted.setdefault((site.modbus.host, device.port), ("modbus tcp", f"modbus.devices.{n}.port"))
    if site.mqtt.broker == "embedded":
        wanted[site.mqtt.host, site.mqtt.port] = ("mqtt", "mqtt.port")
    wanted[site.http.host, site.http.port] = ("http", "http.port")
    return [
        f"{service} {host}:{port}: {reason}; choose another with {key}, 0 lets the system choose"
        for (host, port), (service, key) in wanted.items()
        if port != 0 and (reason := _try(host, port))
    ]


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
