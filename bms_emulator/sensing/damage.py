"""Channels that burnt with their cell: open sense wires have no reading, open NTCs read the cold end of their scale."""

import numpy as np

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.sensing.model import SensingModel
from bms_emulator.sensing.state import Measured
from bms_emulator.sensing.truth import RunawayTruth

_BURNT = 5.0
"""Last stage of a thermal runaway: the wires at the cell are gone."""


def bind_damage(model: SensingModel, measured: Measured, runaway: RunawayTruth) -> Bound:
    """What overwrites the readings of burnt channels.

    Only of channels that were sampled at this tick, whose age is 0: between samples a reading stands as it is, so that
    whoever looks at fresh readings alone sees every change.
    """
    return bind(
        lose_channels,
        # model
        model.sensor_cell,
        model.temperature.origin + model.temperature.range_min,
        # inputs
        runaway.stage,
        runaway.burnt_count,
        measured.cell_voltage_age,
        measured.temperature_age,
        # out
        measured.cell_voltage,
        measured.temperature,
    )


@kernel
def lose_channels(
    # model
    sensor_cell,
    coldest,
    # inputs
    stage,
    burnt_count,
    cell_voltage_age,
    temperature_age,
    # out
    cell_voltage,
    temperature,
):
    """Readings of burnt cells.

    Shapes: stage, cell_voltage (rack, cell); temperature (rack, sensor); ages (rack, pack); burnt_count (rack).
    """
    pack_count = cell_voltage_age.shape[1]
    cells_per_pack, sensors_per_pack = stage.shape[1] // pack_count, sensor_cell.size // pack_count
    for r in range(burnt_count.size):
        if burnt_count[r] == 0.0:
            continue
        for k in range(stage.shape[1]):
            if stage[r, k] == _BURNT and cell_voltage_age[r, k // cells_per_pack] == 0.0:
                cell_voltage[r, k] = np.nan
        for j in range(sensor_cell.size):
            if stage[r, sensor_cell[j]] == _BURNT and temperature_age[r, j // sensors_per_pack] == 0.0:
                temperature[r, j] = coldest
