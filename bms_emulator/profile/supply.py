"""Auxiliary supply of controllers and coils."""

from bms_emulator.profile.base import Positive, PositiveFraction, Section


class Ups(Section):
    """A battery that carries the controllers when the auxiliary supply fails."""

    energy_wh: Positive
    """Energy of the full battery."""
    load_w: Positive
    """What it has to carry: controllers, coils, panels."""
    charging_w: Positive
    """Drawn from the supply until the battery is full."""
    charging_efficiency: PositiveFraction
    """Energy into the battery over energy drawn [1]."""
    discharging_efficiency: PositiveFraction
    """Energy to the load over energy out of the battery [1]."""
