"""Slow twin of plant/hydraulics.py: the flow of every branch as the root of all loop pressures, by Newton's method."""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.hydraulics import HydraulicModel


def loop_pressures(model: HydraulicModel, flow: Array, speed: float, gain: Array) -> Array:
    """What the pump's head leaves over on the way through each pack and back [Pa], shape (rack, pack)."""
    total = flow.sum()
    left = np.empty_like(flow)
    for r in range(flow.shape[0]):
        for p in range(flow.shape[1]):
            drop = (model.pump_resistance + model.loop_resistance) * total**2
            for section in range(1, r + 1):
                drop += model.main_resistance * flow[section:].sum() ** 2
            for section in range(1, p + 1):
                drop += model.riser_resistance * flow[r, section:].sum() ** 2
            drop += model.branch_resistance * (flow[r, p] / gain[r, p]) ** 2
            left[r, p] = speed**2 * model.shutoff_head - drop
    return left


def split_flow_twin(model: HydraulicModel, speed: float, gain: Array) -> Array:
    """Flow of every pack of one container [kg/s], shape (rack, pack); every gain must be above 0."""
    flow = np.full(gain.shape, speed * np.sqrt(model.shutoff_head / model.branch_resistance) / 2.0)
    for _ in range(60):
        left = loop_pressures(model, flow, speed, gain).ravel()
        jacobian = np.empty((flow.size, flow.size))
        for n in range(flow.size):
            # quadratic, so a central difference is exact
            ahead, behind, h = flow.copy(), flow.copy(), flow.flat[n] / 2.0
            ahead.flat[n] += h
            behind.flat[n] -= h
            difference = loop_pressures(model, ahead, speed, gain) - loop_pressures(model, behind, speed, gain)
            jacobian[:, n] = difference.ravel() / (2.0 * h)
        change = np.linalg.solve(jacobian, -left).reshape(flow.shape)
        new = np.maximum(flow + change, 0.1 * flow)
        if np.array_equal(new, flow) or np.max(np.abs(new / flow - 1.0)) < 1e-15:
            break
        flow = new
    return flow
