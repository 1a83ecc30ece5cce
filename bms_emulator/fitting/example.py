"""Synthetic measurements of a cell: our own plant in a climate chamber, with a cycler that reads a little wrong.

They show how files must look and prove that a fit finds what it should. They say nothing about a real cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bms_emulator.arrays import Arena, Layout
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import GROUPS, PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.step import Electrical, settle_cells
from bms_emulator.profile.cell import CellProfile
from bms_emulator.profile.loader import load_site
from bms_emulator.units import SECONDS_PER_HOUR, celsius, kelvin

CELL = "container.rack.pack.cell"
STEP = 1.0
"""Tick of the plant [s]."""
SLOW_RATE = 0.04
"""Current of the slow charge and discharge, in capacities an hour."""
SLOW_PERIOD = 60.0
"""Longest time between two rows of them [s]."""
SLOW_STEP = 0.002
"""Largest change of voltage between two rows of them [V], but for what a second brings."""
PULSE_RATE = 0.5
"""Current of the pulses, in capacities an hour."""
PULSE_MOVE = 0.1
"""Charge that a pulse moves [1]."""
REST = 3600.0
"""After each pulse [s]."""
DENSE = 30.0
"""Beginning of each stretch that is recorded every second [s]."""
SPARSE_PERIOD = 10.0
"""Between two rows of the remainder [s]."""
TEMPERATURE_NOISE = 0.05
"""Standard deviation of a reading of temperature [K]."""
HEADER = "# Synthetic: made with the cell model of bms-emulator from the profile {cell}, noise of {noise:g} mV.\n"


@dataclass(frozen=True)
class Row:
    """A reading of the cycler, SI."""

    time: float
    current: float
    voltage: float
    charge: float


class Chamber:
    """One cell at a constant temperature, driven by a current.

    Args:
        cell: Name of the cell's profile.
        temperature: Of the chamber and all of the cell [K].
        soc: State of charge at the start [1].
        hysteresis: State of the hysteresis at the start, -1 as after a discharge to 1 as after a charge.
    """

    def __init__(self, cell: str, temperature: float, soc: float, hysteresis: float) -> None:
        site = load_site("demo", _single_cell(cell), origin="example")
        self.profile: CellProfile = site.container.rack.pack.cell
        arena = Arena(Layout(site.counts, GROUPS))
        self._model, self._state = build_plant_model(site, 0), PlantState.of(arena)
        self._inputs = arena.group("plant.inputs", PlantInputs)
        self._overlay = arena.group("plant.overlay", PlantOverlay)
        initialise(self._model, self._state, site, 0)
        self._state.cells.temperature_core[...] = temperature
        self._state.cells.soc[...] = soc
        self._state.cells.hysteresis[...] = hysteresis
        self._state.racks.direction[...] = -hysteresis
        settle_cells(self._model, self._state, self._inputs, self._overlay)
        self._electrical = Electrical(self._model, self._state, self._inputs, self._overlay, STEP)
        self._ticks = 0

    @property
    def capacity(self) -> float:
        """[A s]."""
        return float(self._model.cells.capacity[0, 0])

    @property
    def soc(self) -> float:
        """State of charge [1]."""
        return float(self._state.cells.soc[0, 0])

    def drive(self, current: float, duration: float) -> Iterator[Row]:
        """Readings of every second while a current flows [A], positive in discharge."""
        charge = 0.0
        self._state.racks.current[...] = current
        for second in range(round(duration / STEP)):
            self._electrical.advance_cells(self._ticks)
            self._ticks += 1
            charge += current * STEP
            yield Row((second + 1) * STEP, current, float(self._state.cells.voltage[0, 0]), charge)


def write_example(
    folder: Path, cell: str, temperatures_degc: Sequence[float], noise_mv: float, seed: int
) -> list[Path]:
    """Write ``ocv.csv`` and a pulse test for each temperature; the files written.

    Args:
        folder: Where to; made where it is not there.
        cell: Name of the cell's profile.
        temperatures_degc: Temperatures of the pulse tests [°C].
        noise_mv: Standard deviation of a reading of voltage [mV].
        seed: Of the noise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    header = HEADER.format(cell=cell, noise=noise_mv)
    rng = np.random.default_rng(seed)
    files = [folder / "ocv.csv"]
    files[0].write_text(header + "".join(_slow_test(cell, noise_mv, rng)), encoding="utf-8")
    for degc in temperatures_degc:
        files.append(folder / f"pulses-{degc:g}degc.csv")
        files[-1].write_text(header + "".join(_pulse_test(cell, degc, noise_mv, rng)), encoding="utf-8")
    return files


