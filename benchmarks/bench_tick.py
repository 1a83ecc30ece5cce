"""The whole tick: plant, sensing, firmware, actuators, events and register images of one process, on one core.

Every container shows itself and its PCS through SunSpec maps on a port of its own, so every cell is sensed, watched and
encoded in every tick; all racks are connected and discharge at half of rated power.

Two times are given. The wall time is the median over all ticks, with whatever else the machine does. The processor time
is the mean of the best run of ticks: what one takes where nothing else gets in its way. The kernels are measured in the
same runs, in ticks of their own, because looking at the clock between them takes time too. The times of those that
Python calls hold what it costs to call them; what that is about is told at the end. Those of a program are called one
by one instead, and what a program of one kernel costs is taken off.
"""

import gc
import inspect
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import patch

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.program import Program
from bms_emulator.runtime.emulator import Emulator

CONTAINER, FLEET = 1, 220
"""5 MWh containers: one, and 1.1 GWh."""

FIRST_PORT = 20000
"""Of the first container; nothing listens, the images are all that is wanted."""


@dataclass
class Spent:
    """What the kernels of a number of ticks took: processor time [s] and calls.

    Attributes:
        steps: How many of the calls were steps of programs, which cost next to nothing.
    """

    seconds: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    steps: int = 0


def rows() -> list[tuple[str, str]]:
    call = _bound_time(bind(idle, 0.1))
    result = []
    for containers, ticks, repeats in ((CONTAINER, 200, 25), (FLEET, 10, 9)):
        emulator = _under_load(containers)
        counts = emulator.site.counts
        cells = counts["rack"] * counts["cell"]
        wall, processor, kernels, spent = _measure(emulator, ticks, repeats)
        result.append((f"whole tick, {cells:,} cells", _per_cell(wall, cells)))
        if containers == CONTAINER:
            result.append(("  as a factor of real time at dt 100 ms", f"x{emulator.dt / wall:,.0f}"))
        result.append(("  processor time of the best run", _per_cell(processor, cells)))
        result += _shares(kernels, processor, cells)
        calls, runs = sum(spent.calls.values()) - spent.steps, ticks * repeats
        seconds = calls * call / runs
        result.append((f"  of it calling {calls / runs:.1f} kernels from Python, about", _per_cell(seconds, cells)))
    return [*result, ("a bound kernel's call from Python", f"{call * 1e9:,.0f} ns")]


def _shares(kernels: Counter[str], processor: float, cells: int) -> list[tuple[str, str]]:
    """Rows of the packages, the dearest first, each with its kernels."""
    packages: Counter[str] = Counter()
    for name, seconds in kernels.items():
        packages[name.partition(".")[0]] += seconds
    packages["Python between them"] = processor - packages.total()
    result = []
    for package, total in packages.most_common():
        result.append((f"    {package}", _per_cell(total, cells)))
        own = [(name, seconds) for name, seconds in kernels.most_common() if name.startswith(f"{package}.")]
        result += [(f"      {name.partition('.')[2]}", _per_cell(seconds, cells)) for name, seconds in own]
    return result


def _per_cell(seconds: float, cells: int) -> str:
    return f"{seconds * 1e6:,.1f} µs = {seconds / cells * 1e9:.2f} ns per cell"


def _measure(emulator: Emulator, ticks: int, repeats: int) -> tuple[float, float, Counter[str], Spent]:
    """Median wall time of a tick, its best processor time, that of its kernels [s], and all that these did."""
    walls, processors, kernels = [], [], []
    spent = Spent()
    for _ in range(repeats):
        processor = time.thread_time()
        for _ in range(ticks):
            begin = time.perf_counter()
            emulator.tick()
            walls.append(time.perf_counter() - begin)
        processors.append((time.thread_time() - processor) / ticks)
        before, calls = Counter(spent.seconds), Counter(spent.calls)
        with _kernels_timed(spent):
            for _ in range(ticks):
                emulator.tick()
        called = {name: count - calls[name] for name, count in spent.calls.items() if count > calls[name]}
        kernels.append({name: (spent.seconds[name] - before[name]) / count for name, count in called.items()})
    # some are called once in many ticks only: the best mean time of a call, as often as they were called
    best: Counter[str] = Counter()
    for name, count in spent.calls.items():
        best[name] = min(run[name] for run in kernels if name in run) * count / (ticks * repeats)  # type: ignore[assignment]
    return statistics.median(walls), min(processors), best, spent


