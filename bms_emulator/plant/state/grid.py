"""What a whole site has once: the grid, load and PV behind the meter, and the weather.

Power and reactive power of the grid are positive towards the grid, in export, as those of a PCS are in discharge; those
of a load are positive in consumption, those of a PV generator in generation.
"""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array

PHASES = ("a", "b", "c")
"""Names of the phases, the last axis of every array over them."""


@dataclass
class GridState:
    """The grid at the point of common coupling, and what flows there."""

    GROUP: ClassVar = Group(root="grid", source="plant")
    voltage: Array = array("", "V", "Voltage from line to line, mean of the three.", 400.0)
    voltage_fraction: Array = array("", "1", "The same, relative to the nominal voltage.", 1.0)
    frequency: Array = array("", "Hz", "Frequency; 0 without voltage.", 50.0)
    phase_voltage: Array = array("phase", "V", "Voltage from line to neutral.", 230.94, point="phase.voltage")
    line_voltage: Array = array(
        "phase", "V", "Voltage from this line to the next: a to b, b to c, c to a.", 400.0, point="phase.line_voltage"
    )
    power: Array = array("", "W", "Active power to the grid, positive in export.")
    reactive_power: Array = array("", "var", "Reactive power to the grid, positive in export.")
    phase_power: Array = array("phase", "W", "Active power of the phase, positive in export.", point="phase.power")
    phase_reactive_power: Array = array(
        "phase", "var", "Reactive power of the phase, positive in export.", point="phase.reactive_power"
    )
    phase_current: Array = array("phase", "A", "Current of the phase, root mean square.", point="phase.current")
    auxiliary_power: Array = array("", "W", "Power of the auxiliaries of all containers that the grid gives.")
    energy_exported: Array = array("", "J", "Energy delivered to the grid since the start.")
    energy_imported: Array = array("", "J", "Energy taken from the grid since the start.")


@dataclass
class LoadState:
    """The load behind the meter."""

    GROUP: ClassVar = Group(root="load", source="plant")
    demand: Array = array("", "W", "Active power that it takes at nominal voltage.")
    reactive_demand: Array = array("", "var", "Reactive power that it takes at nominal voltage.")
    power: Array = array("", "W", "Active power, positive in consumption.")
    reactive_power: Array = array("", "var", "Reactive power, positive where inductive.")
    energy: Array = array("", "J", "Energy consumed since the start.")


@dataclass
class PvState:
    """The PV generator behind the meter."""

    GROUP: ClassVar = Group(root="pv", source="plant")
    available_power: Array = array("", "W", "Active power that the sun gives.")
    available_reactive_power: Array = array("", "var", "Reactive power that goes with it.", public=False)
    power: Array = array("", "W", "Active power, positive in generation.")
    reactive_power: Array = array("", "var", "Reactive power, positive where delivered.")
    energy: Array = array("", "J", "Energy generated since the start.")
    connected: Array = array("", "", "1 while the inverter is on the grid.", 1.0, kind="boolean")
    limited: Array = array("", "", "1 while the limit holds back power that the sun would give.", kind="boolean")
    wait: Array = array("", "s", "Time for which the grid has been sound again.", public=False)


@dataclass
class WeatherState:
    """The air around the site."""

    GROUP: ClassVar = Group(root="weather", source="plant")
    temperature: Array = array("", "K", "Temperature.", 298.15)
    humidity: Array = array("", "1", "Relative humidity.", 0.4)
    irradiance: Array = array("", "W/m2", "Solar irradiance; NaN where nothing says it.", float("nan"))
    silent: Array = array("", "", "1 while the reports of the weather station do not arrive.", kind="boolean")


@dataclass
class MeterState:
    """What of the grid meter works."""

    GROUP: ClassVar = Group(root="meter", source="plant")
    silent: Array = array("", "", "1 while its reports do not arrive.", kind="boolean")
    failed: Array = array("", "", "1 while it reads nothing valid.", kind="boolean")


@dataclass
class LoadCommands:
    """What a test makes of the load."""

    GROUP: ClassVar = Group(root="load", source="command")
    override_enabled: Array = array(
        "", "", "1 lets the powers that follow take the place of the load's own.", kind="boolean", limits=(0, 1)
    )
    override_power: Array = array("", "W", "Active power at nominal voltage, positive in consumption.")
    override_reactive_power: Array = array("", "var", "Reactive power at nominal voltage, positive where inductive.")


@dataclass
class PvCommands:
    """What a plant controller asks of the PV inverter."""

    GROUP: ClassVar = Group(root="pv", source="command")
    limit_fraction: Array = array(
        "", "1", "Largest active power relative to rated power: curtailment.", 1.0, limits=(0.0, 1.0)
    )
