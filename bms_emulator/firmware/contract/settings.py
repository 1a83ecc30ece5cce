"""Settings of the firmware that masters may read and write; they begin as the firmware profile says."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array

_TEMPERATURES = 233.15, 373.15
"""Within which thermal management may be set [K]."""
_SILENCES = 0.0, 43_200.0
"""Within which the patience with a master may be set [s]."""


@dataclass
class Settings:
    """Settings of a container's bank controller."""

    GROUP: ClassVar = Group(root="container", source="command")
    master_timeout: Array = array(
        "container",
        "s",
        "Silence of the master's heartbeat after which limits fall to 0; 0 is never.",
        limits=_SILENCES,
    )
    master_open_delay: Array = array(
        "container",
        "s",
        "Silence after which the racks open, though not before limits have fallen; 0 is never.",
        limits=_SILENCES,
    )
    charge_current_max: Array = array(
        "container", "A", "Largest charge current that the container may publish as its limit.", limits=(0.0, 1e6)
    )
    discharge_current_max: Array = array(
        "container", "A", "Largest discharge current that it may publish as its limit.", limits=(0.0, 1e6)
    )
    charge_voltage_max: Array = array(
        "container", "V", "String voltage at which charging ends at the latest.", limits=(0.0, 1e4)
    )
    discharge_voltage_min: Array = array(
        "container", "V", "String voltage at which discharging ends at the latest.", limits=(0.0, 1e4)
    )
    cooling_on: Array = array(
        "container", "K", "Hottest cell at which cooling begins.", point="thermal.cooling_on", limits=_TEMPERATURES
    )
    cooling_off: Array = array(
        "container", "K", "Hottest cell at which it ends.", point="thermal.cooling_off", limits=_TEMPERATURES
    )
    heating_on: Array = array(
        "container", "K", "Coldest cell at which heating begins.", point="thermal.heating_on", limits=_TEMPERATURES
    )
    heating_off: Array = array(
        "container", "K", "Coldest cell at which it ends.", point="thermal.heating_off", limits=_TEMPERATURES
    )
    cooling_setpoint: Array = array(
        "container",
        "K",
        "Supply temperature asked for while cooling.",
        point="thermal.cooling_setpoint",
        limits=_TEMPERATURES,
    )
    heating_setpoint: Array = array(
        "container",
        "K",
        "Supply temperature asked for while heating.",
        point="thermal.heating_setpoint",
        limits=_TEMPERATURES,
    )
    circulation_spread: Array = array(
        "container",
        "K",
        "Spread of cell temperature above which coolant circulates.",
        point="thermal.circulation_spread",
        limits=(0.0, 100.0),
    )


@dataclass
class Thresholds:
    """Values at which alarms set and clear: alarm by alarm, so that those of each are points with a unit of their own.

    NaN is a level that is not used; a level is where both of its values are numbers. Those of the profile are the
    initial ones.
    """

    GROUP: ClassVar = Group(root="container", source="command")
    rack_set: Array = array(
        "alarm rack level", "", "Value at which each level sets.", float("nan"), point="threshold.*.set"
    )
    rack_clear: Array = array(
        "alarm rack level", "", "Value at which each level clears.", float("nan"), point="threshold.*.clear"
    )
    bank_set: Array = array(
        "bank_alarm container level", "", "Value at which each level sets.", float("nan"), point="threshold.*.set"
    )
    bank_clear: Array = array(
        "bank_alarm container level", "", "Value at which each level clears.", float("nan"), point="threshold.*.clear"
    )
