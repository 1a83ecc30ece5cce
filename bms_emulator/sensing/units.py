"""Cell-monitoring units that are broken: packs that do not answer, answer nonsense, or have lost a wire."""

import numpy as np

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.sensing.state import Measured
from bms_emulator.sensing.truth import Truth

COMMUNICATION = 1 << 0
"""Bit of a unit that does not answer: readings stand, ages grow."""
_INTEGRITY = 1 << 1
"""Bit of a unit whose answers fail their check: no reading is valid."""
_OPEN_WIRE = 1 << 2
"""Bit of a unit that finds the first cell's wire open: that cell has no reading."""


def bind_units(measured: Measured, truth: Truth) -> Bound:
    """What takes over what the monitoring units say of themselves, and tells whether any of them is broken."""
    return bind(report_units, truth.units.cmu_faults, measured.cmu_faults)


def bind_losses(measured: Measured) -> Bound:
    """What invalidates that which broken units read at this tick; between samples readings stand as they are."""
    return bind(
        lose_readings,
        # inputs
        measured.cmu_faults,
        measured.cell_voltage_age,
        measured.temperature_age,
        # out
        measured.cell_voltage,
        measured.temperature,
    )


@kernel
def report_units(
    # inputs
    faults,
    # out
    reported,
):
    """Copy the faults of the units, (rack, pack); whether there are any."""
    broken = False
    for r in range(faults.shape[0]):
        for p in range(faults.shape[1]):
            reported[r, p] = faults[r, p]
            broken |= faults[r, p] != 0.0
    return broken


@kernel
def lose_readings(
    # inputs
    faults,
    cell_voltage_age,
    temperature_age,
    # out
    cell_voltage,
    temperature,
):
    """Readings of broken units; faults, ages (rack, pack), cell_voltage (rack, cell), temperature (rack, sensor)."""
    racks, packs = faults.shape
    cells, sensors = cell_voltage.shape[1] // packs, temperature.shape[1] // packs
    for r in range(racks):
        for p in range(packs):
            bits = int(faults[r, p])
            if cell_voltage_age[r, p] == 0.0:
                if bits & _INTEGRITY:
                    cell_voltage[r, p * cells : (p + 1) * cells] = np.nan
                elif bits & _OPEN_WIRE:
                    cell_voltage[r, p * cells] = np.nan
            if bits & _INTEGRITY and temperature_age[r, p] == 0.0:
                temperature[r, p * sensors : (p + 1) * sensors] = np.nan
