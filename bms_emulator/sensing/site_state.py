"""What the devices that a site has once report: grid meter, load and PV behind it, weather station.

Signs of the meter are those of the emulator: powers are positive towards the grid, in export; a register map may flip
them. A device that reads nothing valid reads NaN.
"""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class MeterMeasured:
    """The meter between site and grid."""

    GROUP: ClassVar = Group(root="meter", source="measured")
    age: Array = array("", "s", "Age of the meter's readings.")
    voltage: Array = array("", "V", "Voltage from line to line, mean of the three.", age="age")
    neutral_voltage: Array = array("", "V", "Voltage from line to neutral, mean of the three.", age="age")
    phase_voltage: Array = array("phase", "V", "Voltage from line to neutral.", point="phase.voltage", age="age")
    line_voltage: Array = array(
        "phase",
        "V",
        "Voltage from this line to the next: a to b, b to c, c to a.",
        point="phase.line_voltage",
        age="age",
    )
    frequency: Array = array("", "Hz", "Frequency; 0 without voltage.", age="age")
    current: Array = array("", "A", "Currents of all phases, their sum.", age="age")
    phase_current: Array = array(
        "phase", "A", "Current of the phase, root mean square.", point="phase.current", age="age"
    )
    power: Array = array("", "W", "Active power, positive in export.", age="age")
    phase_power: Array = array(
        "phase", "W", "Active power of the phase, positive in export.", point="phase.power", age="age"
    )
    reactive_power: Array = array("", "var", "Reactive power, positive in export.", age="age")
    phase_reactive_power: Array = array(
        "phase", "var", "Reactive power of the phase, positive in export.", point="phase.reactive_power", age="age"
    )
    apparent_power: Array = array("", "VA", "Apparent power.", age="age")
    phase_apparent_power: Array = array(
        "phase", "VA", "Apparent power of the phase.", point="phase.apparent_power", age="age"
    )
    power_factor: Array = array("", "1", "Active over apparent power, positive in export; 1 without power.", age="age")
    phase_power_factor: Array = array("phase", "1", "The same of the phase.", point="phase.power_factor", age="age")
    energy_exported: Array = array("", "J", "Active energy exported.", age="age")
    energy_imported: Array = array("", "J", "Active energy imported.", age="age")
    apparent_energy_exported: Array = array("", "VA s", "Apparent energy while active power was exported.", age="age")
    apparent_energy_imported: Array = array("", "VA s", "Apparent energy while active power was imported.", age="age")
    reactive_energy_q1: Array = array(
        "", "var s", "Reactive energy imported while active power was imported.", age="age"
    )
    reactive_energy_q2: Array = array(
        "", "var s", "Reactive energy imported while active power was exported.", age="age"
    )
    reactive_energy_q3: Array = array(
        "", "var s", "Reactive energy exported while active power was exported.", age="age"
    )
    reactive_energy_q4: Array = array(
        "", "var s", "Reactive energy exported while active power was imported.", age="age"
    )
    phase_energy_exported: Array = array(
        "phase", "J", "Active energy exported by the phase.", point="phase.energy_exported", age="age"
    )
    phase_energy_imported: Array = array(
        "phase", "J", "Active energy imported by the phase.", point="phase.energy_imported", age="age"
    )
    phase_apparent_energy_exported: Array = array(
        "phase",
        "VA s",
        "Apparent energy of the phase while it exported.",
        point="phase.apparent_energy_exported",
        age="age",
    )
    phase_apparent_energy_imported: Array = array(
        "phase",
        "VA s",
        "Apparent energy of the phase while it imported.",
        point="phase.apparent_energy_imported",
        age="age",
    )
    phase_reactive_energy_q1: Array = array(
        "phase",
        "var s",
        "Reactive energy that the phase imported while importing.",
        point="phase.reactive_energy_q1",
        age="age",
    )
    phase_reactive_energy_q2: Array = array(
        "phase",
        "var s",
        "Reactive energy that the phase imported while exporting.",
        point="phase.reactive_energy_q2",
        age="age",
    )
    phase_reactive_energy_q3: Array = array(
        "phase",
        "var s",
        "Reactive energy that the phase exported while exporting.",
        point="phase.reactive_energy_q3",
        age="age",
    )
    phase_reactive_energy_q4: Array = array(
        "phase",
        "var s",
        "Reactive energy that the phase exported while importing.",
        point="phase.reactive_energy_q4",
        age="age",
    )
    power_failure: Array = array(
        "", "", "1 while the voltage of a phase is below half of nominal.", kind="boolean", age="age"
    )
    under_voltage: Array = array(
        "", "", "1 while the voltage of a phase is below 90% of nominal.", kind="boolean", age="age"
    )
    over_voltage: Array = array(
        "", "", "1 while the voltage of a phase is above 110% of nominal.", kind="boolean", age="age"
    )
    over_current: Array = array(
        "", "", "1 while the current of a phase is above the rating of the meter.", kind="boolean", age="age"
    )
    low_power_factor: Array = array(
        "", "", "1 while the power factor is below 0.8 at 5% of the rating or more.", kind="boolean", age="age"
    )


@dataclass
class MeterCounters:
    """What the meter counts, whether or not its reports arrive."""

    GROUP: ClassVar = Group(root="meter", source="plant", public=False)
    energy: Array = array(
        "energy_register meter_channel", "", "Energy registers [J, VA s, var s] of the whole and of each phase."
    )


@dataclass
class LoadMeasured:
    """What a sub-meter reports of the load."""

    GROUP: ClassVar = Group(root="load", source="measured")
    power: Array = array("", "W", "Active power, positive in consumption.")
    reactive_power: Array = array("", "var", "Reactive power, positive where inductive.")
    energy: Array = array("", "J", "Energy consumed.")


@dataclass
class PvMeasured:
    """What the PV inverter reports."""

    GROUP: ClassVar = Group(root="pv", source="measured")
    power: Array = array("", "W", "Active power, positive in generation.")
    reactive_power: Array = array("", "var", "Reactive power, positive where delivered.")
    energy: Array = array("", "J", "Energy generated.")
    connected: Array = array("", "", "1 while the inverter is on the grid.", kind="boolean")
    limited: Array = array("", "", "1 while the limit holds back power that the sun would give.", kind="boolean")


@dataclass
class WeatherMeasured:
    """The weather station."""

    GROUP: ClassVar = Group(root="weather", source="measured")
    age: Array = array("", "s", "Age of the station's readings.")
    ambient_temperature: Array = array("", "K", "Measured air temperature.", age="age")
    humidity: Array = array("", "1", "Measured relative humidity.", age="age")
    irradiance: Array = array(
        "", "W/m2", "Measured solar irradiance; NaN at a site without a sensor for it.", initial=float("nan"), age="age"
    )


GROUPS: dict[str, type] = {
    "measured.meter": MeterMeasured,
    "measured.load": LoadMeasured,
    "measured.pv": PvMeasured,
    "measured.weather": WeatherMeasured,
    "sensors.meter": MeterCounters,
}
"""Groups of what a site has once, by prefix."""
