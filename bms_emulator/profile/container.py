"""Container and chiller profiles."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from bms_emulator.profile.base import (
    Broken,
    Count,
    Degc,
    Integer,
    NonNegative,
    Number,
    Positive,
    PositiveFraction,
    ProductProfile,
    Section,
)
from bms_emulator.profile.chiller_unit import ChillerController, ChillerProtection, CoolantFilling
from bms_emulator.profile.coolant import CoolantProfile
from bms_emulator.profile.fire import Fire, Ventilation
from bms_emulator.profile.rack import RackProfile
from bms_emulator.profile.supply import Ups


class ChillerProfile(ProductProfile):
    """A liquid chiller with heater, rated at a supply and an ambient temperature (W18/L45 style)."""

    rated_cooling_kw: Positive
    """Heat taken from the coolant at rated temperatures."""
    rated_cop: Positive
    """Cooling to electrical power at rated temperatures [1]."""
    rated_supply_degc: Degc
    """Coolant supply at which cooling and COP are rated."""
    rated_ambient_degc: Degc
    """Outside air at which cooling and COP are rated."""
    cop_slope_percent_per_k: NonNegative
    """Gain of COP per kelvin of smaller lift."""
    cop_min: Positive
    """Floor of the COP [1]."""
    cop_max: Positive
    """Cap of the COP [1]."""
    capacity_slope_percent_per_k: NonNegative
    """Loss of capacity per kelvin of ambient above rated."""
    capacity_supply_slope_percent_per_k: NonNegative
    """Gain of capacity per kelvin of warmer supply."""
    capacity_max_percent: Annotated[Number, Field(ge=100)]
    """Cap of the capacity with warm supply, relative to rated."""
    cut_out_ambient_degc: Degc
    """Outside air above which the condenser's pressure switch stops the compressor."""
    heating_kw: NonNegative
    """Electrical heater; 0 where there is none."""
    compressor_min_on_s: NonNegative
    """Shortest run of the compressor."""
    compressor_min_off_s: NonNegative
    """Shortest pause of the compressor."""
    control_band_k: Positive
    """Supply error at which the chiller gives full capacity."""
    standby_w: NonNegative
    """Electrical power while neither compressor nor heater runs."""
    controller: ChillerController
    """Own thermostat and set points."""
    protection: ChillerProtection
    """When it raises its alarms."""
    filling: CoolantFilling
    """Expansion vessel and make-up tank."""

    def broken_laws(self) -> Iterator[Broken]:
        """The rated COP is within its bounds; the unit works at its rating."""
        if not self.cop_min <= self.rated_cop <= self.cop_max:
            yield "rated_cop", f"must lie between cop_min = {self.cop_min:g} and cop_max = {self.cop_max:g}"
        if self.cut_out_ambient_degc <= self.rated_ambient_degc:
            yield "cut_out_ambient_degc", f"must be > rated_ambient_degc = {self.rated_ambient_degc:g}"


class CoolantLoop(Section):
    """The way of the coolant between chiller and packs."""

    volume_l: Positive
    """Coolant in the whole loop."""
    line_nodes: Annotated[Integer, Field(ge=1, le=64)]
    """Mixed volumes in series that stand for the supply line, and as many for the return line: the more there are, the
    sharper a front arrives."""


class Orifice(Section):
    """Throttles in the branches of some packs; racks and packs are counted from the pump, from 1."""

    racks: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Racks along the main header."""
    packs: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Packs along the riser of each of these racks."""
    resistance_share: NonNegative
    """Hydraulic resistance that the throttle adds, relative to that of a branch without [1]."""


class Pump(Section):
    """Pump and header; flow through the packs follows from pump head and branch resistances."""

    rated_flow_lpm: Positive
    """Flow through the whole loop at full speed."""
    rated_head_kpa: Positive
    """Pressure drop of the whole loop at rated flow; what packs and headers leave over belongs to chiller and hoses."""
    shutoff_head_kpa: Positive
    """At no flow; the curve falls quadratically."""
    efficiency: PositiveFraction
    """Hydraulic over electrical power [1]."""
    header_resistance_share: NonNegative
    """Hydraulic resistance of one section of a header, supply and return together, relative to one of the branches that
    it feeds: packs on a riser, racks on the main header [1]."""
    orifices: tuple[Orifice, ...] = ()
    """Throttles that even out the flow; where two name one pack, both are in its branch."""

    def broken_laws(self) -> Iterator[Broken]:
        """The pump curve falls."""
        if self.shutoff_head_kpa <= self.rated_head_kpa:
            yield "shutoff_head_kpa", f"must be > rated_head_kpa = {self.rated_head_kpa:g}"


class Enclosure(Section):
    """Air and walls of the container."""

    wall_w_per_k: Positive
    """Inside air to outside air."""
    heat_capacity_j_per_k: Positive
    """Inside air and what follows it, without packs."""
    base_load_w: NonNegative
    """Controllers, fans, lights."""


class ContainerProfile(ProductProfile):
    """A container or cabinet: racks in parallel on one DC bus, one coolant loop, one PCS."""

    rack: RackProfile
    """Rack, by name."""
    rack_count: Count
    """Racks in parallel."""
    dc_busbar_resistance_mohm: NonNegative
    """From the common node of the racks to the PCS, both poles."""
    rated_energy_kwh: Positive
    """Nameplate energy."""
    operating_voltage_min_v: Positive
    """Lowest DC voltage in normal operation."""
    operating_voltage_max_v: Positive
    """Highest DC voltage in normal operation."""
    chiller: ChillerProfile
    """Chiller, by name."""
    coolant: CoolantProfile
    """What the loop is filled with, by name."""
    loop: CoolantLoop
    """Volume and length of the loop."""
    pump: Pump
    """Pump and headers."""
    enclosure: Enclosure
    """Air and walls."""
    ventilation: Ventilation
    """Free air and what exchanges it."""
    fire: Fire
    """Fire panel and detectors."""
    ups: Ups
    """Battery behind the auxiliary supply."""

    def broken_laws(self) -> Iterator[Broken]:
        """The voltage window is one and suits the racks; the pump can drive its rated flow through the packs."""
        if self.operating_voltage_max_v <= self.operating_voltage_min_v:
            yield "operating_voltage_max_v", f"must be > operating_voltage_min_v = {self.operating_voltage_min_v:g}"
        nominal = self.rack.cell_count * self.rack.pack.cell.nominal_voltage_v
        if not self.operating_voltage_min_v <= nominal <= self.operating_voltage_max_v:
            yield "operating_voltage_max_v", f"the racks' nominal {nominal:g} V lies outside the operating window"
        plate, pack_count = self.rack.pack.cold_plate, self.rack_count * self.rack.pack_count
        share = self.pump.rated_flow_lpm / pack_count
        drop = plate.pressure_drop_kpa * (share / plate.rated_flow_lpm) ** 2
        if drop > self.pump.rated_head_kpa:
            message = f"is {share:.3g} L/min for each of {pack_count} packs, which takes {drop:.3g} kPa; "
            yield "pump.rated_flow_lpm", message + f"pump.rated_head_kpa = {self.pump.rated_head_kpa:g}"
        for n, orifice in enumerate(self.pump.orifices):
            for key, places, count in (
                ("racks", orifice.racks, self.rack_count),
                ("packs", orifice.packs, self.rack.pack_count),
            ):
                if max(places) > count:
                    yield f"pump.orifices.{n}.{key}", f"must be <= {count}, the number of {key}"
