"""State of the ageing of cells."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class AgeingState:
    """How far every cell has aged, and what stress it was under."""

    GROUP: ClassVar = Group(root="container", source="plant")
    age: Array = array("container", "s", "Time in service: at the start, simulated and skipped.")
    soh: Array = array("rack cell", "1", "Capacity at present over fresh.", 1.0, point="cell.soh")
    pack_soh_mean: Array = array("rack pack", "1", "Mean state of health of the cells.", 1.0, point="soh_mean")
    pack_soh_min: Array = array("rack pack", "1", "State of health of the weakest cell.", 1.0, point="soh_min")
    rack_soh_mean: Array = array("rack", "1", "Mean state of health of the cells.", 1.0, point="soh_mean")
    rack_soh_min: Array = array("rack", "1", "State of health of the weakest cell.", 1.0, point="soh_min")
    container_soh_mean: Array = array("container", "1", "Mean state of health of the cells.", 1.0, point="soh_mean")
    container_soh_min: Array = array("container", "1", "State of health of the weakest cell.", 1.0, point="soh_min")
    equivalent_cycles: Array = array("rack", "", "Equivalent full cycles of the capacity at their time.")
    wear: Array = array("mechanism rack cell", "", "Wear of each mechanism; its power is the damage.", public=False)
    window_wear: Array = array("mechanism rack cell", "", "Wear of late, older wear counting less.", public=False)
    pack_window_time: Array = array("rack pack", "s", "Time in which that wear came, weighted alike.", public=False)
    window_cycles: Array = array("rack", "", "Equivalent full cycles of late, older ones counting less.", public=False)
    window_time: Array = array("rack", "s", "Time in which those came, weighted alike.", public=False)
    stress: Array = array("mechanism rack", "", "What drove each mechanism since the start.", public=False)
    stress_seen: Array = array("mechanism rack pack", "", "How much of it the cells have met.", public=False)
    position: Array = array("rack", "1", "Charge drawn since the start, relative to the capacity.", public=False)
    turns: Array = array("rack turn", "1", "Where the charge turned, of cycles that are still open.", public=False)
    turn_count: Array = array("rack", "", "How many turning points are remembered.", public=False)
