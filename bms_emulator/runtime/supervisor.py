"""The supervisor: starts the processes of a run, watches them, starts servers again, stops all.

It is the only one that reacts to signals. It tells what happens through a callback, as (kind, data):

    problems   {messages}                     nothing was started
    compiling  {process, count, kernel}       a kernel is not in the cache
    waiting    {process, message}             a user's firmware waits for a debugger, and the run for that
    ready      {addresses, seconds}           everything can be reached
    restarted  {process, addresses}           a server that had died can be reached again
    warning    {process, message}             something is wrong, the run goes on
    failed     {process, message, ...}        the run ends because of this; from the engine with tick, time, traceback
    finished   {ticks, time, firmware_hash}   the engine has ended as it should; the hash of what users' firmware has
                                              decided is None where there was none
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime import firmware_memory, journal, ports
from bms_emulator.runtime.early import SPAWN, EarlyEngine, bear
from bms_emulator.runtime.memory import Memory
from bms_emulator.runtime.options import RunOptions
from bms_emulator.runtime.restarts import LIVED, PAUSE_FIRST, PAUSE_LONGEST
from bms_emulator.runtime.shared import HEADER_SIZE, Header, new_memory

STOP_GRACE = 1.2
"""Time in which processes must end by themselves [s]; then they are terminated."""
TERMINATE_GRACE = 0.3
"""Time in which processes must end when terminated [s]; then they are killed."""

EXIT_CLEAN, EXIT_FAILED, EXIT_PROBLEMS = 0, 1, 2

Report = Callable[[str, dict[str, Any]], None]
Main = Callable[[SiteProfile, RunOptions, Memory, Connection], None]


@dataclass(frozen=True)
class Role:
    """A process of a run.

    Attributes:
        name: Its name.
        main: What it runs; a function that a fresh interpreter can import.
        vital: Whether the run ends with it; else it is started again.
    """

    name: str
    main: Main
    vital: bool = False


def _engine(*given: Any) -> None:
    from bms_emulator.runtime.engine import main  # what processes need the supervisor must not load

    main(*given)


def _modbus(*given: Any) -> None:
    from bms_emulator.runtime.servers import modbus

    modbus(*given)


def _services(*given: Any) -> None:
    from bms_emulator.runtime.servers import services

    services(*given)


ROLES = (Role("engine", _engine, vital=True), Role("modbus", _modbus), Role("services", _services))


def run(
    site: SiteProfile,
    options: RunOptions,
    report: Report,
    roles: Sequence[Role] = ROLES,
    early: EarlyEngine | None = None,
) -> int:
    """Run a site until it ends, fails, or a signal asks for the end.

    Args:
        site: What to run.
        options: How.
        report: Hears what happens, as above.
        roles: The processes.
        early: A vital process that was begun before, to take.

    Returns:
        0 after a clean stop, 1 where the engine failed, 2 where nothing was started.
    """
    messages = [*ports.problems(site), *journal.problems(options.journal), *firmware_memory.problems(site)]
    if messages:
        report("problems", {"messages": messages})
        return EXIT_PROBLEMS
    with _signals() as stop:
        return _Supervisor(site, options, report, roles, stop, early).run()


@contextmanager
def _signals() -> Iterator[int]:
    """A file that becomes readable when a signal asks for the end; in another thread than the main one, never."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    wanted = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, lambda *_: os.write(writing, b"!")) for number in wanted}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


@dataclass
class _Child:
    """A role with its present process."""

    role: Role
    process: SpawnProcess | None = None
    connection: Connection | None = None
    addresses: list[str] | None = None
    started: float = 0.0
    pause: float = PAUSE_FIRST
    due: float = field(default=float("inf"))


