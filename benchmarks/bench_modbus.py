"""Modbus TCP reads: our server beside those of others, with many clients and with hostile ones, and the encoding.

Each server runs in a process of its own; one load generator, the same for all, runs in this one. The servers take
turns, so that a busy moment of the machine does not fall on one of them alone. Processor time is the server's own: it
does not depend on how fast the generator is.
"""

import asyncio
import importlib.util
import math
import selectors
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

CLIENTS = 32
CROWD = 100
QUANTITY = 125
ADDRESS = 40070
REQUESTS = {1: 6_000, CLIENTS: 24_000, CROWD: 24_000}
"""For each run of a server, by number of clients."""
ROUNDS = 5
ANSWER_SIZE = 9 + 2 * QUANTITY
REQUEST = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, ADDRESS, QUANTITY)

GOOD = 20
PERIOD = 0.02
"""Between two requests of a client that is in no hurry [s]."""
WATCHED = 2.0
"""How long they are watched in each round [s]."""


class Measured(NamedTuple):
    """One run.

    Attributes:
        rate: Requests a second.
        late: 99th percentile of the time to an answer [s].
        cost: Processor time of the server for a request [s].
    """

    rate: float
    late: float
    cost: float


# ---- servers


class StillLink:
    """A link whose images stand still: the server alone is measured."""

    def __init__(self, image: bytes) -> None:
        self._image = image

    def image(self, start: int, stop: int) -> bytes:
        return self._image[start:stop]

    def status(self) -> dict[str, Any]:
        return {"faults": []}


def serve_own() -> None:
    """Our server with the maps of the demo site."""
    from bms_emulator.interfaces.modbus.plan import compile_maps
    from bms_emulator.interfaces.modbus.server import serve
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.loader import load_site

    devices = load_site("demo").modbus.devices
    site = load_site("demo", {f"modbus.devices.{n}.port": 0 for n in range(len(devices))})
    plan = compile_maps(site, Catalogue(site))

    def ready(text: str) -> None:
        print(int(text.split("127.0.0.1:", 1)[1].split(maxsplit=1)[0]), flush=True)

    asyncio.run(serve(StillLink(plan.template), plan, site.modbus, ready))  # type: ignore[arg-type]


def serve_pymodbus() -> None:
    """The server that comes with pymodbus."""
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def main() -> None:
        device = SimDevice(1, simdata=[SimData(40000, count=1000, values=17, datatype=DataType.REGISTERS)])
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.listen()
        print(server.transport.sockets[0].getsockname()[1], flush=True)  # type: ignore[attr-defined]
        await server.serving

    asyncio.run(main())


def serve_pymodbustcp() -> None:
    """The server of pyModbusTCP, where that is installed."""
    from pyModbusTCP.server import ModbusServer

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ModbusServer("127.0.0.1", port, no_block=True).start()
    print(port, flush=True)
    time.sleep(3600)


SERVERS: dict[str, Callable[[], None]] = {
    "this server": serve_own,
    "pymodbus": serve_pymodbus,
    "pyModbusTCP": serve_pymodbustcp,
}


def build_libmodbus(folder: Path) -> tuple[list[str], str]:
    """Command of a server on libmodbus in C, or why there is none."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return [], "there is no C compiler"
    source, program = Path(__file__).with_name("modbus_peer.c"), folder / "modbus_peer"
    command = [compiler, "-O2", str(source), "-o", str(program), "-lmodbus"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return [], "it cannot be built: libmodbus-dev is needed"
    return [str(program)], ""


class Running(NamedTuple):
    """A server that runs."""

    process: "subprocess.Popen[str]"
    port: int

    def processor_time(self) -> float:
        """All that it has used [s]."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9


