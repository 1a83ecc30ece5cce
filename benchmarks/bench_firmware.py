"""Sensing and the reference firmware alone; one core, dt 100 ms."""

import statistics
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
SOUND = 20e6
"""Insulation of a sound pole [Ohm]."""


def rows() -> list[tuple[str, str]]:
    result = []
    for containers, ticks in ((1, 300), (220, 10)):
        cells, racks = containers * 4992, containers * 12
        sensing, firmware, extremes = _medians(containers, ticks)
        result += [
            (f"sensing, {cells:,} cells", _per_cell(sensing, cells)),
            (f"firmware, {cells:,} cells", _per_cell(firmware, cells)),
            (f"of it extremes, {cells:,} cells", _per_cell(extremes, cells)),
            (f"of it the rest, {racks:,} racks", f"{(firmware - extremes) / racks * 1e6:.2f} µs per rack"),
        ]
    return result


def _per_cell(seconds: float, cells: int) -> str:
    return f"{seconds * 1e6:,.0f} µs = {seconds / cells * 1e9:.2f} ns per cell"


def _medians(containers: int, ticks: int) -> tuple[float, float, float]:
    """Median times of one tick of sensing, of firmware, and of its extremes [s], with all racks connected."""
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
    return (
        _median(sense, ticks),
        _median(lambda: firmware.step(tick * DT), ticks, sense),
        _median(Program(*find_extremes(measured, first_cell, age_seen, racks)), ticks, sense),
    )


def _median(work: Callable[[], None], ticks: int, before: Callable[[], None] = lambda: None) -> float:
    """Median time of one call [s] over nine runs; what comes before each call, as in a tick, is not counted."""
    times = []
    for _ in range(9):
        spent = 0.0
        for _ in range(ticks):
            before()
            start = time.perf_counter()
            work()
            spent += time.perf_counter() - start
        times.append(spent / ticks)
    return statistics.median(times)