def _slow_test(cell: str, noise_mv: float, rng: np.random.Generator) -> Iterator[str]:
    """Lines of a slow charge from empty and a slow discharge from full, at 25 °C."""
    yield "charge_ah,voltage_v,direction,current_a\n"
    chamber = Chamber(cell, kelvin(25.0), soc=0.0, hysteresis=-1.0)
    current = SLOW_RATE * chamber.capacity / SECONDS_PER_HOUR
    for direction, sign, stored in (("charge", -1.0, chamber.profile.coulombic_efficiency), ("discharge", 1.0, 1.0)):
        duration = chamber.capacity / (current * stored)
        last = Row(0.0, 0.0, 0.0, 0.0)
        for row in chamber.drive(sign * current, duration):
            if row.time - last.time >= SLOW_PERIOD or abs(row.voltage - last.voltage) >= SLOW_STEP:
                last = row
                voltage = row.voltage + noise_mv * 1e-3 * rng.standard_normal()
                yield f"{abs(row.charge) / SECONDS_PER_HOUR:.4f},{voltage:.5f},{direction},{sign * current:.3f}\n"


def _pulse_test(cell: str, degc: float, noise_mv: float, rng: np.random.Generator) -> Iterator[str]:
    """Lines of pulses from full to nearly empty and back, with a long rest after each."""
    yield "time_s,current_a,voltage_v,temperature_degc\n"
    chamber = Chamber(cell, kelvin(degc), soc=1.0, hysteresis=1.0)
    current = PULSE_RATE * chamber.capacity / SECONDS_PER_HOUR
    whole = PULSE_MOVE * chamber.capacity / current
    pulses = [(current, 0.5 * whole), *[(current, whole)] * 9, *[(-current, whole)] * 9]
    begin = 0.0
    for flowing, duration in [(0.0, 60.0), *(part for pulse in pulses for part in (pulse, (0.0, REST)))]:
        for row in chamber.drive(flowing, duration):
            if row.time <= DENSE or row.time % SPARSE_PERIOD == 0.0:
                voltage = row.voltage + noise_mv * 1e-3 * rng.standard_normal()
                air = celsius(kelvin(degc)) + TEMPERATURE_NOISE * rng.standard_normal()
                yield f"{begin + row.time:.0f},{row.current:.3f},{voltage:.5f},{air:.2f}\n"
        begin += round(duration / STEP) * STEP


def _single_cell(cell: str) -> dict[str, object]:
    """Overrides that make the demo a rack of one cell, exactly as its profile says."""
    return {
        CELL: cell,
        "container.rack_count": 1,
        "container.rated_energy_kwh": 1.0,
        "container.operating_voltage_min_v": 1.0,
        "container.operating_voltage_max_v": 5.0,
        "container.pump.rated_flow_lpm": 10.0,
        "container.rack.pack_count": 1,
        "container.rack.pack.cell_count": 1,
        "container.rack.pack.temperature_sensor_count": 1,
        "container.rack.pack.cold_plate.segments": 1,
        f"{CELL}.spread.capacity_percent": 0,
        f"{CELL}.spread.resistance_percent": 0,
        f"{CELL}.spread.self_discharge_percent": 0,
        f"{CELL}.spread.soc_percent": 0,
        "initial.rack_soc_spread_percent": 0,
    }
