"""The whole tick: plant, sensing, firmware, actuators, events and register images of one process, on one core.

Every container shows itself and its PCS through SunSpec maps on a port of its own, so every cell is sensed, watched and
encoded in every tick; all racks are connected and discharge at half of rated power.

Two times are given. The wall time is the median over all ticks, with whatever else the machine does. The processor
time is the mean of the best run of ticks: what one takes where nothing else gets in its way. The parts are
measured in the same runs, in ticks of their own, because looking at the clock between them takes time too.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import bms_emulator.plant.step
import bms_emulator.sensing.step
from bms_emulator.firmware.reference.firmware import ReferenceFirmware
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.events import Events

CONTAINER, FLEET = 1, 220
"""5 MWh containers: one, and 1.1 GWh."""

FIRST_PORT = 20000
"""Of the first container; nothing listens, the images are all that is wanted."""

PARTS: dict[str, tuple[Any, str]] = {
    "plant, electrical": (bms_emulator.plant.step, "step_electrical"),
    "plant, cooling": (bms_emulator.plant.step, "step_cooling"),
    "sensing": (bms_emulator.sensing.step, "step"),
    "firmware": (ReferenceFirmware, "step"),
    "events": (Events, "collect"),
    "encoding": (Emulator, "refresh_images"),
}
"""Parts of a tick, each by the function that does it."""


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, ticks, repeats in ((CONTAINER, 200, 25), (FLEET, 10, 9)):
        emulator = _under_load(containers)
        counts = emulator.site.counts
        cells = counts["rack"] * counts["cell"]
        wall, processor, parts = _measure(emulator, ticks, repeats)
        result.append((f"whole tick, {cells:,} cells", _per_cell(wall, cells)))
        if containers == CONTAINER:
            result.append(("  as a factor of real time at dt 100 ms", f"x{emulator.dt / wall:,.0f}"))
        result.append(("  processor time of the best run", _per_cell(processor, cells)))
        parts["all else"] = processor - sum(parts.values())
        result += [(f"    {part}", _per_cell(seconds, cells)) for part, seconds in parts.items()]
    return result


def _per_cell(seconds: float, cells: int) -> str:
    return f"{seconds * 1e6:,.1f} µs = {seconds / cells * 1e9:.2f} ns per cell"


def _measure(emulator: Emulator, ticks: int, repeats: int) -> tuple[float, float, dict[str, float]]:
    """Median wall time of a tick, its best processor time, and that of its parts [s]."""
    walls, processors = [], []
    samples: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(repeats):
        processor = time.thread_time()
        for _ in range(ticks):
            begin = time.perf_counter()
            emulator.tick()
            walls.append(time.perf_counter() - begin)
        processors.append((time.thread_time() - processor) / ticks)
        with _parts_timed() as spent:
            for _ in range(ticks):
                emulator.tick()
        for part, seconds in spent.items():
            samples[part].append(seconds / ticks)
    return statistics.median(walls), min(processors), {part: min(runs) for part, runs in samples.items()}


@contextmanager
def _parts_timed() -> Iterator[dict[str, float]]:
    """Processor time that each part takes within the context [s]."""
    spent = dict.fromkeys(PARTS, 0.0)

    def timed(part: str, work: Callable[..., None]) -> Callable[..., None]:
        def call(*args: Any, **kwargs: Any) -> None:
            begin = time.thread_time()
            work(*args, **kwargs)
            spent[part] += time.thread_time() - begin

        return call

    patches = [patch.object(owner, name, timed(part, getattr(owner, name))) for part, (owner, name) in PARTS.items()]
    for one in patches:
        one.start()
    try:
        yield spent
    finally:
        for one in patches:
            one.stop()


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
