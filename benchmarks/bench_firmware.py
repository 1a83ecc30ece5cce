"""Sensing and the reference firmware alone; one core, dt 100 ms.

Each step of the firmware comes after one of its sensors, as in a tick, and so finds in the cache what those leave. The
times are processor times of the best of many short runs, which take turns: what a step takes where nothing else gets
in its way. The benchmark of the whole tick has the same kernels with all others around them.
"""

import time
from collections.abc import Callable

import numpy as np

from bms_emulator.arrays import Arena, Layout
from bms_emulator.firmware.contract import Request
from bms_emulator.firmware.reference.extremes import find_extremes
from bms_emulator.firmware.reference.firmware import FirmwareArrays, ReferenceFirmware
from bms_emulator.firmware.reference.model import build_firmware_model
from bms_emulator.plant.state import GROUPS as PLANT_GROUPS
from bms_emulator.plant.state import PlantState
from bms_emulator.profile.loader import load_site
from bms_emulator.program import Program
from bms_emulator.sensing.model import build_sensing_model
from bms_emulator.sensing.state import GROUPS as SENSING_GROUPS
from bms_emulator.sensing.state import Measured, SensorOverlay, SensorState
from bms_emulator.sensing.step import Sensors

DT = 0.1
RUNS = 25
SOUND = 20e6
"""Insulation of a sound pole [Ohm]."""


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, ticks in ((1, 100), (220, 4)):
        cells, racks = containers * 4992, containers * 12
        sensing, firmware, extremes = _best(containers, ticks)
        result += [
            (f"sensing, {cells:,} cells", _per_cell(sensing, cells)),
            (f"firmware, {cells:,} cells", _per_cell(firmware, cells)),
            (f"firmware, {racks:,} racks", f"{firmware / racks * 1e6:.2f} µs per rack"),
            (f"of it extremes, {cells:,} cells", _per_cell(extremes, cells)),
            (f"of it the rest, {racks:,} racks", f"{(firmware - extremes) / racks * 1e6:.2f} µs per rack"),
        ]
    return result


def _per_cell(seconds: float, cells: int) -> str:
    return f"{seconds * 1e6:,.0f} µs = {seconds / cells * 1e9:.2f} ns per cell"


def _best(containers: int, ticks: int) -> tuple[float, float, float]:
    """Times of one tick of sensing, of firmware, and of its extremes [s], with all racks connected."""
    site = load_site("demo", {"container_count": containers})
    arena = Arena(Layout(site.counts, PLANT_GROUPS | SENSING_GROUPS))
    plant = PlantState.of(arena)
    state, measured = arena.group("sensors", SensorState), arena.group("measured", Measured)
    arrays = FirmwareArrays.own(site)
    racks = arrays.racks
    plant.racks.voltage.fill(1372.8)
    plant.containers.bus_voltage.fill(1372.8)
    plant.runaway.insulation_positive.fill(SOUND)
    plant.runaway.insulation_negative.fill(SOUND)

    sensors, overlay = Sensors(build_sensing_model(site, 1), state, measured, plant, DT), SensorOverlay.neutral()
    firmware = ReferenceFirmware(site, arrays, measured, DT)
    tick = 0

    def sense() -> None:
        nonlocal tick
        sensors.step(overlay, tick)
        tick += 1

    arrays.commands.request.fill(Request.CONNECT)
    for _ in range(300):
        sense()
        measured.contactor_feedback[...] = racks.contactor_command
        firmware.step(tick * DT)
    plant.racks.contactor_closed[...] = racks.contactor_command
    if not racks.connected.all():
        raise RuntimeError("not all racks have connected: this would not be measured as it is told")
    first_cell, age_seen = build_firmware_model(site).first_cell, np.zeros_like(measured.temperature_age)
    extremes = Program(*find_extremes(measured, first_cell, age_seen, racks))
    work: tuple[Callable[[], None], ...] = (sense, lambda: firmware.step(tick * DT), extremes)
    best = [float("inf")] * len(work)
    for _ in range(RUNS):
        for n, each in enumerate(work):
            best[n] = min(best[n], _mean(each, ticks, sense))
    return best[0], best[1], best[2]


def _mean(work: Callable[[], None], ticks: int, before: Callable[[], None]) -> float:
    """Mean time of one call [s]; what comes before each call, as in a tick, is not counted."""
    spent = 0.0
    for _ in range(ticks):
        before()
        start = time.thread_time()
        work()
        spent += time.thread_time() - start
    return spent / ticks
