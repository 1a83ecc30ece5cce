"""Slow twins of plant/cell.py: one cell after the other, in plain Python with exact exponentials.

:class:`ExactCell` is the circuit itself, advanced whole in every step. :class:`PackTwin` does what the kernel does: its
cells are brought up to date now and then, and lie on straight lines in between.
"""

import math
from dataclasses import dataclass

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.cell import CellModel


def curve(table: Array, column: int) -> Array:
    """Points of a tabulated curve."""
    return np.append(table[:, column], table[-1, column] + table[-1, column + 1])


@dataclass
class Cell:
    """State of a cell, and what the tables say of it."""

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

    @property
    def capacity(self) -> float:
        """[A s]."""
        return float(self.model.capacity[self.rack, self.cell])

    def follow(self, lost: float, moved: float) -> None:
        """Hysteresis after a loss of state of charge, `moved` of it in either direction [1]."""
        e = math.exp(-self.model.hysteresis_rate * moved)
        self.hysteresis = e * self.hysteresis - (1.0 - e) * (lost / moved if moved > 0.0 else 0.0)

    def refresh(self, temperature: float, gain: float, short_conductance: float, charge: float) -> None:
        """Resistances, bypass current, and reversible heat of the charge drawn [A s] since the last refresh."""
        m, soc = self.model, min(max(self.soc, 0.0), 1.0)
        grid = np.linspace(0.0, 1.0, m.shape.shape[0] + 1)
        kelvins = m.resistance_begin + m.resistance_step * np.arange(m.resistance.shape[0] + 1)
        factor = float(np.interp(soc, grid, curve(m.shape, 0))) * gain * m.resistance_scale[self.rack, self.cell]
        entropy = float(np.interp(soc, grid, curve(m.shape, 2)))
        self.r0, self.r1, self.r2 = (
            factor * float(np.interp(temperature, kelvins, curve(m.resistance, column))) for column in (0, 2, 4)
        )
        self.heat -= temperature * entropy * charge
        self.bypass_current = m.self_discharge[self.rack, self.cell] + self.voltage * short_conductance

    def source_voltage(self) -> float:
        """Terminal voltage without a string current [V]."""
        at_rest = self.open_circuit_voltage() + self.half_gap() * self.hysteresis
        return at_rest - self.v_rc1 - self.v_rc2 - self.r0 * self.bypass_current

    def stored_energy(self) -> float:
        """Energy above soc 0 [J]: the integral of the open-circuit voltage."""
        table, count, i = self.model.open_circuit, self.model.open_circuit.shape[0], self._segment()
        soc = min(max(self.soc, self.model.soc_min), self.model.soc_max)
        whole = math.fsum(table[:i, 0]) + 0.5 * math.fsum(table[:i, 1])
        part = 0.5 * (table[i, 0] + self.open_circuit_voltage()) * (soc * count - i)
        return float(((whole + part) / count + self.open_circuit_voltage() * (self.soc - soc)) * self.capacity)

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


class ExactCell(Cell):
    """One cell whose circuit is advanced whole in every step."""

    def advance(self, current: float, dt: float) -> None:
        """One step with a string current [A]."""
        m = self.model
        own = current + self.bypass_current
        stored = current if current > 0.0 else m.coulombic_efficiency * current
        lost = (stored + self.bypass_current) * dt / self.capacity
        self.soc -= lost
        self.follow(lost, abs(lost))
        a1, a2 = math.exp(-dt / m.tau1), math.exp(-dt / m.tau2)
        self.v_rc1 = a1 * self.v_rc1 + (1.0 - a1) * self.r1 * own
        self.v_rc2 = a2 * self.v_rc2 + (1.0 - a2) * self.r2 * own
        self.voltage = self.source_voltage() - self.r0 * current


