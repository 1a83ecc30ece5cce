"""How active faults join: into the arrays of the plant overlay and into the faulty channels of the sensors.

Faults are folded in the order in which they were accepted. The rules are

- plant: factors multiply, conductances and heats add, bits join, of several held contactors the youngest wins;
- sensors: gains multiply, offsets add; a held reading wins over both, the youngest over older ones; invalid wins over
  all.

Everything is computed afresh from the neutral element, so that what remains after a fault is cleared is, bit for bit,
what would have been there without it.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.faults.kind import Reading
from bms_emulator.plant.state import PlantOverlay
from bms_emulator.sensing.state import ChannelFaults, SensorOverlay

Index = NDArray[np.int64]


def _multiply(overlay: Array, index: Index, factor: float) -> None:
    overlay[index] *= factor


def _add(overlay: Array, index: Index, summand: float) -> None:
    overlay[index] += summand


def _join(overlay: Array, index: Index, bits: float) -> None:
    overlay[index] = overlay[index].astype(np.int64) | int(bits)


def _replace(overlay: Array, index: Index, hold: float) -> None:
    overlay[index] = hold


PLANT_RULES: Final[Mapping[str, Callable[[Array, Index, float], None]]] = {
    "cell_resistance_gain": _multiply,
    "cell_short_conductance": _add,
    "cell_heat": _add,
    "cell_runaway_heat": _add,
    "insulation_leak_positive": _add,
    "insulation_leak_negative": _add,
    "contactor_hold": _replace,
    "pump_gain": _multiply,
    "branch_conductance_gain": _multiply,
    "chiller_gain": _multiply,
    "chiller_silent": _join,
    "chiller_faults": _join,
    "coolant_leak": _add,
    "detector_hold": _replace,
    "detector_failed": _join,
    "agent_leak": _add,
    "ups_gain": _multiply,
    "cmu_faults": _join,
    "pcs_trip": _join,
    "pcs_gain": _multiply,
    "pcs_fan_gain": _multiply,
    "dc_breaker_hold": _replace,
    "ac_breaker_hold": _replace,
    "grid_voltage_gain": _multiply,
    "grid_phase_gain": _multiply,
    "grid_frequency_shift": _add,
    "meter_silent": _join,
    "meter_failed": _join,
    "weather_silent": _join,
}
"""How the effects of several faults join in each array of the plant overlay."""

NEUTRAL: Final[Mapping[str, float]] = {
    field.name: field.metadata["array"].initial for field in dataclasses.fields(PlantOverlay)
}
"""Value of each array of the plant overlay where no fault is."""


class PlantFold:
    """The plant overlay's writer: it remembers what it bent, so that only that is put back."""

    def __init__(self) -> None:
        self._bent: list[tuple[str, Index]] | None = None

    def write(self, effects: Sequence[tuple[str, Index, float]], overlay: PlantOverlay) -> None:
        """Fold effects (array, flat index, what joins) into the overlay, beginning with the neutral one."""
        flat = {name: getattr(overlay, name).reshape(-1) for name in NEUTRAL}
        if self._bent is None:
            for name, neutral in NEUTRAL.items():
                flat[name][...] = neutral
        else:
            for name, index in self._bent:
                flat[name][index] = NEUTRAL[name]
        for name, index, effect in effects:
            PLANT_RULES[name](flat[name], index, effect)
        self._bent = [(name, index) for name, index, _ in effects]


def fold_sensors(effects: Sequence[tuple[str, Index, Reading]]) -> SensorOverlay:
    """Faulty channels by measured array from effects (array, flat index, what it does)."""
    faults = {
        name: _fold_channels([(index, reading) for array, index, reading in effects if array == name])
        for name in {name for name, _, _ in effects}
    }
    return dataclasses.replace(SensorOverlay.neutral(), **faults)


def _fold_channels(effects: Sequence[tuple[Index, Reading]]) -> ChannelFaults:
    channels = effects[0][0] if len(effects) == 1 else np.unique(np.concatenate([index for index, _ in effects]))
    count = len(channels)
    gain, offset, hold, lost = np.ones(count), np.zeros(count), np.full(count, np.nan), np.zeros(count)
    for index, reading in effects:
        at = np.searchsorted(channels, index)
        gain[at] *= reading.gain
        offset[at] += reading.offset
        hold[at] = np.where(np.isnan(reading.hold), hold[at], reading.hold)
        lost[at] = np.maximum(lost[at], reading.lost)
    return ChannelFaults(channels, gain, offset, hold, lost)
