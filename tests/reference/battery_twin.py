"""Slow, obvious twins for the estimator: cells as a circuit in small steps, and energies by brute force."""

import math

import numpy as np

from bms_emulator.profile.cell import CellProfile

KELVIN_25 = 298.15
GAS_CONSTANT = 8.314462618


class Cells:
    """Cells of one type in series: two RC branches, one-state hysteresis, at a constant temperature.

    Args:
        cell: Their profile.
        soc: State of charge [1], any shape; the last axis is that of the cells of a string.
        capacity: Of every cell [A s].
        growth: Resistance over that of a fresh cell [1].
        temperature: [K].
    """

    def __init__(self, cell: CellProfile, soc, capacity, growth=1.0, temperature: float = KELVIN_25) -> None:  # type: ignore[no-untyped-def]
        self.cell = cell
        self.soc = np.array(soc, np.float64)
        self.capacity = capacity
        self.branch1 = np.zeros_like(self.soc)
        self.branch2 = np.zeros_like(self.soc)
        self.hysteresis = np.zeros_like(self.soc)
        resistance = cell.resistance
        coldness = 1 / temperature - 1 / KELVIN_25
        self.r0, self.r1, self.r2 = (
            growth * milliohm / 1e3 * math.exp(activation * 1e3 / GAS_CONSTANT * coldness)
            for milliohm, activation in (
                (resistance.r0_mohm, resistance.activation_r0_kj_per_mol),
                (resistance.r1_mohm, resistance.activation_r1_kj_per_mol),
                (resistance.r2_mohm, resistance.activation_r2_kj_per_mol),
            )
        )

    def shape(self, current):  # type: ignore[no-untyped-def]
        """Factor on the resistances in the direction of the current [1]."""
        table = self.cell.resistance
        discharging = np.interp(self.soc, table.shape_soc, table.shape_discharge)
        charging = np.interp(self.soc, table.shape_soc, table.shape_charge)
        return np.where(current >= 0.0, discharging, charging)

    def step(self, current, dt: float) -> None:  # type: ignore[no-untyped-def]
        """Draw a current [A], broadcast against the cells, for a time [s]."""
        moved = np.broadcast_to(current * dt / self.capacity, self.soc.shape)
        self.soc = self.soc - moved
        turn = np.exp(-self.cell.hysteresis_rate * np.abs(moved))
        self.hysteresis = turn * self.hysteresis - (1.0 - turn) * np.sign(moved)
        for branch, tau in ((self.branch1, self.cell.resistance.tau1_s), (self.branch2, self.cell.resistance.tau2_s)):
            branch += (1.0 - math.exp(-dt / tau)) * (current - branch)

    def voltage(self, current):  # type: ignore[no-untyped-def]
        """Terminal voltage at a current [V]."""
        table = self.cell.open_circuit
        rest = np.interp(self.soc, table.soc, table.voltage_v)
        gap = np.interp(self.soc, table.soc, table.hysteresis_mv) / 1e3
        drop = self.r0 * current + self.r1 * self.branch1 + self.r2 * self.branch2
        return rest + self.hysteresis * gap - self.shape(current) * drop


def energy(cell: CellProfile, start: float, end: float, capacity: float, current: float) -> float:
    """Energy that a cell gives from one state of charge to another at a current, branches settled [J].

    It is negative where the cell takes it; current positive in discharge [A], capacity [A s].
    """
    table, resistance = cell.open_circuit, cell.resistance
    total = (resistance.r0_mohm + resistance.r1_mohm + resistance.r2_mohm) / 1e3
    count = 20_000
    grid = start + (end - start) * (np.arange(count) + 0.5) / count
    gap = np.interp(grid, table.soc, table.hysteresis_mv) / 1e3
    shape = np.interp(
        grid, resistance.shape_soc, resistance.shape_discharge if current > 0 else resistance.shape_charge
    )
    voltage = np.interp(grid, table.soc, table.voltage_v) - math.copysign(1.0, current) * gap - shape * total * current
    return float(voltage.mean() * (start - end) * capacity)