class _Supervisor:
    def __init__(
        self,
        site: SiteProfile,
        options: RunOptions,
        report: Report,
        roles: Sequence[Role],
        stop: int,
        early: EarlyEngine | None,
    ) -> None:
        self._site = site
        self._options = options
        self._report = report
        self._stop = stop
        self._early = early
        self._memory = new_memory() if early is None else early.memory
        self._memory.grow(HEADER_SIZE)  # of an early engine, too
        self._children = [_Child(role) for role in roles]
        self._began = time.monotonic()
        self._ready = False
        self._failed = False
        self._refused = False
        self._compiler: SpawnProcess | None = None

    def run(self) -> int:
        header = Header(self._memory.view())
        try:
            for child in self._children:
                self._start(child)
            while self._watch():
                pass
        finally:
            header.request_stop()
            self._end()
            self._memory.close()
        return EXIT_PROBLEMS if self._refused else EXIT_FAILED if self._failed else EXIT_CLEAN

    def _start(self, child: _Child) -> None:
        if child.role.vital and self._early is not None:
            child.connection, child.process = self._early.reports, self._early.process
            with suppress(OSError):  # it has died, which shows
                self._early.engage(self._site, self._options)
        else:
            child.connection, theirs = SPAWN.Pipe(duplex=False)
            arguments = (self._site, self._options, self._memory, theirs)
            child.process = SPAWN.Process(target=child.role.main, args=arguments, name=child.role.name)
            bear(child.process)
            theirs.close()
        child.started, child.due = time.monotonic(), float("inf")

    def _watch(self) -> bool:
        """Wait for something to happen and see to it; whether the run goes on."""
        now = time.monotonic()
        sources: list[Any] = [self._stop]
        for child in self._children:
            sources += [source for source in (child.connection, child.process and child.process.sentinel) if source]
        due = min(child.due for child in self._children)
        happened = wait(sources, None if due == float("inf") else max(0.0, due - now))
        if self._stop in happened:
            return False
        for child in self._children:
            self._hear(child)
            if child.process is not None and not child.process.is_alive():
                self._hear(child)
                if not self._bury(child):
                    return False
            if child.process is None and child.due <= time.monotonic():
                self._start(child)
        return True

    def _hear(self, child: _Child) -> None:
        """Pass on what a child has reported."""
        try:
            while child.connection is not None and child.connection.poll():
                kind, data = child.connection.recv()
                self._told(child, kind, data)
        except (EOFError, OSError):
            self._disconnect(child)

    def _told(self, child: _Child, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "ready":
            again = child.addresses is not None
            child.addresses = data["addresses"]
            if again:
                self._report("restarted", {"process": child.role.name, "addresses": child.addresses})
            elif not self._ready and all(c.addresses is not None for c in self._children):
                self._ready = True
                everything = [address for c in self._children for address in c.addresses or ()]
                self._report("ready", {"addresses": everything, "seconds": time.monotonic() - self._began})
            if self._ready:
                self._dismiss_compiler()
        else:
            if kind == "compiling" and self._compiler is None and child.role.vital:
                self._compiler = SPAWN.Process(target=_compile, args=(self._site, self._options.log_level))
                bear(self._compiler)
            self._failed = self._failed or kind == "failed"
            self._refused = self._refused or kind == "problems"
            self._report(kind, {"process": child.role.name, **data})

    def _bury(self, child: _Child) -> bool:
        """See to a child that has ended; whether the run goes on."""
        assert child.process is not None
        code = child.process.exitcode
        child.process.close()
        child.process = None
        self._disconnect(child)
        if child.role.vital:
            if code != 0 and not (self._failed or self._refused):
                self._failed = True
                self._report("failed", {"process": child.role.name, "message": f"the process ended {_ending(code)}"})
            return False
        now = time.monotonic()
        if now - child.started >= LIVED:
            child.pause = PAUSE_FIRST
        child.due = now + child.pause
        message = f"{child.role.name} ended {_ending(code)}, started again in {child.pause:g} s"
        child.pause = min(2 * child.pause, PAUSE_LONGEST)
        self._report("warning", {"process": child.role.name, "message": message})
        return True

    def _disconnect(self, child: _Child) -> None:
        if child.connection is not None:
            child.connection.close()
            child.connection = None

    def _dismiss_compiler(self) -> None:
        if self._compiler is not None and self._compiler.is_alive():
            self._compiler.terminate()
            self._compiler.join()

    def _end(self) -> None:
        """Wait for all children, a bounded time; then end them."""
        self._dismiss_compiler()
        deadline = time.monotonic() + STOP_GRACE
        for child in self._children:
            if child.process is not None and child.addresses is None:  # it imports or compiles, and looks at no flag
                child.process.terminate()
        self._join(deadline)
        for process in self._alive():
            process.terminate()
        self._join(time.monotonic() + TERMINATE_GRACE)
        for process in self._alive():
            process.kill()
            process.join()
        for child in self._children:
            self._hear(child)
            self._disconnect(child)

    def _alive(self) -> list[SpawnProcess]:
        return [child.process for child in self._children if child.process is not None and child.process.is_alive()]

    def _join(self, deadline: float) -> None:
        for process in self._alive():
            process.join(max(0.0, deadline - time.monotonic()))


def _compile(site: SiteProfile, log_level: str) -> None:
    from bms_emulator.runtime.warmup import main  # with it comes numba, which the supervisor must not know

    main(site, log_level)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"by signal {signal.Signals(-code).name}"
    return f"with code {code}"
