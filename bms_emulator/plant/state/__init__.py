"""What varies in the plant, what drives it from outside, and how faults bend it.

Axes: ``container``, ``rack`` (all racks of all containers), ``pack``, ``cell`` and ``segment`` of a cold plate (within
a rack), ``contactor`` (the three of a rack). Rack r belongs to container ``r // racks_per_container``, cell k to pack
``k // cells_per_pack``. One container has one DC bus and one PCS.
"""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Arena, Array, Group, array
from bms_emulator.plant.state.ageing import AgeingState
from bms_emulator.plant.state.cooling import CHILLER_MODES, ChillerMode, ContainerState, PackState
from bms_emulator.plant.state.electrical import (
    PCS_STATES,
    CellState,
    Contactor,
    PackCircuit,
    PcsControl,
    PcsPlantState,
    PcsState,
    RackState,
)
from bms_emulator.plant.state.safety import (
    DETECTORS,
    FIRE_LEVELS,
    RUNAWAY_STAGES,
    AirState,
    Detector,
    FireCommands,
    FireLevel,
    FireState,
    RunawayStage,
    RunawayState,
)
from bms_emulator.plant.state.surroundings import Surroundings
from bms_emulator.plant.state.units import CMU_FAULTS, UnitState

__all__ = [
    "CHILLER_MODES",
    "CMU_FAULTS",
    "DETECTORS",
    "FIRE_LEVELS",
    "GROUPS",
    "PCS_STATES",
    "RUNAWAY_STAGES",
    "AgeingState",
    "AirState",
    "CellState",
    "ChillerMode",
    "Contactor",
    "ContainerState",
    "Detector",
    "FireCommands",
    "FireLevel",
    "FireState",
    "PackCircuit",
    "PackState",
    "PcsControl",
    "PcsPlantState",
    "PcsState",
    "PlantInputs",
    "PlantOverlay",
    "PlantState",
    "RackState",
    "RunawayStage",
    "RunawayState",
    "Surroundings",
    "UnitState",
]


@dataclass
class PlantInputs:
    """What firmware and devices ask of the plant, as it reaches the actuators."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    contactor_command: Array = array("rack contactor", "", "1 energises the coil.")
    breaker_trip: Array = array("rack", "", "1 trips the breaker.")
    insulation_monitor_enabled: Array = array("rack", "", "1 lets the rack's insulation monitor measure.", 1.0)
    balancing: Array = array("rack cell", "", "1 where the cell is to be bled by its balancing resistor.")
    balancing_count: Array = array("rack pack", "", "Cells of the pack that are to be bled.")
    balancing_revision: Array = array("rack", "", "Revision of the firmware's mask that this is.")
    chiller_request: Array = array("container", "", "Requested chiller mode.")
    chiller_setpoint: Array = array("container", "K", "Requested supply temperature.", 295.15)
    charge_power_limit: Array = array("container", "W", "Largest DC charge power the BMS allows, >= 0.")
    discharge_power_limit: Array = array("container", "W", "Largest DC discharge power the BMS allows, >= 0.")
    charge_current_limit: Array = array("container", "A", "Largest DC charge current the BMS allows, >= 0.")
    discharge_current_limit: Array = array("container", "A", "Largest DC discharge current the BMS allows, >= 0.")
    control_mode: Array = array("container", "", "What the PCS is to hold at its set point.")
    power_setpoint: Array = array("container", "W", "AC power asked of the PCS, positive in discharge.")
    current_setpoint: Array = array("container", "A", "DC current asked of the PCS, positive in discharge.")
    voltage_setpoint: Array = array("container", "V", "DC voltage asked of the PCS.")
    current_limit: Array = array("container", "A", "Largest DC current while the voltage is controlled, >= 0.")
    power_limit: Array = array("container", "W", "Largest AC power asked for, >= 0.", float("inf"))
    pcs_enable: Array = array("container", "", "1 asks the PCS to run.")


@dataclass
class PlantOverlay:
    """How active faults bend the plant; the initial values are neutral."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    cell_resistance_gain: Array = array("rack cell", "1", "Factor on all resistances of the cell.", 1.0)
    cell_short_conductance: Array = array("rack cell", "S", "Conductance of an internal short.")
    cell_heat: Array = array("rack cell", "W", "Heat put into the cell from outside, as by a heater pad.")
    cell_runaway_heat: Array = array("rack cell", "W", "Heat put into the cell until its runaway has begun.")
    insulation_leak_positive: Array = array("rack", "S", "Conductance of a leak from the positive pole to earth.")
    insulation_leak_negative: Array = array("rack", "S", "Conductance of a leak from the negative pole to earth.")
    contactor_hold: Array = array("rack contactor", "", "1 welded, 0 stuck open, NaN free.", float("nan"))
    pump_gain: Array = array("container", "1", "Factor on pump speed.", 1.0)
    branch_conductance_gain: Array = array(
        "rack pack", "1", "Factor on the hydraulic conductance of the pack's branch.", 1.0
    )
    chiller_gain: Array = array("container", "1", "Factor on chiller capacity; 0 is a trip.", 1.0)
    chiller_silent: Array = array("container", "", "1 while the chiller's reports do not arrive.")
    cmu_faults: Array = array("rack pack", "", "Bits of what is wrong with the pack's monitoring unit.")


GROUPS: dict[str, type] = {
    "plant.cells": CellState,
    "plant.circuits": PackCircuit,
    "plant.racks": RackState,
    "plant.packs": PackState,
    "plant.containers": ContainerState,
    "plant.pcs": PcsPlantState,
    "plant.ageing": AgeingState,
    "plant.runaway": RunawayState,
    "plant.air": AirState,
    "plant.fire": FireState,
    "plant.fire.commands": FireCommands,
    "plant.surroundings": Surroundings,
    "plant.units": UnitState,
    "plant.inputs": PlantInputs,
    "plant.overlay": PlantOverlay,
}


@dataclass
class PlantState:
    """All that varies in the plant."""

    cells: CellState
    circuits: PackCircuit
    racks: RackState
    packs: PackState
    containers: ContainerState
    pcs: PcsPlantState
    ageing: AgeingState
    runaway: RunawayState
    air: AirState
    fire: FireState
    fire_commands: FireCommands
    surroundings: Surroundings
    units: UnitState

    @classmethod
    def of(cls, arena: Arena) -> "PlantState":
        """The plant's groups of an arena."""
        return cls(
            cells=arena.group("plant.cells", CellState),
            circuits=arena.group("plant.circuits", PackCircuit),
            racks=arena.group("plant.racks", RackState),
            packs=arena.group("plant.packs", PackState),
            containers=arena.group("plant.containers", ContainerState),
            pcs=arena.group("plant.pcs", PcsPlantState),
            ageing=arena.group("plant.ageing", AgeingState),
            runaway=arena.group("plant.runaway", RunawayState),
            air=arena.group("plant.air", AirState),
            fire=arena.group("plant.fire", FireState),
            fire_commands=arena.group("plant.fire.commands", FireCommands),
            surroundings=arena.group("plant.surroundings", Surroundings),
            units=arena.group("plant.units", UnitState),
        )
