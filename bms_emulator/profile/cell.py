"""Cell profile: one LFP cell as an equivalent circuit with two RC branches, hysteresis and two thermal nodes."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from bms_emulator.profile.ageing import Ageing
from bms_emulator.profile.base import (
    Broken,
    Increasing,
    NonNegative,
    Number,
    Percent,
    Positive,
    PositiveFraction,
    ProductProfile,
    Section,
    Text,
    increases,
)
from bms_emulator.profile.runaway import Runaway


class OpenCircuit(Section):
    """Open-circuit voltage and hysteresis over state of charge, equal lengths."""

    soc: Increasing
    """State of charge [1], increasing, from 0 to 1."""
    voltage_v: tuple[Positive, ...]
    """Open-circuit voltage in the middle of the hysteresis loop [V]."""
    hysteresis_mv: tuple[NonNegative, ...]
    """Half of the gap between charge and discharge branch [mV]."""

    def broken_laws(self) -> Iterator[Broken]:
        """The tables fit; voltage rises with charge, or the state of charge could not be told from it."""
        yield from _table_problems("soc", self.soc, voltage_v=self.voltage_v, hysteresis_mv=self.hysteresis_mv)
        if not increases(self.voltage_v):
            yield "voltage_v", "must increase with soc"


class Entropy(Section):
    """Entropy coefficient dU/dT over state of charge."""

    soc: Increasing
    """State of charge [1], increasing, from 0 to 1."""
    coefficient_uv_per_k: tuple[Number, ...]
    """dU/dT [µV/K]."""

    def broken_laws(self) -> Iterator[Broken]:
        """The table fits."""
        yield from _table_problems("soc", self.soc, coefficient_uv_per_k=self.coefficient_uv_per_k)


class Resistance(Section):
    """Ohmic resistance and two RC branches at 25 °C, their shapes over state of charge, their activation energies."""

    r0_mohm: Positive
    """Ohmic resistance."""
    r1_mohm: Positive
    """Resistance of the fast RC branch."""
    tau1_s: Positive
    """Time constant of the fast RC branch."""
    r2_mohm: Positive
    """Resistance of the slow RC branch."""
    tau2_s: Positive
    """Time constant of the slow RC branch."""
    shape_soc: Increasing
    """State of charge of the shapes' points [1], increasing, from 0 to 1."""
    shape_charge: tuple[Positive, ...]
    """Factor on all three resistances while the string charges [1]."""
    shape_discharge: tuple[Positive, ...]
    """Factor on all three resistances while the string discharges [1]."""
    activation_r0_kj_per_mol: NonNegative
    """Arrhenius activation energy of the ohmic resistance."""
    activation_r1_kj_per_mol: NonNegative
    """Arrhenius activation energy of the fast branch."""
    activation_r2_kj_per_mol: NonNegative
    """Arrhenius activation energy of the slow branch."""

    def broken_laws(self) -> Iterator[Broken]:
        """The tables fit; the fast branch is the faster."""
        yield from _table_problems(
            "shape_soc", self.shape_soc, shape_charge=self.shape_charge, shape_discharge=self.shape_discharge
        )
        if self.tau2_s <= self.tau1_s:
            yield "tau2_s", f"must be > tau1_s = {self.tau1_s:g}"


class CellThermal(Section):
    """Two thermal nodes: core and surface."""

    heat_capacity_j_per_k: Positive
    """Whole cell."""
    surface_share: Annotated[Number, Field(gt=0, lt=1)]
    """Share of the heat capacity that belongs to the surface node [1]."""
    core_to_surface_k_per_w: Positive
    """Between core and surface."""
    surface_to_plate_k_per_w: Positive
    """Between surface and cold plate."""
    cell_to_cell_k_per_w: Positive
    """Between surfaces of neighbours."""


class Spread(Section):
    """Spread between cells, one standard deviation, cut at three."""

    capacity_percent: Percent
    """Of capacity."""
    resistance_percent: Percent
    """Of all resistances."""
    self_discharge_percent: Percent
    """Of self-discharge."""
    soc_percent: Percent
    """Initial state of charge, percentage points."""
    ageing_rate_percent: Percent
    """Of the loss of capacity and the growth of resistance."""


class CellProfile(ProductProfile):
    """A cell."""

    chemistry: Text
    """Cathode and anode, e.g. LFP/graphite."""
    rated_capacity_ah: Positive
    """Nameplate capacity."""
    capacity_ah: Positive
    """Capacity between OCV soc 0 and 1."""
    rated_energy_wh: Positive
    """Nameplate energy."""
    nominal_voltage_v: Positive
    """Nameplate voltage."""
    voltage_min_v: Positive
    """Lowest permitted voltage."""
    voltage_max_v: Positive
    """Highest permitted voltage."""
    mass_kg: Positive
    """Of one cell."""
    open_circuit: OpenCircuit
    """Open-circuit voltage and hysteresis."""
    entropy: Entropy
    """Reversible heat."""
    resistance: Resistance
    """Resistances and their time constants."""
    hysteresis_rate: Positive
    """Rate gamma of the one-state hysteresis, per unit of state of charge [1]."""
    hysteresis_instantaneous_mv: NonNegative
    """Part of half of the hysteresis gap that turns at once with the current; the rest follows the charge."""
    coulombic_efficiency: PositiveFraction
    """Share of the charged ampere-hours that is stored [1]."""
    self_discharge_percent_per_month: Percent
    """Loss of charge at rest."""
    thermal: CellThermal
    """Heat capacity and heat paths."""
    ageing: Ageing
    """Loss of capacity and growth of resistance."""
    runaway: Runaway
    """Stages of a thermal runaway, and what it gives off."""
    spread: Spread
    """Differences between cells."""

    def broken_laws(self) -> Iterator[Broken]:
        """Voltages are in order, and nameplate values agree with each other."""
        if not self.voltage_min_v < self.nominal_voltage_v < self.voltage_max_v:
            yield "nominal_voltage_v", "must lie between voltage_min_v and voltage_max_v"
        if self.open_circuit.voltage_v[-1] > self.voltage_max_v:
            yield (
                "voltage_max_v",
                f"must be >= the full cell's open_circuit.voltage_v = {self.open_circuit.voltage_v[-1]}",
            )
        if self.hysteresis_instantaneous_mv > min(self.open_circuit.hysteresis_mv):
            yield (
                "hysteresis_instantaneous_mv",
                f"must be <= the smallest of open_circuit.hysteresis_mv = {min(self.open_circuit.hysteresis_mv):g}",
            )
        if self.capacity_ah < self.rated_capacity_ah:
            yield "capacity_ah", f"must be >= rated_capacity_ah = {self.rated_capacity_ah:g}"
        mean_voltage = self.rated_energy_wh / self.rated_capacity_ah
        if not self.voltage_min_v < mean_voltage < self.voltage_max_v:
            yield (
                "rated_energy_wh",
                f"is {mean_voltage:.3g} V on average; must lie between voltage_min_v and voltage_max_v",
            )


def _table_problems(grid: str, soc: Sequence[float], **columns: Sequence[float]) -> Iterator[Broken]:
    """What is wrong with a table over the state of charge."""
    if not increases(soc):
        yield grid, "must increase"
    if soc[0] != 0.0 or soc[-1] != 1.0:
        yield grid, "must run from 0 to 1"
    for key, column in columns.items():
        if len(column) != len(soc):
            yield key, f"has {len(column)} values, {grid} has {len(soc)}"
