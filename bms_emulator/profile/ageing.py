"""Ageing of a cell type: which published model, fitted by which factors, and where it ends."""

from typing import Annotated, Literal

from pydantic import Field

from bms_emulator.profile.base import NonNegative, Number, Percent, Section

AgeingLaw = Literal["naumann", "schimpe", "blast-250ah"]
"""Published models of LFP cells, see :mod:`bms_emulator.profile.ageing_laws`."""


class Ageing(Section):
    """Loss of capacity and growth of resistance with time and with use."""

    model: AgeingLaw
    """Published model."""
    calendar_scale: NonNegative
    """Factor on the model's loss of capacity with time [1]."""
    cycle_scale: NonNegative
    """Factor on the model's loss of capacity with use [1]."""
    resistance_scale: NonNegative
    """Factor on the growth of resistance [1]."""
    commissioning_loss_percent: Percent
    """Capacity lost in transport and storage before commissioning; counts in every site with an age."""
    capacity_loss_max_percent: Annotated[Number, Field(ge=0, le=90)]
    """Where the loss of capacity ends: further the models were never measured."""
    resistance_growth_max_percent: NonNegative
    """Where the growth of resistance ends."""