@contextmanager
def _kernels_timed(spent: Spent) -> Iterator[None]:
    """Within the context every kernel that is bound, part of a program, or called by a module is timed."""
    clock = _clock_cost()
    step_cost = clock + _program_cost()

    def timed(function: Any, work: Callable[..., Any]) -> Callable[..., Any]:
        name = _name(function)

        def call(*args: Any) -> Any:
            begin = time.thread_time()
            result = work(*args)
            spent.seconds[name] += time.thread_time() - begin - clock
            spent.calls[name] += 1
            return result

        return call

    def call_one_by_one(program: Program) -> None:
        for bound in program.calls:
            name, alone = _name(bound.kernel.py_func), _alone(bound)
            begin = time.thread_time()
            run(alone)
            spent.seconds[name] += time.thread_time() - begin - step_cost
            spent.calls[name] += 1
            spent.steps += 1

    run = Program.__call__
    with ExitStack() as stack:
        stack.enter_context(patch.object(Program, "__call__", call_one_by_one))
        for module, attribute, found in _kernels():
            stack.enter_context(patch.object(module, attribute, timed(found.py_func, found)))
        for bound in [each for each in gc.get_objects() if isinstance(each, Bound)]:
            stack.enter_context(patch.object(bound, "call", timed(bound.kernel.py_func, bound.call)))
        yield


def _name(function: Any) -> str:
    return f"{function.__module__.removeprefix('bms_emulator.')}.{function.__name__}"


@cache
def _alone(bound: Bound) -> Program:
    """A program of this kernel alone."""
    return Program(bound)


def _kernels() -> list[tuple[ModuleType, str, Any]]:
    """Every name under which a module of ours knows a kernel; physics functions are inlined and cannot be timed."""
    return [
        (module, attribute, found)
        for path, module in list(sys.modules.items())
        if path.startswith("bms_emulator.")
        for attribute, found in vars(module).items()
        if hasattr(found, "py_func") and inspect.getsource(found.py_func).startswith("@kernel")
    ]


@cache
def _program_cost() -> float:
    """What it costs to call a program [s]."""
    return _call_time(Program(bind(idle, 0.1)), 100)


def _clock_cost() -> float:
    """What looking at the clock adds to a time [s]."""
    times = []
    for _ in range(1000):
        begin = time.thread_time()
        times.append(time.thread_time() - begin)
    return statistics.median(times)


@kernel
def idle(dt):  # type: ignore[no-untyped-def]
    """Nothing."""


def _bound_time(bound: Bound) -> float:
    """Time of one call of a bound kernel [s]."""
    bound.call()
    return _call_time(bound.call, 100)


def _call_time(work: Callable[[], Any], repeats: int) -> float:
    """Time of one call [s], the best of some runs."""
    times = []
    work()
    for _ in range(repeats):
        begin = time.thread_time()
        for _ in range(1000):
            work()
        times.append((time.thread_time() - begin) / 1000)
    return min(times)


def _under_load(containers: int) -> Emulator:
    """An emulator whose racks are all connected and discharge at half of rated power."""
    devices = [
        {"map": register_map, "container": container + 1, "port": FIRST_PORT + container, "unit": unit}
        for container in range(containers)
        for register_map, unit in (("sunspec-battery", 1), ("pcs-sunspec", 100))
    ]
    emulator = Emulator(load_site("demo", {"container_count": containers, "modbus.devices": devices}))
    request(emulator, "container[*].request", 1.0)
    while (emulator.arena["firmware.bank.racks_connected"] < emulator.site.container.rack_count).any():
        emulator.tick()
    request(emulator, "pcs[*].power_setpoint", emulator.site.pcs.rated_power_kw * 500.0)
    request(emulator, "pcs[*].setpoint_enabled", 1.0)
    for _ in range(100):
        emulator.tick()
    return emulator


def request(emulator: Emulator, selector: str, value: float) -> None:
    catalogue: Catalogue = emulator.catalogue
    for selection in catalogue.select(selector):
        emulator.arena.buffer[selection.offsets()] = value
