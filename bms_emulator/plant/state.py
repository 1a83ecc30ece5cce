"""What varies in the plant, what drives it from outside, and how faults bend it.

Axes: ``container``, ``rack`` (all racks of all containers), ``pack``, ``cell`` and ``segment`` of a cold plate (within
a rack), ``contactor`` (the three of a rack). Rack r belongs to container ``r // racks_per_container``, cell k to pack
``k // cells_per_pack``. One container has one DC bus and one PCS.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Arena, Array, Group, array


class Contactor(IntEnum):
    """The contactors of a rack, the last axis of every contactor array."""

    MAIN_NEGATIVE = 0
    PRECHARGE = 1
    MAIN_POSITIVE = 2


class ChillerMode(IntEnum):
    """What the chiller is asked to do and what it does."""

    STANDBY = 0
    CIRCULATION = 1
    COOLING = 2
    HEATING = 3


class PcsState(IntEnum):
    """Operating state of a PCS."""

    OFF = 1
    STARTING = 2
    RUNNING = 3
    FAULT = 4


CHILLER_MODES = {int(m): m.name.lower() for m in ChillerMode}
PCS_STATES = {int(s): s.name.lower() for s in PcsState}


@dataclass
class CellState:
    """Electrical and thermal state of every cell."""

    GROUP: ClassVar = Group(root="container", source="plant")
    soc: Array = array("rack cell", "1", "State of charge, relative to the cell's own capacity.", 0.5, point="cell.soc")
    capacity: Array = array(
        "rack cell", "A s", "Capacity at present: fresh, less what ageing took.", point="cell.capacity"
    )
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
    r0: Array = array("rack cell", "Ohm", "Ohmic resistance in effect.", 1.8e-4, point="cell.resistance")
    r1: Array = array("rack cell", "Ohm", "Resistance of the fast RC branch in effect.", 8e-5, public=False)
    r2: Array = array("rack cell", "Ohm", "Resistance of the slow RC branch in effect.", 1.6e-4, public=False)
    source_voltage: Array = array("rack cell", "V", "Voltage without current at the last update.", public=False)
    fall_per_charge: Array = array("rack cell", "V/(A s)", "Fall of the voltage with the charge drawn.", public=False)
    fall_per_turnover: Array = array(
        "rack cell", "V/(A s)", "Fall of the voltage with the charge moved in either direction.", public=False
    )


@dataclass
class PackCircuit:
    """The cells of a pack in series: sums over them, and what the string did since their last update."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    source_voltage: Array = array("rack pack", "V", "Voltage without current at the last update.")
    fall_per_charge: Array = array("rack pack", "V/(A s)", "Fall of the voltage with the charge drawn.")
    fall_per_turnover: Array = array(
        "rack pack", "V/(A s)", "Fall of the voltage with the charge moved in either direction."
    )
    r0: Array = array("rack pack", "Ohm", "Ohmic resistance.")
    ratio1: Array = array("rack pack", "1", "Resistance of the fast RC branches, relative to the ohmic one.")
    ratio2: Array = array("rack pack", "1", "Resistance of the slow RC branches, relative to the ohmic one.")
    reference1: Array = array("rack pack", "A", "Current that got through the fast RC branches at the last update.")
    reference2: Array = array("rack pack", "A", "Current that got through the slow RC branches at the last update.")
    elapsed: Array = array("rack pack", "s", "Time since the last update.")
    charge: Array = array("rack pack", "A s", "Charge q that the string drew from each cell since then.")
    turnover: Array = array("rack pack", "A s", "Charge y that it moved in either direction since then.")
    taken: Array = array("rack pack", "A s", "Sum of i dt since then: the line at these sums is the energy taken.")
    taken_charge: Array = array("rack pack", "A2 s2", "Sum of q i dt since then.")
    taken_turnover: Array = array("rack pack", "A2 s2", "Sum of y i dt since then.")
    taken_current: Array = array("rack pack", "A2 s", "Sum of i_e i dt since then, i_e with what relaxed currents add.")


