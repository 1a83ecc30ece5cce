"""Slow twin of plant/cell.py: one cell after the other, in plain Python with exact exponentials."""

import math
from dataclasses import dataclass

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.cell import CellModel


def curve(table: Array, column: int) -> Array:
    """Points of a tabulated curve."""
    return np.append(table[:, column], table[-1, column] + table[-1, column + 1])


@dataclass
class CellTwin:
    """One cell."""

    model: CellModel
    rack: int
    cell: int
    soc: float
    hysteresis: float
    v_rc1: float
    v_rc2: float
    r0: float
    r1: float
    r2: float
    bypass_current: float
    heat: float = 0.0
    voltage: float = 0.0
    charge_moved: float = 0.0

    def advance(self, current: float, dt: float) -> None:
        """One step with a string current [A]."""
        m = self.model
        capacity = m.capacity[self.rack, self.cell]
        own = current + self.bypass_current
        stored = current if current > 0.0 else m.coulombic_efficiency * current
        before = self.soc
        self.soc -= (stored + self.bypass_current) * dt / capacity
        e = math.exp(-abs(m.hysteresis_rate * (before - self.soc)))
        self.hysteresis = e * self.hysteresis - (1.0 - e) * math.copysign(1.0, before - self.soc)
        a1, a2 = math.exp(-dt / m.tau1), math.exp(-dt / m.tau2)
        self.v_rc1 = a1 * self.v_rc1 + (1.0 - a1) * self.r1 * own
        self.v_rc2 = a2 * self.v_rc2 + (1.0 - a2) * self.r2 * own
        source = self.open_circuit_voltage() + self.half_gap() * self.hysteresis - self.v_rc1 - self.v_rc2
        self.voltage = source - self.r0 * own
        mean_voltage = self.open_circuit_voltage() + 0.5 * self.slope() * (before - self.soc)
        self.heat += (mean_voltage * (stored + self.bypass_current) - self.voltage * current) * dt
        self.charge_moved += stored * dt

    def refresh(self, temperature: float, gain: float, short_conductance: float) -> None:
        """Take up what moves slowly."""
        m, soc = self.model, min(max(self.soc, 0.0), 1.0)
        grid = np.linspace(0.0, 1.0, m.shape.shape[0] + 1)
        kelvins = m.resistance_begin + m.resistance_step * np.arange(m.resistance.shape[0] + 1)
        factor = float(np.interp(soc, grid, curve(m.shape, 0))) * gain * m.resistance_scale[self.rack, self.cell]
        entropy = float(np.interp(soc, grid, curve(m.shape, 2)))
        self.r0, self.r1, self.r2 = (
            factor * float(np.interp(temperature, kelvins, curve(m.resistance, column))) for column in (0, 2, 4)
        )
        self.heat -= temperature * entropy * self.charge_moved
        self.charge_moved = 0.0
        self.bypass_current = m.self_discharge[self.rack, self.cell] + self.voltage * short_conductance

    def source(self, current: float, dt: float) -> tuple[float, float]:
        """Source voltage [V] and resistance [Ohm] for the coming step."""
        m = self.model
        a1, a2 = math.exp(-dt / m.tau1), math.exp(-dt / m.tau2)
        direction = math.copysign(1.0, current)
        sagging = self.slope() + self.half_gap_slope() * self.hysteresis
        sagging += m.hysteresis_rate * self.half_gap() * (1.0 + direction * self.hysteresis)
        resistance = self.r0 + (1.0 - a1) * self.r1 + (1.0 - a2) * self.r2
        resistance += sagging * dt / m.capacity[self.rack, self.cell]
        voltage = self.open_circuit_voltage() + self.half_gap() * self.hysteresis - a1 * self.v_rc1 - a2 * self.v_rc2
        return voltage - resistance * self.bypass_current, resistance

    def open_circuit_voltage(self) -> float:
        """[V]."""
        soc = min(max(self.soc, self.model.soc_min), self.model.soc_max)
        i = self._segment()
        table, count = self.model.open_circuit, self.model.open_circuit.shape[0]
        return float(table[i, 0] + (soc * count - i) * table[i, 1])

    def half_gap(self) -> float:
        """[V]."""
        soc = min(max(self.soc, self.model.soc_min), self.model.soc_max)
        i = self._segment()
        table, count = self.model.open_circuit, self.model.open_circuit.shape[0]
        return float(table[i, 2] + (soc * count - i) * table[i, 3])

    def slope(self) -> float:
        """Of the open-circuit voltage [V]."""
        return float(self.model.open_circuit[self._segment(), 1] * self.model.open_circuit.shape[0])

    def half_gap_slope(self) -> float:
        """Of half of the hysteresis gap [V]."""
        return float(self.model.open_circuit[self._segment(), 3] * self.model.open_circuit.shape[0])

    def _segment(self) -> int:
        count = self.model.open_circuit.shape[0]
        return min(max(math.floor(self.soc * count), 0), count - 1)
