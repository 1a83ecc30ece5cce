"""What varies in the plant, what drives it from outside, and how faults bend it.

Axes: ``container``, ``rack`` (all racks of all containers), ``pack``, ``cell`` and ``segment`` of a cold plate (within
a rack), ``contactor`` (the three of a rack). Rack r belongs to container ``r // racks_per_container``, cell k to pack
``k // cells_per_pack``. One container has one DC bus and one PCS.
"""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Arena, Array, Group, array
from bms_emulator.plant.state.ageing import AgeingState
from bms_emulator.plant.state.auxiliary import OUTPUTS, IoCommands, IoState, Output, SupplyState
from bms_emulator.plant.state.chiller import (
    CHILLER_ALARMS,
    CHILLER_COMMANDS,
    CHILLER_SOURCES,
    FAULT_LEVELS,
    ChillerAlarm,
    ChillerCommand,
    ChillerCommands,
    ChillerFault,
    ChillerSource,
    ChillerState,
    FaultLevel,
)
from bms_emulator.plant.state.conditions import Conditions
from bms_emulator.plant.state.cooling import CHILLER_MODES, ChillerMode, ContainerState, PackState
from bms_emulator.plant.state.electrical import CellState, Contactor, PackCircuit, RackState
from bms_emulator.plant.state.grid import (
    PHASES,
    GridState,
    LoadCommands,
    LoadState,
    MeterState,
    PvCommands,
    PvState,
    WeatherState,
)
from bms_emulator.plant.state.pcs import (
    PCS_FAULTS,
    PCS_LIMITS,
    PCS_STATES,
    PcsControl,
    PcsFault,
    PcsInputs,
    PcsLimit,
    PcsPlantState,
    PcsState,
    ReactiveControl,
)
from bms_emulator.plant.state.safety import (
    DETECTOR_STATES,
    DETECTORS,
    FIRE_LEVELS,
    RUNAWAY_STAGES,
    AirState,
    Detector,
    DetectorState,
    FireCommands,
    FireLevel,
    FireState,
    PanelState,
    RunawayStage,
    RunawayState,
)
from bms_emulator.plant.state.surroundings import Surroundings
from bms_emulator.plant.state.units import CMU_FAULTS, BalancingHold, UnitState

