"""State of cells in thermal runaway, and of what their enclosure and its fire panel make of it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


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


class DetectorState(IntEnum):
    """What a fire panel says of a detector."""

    NORMAL = 0
    ALARM = 1
    FAULT = 2
    TEST = 3
    TEST_ALARM = 4
    """Above its set point while it is tested."""


DETECTOR_STATES = {int(s): s.name.lower() for s in DetectorState}


RUNAWAY_STAGES = {int(s): s.name.lower() for s in RunawayStage}


FIRE_LEVELS = {int(level): level.name.lower() for level in FireLevel}


DETECTORS = {int(d): d.name.lower() for d in Detector}


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
    insulation_resistance: Array = array(
        "rack", "Ohm", "Insulation resistance of the rack against earth, both poles in parallel."
    )
    insulation_positive: Array = array("rack", "Ohm", "The same, of the positive pole alone.")
    insulation_negative: Array = array("rack", "Ohm", "The same, of the negative pole alone.")
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
    level2_time: Array = array("container", "s", "Time spent in level 2 since nothing holds the release back.")
    gas_alarm: Array = array("container", "", "1 after a gas alarm, latched.", kind="boolean")
    ventilation_running: Array = array("container", "", "1 while the fan runs, louvers open.", kind="boolean")
    aerosol_released: Array = array("container", "", "1 once the aerosol has been released.", kind="boolean")
    awake: Array = array("", "", "1 while any panel of the site has anything to do.")
    manual_release: Array = array("container", "", "1 after the manual release was pressed, latched.", kind="boolean")
    sounder_on: Array = array("container", "", "1 while the sounder sounds.", kind="boolean")
    discharging: Array = array("container", "", "1 while the agent flows out.", kind="boolean")


@dataclass
class PanelState:
    """Detectors of the fire panel of every container as it sees them, and its extinguishing agent."""

    GROUP: ClassVar = Group(root="container", source="plant")
    state: Array = array("container detector", "", "State of the detector.", choices=DETECTOR_STATES)
    agent_lost: Array = array("container", "1", "Share of the agent that is gone.", point="fire.agent_lost")


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
    acknowledge: Array = array(
        "container",
        "",
        "1 silences the sounder until the next alarm; returns to 0 when done.",
        kind="boolean",
        limits=(0, 1),
        point="fire.acknowledge",
    )
    manual_release: Array = array(
        "container",
        "",
        "1 while the manual release is pressed: fire, and release of the agent after the delay.",
        kind="boolean",
        limits=(0, 1),
        point="fire.manual_release",
    )
    inhibit: Array = array(
        "container",
        "",
        "1 holds the release of the agent back; its delay begins anew afterwards.",
        kind="boolean",
        limits=(0, 1),
        point="fire.inhibit",
    )
    test: Array = array(
        "container detector",
        "",
        "1 tests the detector: it shows what it reads, and nothing follows.",
        kind="boolean",
        limits=(0, 1),
        point="test",
    )
