"""Free air of an enclosure, its ventilation, and the fire panel with its detectors."""

from collections.abc import Iterator

from bms_emulator.profile.base import Broken, NonNegative, Percent, Positive, Section


class Ventilation(Section):
    """Free air of the enclosure and what exchanges it."""

    free_volume_m3: Positive
    """Air between packs and walls."""
    leakage_per_h: NonNegative
    """Air changes with louvers closed."""
    fan_flow_m3_per_h: NonNegative
    """With louvers open and fan running; 0 where there is none."""
    fan_power_w: NonNegative
    """Electrical, while it runs."""
    hot_layer_w_per_k: Positive
    """Hot gas under the ceiling to walls and packs."""
    ceiling_height_m: Positive
    """Ceiling above the mouth of a jet."""


class Detector(Section):
    """One kind of detector, in the unit that the key names."""

    alarm: Positive
    """Reading at which it trips."""
    lag_s: Positive
    """Time constant."""
    delay_s: NonNegative
    """How long the reading must stand before it trips."""
    range_max: Positive
    """Highest reading."""

    def broken_laws(self) -> Iterator[Broken]:
        """It can trip."""
        if self.range_max < self.alarm:
            yield "range_max", f"must be >= alarm = {self.alarm:g}"


class HeatDetector(Detector):
    """A heat detector under the ceiling."""

    distance_m: Positive
    """From the axis of a jet."""


class Fire(Section):
    """Fire panel and its detectors."""

    hydrogen_ppm: Detector
    """Hydrogen."""
    carbon_monoxide_ppm: Detector
    """Carbon monoxide."""
    smoke_per_m: Detector
    """Extinction of light by smoke."""
    heat_low_degc: HeatDetector
    """Heat detector with the lower set point."""
    heat_high_degc: HeatDetector
    """Heat detector with the higher set point."""
    release_delay_s: NonNegative
    """From level 2 to the release of the aerosol."""
    discharge_s: Positive
    """From the release until the container of the agent is empty."""
    agent_pressure_kpa: Positive
    """In the full container, above atmosphere; it falls in proportion to what is left."""
    agent_low_percent: Percent
    """Pressure relative to full at which the panel reports too little agent."""
