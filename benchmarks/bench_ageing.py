"""Fast-forward: years that the cells age without being simulated, one core."""

import statistics
import time

from bms_emulator.interfaces.link import Command
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator

YEARS = 10
DAYS_PER_YEAR = 365.25


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, repeats in ((1, 5), (20, 3)):
        emulator = Emulator(load_site("demo", {"container_count": containers, "modbus.devices": []}))
        emulator.tick()
        cells = emulator.arena["plant.cells.soc"].size
        took = statistics.median(_fast_forward(emulator) for _ in range(repeats))
        result.append((f"fast-forward of {YEARS} years, {cells:,} cells", f"{took:.2f} s = {YEARS / took:.1f} years/s"))
    return result


def _fast_forward(emulator: Emulator) -> float:
    """Time of one command [s]."""
    begin = time.perf_counter()
    ack = emulator.apply(Command("fast_forward", "benchmark", {"days": YEARS * DAYS_PER_YEAR}))
    if not ack.accepted:
        raise RuntimeError(ack.message)
    return time.perf_counter() - begin
