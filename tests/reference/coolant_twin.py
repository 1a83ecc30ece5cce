"""Slow twins of plant/coolant_loop.py and plant/weather.py: the linear networks behind them, by matrix exponential."""

import numpy as np
from scipy.linalg import expm


def circulate_twin(
    supply: float, back: float, supply_heat: float, return_heat: float, flow: float, mass: float, cp: float, dt: float
) -> tuple[float, float]:
    """Supply and return temperature [K] of a ring of two volumes after dt [s], for heats [W] put into each."""
    exchange = flow / mass
    rate = np.array(
        [
            [-exchange, exchange, supply_heat / (mass * cp)],
            [exchange, -exchange, return_heat / (mass * cp)],
            [0.0, 0.0, 0.0],
        ]
    )
    after = expm(rate * dt) @ np.array([supply, back, 1.0])
    return float(after[0]), float(after[1])


def air_twin(air: float, ambient: float, wall: float, heat_capacity: float, heat: float, dt: float) -> float:
    """Air temperature [K] of an enclosure after dt [s]."""
    rate = np.array([[-wall / heat_capacity, (wall * ambient + heat) / heat_capacity], [0.0, 0.0]])
    return float((expm(rate * dt) @ np.array([air, 1.0]))[0])
