"""Sections of a firmware profile: limits of current and power, and thermal management."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from bms_emulator.profile.base import Broken, Degc, Fraction, NonNegative, Number, Positive, Section, increases


class Limits(Section):
    """Limits of current and power as a chain of deratings."""

    charge_voltage_v: tuple[Positive, Positive]
    """Cell voltage at which charging begins to fall back, and at which it is 0."""
    discharge_voltage_v: tuple[Positive, Positive]
    """Cell voltage at which discharging begins to fall back, and at which it is 0."""
    charge_temperature_degc: tuple[Degc, ...]
    """Grid of the map for charging; beyond its ends the end values hold."""
    charge_temperature_c_rate: tuple[NonNegative, ...]
    """Largest charge current [C] over temperature; the less favourable of coldest and hottest cell counts."""
    discharge_temperature_degc: tuple[Degc, ...]
    """Grid of the map for discharging; beyond its ends the end values hold."""
    discharge_temperature_c_rate: tuple[NonNegative, ...]
    """Largest discharge current [C] over temperature; the less favourable of coldest and hottest cell counts."""
    peak_factor: Annotated[Number, Field(ge=1)]
    """Factor on these maps for the limits of the next 60 s [1]; rated current stays the largest."""
    coolant_degc: tuple[Degc, Degc]
    """Coolant supply temperature at which limits begin to fall back, and at which they reach ``cooling_factor``."""
    cooling_factor: Fraction
    """Factor on the limits while coolant is that hot, or the chiller reports a trip [1]."""
    warning_factor: Fraction
    """Factor on the limits while an alarm derates."""
    ramp_percent_per_s: Positive
    """Fastest rise of a limit, relative to rated current."""
    soc_taper: Fraction
    """Width of the band before the reserve limits of the state of charge in which limits fall to 0 [1]."""

    def broken_laws(self) -> Iterator[Broken]:
        """Tapers point the right way; the maps fit."""
        if self.charge_voltage_v[0] >= self.charge_voltage_v[1]:
            yield "charge_voltage_v", "must rise: where charging begins to fall back, where it ends"
        if self.discharge_voltage_v[0] <= self.discharge_voltage_v[1]:
            yield "discharge_voltage_v", "must fall: where discharging begins to fall back, where it ends"
        if self.coolant_degc[0] >= self.coolant_degc[1]:
            yield "coolant_degc", "must rise: where limits begin to fall back, where they stand at cooling_factor"
        yield from _map_problems("charge", self.charge_temperature_degc, self.charge_temperature_c_rate)
        yield from _map_problems("discharge", self.discharge_temperature_degc, self.discharge_temperature_c_rate)


class ThermalManagement(Section):
    """When the chiller cools, heats or only circulates."""

    cooling_on_degc: Degc
    """Hottest cell at which cooling begins."""
    cooling_off_degc: Degc
    """Hottest cell at which cooling ends."""
    heating_on_degc: Degc
    """Coldest cell at which heating begins."""
    heating_off_degc: Degc
    """Coldest cell at which heating ends."""
    cooling_setpoint_degc: Degc
    """Supply temperature while cooling."""
    heating_setpoint_degc: Degc
    """Supply temperature while heating."""
    circulation_spread_k: Positive
    """Spread of cell temperature above which coolant circulates."""

    def broken_laws(self) -> Iterator[Broken]:
        """Heating and cooling have a band of their own, and set points that can end them."""
        for low, high in (
            ("heating_on_degc", "heating_off_degc"),
            ("heating_off_degc", "cooling_off_degc"),
            ("cooling_off_degc", "cooling_on_degc"),
            ("cooling_setpoint_degc", "cooling_off_degc"),
            ("heating_off_degc", "heating_setpoint_degc"),
        ):
            if getattr(self, low) >= getattr(self, high):
                yield high, f"must be > {low} = {getattr(self, low):g}"


def _map_problems(side: str, grid: tuple[float, ...], rate: tuple[float, ...]) -> Iterator[Broken]:
    """What is wrong with a map over temperature."""
    if len(grid) < 2 or not increases(grid):
        yield f"{side}_temperature_degc", "must have at least 2 items and increase"
    if len(grid) != len(rate):
        yield f"{side}_temperature_c_rate", f"has {len(rate)} values, {side}_temperature_degc has {len(grid)}"
