"""Slow twins of plant/thermal.py: the heat balances of a pack node by node, solved as one dense system."""

from typing import Any

import numpy as np
from scipy.linalg import expm

from bms_emulator.arrays import Array
from bms_emulator.plant.thermal import ThermalModel


def segment_of_cells(model: ThermalModel) -> list[int]:
    """Plate segment under each cell."""
    cells, segments = model.cell_count, model.segment_count
    bounds = [j * cells // segments for j in range(segments + 1)]
    return [j for j in range(segments) for _ in range(bounds[j], bounds[j + 1])]


def neighbours(model: ThermalModel) -> list[tuple[int, int]]:
    """Pairs of cells that touch."""
    row = [k // model.cells_per_row for k in range(model.cell_count)]
    return [(k, k + 1) for k in range(model.cell_count - 1) if row[k] == row[k + 1]]


def conductances(model: ThermalModel, flow: float, film: float, heat_capacity: float) -> tuple[Array, Array]:
    """Effectiveness of each segment [1] and its conductance to the coolant that enters it [W/K]."""
    count = np.bincount(segment_of_cells(model), minlength=model.segment_count)
    if flow == 0.0:
        return np.ones(len(count)), np.zeros(len(count))
    units = film * model.plate_to_coolant / (flow * heat_capacity) * count / model.cell_count
    effectiveness = 1.0 - np.exp(-units)
    return effectiveness, flow * heat_capacity * effectiveness


def conduct_twin(model: ThermalModel, surface: Array, step: float) -> Array:
    """Surfaces after one implicit step of heat exchange between neighbours alone."""
    a = np.eye(model.cell_count) * model.surface_heat_capacity
    for x, y in neighbours(model):
        a[x, x] += step * model.cell_to_cell
        a[y, y] += step * model.cell_to_cell
        a[x, y] -= step * model.cell_to_cell
        a[y, x] -= step * model.cell_to_cell
    evened: Array = np.linalg.solve(a, model.surface_heat_capacity * surface)
    return evened


def step_pack_twin(
    model: ThermalModel,
    core: Array,
    surface: Array,
    heat: Array,
    plate: Array,
    flow: float,
    film: float,
    heat_capacity: float,
    inlet: float,
    air: float,
    step: float,
) -> dict[str, Any]:
    """Two implicit steps: neighbours; then all cores, surfaces, plate segments and coolant outlets of segments."""
    surface = conduct_twin(model, surface, step)
    n, m = model.cell_count, model.segment_count
    segment = segment_of_cells(model)
    effectiveness, to_coolant = conductances(model, flow, film, heat_capacity)
    a, b = np.zeros((2 * n + 2 * m, 2 * n + 2 * m)), np.zeros(2 * n + 2 * m)
    for k in range(n):
        c, s, p = k, n + k, 2 * n + segment[k]
        a[c, c] += model.core_heat_capacity
        b[c] += model.core_heat_capacity * core[k] + heat[k]
        a[s, s] += model.surface_heat_capacity + step * model.surface_to_air
        b[s] += model.surface_heat_capacity * surface[k] + step * model.surface_to_air * air
        a[p, p] += model.plate_heat_capacity
        b[p] += model.plate_heat_capacity * plate[segment[k]]
        for x, y, link in ((c, s, model.core_to_surface), (s, p, model.surface_to_plate)):
            a[x, x] += step * link
            a[x, y] -= step * link
            a[y, y] += step * link
            a[y, x] -= step * link
    for j in range(m):
        p, out = 2 * n + j, 2 * n + m + j
        a[p, p] += step * to_coolant[j]
        a[out, out] = 1.0
        a[out, p] = -effectiveness[j]
        if j == 0:
            b[p] += step * to_coolant[j] * inlet
            b[out] = (1.0 - effectiveness[j]) * inlet
        else:
            a[p, out - 1] -= step * to_coolant[j]
            a[out, out - 1] = effectiveness[j] - 1.0
    x = np.linalg.solve(a, b)
    new_surface, outlet = x[n : 2 * n], x[-1]
    return {
        "core": x[:n],
        "surface": new_surface,
        "plate": x[2 * n : 2 * n + m],
        "outlet": outlet,
        "coolant_heat": flow * heat_capacity * (outlet - inlet),
        "core_max": float(x[:n].max()),
        "air_heat": model.surface_to_air * float(np.sum(new_surface - air)),
    }


def exact_pack(
    model: ThermalModel,
    start: float,
    power: Array,
    flow: float,
    film: float,
    heat_capacity: float,
    inlet: float,
    air: float,
    time: float,
) -> tuple[Array, Array, Array]:
    """Cores, surfaces and plate segments [K] at `time` [s] after a uniform start: exponential of the whole network."""
    n, m = model.cell_count, model.segment_count
    segment = segment_of_cells(model)
    effectiveness, to_coolant = conductances(model, flow, film, heat_capacity)
    size = 2 * n + m
    capacity = np.concatenate(
        [
            np.full(n, model.core_heat_capacity),
            np.full(n, model.surface_heat_capacity),
            model.plate_heat_capacity * np.bincount(segment),
        ]
    )
    rate, source = np.zeros((size, size)), np.concatenate([power, np.full(n, model.surface_to_air * air), np.zeros(m)])
    links = [(k, n + k, model.core_to_surface) for k in range(n)]
    links += [(n + k, 2 * n + segment[k], model.surface_to_plate) for k in range(n)]
    links += [(n + x, n + y, model.cell_to_cell) for x, y in neighbours(model)]
    for x, y, link in links:
        rate[x, [x, y]] += [-link, link]
        rate[y, [y, x]] += [-link, link]
    for k in range(n):
        rate[n + k, n + k] -= model.surface_to_air
    entering, entering_inlet = np.zeros(m), 1.0  # temperature that enters a segment, as weights of plates and inlet
    for j in range(m):
        p = 2 * n + j
        rate[p, p] -= to_coolant[j]
        rate[p, 2 * n :] += to_coolant[j] * entering
        source[p] += to_coolant[j] * entering_inlet * inlet
        entering *= 1.0 - effectiveness[j]
        entering[j] += effectiveness[j]
        entering_inlet *= 1.0 - effectiveness[j]
    augmented = np.zeros((size + 1, size + 1))
    augmented[:size, :size] = rate / capacity[:, None]
    augmented[:size, size] = source / capacity
    x = (expm(augmented * time) @ np.append(np.full(size, start), 1.0))[:size]
    return x[:n], x[n : 2 * n], x[2 * n :]
