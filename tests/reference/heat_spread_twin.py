"""Slow twin of plant/heat_spread.py: a pack cut into layers and patches of plate, node by node, solved exactly."""

import numpy as np
from scipy.linalg import expm

from bms_emulator.arrays import Array
from bms_emulator.plant.thermal import ThermalModel


class Network:
    """Nodes with heat capacities [J/K], joined by conductances [W/K]; no heat leaves it."""

    def __init__(self, capacity: Array) -> None:
        self.capacity = capacity
        self.conductance = np.zeros((capacity.size, capacity.size))

    def join(self, first: int, second: int, conductance: float) -> None:
        self.conductance[[first, second], [second, first]] += conductance

    def after(self, temperature: Array, seconds: float) -> Array:
        """Temperatures [K] after a time."""
        rate = self.conductance - np.diag(self.conductance.sum(axis=1))
        course: Array = expm(rate / self.capacity[:, None] * seconds) @ temperature
        return course


def row_of_slabs(
    layers: int, cells: int, through: float, gap: float, heat_capacity: float, start: Array, seconds: float
) -> Array:
    """Layers (cell, layer) [K] of cells side by side: slabs of a resistance [K/W], gaps of another between them."""
    network = Network(np.full(cells * layers, heat_capacity / layers))
    for n in range(cells * layers - 1):
        at_a_gap = (n + 1) % layers == 0
        network.join(n, n + 1, 1.0 / (through / layers + (gap if at_a_gap else 0.0)))
    return network.after(start.ravel(), seconds).reshape(cells, layers)


def surfaces_on_a_plate(
    model: ThermalModel, along: float, across: float, surface: Array, plate: Array, seconds: float
) -> tuple[Array, Array]:
    """Surfaces and plate under each cell (cell) [K], without coolant, cores and air."""
    n = model.cell_count
    network = Network(np.repeat([model.surface_heat_capacity, model.plate_heat_capacity], n))
    for k in range(n):
        network.join(k, n + k, model.surface_to_plate)
        if k + 1 < n and (k + 1) % model.cells_per_row:
            network.join(n + k, n + k + 1, along)
        if k + model.cells_per_row < n:
            network.join(n + k, n + k + model.cells_per_row, across)
    after = network.after(np.concatenate([surface, plate]), seconds)
    return after[:n], after[n:]
