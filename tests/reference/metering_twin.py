"""Slow twin of plant/metering.py: the meters of one container, in plain Python; every sum starts from the beginning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

NO_EFFICIENCY = None


@dataclass
class AuxiliaryMeterTwin:
    """Meters of the auxiliaries and of the grid of one container, from a log of all that ever flowed."""

    base_load: float
    auxiliary: list[tuple[float, float]] = field(default_factory=list)
    """Power [W] and for how long [s]."""
    grid: list[tuple[float, float]] = field(default_factory=list)

    def step(self, chiller_power: float, pump_power: float, fan_power: float, pcs_power: float, dt: float) -> None:
        load = math.fsum((chiller_power, pump_power, fan_power, self.base_load))
        self.auxiliary.append((load, dt))
        self.grid.append((pcs_power - load, dt))

    @property
    def power(self) -> float:
        return self.auxiliary[-1][0]

    @property
    def energy(self) -> float:
        return math.fsum(power * dt for power, dt in self.auxiliary)

    @property
    def net_exported(self) -> float:
        return math.fsum(power * dt for power, dt in self.grid if power > 0.0)

    @property
    def net_imported(self) -> float:
        return math.fsum(-power * dt for power, dt in self.grid if power < 0.0)


def stored_energy(packs_of_racks: Sequence[Sequence[float]]) -> float:
    """What the cells of one container hold [J]."""
    return math.fsum(pack for rack in packs_of_racks for pack in rack)


def round_trip(energy_in: float, energy_out: float, stored: float, at_start: float, least: float) -> float | None:
    """Round-trip efficiency [1], or NO_EFFICIENCY where too little has flown."""
    if energy_in + energy_out < least:
        return NO_EFFICIENCY
    if stored > at_start:
        return (energy_out + stored - at_start) / energy_in
    return energy_out / (energy_in + at_start - stored)
