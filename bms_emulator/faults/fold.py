"""How active faults join in the arrays of the overlays.

Faults are folded in the order in which they were accepted. The rules are

- plant: factors multiply, conductances, heats, delays and shifts add, bits join, of several that hold a contactor or
  let it chatter the youngest wins, of several stuck heaters the strongest;
- controllers: what stops or freezes them joins, offsets and delays add, of several slow steps and repetitions the
  slowest counts, of several values of one threshold the youngest wins;
- sensors: see :mod:`bms_emulator.sensing.modifier`.

Everything is computed afresh from the neutral element, so that what remains after a fault is cleared is, bit for bit,
what would have been there without it.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import ControllerOverlay
from bms_emulator.plant.state import PlantOverlay

Index = NDArray[np.int64]


def _multiply(overlay: Array, index: Index, factor: float) -> None:
    overlay[index] *= factor


def _add(overlay: Array, index: Index, summand: float) -> None:
    overlay[index] += summand


def _join(overlay: Array, index: Index, bits: float) -> None:
    overlay[index] = overlay[index].astype(np.int64) | int(bits)


def _replace(overlay: Array, index: Index, hold: float) -> None:
    overlay[index] = hold


def _raise(overlay: Array, index: Index, least: float) -> None:
    overlay[index] = np.maximum(overlay[index], least)


Rules = Mapping[str, Callable[[Array, Index, float], None]]

PLANT_RULES: Final[Rules] = {
    "cell_resistance_gain": _multiply,
    "cell_short_conductance": _add,
    "cell_capacity_gain": _multiply,
    "cell_reversed": _join,
    "module_reversed": _join,
    "module_open": _join,
    "module_joint_resistance": _add,
    "cell_heat": _add,
    "cell_runaway_heat": _add,
    "insulation_leak_positive": _add,
    "insulation_leak_negative": _add,
    "contactor_hold": _replace,
    "contactor_delay": _add,
    "contactor_chatter": _replace,
    "coil_gain": _multiply,
    "precharge_gain": _multiply,
    "precharge_heat": _add,
    "fuse_blown": _join,
    "rack_breaker_trip": _join,
    "interlock_open": _join,
    "controller_faults": _join,
    "insulation_monitor_forced": _join,
    "bus_short_conductance": _add,
    "link_capacitance": _add,
    "pump_gain": _multiply,
    "pump_head_gain": _multiply,
    "branch_conductance_gain": _multiply,
    "chiller_gain": _multiply,
    "chiller_silent": _join,
    "chiller_deaf": _join,
    "chiller_setpoint_shift": _add,
    "heater_stuck": _raise,
    "chiller_faults": _join,
    "coolant_leak": _add,
    "ventilation_gain": _multiply,
    "enclosure_heat": _add,
    "smoke_added": _add,
    "hydrogen_added": _add,
    "carbon_monoxide_added": _add,
    "water": _join,
    "door_open": _join,
    "emergency_stop": _join,
    "detector_hold": _replace,
    "detector_failed": _join,
    "agent_leak": _add,
    "ups_gain": _multiply,
    "supply_failed": _join,
    "supply_hold": _replace,
    "cmu_faults": _join,
    "balancing_hold": _replace,
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
    "ambient_shift": _add,
}
"""How the effects of several faults join in each array of the plant overlay."""

CONTROLLER_RULES: Final[Rules] = {
    "rack_halted": _join,
    "rack_off": _join,
    "rack_divider": _raise,
    "rack_frozen": _join,
    "rack_soc_offset": _add,
    "rack_clock_offset": _add,
    "rack_threshold": _replace,
    "rack_defects": _join,
    "bank_halted": _join,
    "bank_off": _join,
    "bank_divider": _raise,
    "bank_frozen": _join,
    "bank_clock_offset": _add,
    "mailbox_deaf": _join,
    "mailbox_delay": _add,
    "mailbox_echo": _raise,
    "heartbeat_deaf": _join,
    "storage_full": _join,
}
"""How the effects of several faults join in each array of the controllers' overlay."""


def neutral(overlay: type) -> dict[str, float]:
    """Value of each array of a class of overlays where no fault is."""
    return {field.name: field.metadata["array"].initial for field in dataclasses.fields(overlay)}


NEUTRAL: Final[Mapping[str, float]] = neutral(PlantOverlay)
"""Value of each array of the plant overlay where no fault is."""


class Fold:
    """An overlay's writer: it remembers what it bent, so that only that is put back.

    Args:
        rules: How effects join in each array.
        at_rest: Value of each array where no fault is.
    """

    def __init__(self, rules: Rules, at_rest: Mapping[str, float]) -> None:
        self._rules = rules
        self._at_rest = at_rest
        self._bent: list[tuple[str, Index]] | None = None

    def write(self, effects: Sequence[tuple[str, Index, float]], overlay: PlantOverlay | ControllerOverlay) -> None:
        """Fold effects (array, flat index, what joins) into the overlay, beginning with the neutral one."""
        flat = {name: getattr(overlay, name).reshape(-1) for name in self._at_rest}
        if self._bent is None:
            for name, at_rest in self._at_rest.items():
                flat[name][...] = at_rest
        else:
            for name, index in self._bent:
                flat[name][index] = self._at_rest[name]
        for name, index, effect in effects:
            self._rules[name](flat[name], index, effect)
        self._bent = [(name, index) for name, index, _ in effects]