@dataclass
class RackState:
    """Electrical state of every rack."""

    GROUP: ClassVar = Group(root="container", source="plant")
    current: Array = array("rack", "A", "String current, positive in discharge.")
    voltage: Array = array("rack", "V", "String terminal voltage, on the cell side of the contactors.")
    source_voltage: Array = array("rack", "V", "Source voltage of the string for the coming step.", public=False)
    resistance: Array = array("rack", "Ohm", "Resistance of the string for the coming step.", public=False)
    direction: Array = array(
        "rack", "", "1 after a discharging current, -1 after a charging one; cells hold its parameters.", 1.0, public=False
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
    relaxed1: Array = array("rack", "A", "Current that gets through the fast RC branches.", public=False)
    relaxed2: Array = array("rack", "A", "Current that gets through the slow RC branches.", public=False)
    fuse_closed: Array = array("rack", "", "1 while the string fuse conducts.", 1.0, kind="boolean")
    fuse_heat: Array = array("rack", "A2s", "Melting integral accumulated by the fuse.", public=False)
    contactor_closed: Array = array(
        "rack contactor", "", "1 where the main contacts conduct.", kind="boolean", point="closed"
    )
    contactor_travel: Array = array(
        "rack contactor", "s", "Time since coil command and contacts came apart; 0 while they agree.", public=False
    )
    precharge_energy: Array = array("rack", "J", "Heat held by the precharge resistor.")


@dataclass
class PackState:
    """Cold plate and coolant of every pack."""

    GROUP: ClassVar = Group(root="container", source="plant")
    plate_temperature: Array = array("rack pack", "K", "Cold-plate temperature.", 298.15)
    temperature_max: Array = array("rack pack", "K", "Highest core temperature in the pack.", 298.15)
    stored_energy: Array = array("rack pack", "J", "Energy that the cells hold above empty.", public=False)
    coolant_flow: Array = array("rack pack", "kg/s", "Coolant mass flow through the plate.")
    coolant_outlet_temperature: Array = array("rack pack", "K", "Coolant temperature at the pack's outlet.", 298.15)
    coolant_heat: Array = array("rack pack", "W", "Heat that the coolant takes up in the pack.")
    air_heat: Array = array("rack pack", "W", "Heat that the enclosure air takes up from the pack.", public=False)
    segment_temperature: Array = array(
        "rack segment", "K", "Temperature of each segment of the cold plates, pack by pack.", 298.15, public=False
    )


@dataclass
class ContainerState:
    """DC bus, coolant loop, chiller and enclosure of every container."""

    GROUP: ClassVar = Group(root="container", source="plant")
    bus_voltage: Array = array("container", "V", "DC bus voltage.")
    bus_current: Array = array("container", "A", "Current drawn by the PCS from the DC bus.")
    energy_charged: Array = array("container", "J", "DC energy taken from the PCS since the start.")
    energy_discharged: Array = array("container", "J", "DC energy delivered to the PCS since the start.")
    coolant_flow: Array = array("container", "kg/s", "Total coolant mass flow.", point="coolant.flow")
    coolant_pressure: Array = array("container", "Pa", "Pressure rise of the pump.", point="coolant.pressure")
    coolant_supply_temperature: Array = array(
        "container", "K", "Coolant temperature into the packs.", 298.15, point="coolant.supply_temperature"
    )
    coolant_return_temperature: Array = array(
        "container", "K", "Coolant temperature back from the packs.", 298.15, point="coolant.return_temperature"
    )
    pump_speed: Array = array("container", "1", "Pump speed, relative to rated.", point="pump.speed")
    pump_power: Array = array("container", "W", "Electrical power of the pump.", point="pump.power")
    chiller_mode: Array = array("container", "", "What the chiller does.", choices=CHILLER_MODES, point="chiller.mode")
    compressor_on: Array = array(
        "container", "", "1 while the compressor runs.", kind="boolean", point="chiller.compressor_on"
    )
    compressor_time: Array = array(
        "container", "s", "Time since the compressor last started or stopped.", 1e6, public=False
    )
    chiller_heat: Array = array(
        "container", "W", "Heat put into the coolant, negative when cooling.", point="chiller.heat"
    )
    chiller_power: Array = array(
        "container", "W", "Electrical power of compressor, heater and controls.", point="chiller.power"
    )
    auxiliary_power: Array = array("container", "W", "Chiller, pump and base load.", point="auxiliary.power")
    auxiliary_energy: Array = array("container", "J", "Auxiliary energy since the start.", point="auxiliary.energy")
    air_temperature: Array = array("container", "K", "Air temperature inside the enclosure.", 298.15)
    ambient_temperature: Array = array("container", "K", "Air temperature outside.", 298.15)


@dataclass
class PcsPlantState:
    """Electrical state of the PCS of every container."""

    GROUP: ClassVar = Group(root="pcs", source="plant")
    state: Array = array("container", "", "Operating state.", 1.0, choices=PCS_STATES)
    start_time: Array = array("container", "s", "Time spent in STARTING.", public=False)
    power: Array = array("container", "W", "AC active power, positive in discharge.")
    power_target: Array = array("container", "W", "AC power after ramp and limits.")
    dc_power: Array = array("container", "W", "DC power, positive in discharge.")
    loss: Array = array("container", "W", "Conversion loss.")
    energy_exported: Array = array("container", "J", "AC energy delivered to the grid since the start.")
    energy_imported: Array = array("container", "J", "AC energy taken from the grid since the start.")
    limited: Array = array("container", "", "1 while a limit holds the power back from its set point.", kind="boolean")


@dataclass
class PlantInputs:
    """What firmware and devices ask of the plant, as it reaches the actuators."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    contactor_command: Array = array("rack contactor", "", "1 energises the coil.")
    chiller_request: Array = array("container", "", "Requested chiller mode.")
    chiller_setpoint: Array = array("container", "K", "Requested supply temperature.", 295.15)
    charge_power_limit: Array = array("container", "W", "Largest DC charge power the BMS allows, >= 0.")
    discharge_power_limit: Array = array("container", "W", "Largest DC discharge power the BMS allows, >= 0.")
    charge_current_limit: Array = array("container", "A", "Largest DC charge current the BMS allows, >= 0.")
    discharge_current_limit: Array = array("container", "A", "Largest DC discharge current the BMS allows, >= 0.")
    power_setpoint: Array = array("container", "W", "AC power asked of the PCS, positive in discharge.")
    pcs_enable: Array = array("container", "", "1 asks the PCS to run.")


@dataclass
class PlantOverlay:
    """How active faults bend the plant; the initial values are neutral."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    cell_resistance_gain: Array = array("rack cell", "1", "Factor on all resistances of the cell.", 1.0)
    cell_short_conductance: Array = array("rack cell", "S", "Conductance of an internal short.")
    cell_heat: Array = array("rack cell", "W", "Heat put into the cell from outside, as by a heater pad.")
    contactor_hold: Array = array("rack contactor", "", "1 welded, 0 stuck open, NaN free.", float("nan"))
    pump_gain: Array = array("container", "1", "Factor on pump speed.", 1.0)
    branch_conductance_gain: Array = array(
        "rack pack", "1", "Factor on the hydraulic conductance of the pack's branch.", 1.0
    )
    chiller_gain: Array = array("container", "1", "Factor on chiller capacity; 0 is a trip.", 1.0)


GROUPS: dict[str, type] = {
    "plant.cells": CellState,
    "plant.circuits": PackCircuit,
    "plant.racks": RackState,
    "plant.packs": PackState,
    "plant.containers": ContainerState,
    "plant.pcs": PcsPlantState,
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
        )
