"""Slow twin of plant/string.py: capacitor, bleed resistor and strings as one linear system, by matrix exponential."""

import numpy as np
from scipy.linalg import expm
from scipy.optimize import brentq

from bms_emulator.arrays import Array


def bus_twin(
    sources: Array, conductances: Array, bleed: float, capacitance: float, before: float, current: float, dt: float
) -> tuple[float, float]:
    """Bus voltage after dt [s] and its mean [V] while the PCS draws a constant current [A]."""
    rate = np.array(
        [
            [-(conductances.sum() + bleed) / capacitance, 0.0, (conductances @ sources - current) / capacitance],
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
        ]
    )
    after = expm(rate * dt) @ np.array([before, 0.0, 1.0])
    return float(after[0]), float(after[1] / dt)


def bus_current_twin(
    sources: Array, conductances: Array, bleed: float, capacitance: float, before: float, power: float, dt: float
) -> float:
    """PCS current [A] at which the mean power over the step is `power` [W], by root finding."""

    def excess(current: float) -> float:
        return current * bus_twin(sources, conductances, bleed, capacitance, before, current, dt)[1] - power

    guess = 2.0 * abs(power) / sources.mean() + 1.0
    return float(brentq(excess, -guess, guess, xtol=1e-12, rtol=1e-14))
