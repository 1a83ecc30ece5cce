"""Processes of a run, and the engine's before it is known what it will run: it loads numba meanwhile.

Importing this module is cheap.
"""

import multiprocessing
import signal
import sys
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import ModuleType, TracebackType
from typing import Any, Self

from bms_emulator.runtime.memory import Memory

SPAWN = multiprocessing.get_context("spawn")


def bear(process: SpawnProcess) -> None:
    """Start a process that is deaf to Ctrl-C, which the supervisor hears."""
    resource_tracker.ensure_running()  # when it is started it lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")  # else each would load the command
    try:
        process.start()
    finally:
        sys.modules["__main__"] = main
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class EarlyEngine:
    """An engine that waits to be told its site; it ends where that does not happen.

    Attributes:
        process: The process.
        memory: Of the run, still empty.
        reports: What it tells.
    """

    def __init__(self) -> None:
        self.memory = Memory(0)
        inbox, self._orders = SPAWN.Pipe(duplex=False)
        self.reports, told = SPAWN.Pipe(duplex=False)
        self.process = SPAWN.Process(target=_engine, args=(inbox, self.memory, told), name="engine")
        bear(self.process)
        inbox.close()
        told.close()

    def engage(self, *orders: Any) -> None:
        """Let it run a site with options; from now on it belongs to the supervisor. OSError: it has died."""
        try:
            self._orders.send(orders)
        finally:
            self._orders.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._orders.closed:
            self._orders.close()
            self.process.terminate()
            self.process.join()


def _engine(inbox: Connection, memory: Memory, report: Connection) -> None:
    import bms_emulator.runtime.emulator  # noqa: F401 - with it comes numba
    from bms_emulator.runtime.engine import main

    try:
        site, options = inbox.recv()
    except EOFError:
        return
    main(site, options, memory, report)
