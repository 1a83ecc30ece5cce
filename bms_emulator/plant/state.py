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


class PcsControl(IntEnum):
    """What a PCS holds at its set point."""

    POWER = 0
    CURRENT = 1
    VOLTAGE = 2


class RunawayStage(IntEnum):
    """How far the thermal runaway of a cell has gone; it never goes back."""

    SOUND = 0
    SELF_HEATING = 1
    FIRST_VENT = 2
    RUNAWAY = 3
    SECOND_VENT = 4
    BURNT = 5


class FireLevel(IntEnum):
    """Alarm level of a fire panel."""

    NORMAL = 0
    WARNING = 1
    FIRE = 2


class Detector(IntEnum):
    """The detectors of a fire panel: last axis of its arrays, and bits of what has tripped."""

    HYDROGEN = 0
    CARBON_MONOXIDE = 1
    SMOKE = 2
    HEAT_LOW = 3
    HEAT_HIGH = 4


CHILLER_MODES = {int(m): m.name.lower() for m in ChillerMode}
PCS_STATES = {int(s): s.name.lower() for s in PcsState}
RUNAWAY_STAGES = {int(s): s.name.lower() for s in RunawayStage}
FIRE_LEVELS = {int(level): level.name.lower() for level in FireLevel}
DETECTORS = {int(d): d.name.lower() for d in Detector}


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
    fuse_heat: Array = array("rack", "A2s", "Melting integral accumulated by the fuse.", public=False)
    contactor_closed: Array = array(
        "rack contactor", "", "1 where the main contacts conduct.", kind="boolean", point="closed"
    )
    contactor_travel: Array = array(
        "rack contactor", "s", "Time since coil command and contacts came apart; 0 while they agree.", public=False
    )
    precharge_temperature: Array = array("rack", "K", "Temperature of the precharge resistor.", 298.15)


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
        "container", "K", "Coolant temperature as it leaves the chiller.", 298.15, point="coolant.supply_temperature"
    )
    coolant_inlet_temperature: Array = array(
        "container", "K", "Coolant temperature into the packs.", 298.15, point="coolant.inlet_temperature"
    )
    coolant_return_temperature: Array = array(
        "container", "K", "Coolant temperature back at the chiller.", 298.15, point="coolant.return_temperature"
    )
    coolant_enthalpy: Array = array(
        "container node",
        "J/kg",
        "Enthalpy of the coolant along the loop, from the chiller to the packs and back.",
        public=False,
    )
    coolant_density: Array = array("container", "kg/m3", "Coolant density.", public=False)
    coolant_heat_capacity: Array = array("container", "J/(kg K)", "Heat capacity of the coolant.", public=False)
    coolant_viscosity: Array = array("container", "Pa s", "Dynamic viscosity of the coolant.", public=False)
    film_turbulent: Array = array(
        "container", "1", "Turbulent film coefficient at equal mass flow, relative to rated temperature.", public=False
    )
    film_laminar: Array = array(
        "container", "1", "Laminar film coefficient, relative to rated temperature.", public=False
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
    auxiliary_power: Array = array("container", "W", "Chiller, pump, gas fan and base load.", point="auxiliary.power")
    auxiliary_energy: Array = array("container", "J", "Auxiliary energy since the start.", point="auxiliary.energy")
    net_energy_exported: Array = array(
        "container", "J", "Energy delivered to the grid since the start, by a meter behind PCS and auxiliaries."
    )
    net_energy_imported: Array = array(
        "container", "J", "Energy taken from the grid since the start, by a meter behind PCS and auxiliaries."
    )
    stored_energy: Array = array("container", "J", "Energy that the cells hold above empty.")
    stored_energy_start: Array = array("container", "J", "Energy that the cells held at the start.", public=False)
    dc_efficiency: Array = array(
        "container", "1", "Round trip at the DC bus since the start.", float("nan"), point="efficiency.dc"
    )
    ac_efficiency: Array = array(
        "container", "1", "Round trip at the AC side of the PCS since the start.", float("nan"), point="efficiency.ac"
    )
    net_efficiency: Array = array(
        "container",
        "1",
        "Round trip at the grid since the start, with what the auxiliaries take.",
        float("nan"),
        point="efficiency.net",
    )
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
    limited: Array = array(
        "container",
        "",
        "1 while a limit keeps power, current or voltage, whichever is controlled, from its set point.",
        kind="boolean",
    )
    feasible_charge_power: Array = array(
        "container", "W", "DC charge power at which the bus reaches the highest voltage of the PCS, >= 0."
    )
    feasible_discharge_power: Array = array(
        "container", "W", "Largest DC power that the racks on the bus can give, at half of their voltage, >= 0."
    )


@dataclass
class RunawayState:
    """Thermal runaway of the cells, and what it leaves behind in their racks."""

    GROUP: ClassVar = Group(root="container", source="plant")
    awake: Array = array("", "", "1 while anything is hot, heated, venting or tripped at the site.", 1.0, public=False)
    damaged: Array = array("", "", "1 once any cell has lost its sense wires.", public=False)
    stage: Array = array(
        "rack cell", "", "Stage of the thermal runaway.", choices=RUNAWAY_STAGES, point="cell.runaway_stage"
    )
    reaction: Array = array("rack cell", "1", "Share of the heat that has been released.", public=False)
    energy: Array = array("rack cell", "J", "Heat to be released in all, set by the charge at the onset.", public=False)
    vented: Array = array("rack cell", "1", "Share of the vent gas that is out.", public=False)
    layer: Array = array("rack cell layer", "K", "Layers of the cell above its core, from face to face.", public=False)
    under: Array = array("rack cell", "K", "Plate under the cell, above its segment.", public=False)
    heated: Array = array("rack pack", "", "1 where a fault heats a cell.", public=False)
    reacting: Array = array("rack pack", "", "1 where a cell is hot or not done.", public=False)
    vent_flow: Array = array("rack pack", "1/s", "Vent gas that leaves the pack, in contents of a cell.", public=False)
    jet_flow: Array = array("rack pack", "1/s", "What jets throw out of the pack, in contents of a cell.", public=False)
    burnt_count: Array = array("rack", "", "Cells without sense wires.", kind="integer", public=False)
    spilled: Array = array("rack", "1", "What jets threw out in the rack, in contents of a cell.", public=False)
    wetted: Array = array("rack", "1", "Part of it that has crept over the insulation.", public=False)
    insulation_resistance: Array = array("rack", "Ohm", "Insulation resistance of the rack against earth.")
    cell_count: Array = array(
        "container", "", "Cells that have gone into runaway.", kind="integer", point="runaway.cell_count"
    )
    heat_released: Array = array("container", "J", "Heat that the cells have released.", point="runaway.heat_released")
    charge_lost: Array = array(
        "container", "A s", "Charge that was in cells whose voltage collapsed.", point="runaway.charge_lost"
    )


@dataclass
class AirState:
    """Gas, smoke and hot layer in the free air of every enclosure."""

    GROUP: ClassVar = Group(root="container", source="plant")
    gas: Array = array("container", "1", "Share of vent gas in the air, by volume.", point="gas.fraction")
    hydrogen: Array = array("container", "1", "Share of hydrogen in the air, by volume.", point="gas.hydrogen")
    carbon_monoxide: Array = array(
        "container", "1", "Share of carbon monoxide in the air, by volume.", point="gas.carbon_monoxide"
    )
    lel_fraction: Array = array(
        "container", "1", "Vent gas in the air, relative to its lower explosive limit.", point="gas.lel_fraction"
    )
    vented: Array = array("container", "m3", "Gas that cells gave off since the start.", point="gas.vented")
    exhausted: Array = array("container", "m3", "Part of it that has left the enclosure.", point="gas.exhausted")
    smoke: Array = array("container", "1/m", "Extinction of light by smoke.")
    jet_power: Array = array("container", "W", "Heat that jets carry into the air.", point="gas.jet_power")
    layer_rise: Array = array("container", "K", "Hot gas under the ceiling above the enclosure's air.")
    mass_lost: Array = array("container", "kg", "Mass that jets threw out since the start.", point="gas.mass_lost")
    fan_power: Array = array("container", "W", "Electrical power of the gas fan.", point="ventilation.power")


@dataclass
class FireState:
    """Fire panel of every container; hard-wired, no BMS comes between it and its fan."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    reading: Array = array("container detector", "", "Readings of the detectors, in SI units of their own.")
    standing: Array = array("container detector", "s", "Time for which a reading has stood above its set point.")
    tripped: Array = array("container", "", "Tripped detectors, latched.", kind="bitfield", choices=DETECTORS)
    level: Array = array("container", "", "Alarm level, latched.", choices=FIRE_LEVELS)
    level2_time: Array = array("container", "s", "Time spent in level 2.")
    gas_alarm: Array = array("container", "", "1 after a gas alarm, latched.", kind="boolean")
    ventilation_running: Array = array("container", "", "1 while the fan runs, louvers open.", kind="boolean")
    aerosol_released: Array = array("container", "", "1 once the aerosol has been released.", kind="boolean")


@dataclass
class FireCommands:
    """What may be asked of a fire panel."""

    GROUP: ClassVar = Group(root="container", source="command")
    reset: Array = array(
        "container",
        "",
        "1 resets the fire panel where no detector stands above its set point; returns to 0 when done.",
        kind="boolean",
        limits=(0, 1),
        point="fire.reset",
    )


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
    insulation_leak: Array = array("rack", "S", "Conductance of a leak across the rack's insulation.")
    contactor_hold: Array = array("rack contactor", "", "1 welded, 0 stuck open, NaN free.", float("nan"))
    pump_gain: Array = array("container", "1", "Factor on pump speed.", 1.0)
    branch_conductance_gain: Array = array(
        "rack pack", "1", "Factor on the hydraulic conductance of the pack's branch.", 1.0
    )
    chiller_gain: Array = array("container", "1", "Factor on chiller capacity; 0 is a trip.", 1.0)


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
        )