@contextmanager
def running(command: list[str]) -> Iterator[Running]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Running(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


# ---- load


def load(server: Running, clients: int, requests: int) -> Measured:
    """Clients that each ask again as soon as they are answered."""
    selector = selectors.DefaultSelector()
    sent: dict[socket.socket, int] = {}
    missing: dict[socket.socket, int] = {}
    times: list[int] = []
    room = bytearray(4096)
    try:
        for _ in range(clients):
            selector.register(_connected(server.port), selectors.EVENT_READ)
        used, began = server.processor_time(), time.perf_counter_ns()
        for key in selector.get_map().values():
            _ask(key.fileobj, sent, missing)  # type: ignore[arg-type]
        while len(times) < requests:
            events = selector.select(5)
            if not events:
                raise TimeoutError("requests are not answered")
            for key, _ in events:
                client = key.fileobj  # type: ignore[assignment]
                missing[client] -= client.recv_into(room)
                if missing[client] == 0:
                    times.append(time.perf_counter_ns() - sent[client])
                    if len(times) <= requests - clients:
                        _ask(client, sent, missing)
        took = time.perf_counter_ns() - began
        cost = (server.processor_time() - used) / len(times)
    finally:
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        selector.close()
    times.sort()
    return Measured(len(times) / took * 1e9, times[int(0.99 * len(times))] / 1e9, cost)


def _connected(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=5)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _ask(client: socket.socket, sent: dict[socket.socket, int], missing: dict[socket.socket, int]) -> None:
    sent[client] = time.perf_counter_ns()
    missing[client] = ANSWER_SIZE
    client.send(REQUEST)


def compare(servers: dict[str, Running]) -> dict[tuple[str, int], Measured]:
    """Each server's medians over the rounds, all servers in turns."""
    runs: dict[tuple[str, int], list[Measured]] = {}
    for server in servers.values():
        load(server, CLIENTS, REQUESTS[CLIENTS] // 10)
    for _ in range(ROUNDS):
        for clients, requests in REQUESTS.items():
            for name, server in servers.items():
                if clients != CROWD or name == "this server":
                    runs.setdefault((name, clients), []).append(load(server, clients, requests))
    return {key: Measured(*map(statistics.median, zip(*each, strict=True))) for key, each in runs.items()}


# ---- hostile clients


def hostile(port: int) -> None:
    """Until the process is ended: clients that flood, fetch nothing, send half requests, garbage, and come and go."""

    def flood() -> None:
        client = _connected(port)
        while True:
            client.sendall(REQUEST * 100)
            left = 100 * ANSWER_SIZE
            while left:
                left -= len(client.recv(left))

    def fetch_nothing() -> None:
        _connected(port).sendall(REQUEST * 100_000)

    def half() -> None:
        client = _connected(port)
        client.send(REQUEST[:7])
        client.recv(1)

    def garbage() -> None:
        client = _connected(port)
        client.send(b"GET / HTTP/1.1\r\n\r\n" * 100)
        client.recv(1)
        client.close()
        time.sleep(0.005)

    def come_and_go() -> None:
        _connected(port).close()
        time.sleep(0.005)

    def again_and_again(act: Callable[[], None]) -> None:
        while True:
            with suppress(OSError):
                act()

    for act, count in ((flood, 2), (fetch_nothing, 8), (half, 8), (garbage, 4), (come_and_go, 4)):
        for _ in range(count):
            threading.Thread(target=again_and_again, args=(act,), daemon=True).start()
    print(0, flush=True)
    time.sleep(3600)


def watch(port: int) -> list[float]:
    """Times to answers of clients that ask in no hurry, one after the other [s]."""
    clients = [_connected(port) for _ in range(GOOD)]
    times = []
    began = time.perf_counter()
    try:
        for turn in range(int(WATCHED / PERIOD)):
            for n, client in enumerate(clients):
                due = began + (turn + n / GOOD) * PERIOD
                time.sleep(max(0.0, due - time.perf_counter()))
                asked = time.perf_counter()
                client.send(REQUEST)
                left = ANSWER_SIZE
                while left:
                    left -= len(client.recv(left))
                times.append(time.perf_counter() - asked)
    finally:
        for client in clients:
            client.close()
    return times


def with_and_without_enemies(server: Running, other: Running) -> dict[str, list[float]]:
    """Times to answers of good clients, alone and beside hostile ones, in turns [s].

    The hostile ones also are let loose on another server: what the good ones then lose, they lose to a busy machine.
    """
    targets = {"alone": None, "beside hostile ones of another server": other, "beside hostile ones": server}
    times: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, target in targets.items():
            with ExitStack() as stack:
                if target is not None:
                    command = [sys.executable, "-m", "benchmarks.bench_modbus", "hostile", str(target.port)]
                    stack.enter_context(running(command))
                times[name] += watch(server.port)
    return {name: sorted(each) for name, each in times.items()}


# ---- encoding


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
    encode(arena.buffer, images, math.inf, *plan.arrays)
    times = []
    for _ in range(2000):
        began = time.perf_counter_ns()
        encode(arena.buffer, images, math.inf, *plan.arrays)
        times.append(time.perf_counter_ns() - began)
    return plan.size // 2, statistics.median(times) / 1e9


def rows() -> list[tuple[str, str]]:
    """What was measured."""
    with ExitStack() as stack:
        commands = {name: [sys.executable, "-m", "benchmarks.bench_modbus", name] for name in SERVERS}
        if importlib.util.find_spec("pyModbusTCP") is None:
            del commands["pyModbusTCP"]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        program, reason = build_libmodbus(folder)
        if program:
            commands["libmodbus (C)"] = program
        servers = {name: stack.enter_context(running(command)) for name, command in commands.items()}
        measured = compare(servers)
        other = stack.enter_context(running(commands["this server"]))
        watched = with_and_without_enemies(servers["this server"], other)
    table = []
    for (name, clients), run in sorted(measured.items(), key=lambda each: each[0][1]):
        text = f"{run.rate:,.0f} requests/s, p99 {run.late * 1e3:.2f} ms, {run.cost * 1e6:.1f} µs of processor each"
        own = measured["this server", clients]
        if run is not own:
            text += f"; ours {own.rate / run.rate:.2f} times as many, at {own.cost / run.cost:.2f} of the cost"
        table.append((f"Modbus FC3 x {QUANTITY}, {clients} clients, {name}", text))
    if reason:
        table.append(("Modbus beside libmodbus (C)", f"not measured: {reason}"))
    for name, times in watched.items():
        texts = (f"p{share} {times[int(share / 100 * len(times))] * 1e3:.2f} ms" for share in (50, 99, 99.9))
        table.append((f"Modbus FC3 x {QUANTITY}, {GOOD} clients every {PERIOD * 1e3:.0f} ms, {name}", ", ".join(texts)))
    registers, took = encoding_time()
    return [*table, (f"Encoding {registers:,} registers of a 5 MWh container", f"{took * 1e6:.1f} µs")]


if __name__ == "__main__":
    if sys.argv[1] == "hostile":
        hostile(int(sys.argv[2]))
    else:
        SERVERS[sys.argv[1]]()
