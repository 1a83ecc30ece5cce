"""Punctuality of the real engine at a 10 ms tick beside a saturated Modbus server, and how soon a write shows.

Lateness belongs to the machine as much as to the program, so ``cyclictest`` (rt-tests), where it is installed, is run
in the same minute under the same load: read the two side by side.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bms_emulator.interfaces.link import Command
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime import engine, servers
from bms_emulator.runtime.link import SharedLink
from bms_emulator.runtime.options import RunOptions
from bms_emulator.runtime.shared import PRODUCERS, Channels, Header, new_memory, profile_hash, wait_until_ready

STEP_MS = 10
SECONDS = 10
CLIENTS = 16
WRITES = 40
READ_QUANTITY = 125
BATTERY_UNIT, PCS_UNIT = 1, 100
SUNSPEC_START = 40000

_context = multiprocessing.get_context("spawn")


def rows() -> list[tuple[str, str]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    devices = range(len(load_site("demo").modbus.devices))
    site = load_site("demo", {"step_ms": STEP_MS} | {f"modbus.devices.{n}.port": port for n in devices})
    return (
        _lateness(site, port, unprivileged_engine)
        + _lateness(site, port, engine.main)
        + _write_to_telemetry(site, port)
    )


def unprivileged_engine(*arguments: Any) -> None:
    """The engine as a user without the right to real-time priority runs it."""
    engine.set_realtime = lambda wanted: False
    engine.main(*arguments)


def _lateness(site: SiteProfile, port: int, engine_main: Callable[..., None]) -> list[tuple[str, str]]:
    with _running(site, engine_main) as link:
        _discharge(link)
        with _saturated(port):
            _write(link, "emulator.speed", 1.0)
            time.sleep(SECONDS)
            status = link.status()
            _write(link, "emulator.speed", 0.0)
            peer = _cyclictest(realtime=status["realtime"])
    granted = "SCHED_FIFO" if status["realtime"] else "SCHED_OTHER"
    return [
        (f"lateness at a {STEP_MS} ms tick, Modbus saturated, {granted}", _spread(status["lateness"])),
        ("  cyclictest: same class, interval and load", peer),
        ("  work of a tick, publication included", _spread(status["compute"])),
        ("  ticks run / skipped", f"{status['lateness']['count']} / {status['ticks_skipped']}"),
    ]


def _write_to_telemetry(site: SiteProfile, port: int) -> list[tuple[str, str]]:
    with _running(site, engine.main) as link:
        _discharge(link)
        _write(link, "emulator.speed", 1.0)
        ticks = [delay / (STEP_MS / 1e3) for delay in _write_delays(port)]
    what = f"Modbus write to changed telemetry, read over Modbus, {STEP_MS} ms tick"
    return [(what, f"median {statistics.median(ticks):.1f}, max {max(ticks):.1f} ticks")]


@contextlib.contextmanager
def _running(site: SiteProfile, engine_main: Callable[..., None]) -> Iterator[SharedLink]:
    """The engine and the Modbus server in processes of their own, the clock paused."""
    memory, catalogue = new_memory(), Catalogue(site)
    header = Header(memory.view())
    reports, theirs = _context.Pipe(duplex=False)
    mains = (engine_main, servers.modbus)
    processes = [_context.Process(target=main, args=(site, RunOptions(speed=0.0), memory, theirs)) for main in mains]
    for process in processes:
        process.start()
    try:
        told = 0
        while told < len(mains):
            kind, data = reports.recv()
            if kind == "failed":
                raise RuntimeError(data["message"])
            told += kind == "ready"
        wait_until_ready(header)
        channels = Channels.attach(memory, profile_hash(site), catalogue.layout.size)
        yield SharedLink(catalogue, channels, PRODUCERS.index("services"))
    finally:
        header.request_stop()
        for process in processes:
            process.join()
        memory.close()


def _write(link: SharedLink, selector: str, value: float) -> None:
    pairs = [[int(at), value] for selection in link.catalogue.select(selector) for at in selection.offsets()]
    ack = asyncio.run(link.command(Command("write", "benchmark", {"writes": pairs})))
    assert ack.accepted, ack.message


def _discharge(link: SharedLink) -> None:
    """Connect all racks and let the PCS discharge, as fast as possible; leave the clock paused."""
    connected = np.array([link.catalogue.find("container[1].racks_connected")[1]])
    _write(link, "container[1].request", 1.0)
    _write(link, "emulator.speed", float("inf"))
    while link.values(connected)[0][0] < link.catalogue.site.container.rack_count:
        time.sleep(0.05)
    _write(link, "pcs[*].enable", 1.0)
    _write(link, "pcs[*].setpoint_mode", 1.0)
    _write(link, "pcs[*].power_setpoint", 1e6)
    _write(link, "pcs[*].setpoint_enabled", 1.0)
    power = np.array([link.catalogue.find("pcs[1].power")[1]])
    while link.values(power)[0][0] < 0.9e6:
        time.sleep(0.05)
    _write(link, "emulator.speed", 0.0)


@contextlib.contextmanager
def _saturated(port: int) -> Iterator[None]:
    """Clients in a process of their own that read as fast as they are answered."""
    process = _context.Process(target=_hammer, args=(port,), daemon=True)
    process.start()
    time.sleep(2.0)
    try:
        yield
    finally:
        process.kill()
        process.join()


def _hammer(port: int) -> None:
    os.nice(10)  # real clients are other machines
    threads = [threading.Thread(target=_read_for_ever, args=(port,)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _read_for_ever(port: int) -> None:
    with Client(port, BATTERY_UNIT) as client:
        while True:
            client.read(SUNSPEC_START, READ_QUANTITY)


class Client:
    """The least that speaks Modbus TCP: no library stands between the clock and the wire."""

    def __init__(self, port: int, unit: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unit = unit

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def read(self, address: int, quantity: int) -> tuple[int, ...]:
        answer = self._ask(struct.pack(">BHH", 3, address, quantity))
        return struct.unpack(f">{quantity}H", answer[2:])

    def write(self, address: int, words: list[int]) -> None:
        count = len(words)
        self._ask(struct.pack(f">BHHB{count}H", 16, address, count, 2 * count, *words))

    def _ask(self, request: bytes) -> bytes:
        self._socket.sendall(struct.pack(">HHHB", 1, 0, len(request) + 1, self._unit) + request)
        length = struct.unpack(">HHHB", self._exactly(7))[2]
        answer = self._exactly(length - 1)
        if answer[0] & 0x80:
            raise RuntimeError(f"exception {answer[1]}")
        return answer

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise ConnectionError("closed by the server")
            data += part
        return data


def _write_delays(port: int) -> list[float]:
    """Time from sending a power set point to an answer with another power [s]."""
    w_offset, wset_offset = 10, 24  # W in model 701, WSet in model 704
    with Client(port, PCS_UNIT) as client:
        measured = _model(client, 701) + w_offset
        asked = _model(client, 704) + wset_offset
        delays = []
        for n in range(WRITES):
            time.sleep(0.2 + 0.01 * n / WRITES)  # another phase of the tick each time
            before = client.read(measured, 1)
            begin = time.perf_counter()
            client.write(asked, list(divmod(800_000 if n % 2 else 1_200_000, 1 << 16)))
            while client.read(measured, 1) == before:
                if time.perf_counter() - begin > 5.0:
                    raise RuntimeError("the power does not follow its set point")
            delays.append(time.perf_counter() - begin)
    return delays


def _model(client: Client, wanted: int) -> int:
    """Address of a SunSpec model."""
    address = SUNSPEC_START + 2
    while True:
        number, length = client.read(address, 2)
        if number == wanted:
            return address
        if number == 0xFFFF:
            raise RuntimeError(f"no SunSpec model {wanted}")
        address += 2 + length


def _cyclictest(*, realtime: bool) -> str:
    program = shutil.which("cyclictest")
    if program is None:
        return "not installed (rt-tests)"
    policy = ["--policy=fifo", "--priority=50"] if realtime else ["--policy=other"]
    loops = SECONDS * 1000 // STEP_MS
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        timing = [f"--interval={STEP_MS * 1000}", f"--loops={loops}", "--threads=1", "--histogram=100000"]
        command = [program, "--quiet", "--default-system", *policy, *timing, f"--json={result}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=3 * SECONDS)
        thread = json.loads(result.read_text())["thread"]["0"]
    latencies = sorted((int(latency), int(count)) for latency, count in thread["histogram"].items())
    expanded = np.repeat([at for at, _ in latencies], [count for _, count in latencies]) * 1e-6
    p50, p99 = np.percentile(expanded, (50, 99))
    return _spread({"p50": p50, "p99": p99, "max": thread["max"] * 1e-6})


def _spread(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {figures[name] * 1e6:,.0f}" for name in ("p50", "p99", "max")) + " µs"