@dataclass
class PackTwin:
    """A pack whose cells are brought up to date now and then."""

    model: CellModel
    cells: list[Cell]
    relaxed: tuple[float, float] = (0.0, 0.0)
    reference: tuple[float, float] = (0.0, 0.0)
    charge: float = 0.0
    turnover: float = 0.0
    elapsed: float = 0.0

    def __post_init__(self) -> None:
        self.draw_lines()

    def draw_lines(self) -> None:
        """Tangents of the cells' voltages in their present state: source voltage, fall per charge and per turnover."""
        rate = self.model.hysteresis_rate
        self.lines = []
        for cell in self.cells:
            slope = cell.slope() + cell.half_gap_slope() * cell.hysteresis + rate * cell.half_gap()
            turning = rate * cell.half_gap() * cell.hysteresis
            self.lines.append((cell.source_voltage(), slope / cell.capacity, turning / cell.capacity))
        ohmic = math.fsum(cell.r0 for cell in self.cells)
        self.ratios = [math.fsum(getattr(cell, name) for cell in self.cells) / ohmic for name in ("r1", "r2")]

    def voltages(self, current: float, charge: float, turnover: float, relaxed: tuple[float, float]) -> list[float]:
        """Terminal voltages on the lines [V]."""
        for ratio, now, then in zip(self.ratios, relaxed, self.reference, strict=True):
            current += ratio * (now - then)
        return [
            source - per_charge * charge - per_turnover * turnover - cell.r0 * current
            for cell, (source, per_charge, per_turnover) in zip(self.cells, self.lines, strict=True)
        ]

    def relax(self, current: float, dt: float) -> tuple[float, float]:
        """What of a current has got through the RC branches after a step [A]."""
        decays = (math.exp(-dt / self.model.tau1), math.exp(-dt / self.model.tau2))
        return tuple(a * now + (1.0 - a) * current for a, now in zip(decays, self.relaxed, strict=True))  # type: ignore[return-value]

    def advance(self, current: float, dt: float) -> None:
        """One step with a string current [A]."""
        stored = current if current > 0.0 else self.model.coulombic_efficiency * current
        self.relaxed = self.relax(current, dt)
        self.charge += stored * dt
        self.turnover += abs(stored) * dt
        self.elapsed += dt
        for cell, voltage in zip(
            self.cells, self.voltages(current, self.charge, self.turnover, self.relaxed), strict=True
        ):
            cell.voltage = voltage
            cell.heat -= voltage * current * dt

    def update(self, temperatures: Array, gains: Array, short_conductances: Array) -> None:
        """Bring the cells up to date; heat is right from now on, what the string took was booked step by step."""
        for n, cell in enumerate(self.cells):
            for name, r, tau, now, then in zip(
                ("v_rc1", "v_rc2"),
                (cell.r1, cell.r2),
                (self.model.tau1, self.model.tau2),
                self.relaxed,
                self.reference,
                strict=True,
            ):
                a = math.exp(-self.elapsed / tau)
                through = now - a * then + (1.0 - a) * cell.bypass_current
                setattr(cell, name, a * getattr(cell, name) + r * through)
            before = cell.stored_energy()
            lost = (self.charge + cell.bypass_current * self.elapsed) / cell.capacity
            cell.soc -= lost
            cell.follow(lost, max(abs(lost), self.turnover / cell.capacity))
            cell.heat += before - cell.stored_energy()
            cell.refresh(temperatures[n], gains[n], short_conductances[n], self.charge)
        self.reference = self.relaxed
        self.charge = self.turnover = self.elapsed = 0.0
        self.draw_lines()

    def source(self, current: float, dt: float) -> tuple[float, float]:
        """Source voltage [V] and resistance [Ohm] for the coming step, from the voltages at two currents."""

        def after(coming: float) -> float:
            sign = math.copysign(1.0, current)
            share = 1.0 if sign > 0.0 else self.model.coulombic_efficiency
            moved = share * coming * dt
            return math.fsum(
                self.voltages(coming, self.charge + moved, self.turnover + sign * moved, self.relax(coming, dt))
            )

        source = after(0.0)
        return source, (source - after(1000.0)) / 1000.0
