"""Measured signals that faults can bend: where they are written, in which units, and how broken leads read."""

import math
import re
from dataclasses import dataclass
from typing import Final

from bms_emulator.faults.quantity import (
    CURRENT,
    ENERGY,
    FREQUENCY,
    IRRADIANCE,
    MASS_FLOW,
    POWER,
    PRESSURE,
    RATIO,
    REACTIVE_POWER,
    RESISTANCE,
    TEMPERATURE,
    TEMPERATURE_DIFFERENCE,
    VOLTAGE,
    Dimension,
)

INDEXED: Final = re.compile(r"\b(container|rack|pack|cell|temperature_sensor|contactor|phase|detector|pcs)\b")
"""Segments of a path that take an index."""


@dataclass(frozen=True)
class Target:
    """A class of things that the same faults can hit.

    Attributes:
        name: What it is called in messages and listings.
        paths: Selectors without indices by which it is written.
    """

    name: str
    paths: tuple[str, ...]

    @property
    def selectors(self) -> list[str]:
        """How it is written, with all indices."""
        return [INDEXED.sub(r"\1[*]", path) for path in self.paths]


@dataclass(frozen=True)
class Signal(Target):
    """A measured point.

    Attributes:
        array: Its array in the measured group.
        reading: Dimension of a reading.
        difference: Dimension of the difference of two readings.
        open_reading: What it reads with an open lead, in SI; NaN is invalid, infinite the end of its scale.
        short_reading: What it reads with its leads shorted, in SI; NaN is invalid.
        device: The device whose measured group the array is in, where that is not the container.
        ends: Lowest and highest reading, infinite where the sensor's profile tells; None where it has no ends.
    """

    array: str
    reading: Dimension
    difference: Dimension
    open_reading: float
    short_reading: float
    device: str = ""
    ends: tuple[float, float] | None = None

    @property
    def readings(self) -> str:
        """Full name of its array in the arena."""
        return ".".join(part for part in ("measured", self.device, self.array) if part)

    @property
    def rate(self) -> Dimension:
        """Dimension of a drift."""
        return self.difference.per_time()


INVALID: Final = math.nan
NTC_OPEN: Final = TEMPERATURE.parse("-40degC")
"""Reading of an NTC with an open lead: the cold end of its range [K]."""
NTC_SHORT: Final = TEMPERATURE.parse("125degC")
"""Reading of a shorted NTC: the hot end of its range [K]."""

_RACK, _LOOP = "container.rack", "container.coolant"
_SCALE = (-math.inf, math.inf)
_DIVIDER = (VOLTAGE, VOLTAGE, 0.0, 0.0)
_SHUNT = (CURRENT, CURRENT, INVALID, 0.0)
_MONITOR = (RESISTANCE, RESISTANCE, math.inf, 0.0)
_TRANSFORMER = (CURRENT, CURRENT, 0.0, 0.0)
_WATT = (POWER, POWER, INVALID, 0.0)
_VAR = (REACTIVE_POWER, REACTIVE_POWER, INVALID, 0.0)
_HERTZ = (FREQUENCY, FREQUENCY, INVALID, 0.0)
_COUNTER = (ENERGY, ENERGY, INVALID, 0.0)
_CONTACT = (RATIO, RATIO, 0.0, 1.0)


def _ntc(name: str, paths: tuple[str, ...], array: str, device: str = "") -> Signal:
    """An NTC on an input of its own, or of a device that digitises for itself."""
    dimensions = TEMPERATURE, TEMPERATURE_DIFFERENCE
    return Signal(name, paths, array, *dimensions, NTC_OPEN, NTC_SHORT, device, (NTC_OPEN, NTC_SHORT))


