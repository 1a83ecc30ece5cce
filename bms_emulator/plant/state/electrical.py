"""Electrical state: cells, packs as circuits, racks."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


class Contactor(IntEnum):
    """The contactors of a rack, the last axis of every contactor array."""

    MAIN_NEGATIVE = 0
    PRECHARGE = 1
    MAIN_POSITIVE = 2


@dataclass
class CellState:
    """Electrical and thermal state of every cell."""

    GROUP: ClassVar = Group(root="container", source="plant")
    soc: Array = array("rack cell", "1", "State of charge, relative to the cell's own capacity.", 0.5, point="cell.soc")
    capacity: Array = array(
        "rack cell", "A s", "Capacity at present: fresh, less what ageing took.", point="cell.capacity"
    )
    capacity_left: Array = array("rack cell", "1", "Share of the capacity that faults have left.", 1.0, public=False)
    resistance_growth: Array = array(
        "rack cell", "1", "Resistance at present over fresh.", 1.0, point="cell.resistance_growth"
    )
    voltage_gain: Array = array(
        "rack cell",
        "1",
        "Share of the source voltage that is left; below 1 once the separator has failed.",
        1.0,
        public=False,
    )
    v_rc1: Array = array("rack cell", "V", "Voltage over the fast RC branch.", public=False)
    v_rc2: Array = array("rack cell", "V", "Voltage over the slow RC branch.", public=False)
    hysteresis: Array = array(
        "rack cell", "1", "Hysteresis state, -1 after discharge to +1 after charge.", public=False
    )
    voltage: Array = array("rack cell", "V", "Terminal voltage.", 3.3, point="cell.voltage")
    temperature_core: Array = array("rack cell", "K", "Core temperature.", 298.15, point="cell.temperature_core")
    temperature_surface: Array = array(
        "rack cell", "K", "Surface temperature.", 298.15, point="cell.temperature_surface"
    )
    heat: Array = array("rack cell", "J", "Heat generated from the last thermal step to the last update.", public=False)
    bypass_current: Array = array(
        "rack cell",
        "A",
        "Current beside the string: self-discharge, balancing, internal short.",
        point="cell.bypass_current",
    )
    balancing_current: Array = array(
        "rack cell", "A", "Part of it that goes through the balancing resistor.", point="cell.balancing_current"
    )
    r0: Array = array("rack cell", "Ohm", "Ohmic resistance in effect.", 1.8e-4, point="cell.resistance")
    r1: Array = array("rack cell", "Ohm", "Resistance of the fast RC branch in effect.", 8e-5, public=False)
    r2: Array = array("rack cell", "Ohm", "Resistance of the slow RC branch in effect.", 1.6e-4, public=False)
    source_voltage: Array = array("rack cell", "V", "Voltage without current at the last update.", public=False)
    fall_per_charge: Array = array("rack cell", "V/(A s)", "Fall of the voltage with the charge drawn.", public=False)


@dataclass
class PackCircuit:
    """The cells of a pack in series: sums over them, and what the string did since their last update."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    source_voltage: Array = array("rack pack", "V", "Voltage without current at the last update.")
    turned_source_voltage: Array = array("rack pack", "V", "The same for the direction that the cells do not hold.")
    fall_per_charge: Array = array("rack pack", "V/(A s)", "Fall of the voltage with the charge drawn.")
    turned_fall_per_charge: Array = array(
        "rack pack", "V/(A s)", "The same for the direction that the cells do not hold."
    )
    r0: Array = array("rack pack", "Ohm", "Ohmic resistance.")
    turned_r0: Array = array("rack pack", "Ohm", "The same for the direction that the cells do not hold.")
    steepest: Array = array("rack pack", "V/(A s)", "Largest fall of a cell's voltage with the charge drawn.")
    ratio1: Array = array("rack pack", "1", "Resistance of the fast RC branches, relative to the ohmic one.")
    ratio2: Array = array("rack pack", "1", "Resistance of the slow RC branches, relative to the ohmic one.")
    relaxed1: Array = array("rack pack", "A", "Current that gets through the fast RC branches.")
    relaxed2: Array = array("rack pack", "A", "Current that gets through the slow RC branches.")
    reference1: Array = array("rack pack", "A", "Current that got through the fast RC branches at the last update.")
    reference2: Array = array("rack pack", "A", "Current that got through the slow RC branches at the last update.")
    elapsed: Array = array("rack pack", "s", "Time since the last update.")
    charge: Array = array("rack pack", "A s", "Charge q that the string drew from each cell since then.")
    taken: Array = array("rack pack", "A s", "Sum of i dt since then: the line at these sums is the energy taken.")
    taken_charge: Array = array("rack pack", "A2 s2", "Sum of q i dt since then.")
    taken_current: Array = array("rack pack", "A2 s", "Sum of i_e i dt since then, i_e with what relaxed currents add.")


@dataclass
class RackState:
    """Electrical state of every rack."""

    GROUP: ClassVar = Group(root="container", source="plant")
    current: Array = array("rack", "A", "String current, positive in discharge.")
    voltage: Array = array("rack", "V", "String terminal voltage, on the cell side of the contactors.")
    direction: Array = array(
        "rack",
        "",
        "1 after a discharging current, -1 after a charging one; cells hold its parameters.",
        1.0,
        public=False,
    )
    discharge_source_voltage: Array = array(
        "rack", "V", "Source voltage of the string for a coming step of discharge.", public=False
    )
    discharge_resistance: Array = array(
        "rack", "Ohm", "Resistance of the string for a coming step of discharge.", public=False
    )
    charge_source_voltage: Array = array(
        "rack", "V", "Source voltage of the string for a coming step of charge.", public=False
    )
    charge_resistance: Array = array(
        "rack", "Ohm", "Resistance of the string for a coming step of charge.", public=False
    )
    fuse_closed: Array = array("rack", "", "1 while the string fuse conducts.", 1.0, kind="boolean")
    fuse_pulled: Array = array("rack", "", "1 while a fault, and no current, keeps the fuse open.", public=False)
    breaker_closed: Array = array("rack", "", "1 while the rack's breaker conducts.", 1.0, kind="boolean")
    string_closed: Array = array("rack", "", "1 while all modules of the string conduct.", 1.0, public=False)
    floating_voltage: Array = array("rack", "V", "What stands at the terminals of an open string.", public=False)
    terminal_temperature: Array = array("rack", "K", "Hottest power terminal of the rack.", 298.15)
    fuse_heat: Array = array("rack", "A2s", "Melting integral accumulated by the fuse.", public=False)
    contactor_closed: Array = array(
        "rack contactor", "", "1 where the main contacts conduct.", kind="boolean", point="closed"
    )
    contactor_travel: Array = array(
        "rack contactor", "s", "Time since coil command and contacts came apart; 0 while they agree.", public=False
    )
    contactor_phase: Array = array("rack contactor", "1", "Where in its chatter a contactor is.", public=False)
    precharge_temperature: Array = array("rack", "K", "Temperature of the precharge resistor.", 298.15)
