"""What a chiller has besides its refrigerant circuit: controller, protection, filling."""

from collections.abc import Iterator

from bms_emulator.profile.base import Broken, Degc, NonNegative, Percent, Positive, Section


class ChillerController(Section):
    """Own thermostat of a chiller, and what set points it takes."""

    panel_cooling_degc: Degc
    """Supply that its panel asks for when cooling, under local control."""
    panel_heating_degc: Degc
    """Supply that its panel asks for when heating, under local control."""
    hysteresis_k: Positive
    """How far beyond a set point the supply goes before its thermostat begins to cool or heat."""
    setpoint_min_degc: Degc
    """Lowest set point."""
    setpoint_max_degc: Degc
    """Highest set point."""

    def broken_laws(self) -> Iterator[Broken]:
        """Heating ends below cooling; the panel's set points are allowed ones."""
        for low, high in (
            ("setpoint_min_degc", "panel_heating_degc"),
            ("panel_heating_degc", "panel_cooling_degc"),
            ("panel_cooling_degc", "setpoint_max_degc"),
        ):
            if getattr(self, low) > getattr(self, high):
                yield high, f"must be >= {low} = {getattr(self, low):g}"


class ChillerProtection(Section):
    """When a chiller raises its alarms."""

    supply_min_degc: Degc
    """Supply below it is too cold."""
    supply_max_degc: Degc
    """Supply above it is too hot."""
    temperature_delay_s: NonNegative
    """How long either must stand."""
    flow_min_percent: Percent
    """Of the pump's rated flow, while it is to run."""
    flow_delay_s: NonNegative
    """How long a lower flow must stand."""
    pressure_min_kpa: NonNegative
    """Return pressure, below which the pump would run dry."""
    pressure_max_kpa: Positive
    """Supply pressure, above atmosphere as all of these."""
    pressure_delay_s: NonNegative
    """How long either must stand."""
    level_min_percent: Percent
    """Filling of the make-up tank."""

    def broken_laws(self) -> Iterator[Broken]:
        """Both windows are ones."""
        for low, high in (("supply_min_degc", "supply_max_degc"), ("pressure_min_kpa", "pressure_max_kpa")):
            if getattr(self, low) >= getattr(self, high):
                yield high, f"must be > {low} = {getattr(self, low):g}"


class CoolantFilling(Section):
    """Expansion vessel and make-up tank; the pressure of the loop at rest is in proportion to the vessel's filling."""

    static_pressure_kpa: Positive
    """Pressure at rest with a full vessel, above atmosphere."""
    vessel_l: Positive
    """Coolant in the full vessel."""
    make_up_tank_l: Positive
    """Coolant in the full tank."""
    make_up_lpm: Positive
    """Flow of the make-up pump, which runs until the vessel is full."""
    make_up_on_kpa: NonNegative
    """Pressure at rest at which it starts."""

    def broken_laws(self) -> Iterator[Broken]:
        """The make-up pump rests with a full vessel."""
        if self.make_up_on_kpa >= self.static_pressure_kpa:
            yield "make_up_on_kpa", f"must be < static_pressure_kpa = {self.static_pressure_kpa:g}"
