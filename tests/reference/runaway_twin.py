"""Thermal runaway the slow way: one cell in an oven, air mixed in thousands of little steps, jets from their law."""

import math
from dataclasses import dataclass, field

from bms_emulator.profile.runaway import Runaway

GAS_CONSTANT = 8.314462618


@dataclass
class BurningCell:
    """One cell whose core temperature is given from outside.

    Args:
        runaway: Its profile.
        heat_capacity: Of the cell [J/K].
        soc: State of charge [1].
    """

    runaway: Runaway
    heat_capacity: float
    soc: float
    progress: float = 0.0
    vented: float = 0.0
    voltage_gain: float = 1.0
    heat: float = 0.0
    passed: set[str] = field(default_factory=set)

    def rate(self, degc: float) -> float:
        """Rate of self-heating [1/s]: the Arrhenius line through the adiabatic rises at onset and at runaway."""
        profile = self.runaway
        onset, begin = profile.onset_degc + 273.15, profile.runaway_degc + 273.15
        at_onset = profile.onset_rate_k_per_min / 60.0 * self.heat_capacity / (profile.heat_kj * 1e3)
        at_begin = profile.runaway_rate_k_per_s * self.heat_capacity / (profile.heat_kj * 1e3)
        energy = GAS_CONSTANT * math.log(at_begin / at_onset) / (1.0 / onset - 1.0 / begin)
        return at_onset * math.exp(energy / GAS_CONSTANT * (1.0 / onset - 1.0 / (degc + 273.15)))

    def advance(self, degc: float, step: float) -> None:
        """Let time pass at a core temperature; self-heating at that which the reaction itself makes of it midway."""
        profile = self.runaway
        whole = profile.heat_kj * 1e3 * (profile.empty_heat_share + (1.0 - profile.empty_heat_share) * self.soc)
        for stage in ("onset", "first_vent", "runaway", "second_vent", "wire"):
            if degc >= getattr(profile, f"{stage}_degc"):
                self.passed.add(stage)
        before = self.progress
        if "runaway" in self.passed:
            self.progress = min(1.0, before + step / profile.front_s)
        elif degc >= profile.onset_degc:
            alone = (1.0 - before) * (1.0 - math.exp(-self.rate(degc) * step))
            midway = degc + 0.5 * whole * alone / self.heat_capacity
            self.progress += (1.0 - before) * (1.0 - math.exp(-self.rate(midway) * step))
        self.heat += whole * (self.progress - before)
        if degc >= profile.separator_degc or self.voltage_gain < 1.0:
            self.voltage_gain = max(0.0, self.voltage_gain - step / profile.collapse_s)
        first = profile.first_vent_share
        if "second_vent" in self.passed:
            self.vented = min(1.0, max(self.vented, first) + (1.0 - first) * step / profile.jet_s)
        elif "first_vent" in self.passed:
            self.vented = min(first, self.vented + first * step / profile.first_vent_s)


def stirred(content: float, source: float, exchange: float, seconds: float, steps: int = 20_000) -> float:
    """Content of a mixed volume after a time, dx/dt = source - exchange x, by the midpoint rule."""
    dt = seconds / steps
    for _ in range(steps):
        middle = content + 0.5 * dt * (source - exchange * content)
        content += dt * (source - exchange * middle)
    return content


def ceiling_jet(power_kw: float, distance: float, height: float) -> float:
    """Alpert's temperature rise under a ceiling [K]."""
    if distance / height <= 0.18:
        return 16.9 * math.cbrt(power_kw**2) / math.cbrt(height**5)
    return 5.38 * math.cbrt((power_kw / distance) ** 2) / height
