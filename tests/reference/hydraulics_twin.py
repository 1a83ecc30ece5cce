"""Slow twin of plant/hydraulics.py: the flow of every branch as the root of all loop pressures, by Newton's method."""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.hydraulics import HydraulicModel


def loop_pressures(
    model: HydraulicModel, flow: Array, speed: float, gain: Array, density: float, viscosity: float
) -> Array:
    """What the pump's head leaves over on the way through each pack and back [Pa], shape (rack, pack)."""
    total = flow.sum()
    left = np.empty_like(flow)
    thin = model.rated_density / density
    laminar = model.laminar_share * viscosity / model.rated_viscosity * model.rated_flow / total
    friction = thin * (1.0 - model.laminar_share + laminar)
    for r in range(flow.shape[0]):
        for p in range(flow.shape[1]):
            drop = model.loop_resistance * total**2
            for section in range(1, r + 1):
                drop += model.main_resistance * flow[section:].sum() ** 2
            for section in range(1, p + 1):
                drop += model.riser_resistance * flow[r, section:].sum() ** 2
            drop += (flow[r, p] / gain[r, p] / model.branch_conductance[r, p]) ** 2
            head = speed**2 * model.shutoff_head / thin - thin * model.pump_resistance * total**2
            left[r, p] = head - friction * drop
    return left


def split_flow_twin(model: HydraulicModel, speed: float, gain: Array, density: float, viscosity: float) -> Array:
    """Flow of every pack of one container [kg/s], shape (rack, pack); every gain must be above 0."""
    flow = speed * np.sqrt(model.shutoff_head) * model.branch_conductance / 2.0
    for _ in range(60):
        left = loop_pressures(model, flow, speed, gain, density, viscosity).ravel()
        jacobian = np.empty((flow.size, flow.size))
        for n in range(flow.size):
            ahead, behind, h = flow.copy(), flow.copy(), flow.flat[n] / 1e3
            ahead.flat[n] += h
            behind.flat[n] -= h
            difference = loop_pressures(model, ahead, speed, gain, density, viscosity) - loop_pressures(
                model, behind, speed, gain, density, viscosity
            )
            jacobian[:, n] = difference.ravel() / (2.0 * h)
        change = np.linalg.solve(jacobian, -left).reshape(flow.shape)
        new = np.maximum(flow + change, 0.1 * flow)
        if np.array_equal(new, flow) or np.max(np.abs(new / flow - 1.0)) < 1e-15:
            break
        flow = new
    return flow