CELL_VOLTAGE: Final = Signal(
    "cell voltage", (f"{_RACK}.cell.voltage",), "cell_voltage", VOLTAGE, VOLTAGE, INVALID, 0.0, "", _SCALE
)
CELL_TEMPERATURE: Final = _ntc(
    "cell temperature", (f"{_RACK}.temperature_sensor.temperature", f"{_RACK}.cell.temperature"), "temperature"
)
STRING_CURRENTS: Final = (
    Signal("string current", (f"{_RACK}.current",), "current", *_SHUNT, "", _SCALE),
    Signal("string current", (f"{_RACK}.current_second",), "current_second", *_SHUNT, "", _SCALE),
)
POWER_FLOWS: Final = (
    *STRING_CURRENTS,
    Signal("grid power", ("meter.power",), "power", *_WATT, "meter"),
    Signal("grid reactive power", ("meter.reactive_power",), "reactive_power", *_VAR, "meter"),
    Signal("grid current", ("meter.current",), "current", *_TRANSFORMER, "meter"),
    Signal("grid phase current", ("meter.phase.current",), "phase_current", *_TRANSFORMER, "meter"),
    Signal("grid phase power", ("meter.phase.power",), "phase_power", *_WATT, "meter"),
    Signal("load power", ("load.power",), "power", *_WATT, "load"),
    Signal("pv power", ("pv.power",), "power", *_WATT, "pv"),
    Signal("pcs power", ("pcs.power",), "power", *_WATT, "pcs"),
    Signal("pcs reactive power", ("pcs.reactive_power",), "reactive_power", *_VAR, "pcs"),
    Signal("pcs dc power", ("pcs.dc_power",), "dc_power", *_WATT, "pcs"),
    Signal("pcs ac current", ("pcs.ac_current",), "ac_current", *_TRANSFORMER, "pcs"),
    Signal("pcs dc current", ("pcs.dc_current",), "dc_current", *_TRANSFORMER, "pcs"),
)
"""Currents and powers."""
COUNTERS: Final = (
    Signal("grid energy", ("meter.energy_exported",), "energy_exported", *_COUNTER, "meter"),
    Signal("grid energy", ("meter.energy_imported",), "energy_imported", *_COUNTER, "meter"),
    Signal("load energy", ("load.energy",), "energy", *_COUNTER, "load"),
    Signal("pv energy", ("pv.energy",), "energy", *_COUNTER, "pv"),
    Signal("pcs energy", ("pcs.energy_exported",), "energy_exported", *_COUNTER, "pcs"),
    Signal("pcs energy", ("pcs.energy_imported",), "energy_imported", *_COUNTER, "pcs"),
)
"""Counters of energy."""
ANALOGUE: Final = (
    CELL_VOLTAGE,
    CELL_TEMPERATURE,
    *POWER_FLOWS,
    Signal("string voltage", (f"{_RACK}.string_voltage",), "string_voltage", *_DIVIDER, "", _SCALE),
    Signal("fuse voltage", (f"{_RACK}.fuse_voltage",), "fuse_voltage", *_DIVIDER, "", _SCALE),
    Signal("link voltage", (f"{_RACK}.link_voltage",), "link_voltage", *_DIVIDER, "", _SCALE),
    _ntc("terminal temperature", (f"{_RACK}.terminal_temperature",), "terminal_temperature"),
    Signal("insulation", (f"{_RACK}.insulation_resistance",), "insulation_resistance", *_MONITOR, "", _SCALE),
    Signal("insulation", (f"{_RACK}.insulation_positive",), "insulation_positive", *_MONITOR, "", _SCALE),
    Signal("insulation", (f"{_RACK}.insulation_negative",), "insulation_negative", *_MONITOR, "", _SCALE),
    _ntc("coolant temperature", (f"{_LOOP}.supply_temperature",), "coolant_supply_temperature"),
    _ntc("coolant temperature", (f"{_LOOP}.return_temperature",), "coolant_return_temperature"),
    Signal("coolant flow", (f"{_LOOP}.flow",), "coolant_flow", MASS_FLOW, MASS_FLOW, 0.0, 0.0),
    Signal("coolant pressure", (f"{_LOOP}.pressure",), "coolant_pressure", PRESSURE, PRESSURE, 0.0, 0.0),
    Signal("auxiliary power", ("container.auxiliary.power",), "auxiliary_power", *_WATT),
    _ntc("dew point", ("container.dew_point",), "dew_point"),
    _ntc("outside temperature", ("container.ambient_temperature",), "ambient_temperature"),
    Signal("grid voltage", ("meter.voltage",), "voltage", *_DIVIDER, "meter"),
    Signal("grid phase voltage", ("meter.phase.voltage",), "phase_voltage", *_DIVIDER, "meter"),
    Signal("grid frequency", ("meter.frequency",), "frequency", *_HERTZ, "meter"),
    Signal("grid power factor", ("meter.power_factor",), "power_factor", RATIO, RATIO, INVALID, 0.0, "meter", (-1, 1)),
    Signal("pcs ac voltage", ("pcs.ac_voltage",), "ac_voltage", *_DIVIDER, "pcs"),
    Signal("pcs frequency", ("pcs.frequency",), "frequency", *_HERTZ, "pcs"),
    Signal("pcs dc voltage", ("pcs.dc_voltage",), "dc_voltage", *_DIVIDER, "pcs"),
    Signal("pcs battery voltage", ("pcs.battery_voltage",), "battery_voltage", *_DIVIDER, "pcs"),
    _ntc("pcs temperature", ("pcs.heatsink_temperature",), "heatsink_temperature", "pcs"),
    _ntc("pcs temperature", ("pcs.stack_temperature",), "stack_temperature", "pcs"),
    _ntc("outside temperature", ("weather.ambient_temperature",), "ambient_temperature", "weather"),
    Signal("outside humidity", ("weather.humidity",), "humidity", RATIO, RATIO, INVALID, 0.0, "weather", (0, 1)),
    Signal("irradiance", ("weather.irradiance",), "irradiance", IRRADIANCE, IRRADIANCE, 0.0, 0.0, "weather"),
    *COUNTERS,
)
"""What is measured in numbers."""
CONTACTS: Final = (
    Signal("contactor feedback", (f"{_RACK}.contactor.feedback",), "contactor_feedback", *_CONTACT),
    Signal("fuse feedback", (f"{_RACK}.fuse_feedback",), "fuse_feedback", *_CONTACT),
    Signal("breaker feedback", (f"{_RACK}.breaker_feedback",), "breaker_feedback", *_CONTACT),
    Signal("interlock contact", (f"{_RACK}.interlock.closed",), "interlock_closed", *_CONTACT),
    Signal("emergency stop contact", ("container.emergency_stop.active",), "emergency_stop", *_CONTACT),
    Signal("door contact", ("container.door.open",), "door_open", *_CONTACT),
    Signal("water contact", ("container.water",), "water", *_CONTACT),
    Signal("breaker feedback", ("pcs.dc_breaker.closed",), "dc_breaker_closed", *_CONTACT, "pcs"),
    Signal("breaker feedback", ("pcs.ac_breaker.closed",), "ac_breaker_closed", *_CONTACT, "pcs"),
)
"""Contacts, which say 0 or 1."""
SIGNALS: Final = (*ANALOGUE, *CONTACTS)
"""All of them."""
