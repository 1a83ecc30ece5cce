"""Pack and rack profiles."""

from collections.abc import Iterator

from bms_emulator.profile.base import (
    Broken,
    Count,
    Fraction,
    NonNegative,
    Number,
    Percent,
    Positive,
    ProductProfile,
    Section,
)
from bms_emulator.profile.cell import CellProfile


class ColdPlate(Section):
    """Cold plate under the cells of a pack and the flow through it."""

    segments: Count
    """Coolant segments along the plate; cells are shared out among them."""
    heat_capacity_j_per_k: Positive
    """Whole plate, with the coolant in it."""
    plate_to_coolant_k_per_w: Positive
    """Whole pack, at rated flow."""
    rated_flow_lpm: Positive
    """Flow at which the other figures hold."""
    pressure_drop_kpa: Positive
    """At rated flow."""
    laminar_share: Fraction
    """Share of that pressure drop which is linear in flow and viscosity; the rest is quadratic in flow [1]."""
    along_row_w_per_k: NonNegative
    """Along the plate, from under a cell to under its neighbour in a row."""
    across_rows_w_per_k: NonNegative
    """Along the plate, from under a cell to under the same place in the next row."""
    to_air_w_per_k: NonNegative
    """Pack to enclosure air."""


class PackProfile(ProductProfile):
    """A pack: cells in series on one cold plate, watched by one cell-monitoring unit."""

    cell: CellProfile
    """Cell, by name."""
    cell_count: Count
    """Cells in series."""
    cells_per_row: Count
    """Cells that touch each other in a row, one row after the other along the coolant; the last may be shorter."""
    temperature_sensor_count: Count
    """Spread evenly over the cells."""
    joint_resistance_mohm: NonNegative
    """Busbar and weld, per cell."""
    balancing_resistance_ohm: Positive
    """Resistor that bleeds a cell while it is balanced."""
    cold_plate: ColdPlate
    """Cold plate and the flow through it."""

    def broken_laws(self) -> Iterator[Broken]:
        """Every sensor and every segment has a cell."""
        if self.temperature_sensor_count > self.cell_count:
            yield "temperature_sensor_count", f"must be <= cell_count = {self.cell_count}"
        if self.cold_plate.segments > self.cell_count:
            yield "cold_plate.segments", f"must be <= cell_count = {self.cell_count}"


class Channel(Section):
    """Errors of one kind of sensor; spreads are one standard deviation, in the unit that the key names."""

    offset: NonNegative
    """Spread of the fixed offset between channels."""
    gain_percent: Percent = 0.0
    """Spread of the fixed gain error between channels."""
    noise: NonNegative
    """Spread of the noise from sample to sample."""
    resolution: Positive
    """Step of the reading."""
    lag_s: NonNegative = 0.0
    """Time constant of the sensor."""
    period_s: Positive
    """Time between samples."""
    range_min: Number
    """Lowest reading."""
    range_max: Number
    """Highest reading."""

    def broken_laws(self) -> Iterator[Broken]:
        """The range holds at least one step."""
        if self.range_max - self.range_min < self.resolution:
            yield "range_max", f"must be > range_min = {self.range_min:g} by at least resolution = {self.resolution:g}"


class Sensors(Section):
    """Measurement chain of a rack."""

    cell_voltage_v: Channel
    """Every cell."""
    temperature_k: Channel
    """Every temperature sensor; offset, noise and resolution in K, range in °C."""
    current_a: Channel
    """String current, by either of two sensors."""
    rack_voltage_v: Channel
    """Voltage of the string, behind its fuse, and of the DC bus outside the contactors."""
    insulation_ohm: Channel
    """Insulation resistance against earth: of both poles, and of either of them."""


class Terminals(Section):
    """The power terminals of a rack, the hottest of them; what they heat is a part of the cables' loss."""

    resistance_mohm: NonNegative
    """Of a sound terminal."""
    heat_capacity_j_per_k: Positive
    """Of the terminal and the copper around it."""
    cooling_w_per_k: Positive
    """To the air of the enclosure, by its surface and along the cable."""


class Contactors(Section):
    """Main contactors, precharge and fuse of a rack."""

    travel_ms: Positive
    """From the coil command to the moving contact's arrival."""
    pick_up_v: Positive
    """Auxiliary supply from which a coil closes its contacts."""
    drop_out_v: Positive
    """Auxiliary supply below which a coil lets its contacts go."""
    precharge_resistance_ohm: Positive
    """Resistor in series with the precharge contactor."""
    precharge_heat_capacity_j_per_k: Positive
    """Of the resistor."""
    precharge_cooling_w_per_k: Positive
    """Resistor to the air of the enclosure."""
    fuse_rating_a: Positive
    """Current that the fuse carries for ever."""
    fuse_melting_a2s: Positive
    """Melting integral above rating."""

    def broken_laws(self) -> Iterator[Broken]:
        """A coil holds what it could close."""
        if self.drop_out_v > self.pick_up_v:
            yield "drop_out_v", f"must be <= pick_up_v = {self.pick_up_v:g}"


class RackProfile(ProductProfile):
    """A rack (string): packs in series with own contactors, precharge, fuse and current sensor."""

    pack: PackProfile
    """Pack, by name."""
    pack_count: Count
    """Packs in series."""
    rated_current_a: Positive
    """Continuous, both directions."""
    cable_resistance_mohm: NonNegative
    """Cables between the packs and to the common busbar of the container, both poles."""
    fuse_resistance_mohm: NonNegative
    """String fuse."""
    contactor_resistance_mohm: NonNegative
    """Each contactor; two of them are in the path of the current."""
    insulation_kohm: Positive
    """Sound rack against earth, both poles in parallel."""
    insulation_monitor_kohm: Positive
    """Resistance against earth of an insulation monitor that is on; others on the same bus measure it, too."""
    contactors: Contactors
    """Contactors, precharge resistor and fuse."""
    terminals: Terminals
    """Power terminals."""
    sensors: Sensors
    """Measurement chain."""

    def broken_laws(self) -> Iterator[Broken]:
        """The rated current passes the fuse and can be measured."""
        if self.contactors.fuse_rating_a < self.rated_current_a:
            yield "contactors.fuse_rating_a", f"must be >= rated_current_a = {self.rated_current_a:g}"
        sensor = self.sensors.current_a
        if sensor.range_max < self.rated_current_a:
            yield "sensors.current_a.range_max", f"must be >= rated_current_a = {self.rated_current_a:g}"
        if sensor.range_min > -self.rated_current_a:
            yield "sensors.current_a.range_min", f"must be <= -rated_current_a = {-self.rated_current_a:g}"

    @property
    def wiring_resistance_mohm(self) -> float:
        """Cables, fuse and the two contactors in the path of the current [mOhm]."""
        return self.cable_resistance_mohm + self.fuse_resistance_mohm + 2.0 * self.contactor_resistance_mohm

    @property
    def cell_count(self) -> int:
        """Cells in series."""
        return self.pack_count * self.pack.cell_count

    @property
    def sensor_count(self) -> int:
        """Temperature sensors."""
        return self.pack_count * self.pack.temperature_sensor_count
