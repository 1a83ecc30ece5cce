"""Thermal runaway of a cell: at which temperatures it goes how far, what heat it releases, what it lets out."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Final

from pydantic import Field

from bms_emulator.profile.base import Broken, Degc, Fraction, Number, Percent, Positive, Section

LAYERS: Final = 8
"""Layers of a cell from face to face. Their thickness, 9 mm in a cell of 72 mm, is the depth that has to reach the
temperature of runaway before the front crosses the cell."""

_IN_ORDER = ("onset_degc", "first_vent_degc", "runaway_degc", "second_vent_degc", "wire_degc")
_GASES = ("hydrogen_percent", "carbon_dioxide_percent", "carbon_monoxide_percent", "methane_percent")


class Runaway(Section):
    """Stages of a thermal runaway by core temperature, and what one cell gives off."""

    onset_degc: Degc
    """Self-heating begins (T1); below it nothing reacts."""
    onset_rate_k_per_min: Positive
    """Rise of a fully charged cell that loses no heat, at the onset."""
    first_vent_degc: Degc
    """The safety valve opens."""
    separator_degc: Degc
    """The separator fails and the voltage collapses."""
    collapse_s: Positive
    """Time from the failure of the separator to 0 V."""
    runaway_degc: Degc
    """Runaway proper begins (T2)."""
    runaway_rate_k_per_s: Positive
    """Rise of a fully charged cell that loses no heat, when runaway begins."""
    front_s: Positive
    """Time in which the reaction front crosses the whole jelly roll."""
    second_vent_degc: Degc
    """The jet begins."""
    wire_degc: Degc
    """Sense wires and temperature sensor at the cell are destroyed."""
    heat_kj: Positive
    """Heat that a fully charged cell releases into its own body."""
    empty_heat_share: Fraction
    """Heat of an empty cell, relative to a full one; straight in between [1]."""
    gas_l: Positive
    """Vent gas of one cell, at 25 °C and 1 bar."""
    first_vent_share: Annotated[Number, Field(gt=0, lt=1)]
    """Share of the gas that leaves with the first vent [1]."""
    first_vent_s: Positive
    """Duration of the first vent."""
    jet_s: Positive
    """Duration of the jet."""
    jet_heat_kj: Positive
    """Heat that the jet carries to the air, above that of the body."""
    mass_loss_share: Fraction
    """Share of the cell's mass that leaves with the jet [1]."""
    hydrogen_percent: Percent
    """Of the vent gas, by volume."""
    carbon_dioxide_percent: Percent
    """Of the vent gas, by volume."""
    carbon_monoxide_percent: Percent
    """Of the vent gas, by volume."""
    methane_percent: Percent
    """Of the vent gas, by volume."""
    lower_explosive_percent: Annotated[Percent, Field(gt=0)]
    """Lower explosive limit of the vent gas in air, by volume."""
    smoke_g: Positive
    """Aerosol of one cell: electrolyte mist and soot."""
    through_plane_k_per_w: Positive
    """Cell from large face to large face."""
    residue_kohm: Positive
    """Insulation resistance across what one emptied cell leaves on busbars and plate."""
    residue_s: Positive
    """Time constant in which it creeps there."""

    def broken_laws(self) -> Iterator[Broken]:
        """The stages follow each other, the reaction quickens, and the gases are not more than all."""
        for earlier, later in pairwise(_IN_ORDER):
            if getattr(self, later) <= getattr(self, earlier):
                yield later, f"must be > {earlier} = {getattr(self, earlier):g}"
        if not self.first_vent_degc < self.separator_degc <= self.second_vent_degc:
            yield "separator_degc", "must lie between first_vent_degc and second_vent_degc"
        if self.runaway_rate_k_per_s * 60.0 <= self.onset_rate_k_per_min:
            yield "runaway_rate_k_per_s", "must be faster than onset_rate_k_per_min"
        if sum(getattr(self, gas) for gas in _GASES) > 100.0:
            yield "hydrogen_percent", "all gases together must be <= 100"
