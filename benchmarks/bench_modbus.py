"""Modbus TCP reads: our server beside pymodbus's own, and the encoding of a container's registers.

Each server runs in a process of its own; one load generator, the same for all, runs in this one. The servers take
turns, so that a busy moment of the machine does not fall on one of them alone.
"""

import asyncio
import importlib.util
import multiprocessing
import selectors
import socket
import statistics
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

CLIENTS = 32
QUANTITY = 125
ADDRESS = 40070
REQUESTS = 24_000
"""For each run of a server."""
ROUNDS = 3
ANSWER_SIZE = 9 + 2 * QUANTITY

Measured = tuple[float, float]
"""Requests a second, and 99th percentile of the time to an answer [s]."""


class StillLink:
    """A link whose images stand still: the server alone is measured."""

    def __init__(self, image: bytes) -> None:
        self._image = image

    def image(self, start: int, stop: int) -> bytes:
        return self._image[start:stop]

    def status(self) -> dict[str, Any]:
        return {"faults": []}


def serve_own(report: Connection) -> None:
    """Our server with the maps of the demo site."""
    from bms_emulator.interfaces.modbus.plan import compile_maps
    from bms_emulator.interfaces.modbus.server import serve
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.loader import load_site

    site = load_site("demo", {"modbus.devices.0.port": 0, "modbus.devices.1.port": 0})
    plan = compile_maps(site, Catalogue(site))

    def ready(text: str) -> None:
        report.send(int(text.split("127.0.0.1:", 1)[1].split(maxsplit=1)[0]))

    asyncio.run(serve(StillLink(plan.template), plan, site.modbus, ready))  # type: ignore[arg-type]


def serve_pymodbus(report: Connection) -> None:
    """The server that comes with pymodbus."""
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def main() -> None:
        device = SimDevice(1, simdata=[SimData(40000, count=1000, values=17, datatype=DataType.REGISTERS)])
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.listen()
        report.send(server.transport.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        await server.serving

    asyncio.run(main())


def serve_pymodbustcp(report: Connection) -> None:
    """The server of pyModbusTCP, where that is installed."""
    from pyModbusTCP.server import ModbusServer

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ModbusServer("127.0.0.1", port, no_block=True)
    server.start()
    report.send(port)
    time.sleep(3600)


def load(port: int, requests: int) -> Measured:
    """Clients that each ask again as soon as they are answered."""
    request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, ADDRESS, QUANTITY)
    selector = selectors.DefaultSelector()
    sent: dict[socket.socket, int] = {}
    missing: dict[socket.socket, int] = {}
    times: list[int] = []
    room = bytearray(4096)
    try:
        for _ in range(CLIENTS):
            client = socket.create_connection(("127.0.0.1", port), timeout=5)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ)
        began = time.perf_counter_ns()
        for key in selector.get_map().values():
            _ask(key.fileobj, request, sent, missing)  # type: ignore[arg-type]
        while len(times) < requests:
            events = selector.select(5)
            if not events:
                raise TimeoutError("requests are not answered")
            for key, _ in events:
                client = key.fileobj  # type: ignore[assignment]
                missing[client] -= client.recv_into(room)
                if missing[client] == 0:
                    times.append(time.perf_counter_ns() - sent[client])
                    if len(times) <= requests - CLIENTS:
                        _ask(client, request, sent, missing)
        took = time.perf_counter_ns() - began
    finally:
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        selector.close()
    times.sort()
    return len(times) / took * 1e9, times[int(0.99 * len(times))] / 1e9


def _ask(
    client: socket.socket, request: bytes, sent: dict[socket.socket, int], missing: dict[socket.socket, int]
) -> None:
    sent[client] = time.perf_counter_ns()
    missing[client] = ANSWER_SIZE
    client.send(request)


def measure(servers: dict[str, Callable[[Connection], None]]) -> dict[str, Measured]:
    """Each server's median over the rounds, all servers in turns."""
    spawn = multiprocessing.get_context("spawn")
    processes, ports = [], {}
    try:
        for name, serve in servers.items():
            here, there = spawn.Pipe()
            process = spawn.Process(target=serve, args=(there,), daemon=True)
            process.start()
            processes.append(process)
            if not here.poll(30):
                raise TimeoutError(f"{name} does not listen")
            ports[name] = here.recv()
        runs: dict[str, list[Measured]] = {name: [] for name in servers}
        for port in ports.values():
            load(port, REQUESTS // 10)
        for _ in range(ROUNDS):
            for name, port in ports.items():
                runs[name].append(load(port, REQUESTS))
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return {
        name: (statistics.median(rate for rate, _ in each), statistics.median(late for _, late in each))
        for name, each in runs.items()
    }


def encoding_time() -> tuple[int, float]:
    """Registers of the demo site and the time to encode all of them [s]."""
    from bms_emulator.arrays import Arena
    from bms_emulator.interfaces.modbus.encode import encode
    from bms_emulator.interfaces.modbus.plan import compile_maps
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.loader import load_site

    site = load_site("demo")
    catalogue = Catalogue(site)
    plan = compile_maps(site, catalogue)
    arena = Arena(catalogue.layout)
    images = np.frombuffer(plan.template, np.uint8).copy()
    encode(arena.buffer, images, *plan.arrays)
    times = []
    for _ in range(2000):
        began = time.perf_counter_ns()
        encode(arena.buffer, images, *plan.arrays)
        times.append(time.perf_counter_ns() - began)
    return plan.size // 2, statistics.median(times) / 1e9


def rows() -> list[tuple[str, str]]:
    """What was measured."""
    servers: dict[str, Callable[[Connection], None]] = {"this server": serve_own, "pymodbus": serve_pymodbus}
    if importlib.util.find_spec("pyModbusTCP") is not None:
        servers["pyModbusTCP"] = serve_pymodbustcp
    measured = measure(servers)
    own = measured["this server"][0]
    table = [
        (
            f"Modbus FC3 x {QUANTITY}, {CLIENTS} clients, {name}",
            f"{rate:,.0f} requests/s, p99 {late * 1e3:.2f} ms" + (f", ratio {own / rate:.1f}" if rate != own else ""),
        )
        for name, (rate, late) in measured.items()
    ]
    registers, took = encoding_time()
    return [*table, (f"Encoding {registers:,} registers of a 5 MWh container", f"{took * 1e6:.1f} µs")]
