"""The whole tick: plant, sensing, firmware, actuators, events and register images of one process, one core."""

import statistics
import time

from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator

CONTAINER, FLEET = 1, 220
"""5 MWh containers: one, and 1.1 GWh."""


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, ticks, repeats in ((CONTAINER, 500, 9), (FLEET, 10, 5)):
        emulator = _under_load(containers)
        samples = []
        for _ in range(repeats):
            begin = time.perf_counter()
            for _ in range(ticks):
                emulator.tick()
            samples.append((time.perf_counter() - begin) / ticks)
        tick = statistics.median(samples)
        counts = emulator.site.counts
        cells = counts["rack"] * counts["cell"]
        result.append((f"whole tick, {cells:,} cells", f"{tick * 1e6:,.0f} µs = {tick / cells * 1e9:.1f} ns per cell"))
        if containers == CONTAINER:
            result.append(("  as a factor of real time at dt 100 ms", f"x{emulator.dt / tick:,.0f}"))
    return result


def _under_load(containers: int) -> Emulator:
    """An emulator whose racks are all connected and discharge at half of rated power."""
    emulator = Emulator(load_site("demo", {"container_count": containers}))
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
