"""A battery as a real one stands beside a rig: it lives in a thread of its own, and answers on Modbus and MQTT."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bms_emulator.testing.served import ServedBench

TICKS = 5
"""Ticks between two turns of others."""


@contextmanager
def battery(wanted: dict[str, Any], *, mqtt: bool = False, serial: bool = False) -> Iterator[ServedBench]:
    """A cabinet that runs by itself until the end."""
    bench = ServedBench("cabinet", wanted, mqtt=mqtt, own_ports=serial)
    ready, ended = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    async def live() -> None:
        async with bench:
            ready.set()
            while not ended.is_set():
                await bench.run(TICKS * bench.emulator.dt)
                await asyncio.sleep(0.002)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        if not failures:
            yield bench
    finally:
        ended.set()
        thread.join()
    if failures:
        raise failures[0]
