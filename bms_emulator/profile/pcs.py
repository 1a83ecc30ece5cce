"""PCS profiles."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from bms_emulator.profile.base import (
    Broken,
    Degc,
    NonNegative,
    Number,
    Percent,
    Positive,
    ProductProfile,
    Section,
)


class Band(Section):
    """Bounds of voltage and frequency of the grid, relative to rated."""

    voltage_min_percent: Percent
    """Lowest voltage."""
    voltage_max_percent: Annotated[Number, Field(ge=100)]
    """Highest voltage."""
    frequency_min_percent: Percent
    """Lowest frequency."""
    frequency_max_percent: Annotated[Number, Field(ge=100)]
    """Highest frequency."""
    time_s: NonNegative
    """For how long."""


class PcsGrid(Section):
    """What the PCS makes of a grid that is not as it should be."""

    trip: Band
    """Beyond these bounds, for so long, the PCS leaves the grid."""
    enter_service: Band
    """Within these bounds, for so long, it comes back; masters may set others."""

    def broken_laws(self) -> Iterator[Broken]:
        """A grid that is fit to come back to trips no PCS."""
        for name in ("voltage", "frequency"):
            for side, factor in (("min", 1.0), ("max", -1.0)):
                key = f"{name}_{side}_percent"
                outer, inner = getattr(self.trip, key), getattr(self.enter_service, key)
                if factor * inner < factor * outer:
                    yield f"enter_service.{key}", f"must lie within trip.{key} = {outer:g}"


class PcsCooling(Section):
    """How warm the PCS gets, and what it does about it."""

    heatsink_rise_k: Positive
    """Heat sink above outside air, at the loss at rated power."""
    junction_rise_k: NonNegative
    """Semiconductors above heat sink, at the loss at rated power."""
    time_constant_s: Positive
    """Of the heat sink, fans running."""
    junction_time_constant_s: Positive
    """Of the semiconductors above the heat sink."""
    passive_percent: Annotated[Number, Field(gt=0, le=100)]
    """Share of the cooling that is left without fans."""
    derating_start_degc: Degc
    """Temperature of the semiconductors from which power falls in proportion."""
    derating_end_degc: Degc
    """At which none is left."""
    overtemperature_degc: Degc
    """At which the PCS trips; it may be reset below the start of the derating."""

    def broken_laws(self) -> Iterator[Broken]:
        """Power falls over a band; what trips lies above its start."""
        for key in ("derating_end_degc", "overtemperature_degc"):
            if getattr(self, key) <= self.derating_start_degc:
                yield key, f"must be > derating_start_degc = {self.derating_start_degc:g}"


class PcsBreakers(Section):
    """DC breaker with precharge, and AC breaker."""

    travel_ms: NonNegative
    """From order to contact."""
    watch_s: Positive
    """A breaker that has not followed its order for so long is faulty."""
    precharge_resistance_ohm: Positive
    """Through which the PCS charges its own link."""
    precharge_tolerance_percent: Annotated[Number, Field(gt=0, le=100)]
    """Of the highest DC voltage: difference of voltages at which the DC breaker closes."""
    precharge_timeout_s: Positive
    """After which precharge has failed."""
    filter_capacitance_uf: Positive
    """On the racks' side of the DC breaker."""
    filter_bleed_kohm: Positive
    """Across it."""


class PcsProfile(ProductProfile):
    """A power conversion system."""

    rated_power_kw: Positive
    """AC, both directions."""
    rated_apparent_kva: Positive
    """AC, at rated voltage."""
    rated_reactive_kvar: NonNegative
    """AC, both directions."""
    rated_current_a: Positive
    """DC, both directions."""
    ramp_percent_per_s: Positive
    """Of rated power: the fastest change of active power; masters may ask for a slower one."""
    reactive_ramp_percent_per_s: Positive
    """Of rated reactive power: the fastest change of reactive power."""
    start_time_s: NonNegative
    """From enable to running."""
    standby_loss_w: NonNegative
    """At no power."""
    proportional_loss_percent: Percent
    """Of apparent power."""
    quadratic_loss_percent: Percent
    """Of rated power, at rated power."""
    dc_voltage_min_v: Positive
    """Below it the PCS stops."""
    dc_voltage_max_v: Positive
    """Above it the PCS stops."""
    dc_full_power_percent: Percent
    """Of the way from the lowest to the highest DC voltage: below it the apparent power falls with the voltage."""
    dc_link_capacitance_mf: Positive
    """Charged through the racks' precharge resistors, or the PCS's own."""
    dc_link_bleed_kohm: Positive
    """Discharges the link when no rack is connected."""
    ac_voltage_v: Positive
    """Line to line."""
    frequency_hz: Positive
    """Of the grid."""
    breakers: PcsBreakers
    """DC and AC breaker."""
    grid: PcsGrid
    """When it leaves the grid, and when it comes back."""
    cooling: PcsCooling
    """Temperatures and derating."""

    def broken_laws(self) -> Iterator[Broken]:
        """The DC window is one, and rated power can be reached in it and within the apparent power."""
        if self.dc_voltage_max_v <= self.dc_voltage_min_v:
            yield "dc_voltage_max_v", f"must be > dc_voltage_min_v = {self.dc_voltage_min_v:g}"
        least = self.rated_power_kw * 1e3 / self.dc_voltage_max_v
        if self.rated_current_a < least:
            yield "rated_current_a", f"must be >= rated_power_kw / dc_voltage_max_v = {least:.4g} A"
        if self.rated_apparent_kva < self.rated_power_kw:
            yield "rated_apparent_kva", f"must be >= rated_power_kw = {self.rated_power_kw:g}"
        if self.rated_reactive_kvar > self.rated_apparent_kva:
            yield "rated_reactive_kvar", f"must be <= rated_apparent_kva = {self.rated_apparent_kva:g}"
