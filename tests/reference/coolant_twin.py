"""Slow twins of plant/coolant.py, plant/coolant_loop.py and plant/weather.py: the linear networks behind them."""

import numpy as np
from scipy.linalg import expm

from bms_emulator.arrays import Array


def ring_rate(nodes: int, exchange: float) -> Array:
    """Rate of change of mixed volumes in a ring, each handing on a share `exchange` of itself per unit of time."""
    rate = -exchange * np.eye(nodes)
    for n in range(nodes):
        rate[n, n - 1] += exchange
    return rate


def exact_ring(enthalpy: Array, gain: Array, exchange: float) -> Array:
    """Enthalpy of all nodes after one step in which heat alone would raise each by its gain: matrix exponential."""
    nodes = enthalpy.size
    augmented = np.zeros((nodes + 1, nodes + 1))
    augmented[:nodes, :nodes] = ring_rate(nodes, exchange)
    augmented[:nodes, nodes] = gain
    after: Array = (expm(augmented) @ np.append(enthalpy, 1.0))[:nodes]
    return after


def circulate_twin(enthalpy: Array, gain: Array, exchange: float) -> Array:
    """The same where each node takes up the mean of what leaves the one before: unknowns are these means."""
    nodes = enthalpy.size
    # one node fed with a constant: end and mean of the step as weights of start, feed and gain, by matrix exponential
    augmented = np.zeros((4, 4))
    augmented[0, :3] = [-exchange, exchange, 1.0]
    augmented[3, 0] = 1.0  # integral of the node over the step
    weights = expm(augmented)
    end, mean = weights[0, :3], weights[3, :3]
    a, b = np.eye(nodes), np.empty(nodes)  # unknowns: means of what leaves
    for n in range(nodes):
        a[n, n - 1] -= mean[1]
        b[n] = mean[0] * enthalpy[n] + mean[2] * gain[n]
    leaving = np.linalg.solve(a, b)
    after: Array = end[0] * enthalpy + end[1] * np.roll(leaving, 1) + end[2] * gain
    return after


def air_twin(air: float, ambient: float, wall: float, heat_capacity: float, heat: float, dt: float) -> float:
    """Air temperature [K] of an enclosure after dt [s]."""
    rate = np.array([[-wall / heat_capacity, (wall * ambient + heat) / heat_capacity], [0.0, 0.0]])
    return float((expm(rate * dt) @ np.array([air, 1.0]))[0])
