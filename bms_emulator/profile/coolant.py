"""Coolant profile: properties of a liquid over temperature."""

from collections.abc import Iterator

from bms_emulator.profile.base import Broken, Degc, Increasing, Positive, ProductProfile, Section, increases


class CoolantProperties(Section):
    """Properties over temperature, equal lengths; beyond the ends they stay as they are at the ends."""

    temperature_degc: Increasing
    """Temperatures of the table."""
    density_kg_per_m3: tuple[Positive, ...]
    """Density."""
    heat_capacity_j_per_kg_k: tuple[Positive, ...]
    """Specific heat capacity."""
    conductivity_w_per_m_k: tuple[Positive, ...]
    """Thermal conductivity."""
    viscosity_mpa_s: tuple[Positive, ...]
    """Dynamic viscosity."""

    def broken_laws(self) -> Iterator[Broken]:
        """The columns fit the temperatures, which increase."""
        if not increases(self.temperature_degc):
            yield "temperature_degc", "must increase"
        for key in ("density_kg_per_m3", "heat_capacity_j_per_kg_k", "conductivity_w_per_m_k", "viscosity_mpa_s"):
            count = len(getattr(self, key))
            if count != len(self.temperature_degc):
                yield key, f"has {count} values, temperature_degc has {len(self.temperature_degc)}"


class CoolantProfile(ProductProfile):
    """A coolant."""

    rated_degc: Degc
    """Temperature for which pumps and cold plates state flow, pressure drop and heat transfer."""
    properties: CoolantProperties
    """Properties over temperature."""

    def broken_laws(self) -> Iterator[Broken]:
        """The rated temperature lies within the table."""
        low, high = self.properties.temperature_degc[0], self.properties.temperature_degc[-1]
        if not low <= self.rated_degc <= high:
            yield "rated_degc", f"must lie between {low:g} and {high:g}, the ends of properties.temperature_degc"
