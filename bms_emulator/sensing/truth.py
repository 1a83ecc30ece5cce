"""What sensors may see of the plant. Structural: sensing never imports the plant."""

from typing import Protocol

from bms_emulator.arrays import Array


class CellTruth(Protocol):
    """Cells: arrays (rack, cell)."""

    @property
    def voltage(self) -> Array:
        """Terminal voltage [V]."""

    @property
    def temperature_surface(self) -> Array:
        """Surface temperature [K]."""


class RackTruth(Protocol):
    """Racks: arrays (rack,), contactors (rack, contactor)."""

    @property
    def current(self) -> Array:
        """String current [A], positive in discharge."""

    @property
    def voltage(self) -> Array:
        """String voltage on the cell side of the contactors [V]."""

    @property
    def contactor_closed(self) -> Array:
        """1 where the main contacts conduct."""

    @property
    def fuse_closed(self) -> Array:
        """1 while the fuse conducts."""

    @property
    def breaker_closed(self) -> Array:
        """1 while the breaker conducts."""

    @property
    def terminal_temperature(self) -> Array:
        """Hottest power terminal [K]."""


class CoolantTruth(Protocol):
    """Coolant loops and air of containers: arrays (container,)."""

    @property
    def coolant_supply_temperature(self) -> Array:
        """Coolant temperature into the packs [K]."""

    @property
    def coolant_return_temperature(self) -> Array:
        """Coolant temperature back from the packs [K]."""

    @property
    def coolant_flow(self) -> Array:
        """Coolant mass flow [kg/s]."""

    @property
    def coolant_pressure(self) -> Array:
        """Pressure rise of the pump [Pa]."""

    @property
    def chiller_mode(self) -> Array:
        """What the chiller does."""

    @property
    def ambient_temperature(self) -> Array:
        """Outside air temperature [K]."""

    @property
    def air_temperature(self) -> Array:
        """Air temperature inside the enclosure [K]."""


class ContainerTruth(CoolantTruth, Protocol):
    """Containers: arrays (container,)."""

    @property
    def bus_voltage(self) -> Array:
        """DC bus voltage [V]."""

    @property
    def bus_current(self) -> Array:
        """Current drawn by the PCS [A], positive in discharge."""

    @property
    def auxiliary_power(self) -> Array:
        """Chiller, pump and base load [W]."""


class RunawayTruth(Protocol):
    """Thermal runaway: flags of the site, cells (rack, cell), racks (rack,)."""

    @property
    def awake(self) -> Array:
        """1 while anything is hot, heated, venting or tripped."""

    @property
    def damaged(self) -> Array:
        """1 once any cell has lost its sense wires."""

    @property
    def stage(self) -> Array:
        """Stage of the thermal runaway."""

    @property
    def burnt_count(self) -> Array:
        """Cells without sense wires."""

    @property
    def insulation_positive(self) -> Array:
        """Insulation resistance of the rack's positive pole [Ohm]."""

    @property
    def insulation_negative(self) -> Array:
        """Insulation resistance of the rack's negative pole [Ohm]."""


class AlarmTruth(Protocol):
    """What fire panels have found: a flag of the site, arrays (container,), readings (container, detector)."""

    @property
    def awake(self) -> Array:
        """1 while any panel has anything to do."""

    @property
    def reading(self) -> Array:
        """Readings of the detectors."""

    @property
    def tripped(self) -> Array:
        """Bits of the detectors that have tripped."""

    @property
    def level(self) -> Array:
        """Alarm level."""

    @property
    def gas_alarm(self) -> Array:
        """1 after a gas alarm."""

    @property
    def aerosol_released(self) -> Array:
        """1 once the aerosol has been released."""


class FireTruth(AlarmTruth, Protocol):
    """Fire panels: a flag of the site, arrays (container,), readings (container, detector)."""

    @property
    def ventilation_running(self) -> Array:
        """1 while the fan runs."""


class UnitTruth(Protocol):
    """Measuring units: packs (rack, pack), racks (rack,), containers (container,)."""

    @property
    def cmu_faults(self) -> Array:
        """Bits of what is wrong with the monitoring unit of a pack."""

    @property
    def insulation_monitor_on(self) -> Array:
        """1 while the rack's insulation monitor is on."""

    @property
    def chiller_tripped(self) -> Array:
        """1 while the chiller has tripped."""

    @property
    def chiller_silent(self) -> Array:
        """1 while the chiller's reports do not arrive."""


class EnclosureTruth(Protocol):
    """What has come to enclosures: arrays (container,)."""

    @property
    def emergency_stop(self) -> Array:
        """1 while the button is pressed."""

    @property
    def door_open(self) -> Array:
        """1 while a door stands open."""

    @property
    def water(self) -> Array:
        """1 while water stands on the floor."""

    @property
    def humidity(self) -> Array:
        """Relative humidity in the enclosure [1]."""


class SurroundingsTruth(EnclosureTruth, Protocol):
    """Hands and accidents: racks (rack,), containers (container,)."""

    @property
    def interlock_open(self) -> Array:
        """1 while the rack's interlock is open."""

    @property
    def controller_faults(self) -> Array:
        """Bits of what is wrong with the rack's controller."""


class SupplyTruth(Protocol):
    """Auxiliary supplies: arrays (container,)."""

    @property
    def voltage(self) -> Array:
        """At controllers and coils [V]."""


class Truth(Protocol):
    """The plant as far as sensors reach into it."""

    @property
    def cells(self) -> CellTruth:
        """Cells."""

    @property
    def racks(self) -> RackTruth:
        """Racks."""

    @property
    def containers(self) -> ContainerTruth:
        """Containers."""

    @property
    def runaway(self) -> RunawayTruth:
        """Thermal runaway."""

    @property
    def fire(self) -> FireTruth:
        """Fire panels."""

    @property
    def units(self) -> UnitTruth:
        """Measuring units."""

    @property
    def supply(self) -> SupplyTruth:
        """Auxiliary supplies."""

    @property
    def conditions(self) -> SurroundingsTruth:
        """What stands around racks and enclosures."""
