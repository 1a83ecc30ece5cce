"""Parts that faults break and repair at once: fuses, modules, the way round of cells, their capacity.

All this happens when the overlay changes and never in between, so that it costs a calm tick nothing.

Blows happen once: they move charge or coolant to where a fault wants it, and what they leave stays.
"""

from collections.abc import Callable, Mapping

import numpy as np

from bms_emulator.plant.cell import CellModel
from bms_emulator.plant.state import PlantOverlay, PlantState

Index = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class Parts:
    """What faults do to parts of the plant at one moment.

    Args:
        cells: Constants of the cells.
        state: What varies.
        overlay: How active faults bend the plant.
    """

    def __init__(self, cells: CellModel, state: PlantState, overlay: PlantOverlay) -> None:
        self._cells, self._state, self._overlay = cells, state, overlay
        self._blows: dict[str, Callable[[Index, int, Mapping[str, float | str]], None]] = {
            "soc-shift": self._shift_charge,
            "coolant-low-level": self._drain_tank,
            "coolant-low-pressure": self._empty_vessel,
        }

    def settle(self) -> None:
        """Bring all parts to what the overlay says now."""
        self._pull_fuses()
        racks, cells, overlay = self._state.racks, self._state.cells, self._overlay
        racks.string_closed[...] = ~overlay.module_open.any(axis=1)
        modules = overlay.module_reversed.repeat(self._cells.cells_per_pack, axis=1)
        wrong_way = (overlay.cell_reversed != 0.0) ^ (modules != 0.0)
        np.copysign(cells.voltage_gain, np.where(wrong_way, -1.0, 1.0), out=cells.voltage_gain)
        self._take_capacity()

    def strike(self, kind: str, settings: Mapping[str, float | str], index: Index, count: int) -> None:
        """Let a blow of a kind fall on things, by their places among `count` of them."""
        self._blows[kind](index, count, settings)

    def _pull_fuses(self) -> None:
        """Open fuses that a fault blows; put those back whose fault is gone, and that no current had melted."""
        racks = self._state.racks
        blown, pulled = self._overlay.fuse_blown != 0.0, racks.fuse_pulled != 0.0
        racks.fuse_closed[pulled & ~blown] = 1.0
        falling = blown & ~pulled & (racks.fuse_closed != 0.0)
        racks.fuse_closed[falling] = 0.0
        racks.fuse_pulled[...] = (pulled & blown) | falling

    def _take_capacity(self) -> None:
        """Charge that sat in lost capacity is lost with it; capacity that comes back comes back empty."""
        cells, left = self._state.cells, self._overlay.cell_capacity_gain
        moved = left != cells.capacity_left
        if not moved.any():
            return
        factor = left[moved] / cells.capacity_left[moved]
        cells.capacity[moved] *= factor
        cells.soc[moved] /= np.maximum(factor, 1.0)
        cells.capacity_left[...] = left

    def _shift_charge(self, index: Index, count: int, settings: Mapping[str, float | str]) -> None:
        """Move the state of charge of cells, or of all cells of modules or racks, within 0 and 1."""
        soc = self._state.cells.soc.reshape(count, -1)
        before = soc[index]
        soc[index] = np.clip(before + float(settings["shift"]), np.minimum(before, 0.0), np.maximum(before, 1.0))

    def _drain_tank(self, index: Index, count: int, settings: Mapping[str, float | str]) -> None:
        """Leave no more in the make-up tanks than a filling [1]."""
        tank = self._state.chillers.tank
        tank[index] = np.minimum(tank[index], float(settings["level"]))

    def _empty_vessel(self, index: Index, count: int, settings: Mapping[str, float | str]) -> None:
        """Leave no more in the expansion vessels than a filling [1], and nothing to make it up with."""
        chillers = self._state.chillers
        chillers.vessel[index] = np.minimum(chillers.vessel[index], float(settings["filling"]))
        chillers.tank[index] = 0.0