__all__ = [
    "CHILLER_ALARMS",
    "CHILLER_COMMANDS",
    "CHILLER_MODES",
    "CHILLER_SOURCES",
    "CMU_FAULTS",
    "DETECTORS",
    "DETECTOR_STATES",
    "FAULT_LEVELS",
    "FIRE_LEVELS",
    "GROUPS",
    "OUTPUTS",
    "PCS_FAULTS",
    "PCS_LIMITS",
    "PCS_STATES",
    "PHASES",
    "RUNAWAY_STAGES",
    "AgeingState",
    "AirState",
    "BalancingHold",
    "CellState",
    "ChillerAlarm",
    "ChillerCommand",
    "ChillerCommands",
    "ChillerFault",
    "ChillerMode",
    "ChillerSource",
    "ChillerState",
    "Conditions",
    "Contactor",
    "ContainerState",
    "Detector",
    "DetectorState",
    "FaultLevel",
    "FireCommands",
    "FireLevel",
    "FireState",
    "GridState",
    "IoCommands",
    "IoState",
    "LoadCommands",
    "LoadState",
    "MeterState",
    "Output",
    "PackCircuit",
    "PackState",
    "PanelState",
    "PcsControl",
    "PcsFault",
    "PcsInputs",
    "PcsLimit",
    "PcsPlantState",
    "PcsState",
    "PlantInputs",
    "PlantOverlay",
    "PlantState",
    "PvCommands",
    "PvState",
    "RackState",
    "ReactiveControl",
    "RunawayStage",
    "RunawayState",
    "SupplyState",
    "Surroundings",
    "UnitState",
    "WeatherState",
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
    cell_capacity_gain: Array = array("rack cell", "1", "Factor on the capacity of the cell.", 1.0)
    cell_reversed: Array = array("rack cell", "", "1 where the cell is connected the wrong way round.")
    module_reversed: Array = array("rack pack", "", "1 where the module is connected the wrong way round.")
    module_open: Array = array("rack pack", "", "1 where the string is interrupted in the module.")
    module_joint_resistance: Array = array("rack pack", "Ohm", "What the joint behind the module has too much.")
    cell_heat: Array = array("rack cell", "W", "Heat put into the cell from outside, as by a heater pad.")
    cell_runaway_heat: Array = array("rack cell", "W", "Heat put into the cell until its runaway has begun.")
    insulation_leak_positive: Array = array("rack", "S", "Conductance of a leak from the positive pole to earth.")
    insulation_leak_negative: Array = array("rack", "S", "Conductance of a leak from the negative pole to earth.")
    contactor_hold: Array = array("rack contactor", "", "1 welded, 0 stuck open, NaN free.", float("nan"))
    contactor_delay: Array = array("rack contactor", "s", "What the contacts take longer than their travel time.")
    contactor_chatter: Array = array("rack contactor", "Hz", "How often the contacts of an energised coil fall open.")
    coil_gain: Array = array("rack contactor", "1", "Factor on the voltage at the coil.", 1.0)
    precharge_gain: Array = array("rack", "1", "Factor on the resistance of the precharge resistor.", 1.0)
    precharge_heat: Array = array("rack", "W", "Heat put into the precharge resistor from outside.")
    fuse_blown: Array = array("rack", "", "1 where the string fuse has been blown by a fault.")
    rack_breaker_trip: Array = array("rack", "", "1 trips the rack's breaker.")
    interlock_open: Array = array("rack", "", "1 where the rack's interlock loop is broken.")
    controller_faults: Array = array("rack", "", "Bits of what is wrong around the rack's controller.")
    insulation_monitor_forced: Array = array("rack", "", "1 where the insulation monitor measures, asked or not.")
    bus_short_conductance: Array = array("container", "S", "Conductance across the DC bus.")
    link_capacitance: Array = array("container", "F", "Capacitance beside that of the DC link.")
    pump_gain: Array = array("container", "1", "Factor on pump speed.", 1.0)
    pump_head_gain: Array = array("container", "1", "Factor on the head of the pump at its speed.", 1.0)
    branch_conductance_gain: Array = array(
        "rack pack", "1", "Factor on the hydraulic conductance of the pack's branch.", 1.0
    )
    chiller_gain: Array = array("container", "1", "Factor on chiller capacity; 0 is a trip.", 1.0)
    chiller_silent: Array = array("container", "", "1 while the chiller's reports do not arrive.")
    chiller_deaf: Array = array("container", "", "1 while the chiller does not hear the bank controller.")
    chiller_setpoint_shift: Array = array("container", "K", "How far the chiller misses its set point.")
    heater_stuck: Array = array("container", "1", "Share of the chiller's heater that is on, asked or not.")
    chiller_faults: Array = array("container", "", "Bits of what is broken in the chiller.")
    coolant_leak: Array = array("container", "kg/s", "Coolant that the loop loses.")
    ventilation_gain: Array = array("container", "1", "Factor on the air that the gas fan moves.", 1.0)
    enclosure_heat: Array = array("container", "W", "Heat put into the air of the enclosure.")
    smoke_added: Array = array("container", "1/m", "Smoke at the detectors that comes from no cell.")
    hydrogen_added: Array = array("container", "1", "Hydrogen at the detectors that comes from no cell.")
    carbon_monoxide_added: Array = array("container", "1", "Carbon monoxide at the detectors, from no cell.")
    water: Array = array("container", "", "1 while water stands on the floor.")
    door_open: Array = array("container", "", "1 while a door stands open.")
    emergency_stop: Array = array("container", "", "1 while the emergency-stop button is pressed.")
    detector_hold: Array = array(
        "container detector",
        "1",
        "Where the reading of the detector is stuck between clean, cool air and its set point; NaN free.",
        float("nan"),
    )
    detector_failed: Array = array("container detector", "", "1 while the detector says that it has failed.")
    agent_leak: Array = array("container", "1/s", "Share of the extinguishing agent that is lost.")
    ups_gain: Array = array("container", "1", "Factor on the energy of the auxiliary supply's battery.", 1.0)
    supply_failed: Array = array("container", "", "1 while what feeds the auxiliary supply has failed.")
    supply_hold: Array = array(
        "container", "V", "Voltage at controllers and coils whatever feeds them; NaN free.", float("nan")
    )
    cmu_faults: Array = array("rack pack", "", "Bits of what is wrong with the pack's monitoring unit.")
    balancing_hold: Array = array("rack cell", "", "1 where the cell's balancing switch is stuck on, -1 stuck off.")
    pcs_trip: Array = array("container", "", "1 trips the PCS from outside.")
    pcs_gain: Array = array("container", "1", "Factor on what the PCS can do.", 1.0)
    pcs_fan_gain: Array = array("container", "1", "Factor on the air that the fans of the PCS move.", 1.0)
    dc_breaker_hold: Array = array("container", "", "1 welded, 0 stuck open, NaN free.", float("nan"))
    ac_breaker_hold: Array = array("container", "", "1 welded, 0 stuck open, NaN free.", float("nan"))
    grid_voltage_gain: Array = array("", "1", "Factor on the voltage of the grid.", 1.0)
    grid_phase_gain: Array = array("phase", "1", "Factor on the voltage of the phase.", 1.0)
    grid_frequency_shift: Array = array("", "Hz", "Deviation of the grid's frequency.")
    meter_silent: Array = array("", "", "1 while the reports of the grid meter do not arrive.")
    meter_failed: Array = array("", "", "1 while the grid meter reads nothing valid.")
    weather_silent: Array = array("", "", "1 while the reports of the weather station do not arrive.")
    ambient_shift: Array = array("", "K", "How much warmer it is outside than the weather says.")


GROUPS: dict[str, type] = {
    "plant.cells": CellState,
    "plant.circuits": PackCircuit,
    "plant.racks": RackState,
    "plant.packs": PackState,
    "plant.containers": ContainerState,
    "plant.pcs": PcsPlantState,
    "plant.pcs.inputs": PcsInputs,
    "plant.ageing": AgeingState,
    "plant.runaway": RunawayState,
    "plant.air": AirState,
    "plant.fire": FireState,
    "plant.fire.commands": FireCommands,
    "plant.panels": PanelState,
    "plant.chillers": ChillerState,
    "plant.chillers.commands": ChillerCommands,
    "plant.supply": SupplyState,
    "plant.io": IoState,
    "plant.io.commands": IoCommands,
    "plant.surroundings": Surroundings,
    "plant.conditions": Conditions,
    "plant.units": UnitState,
    "plant.grid": GridState,
    "plant.load": LoadState,
    "plant.load.commands": LoadCommands,
    "plant.pv": PvState,
    "plant.pv.commands": PvCommands,
    "plant.weather": WeatherState,
    "plant.meter": MeterState,
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
    pcs_inputs: PcsInputs
    ageing: AgeingState
    runaway: RunawayState
    air: AirState
    fire: FireState
    fire_commands: FireCommands
    panels: PanelState
    chillers: ChillerState
    chiller_commands: ChillerCommands
    supply: SupplyState
    io: IoState
    io_commands: IoCommands
    surroundings: Surroundings
    conditions: Conditions
    units: UnitState
    grid: GridState
    load: LoadState
    load_commands: LoadCommands
    pv: PvState
    pv_commands: PvCommands
    weather: WeatherState
    meter: MeterState

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
            pcs_inputs=arena.group("plant.pcs.inputs", PcsInputs),
            ageing=arena.group("plant.ageing", AgeingState),
            runaway=arena.group("plant.runaway", RunawayState),
            air=arena.group("plant.air", AirState),
            fire=arena.group("plant.fire", FireState),
            fire_commands=arena.group("plant.fire.commands", FireCommands),
            panels=arena.group("plant.panels", PanelState),
            chillers=arena.group("plant.chillers", ChillerState),
            chiller_commands=arena.group("plant.chillers.commands", ChillerCommands),
            supply=arena.group("plant.supply", SupplyState),
            io=arena.group("plant.io", IoState),
            io_commands=arena.group("plant.io.commands", IoCommands),
            surroundings=arena.group("plant.surroundings", Surroundings),
            conditions=arena.group("plant.conditions", Conditions),
            units=arena.group("plant.units", UnitState),
            grid=arena.group("plant.grid", GridState),
            load=arena.group("plant.load", LoadState),
            load_commands=arena.group("plant.load.commands", LoadCommands),
            pv=arena.group("plant.pv", PvState),
            pv_commands=arena.group("plant.pv.commands", PvCommands),
            weather=arena.group("plant.weather", WeatherState),
            meter=arena.group("plant.meter", MeterState),
        )
