"""Points of the emulator itself: its clock and its punctuality."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class EmulatorState:
    """Clock and punctuality of the loop."""

    GROUP: ClassVar = Group(root="emulator", source="runtime")
    tick: Array = array("", "", "Ticks run since the start.", kind="integer")
    time: Array = array("", "s", "Simulated time since the start.")
    ticks_due: Array = array("", "", "Ticks that the clock asked for.", kind="integer")
    ticks_skipped: Array = array("", "", "Ticks declared skipped.", kind="integer")
    overruns: Array = array("", "", "Ticks whose work outlasted their period.", kind="integer")
    lateness_p50: Array = array("", "s", "Median lateness of the last ticks.")
    lateness_p99: Array = array("", "s", "99th percentile of lateness of the last ticks.")
    lateness_max: Array = array("", "s", "Largest lateness of the last ticks.")
    compute_p50: Array = array("", "s", "Median time of work of the last ticks.")
    compute_p99: Array = array("", "s", "99th percentile of the time of work of the last ticks.")
    speed_actual: Array = array("", "1", "Simulated seconds per second, as reached.")


@dataclass
class EmulatorCommands:
    """What may be changed about the running emulator."""

    GROUP: ClassVar = Group(root="emulator", source="command")
    speed: Array = array(
        "",
        "1",
        "Simulated seconds per second; 0 pauses, infinity runs as fast as possible.",
        1.0,
        limits=(0.0, float("inf")),
    )


GROUPS: dict[str, type] = {"emulator": EmulatorState, "emulator.commands": EmulatorCommands}
