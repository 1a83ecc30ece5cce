"""Slow twins of the cells' kernels: one cell after the other, in plain Python with exact exponentials.

:class:`ExactCell` is the circuit itself, advanced whole in every step. :class:`PackTwin` does what the kernel does: its
cells are brought up to date now and then, and lie on straight lines in between.
"""

import copy
import math
from dataclasses import dataclass, field

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.cell import CellModel

CHARGE, DISCHARGE, ENTROPY = 0, 2, 4
"""Columns of the table of shapes."""


def curve(table: Array, column: int) -> Array:
    """Points of a tabulated curve."""
    return np.append(table[:, column], table[-1, column] + table[-1, column + 1])


def at(table: Array, column: int, position: float) -> float:
    """Value of a tabulated curve at a position counted in segments; its ends are not prolonged."""
    position = min(max(position, 0.0), float(len(table)))
    i = min(math.floor(position), len(table) - 1)
    return float(table[i, column] + (position - i) * table[i, column + 1])


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
    capacity: float
    resistance_growth: float = 1.0
    voltage_gain: float = 1.0
    direction: float = 1.0
    heat: float = 0.0
    voltage: float = 0.0

    def drawn(self, charge: float) -> float:
        """What the cell gives of a charge [A s]: with a failed separator the rest passes beside it."""
        return self.voltage_gain * charge

    def follow(self, lost: float, moved: float) -> None:
        """Hysteresis after a loss of state of charge, `moved` of it in either direction [1]."""
        e = math.exp(-self.model.hysteresis_rate * moved)
        self.hysteresis = e * self.hysteresis - (1.0 - e) * (lost / moved if moved > 0.0 else 0.0)

    def shape(self, direction: float) -> float:
        """Factor on all resistances at the state of charge [1]."""
        column = DISCHARGE if direction > 0.0 else CHARGE
        return at(self.model.shape, column, self.soc * len(self.model.shape))

    def at_temperature(self, temperature: float) -> tuple[float, ...]:
        """The three resistances of the cell type [Ohm]."""
        m = self.model
        held = min(max(temperature, m.temperature_min), m.temperature_max)
        coldness = 1.0 / held - 1.0 / m.reference_temperature
        rows = ((m.r0, m.activation0), (m.r1, m.activation1), (m.r2, m.activation2))
        return tuple(r * math.exp(activation * coldness) for r, activation in rows)

    def resist(self, temperature: float, gain: float) -> None:
        """Take up the resistances of the present state."""
        factor = self.shape(self.direction) * gain * self.resistance_growth
        factor *= float(self.model.resistance_scale[self.rack, self.cell])
        self.r0, self.r1, self.r2 = (factor * r for r in self.at_temperature(temperature))

    def turn(self, direction: float) -> None:
        """Take up the resistances of the other direction, all else as at the last update."""
        ratio = self.shape(direction) / self.shape(self.direction)
        self.r0, self.r1, self.r2 = self.r0 * ratio, self.r1 * ratio, self.r2 * ratio
        self.direction = direction

    def refresh(self, temperature: float, gain: float, short_conductance: float, charge: float) -> None:
        """Resistances, bypass current, and reversible heat of the charge drawn [A s] since the last refresh."""
        self.heat -= temperature * at(self.model.shape, ENTROPY, self.soc * len(self.model.shape)) * charge
        self.resist(temperature, gain)
        self.bypass_current = float(self.model.self_discharge[self.rack, self.cell]) + self.voltage * short_conductance

    def source_voltage(self) -> float:
        """Terminal voltage without a string current [V]."""
        at_rest = self.open_circuit_voltage() + self.half_gap() * self.hysteresis
        at_rest -= self.direction * self.model.hysteresis_instantaneous
        return self.voltage_gain * at_rest - self.v_rc1 - self.v_rc2 - self.r0 * self.bypass_current

    def stored_energy(self) -> float:
        """Energy above soc 0 [J]: the integral of the open-circuit voltage."""
        table, count, i = self.model.open_circuit, self.model.open_circuit.shape[0], self._segment()
        soc = min(max(self.soc, self.model.soc_min), self.model.soc_max)
        whole = math.fsum(table[:i, 0]) + 0.5 * math.fsum(table[:i, 1])
        part = 0.5 * (table[i, 0] + self.open_circuit_voltage()) * (soc * count - i)
        return float(((whole + part) / count + self.open_circuit_voltage() * (self.soc - soc)) * self.capacity)

    def open_circuit_voltage(self) -> float:
        """[V]."""
        return self._prolonged(0)

    def half_gap(self) -> float:
        """[V]."""
        return self._prolonged(2)

    def slope(self) -> float:
        """Of the open-circuit voltage [V]."""
        return float(self.model.open_circuit[self._segment(), 1] * self.model.open_circuit.shape[0])

    def half_gap_slope(self) -> float:
        """Of half of the hysteresis gap [V]."""
        return float(self.model.open_circuit[self._segment(), 3] * self.model.open_circuit.shape[0])

    def _prolonged(self, column: int) -> float:
        soc = min(max(self.soc, self.model.soc_min), self.model.soc_max)
        table, i = self.model.open_circuit, self._segment()
        return float(table[i, column] + (soc * len(table) - i) * table[i, column + 1])

    def _segment(self) -> int:
        count = len(self.model.open_circuit)
        return min(max(math.floor(self.soc * count), 0), count - 1)


@dataclass
class ExactCell(Cell):
    """One cell whose circuit is advanced whole in every step."""

    def advance(self, current: float, dt: float, temperature: float, gain: float = 1.0) -> None:
        """One step with a string current [A] and the resistances of the state before it."""
        m = self.model
        if current * self.direction < 0.0:
            self.direction = -self.direction
        self.resist(temperature, gain)
        own = current + self.bypass_current
        stored = current if self.direction > 0.0 else m.coulombic_efficiency * current
        lost = (self.drawn(stored * dt) + self.bypass_current * dt) / self.capacity
        self.soc -= lost
        self.follow(lost, abs(lost))
        a1, a2 = math.exp(-dt / m.tau1), math.exp(-dt / m.tau2)
        self.v_rc1 = a1 * self.v_rc1 + (1.0 - a1) * self.r1 * own
        self.v_rc2 = a2 * self.v_rc2 + (1.0 - a2) * self.r2 * own
        self.voltage = self.source_voltage() - self.r0 * current


@dataclass
class PackTwin:
    """A pack whose cells are brought up to date now and then, and at once after its current turned."""

    model: CellModel
    cells: list[Cell]
    temperatures: Array
    direction: float = 1.0
    turned: bool = False
    relaxed: tuple[float, float] = (0.0, 0.0)
    reference: tuple[float, float] = (0.0, 0.0)
    charge: float = 0.0
    charge_before_turn: float = 0.0
    elapsed: float = 0.0
    branch_elapsed: float = 0.0
    ratios: list[float] = field(default_factory=list)
    lines: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw_lines()

    def draw_lines(self) -> None:
        """Tangents of the cells' voltages: source voltage, fall per charge, and what of it turns with the current."""
        rate = self.model.hysteresis_rate
        self.lines = []
        for cell in self.cells:
            slope = cell.slope() + cell.half_gap_slope() * cell.hysteresis + rate * cell.half_gap()
            turning = rate * cell.half_gap() * cell.hysteresis
            per_charge = cell.voltage_gain / cell.capacity
            self.lines.append((cell.source_voltage(), slope * per_charge, turning * per_charge))
        typical = [cell.at_temperature(t) for cell, t in zip(self.cells, self.temperatures, strict=True)]
        self.ratios = [math.fsum(r[n] for r in typical) / math.fsum(r[0] for r in typical) for n in (1, 2)]

    def slopes(self) -> list[float]:
        """Fall of the cells' voltages with the charge drawn, in the direction they hold [V/(A s)]."""
        return [per_charge + self.direction * turning for _, per_charge, turning in self.lines]

    def ohmic(self) -> float:
        """Ohmic resistance [Ohm]."""
        return math.fsum(cell.r0 for cell in self.cells)

    def remembered(self, relaxed: tuple[float, float]) -> float:
        """What relaxed currents have added since the last update, at the ratio of their resistances [A]."""
        return sum(ratio * (now - then) for ratio, now, then in zip(self.ratios, relaxed, self.reference, strict=True))

    def voltages(self, current: float, charge: float, relaxed: tuple[float, float]) -> list[float]:
        """Terminal voltages on the lines [V]."""
        return [
            source - slope * charge - cell.r0 * (current + self.remembered(relaxed))
            for cell, (source, _, _), slope in zip(self.cells, self.lines, self.slopes(), strict=True)
        ]

    def relax(self, current: float, dt: float) -> tuple[float, float]:
        """What of a current has got through the RC branches after a step [A]."""
        decays = (math.exp(-dt / self.model.tau1), math.exp(-dt / self.model.tau2))
        return tuple(a * now + (1.0 - a) * current for a, now in zip(decays, self.relaxed, strict=True))  # type: ignore[return-value]

    def is_far_along(self, reach: float) -> bool:
        """Whether a cell has moved further than `reach` [V] along its line."""
        return abs(self.charge) * max(self.slopes()) > reach

    def charge_branches(self) -> None:
        """Voltages over the RC branches now; they have had one resistance since they were charged last."""
        for cell in self.cells:
            for name, r, tau, now, then in zip(
                ("v_rc1", "v_rc2"),
                (cell.r1, cell.r2),
                (self.model.tau1, self.model.tau2),
                self.relaxed,
                self.reference,
                strict=True,
            ):
                a = math.exp(-self.branch_elapsed / tau)
                through = now - a * then + (1.0 - a) * cell.bypass_current
                setattr(cell, name, a * getattr(cell, name) + r * through)
        self.branch_elapsed = 0.0

    def turn(self) -> None:
        """End the lines and begin those of the other direction; charge and hysteresis move at the next update."""
        self.charge_branches()
        before, remembered, slopes = self.ohmic(), self.remembered(self.relaxed), self.slopes()
        self.direction = -self.direction
        for n, cell in enumerate(self.cells):
            source, per_charge, turning = self.lines[n]
            r0 = cell.r0
            cell.turn(self.direction)
            source -= slopes[n] * self.charge + r0 * remembered + (cell.r0 - r0) * cell.bypass_current
            source -= 2.0 * self.direction * self.model.hysteresis_instantaneous * cell.voltage_gain
            self.lines[n] = (source, per_charge, turning)
        self.charge_before_turn, self.charge = self.charge, 0.0
        self.rescale(before / self.ohmic(), before / self.ohmic())
        self.turned = True

    def rescale(self, *shares: float) -> None:
        """Tell in new resistances what relaxed through the old ones, so that voltages over the branches stay."""
        self.relaxed = self.reference = tuple(s * i for s, i in zip(shares, self.relaxed, strict=True))  # type: ignore[assignment]

    def advance(self, current: float, dt: float) -> None:
        """One step with a string current [A]."""
        if current * self.direction < 0.0:
            self.turn()
        stored = current if self.direction > 0.0 else self.model.coulombic_efficiency * current
        self.relaxed = self.relax(current, dt)
        self.charge += stored * dt
        self.elapsed += dt
        self.branch_elapsed += dt
        for cell, voltage in zip(self.cells, self.voltages(current, self.charge, self.relaxed), strict=True):
            cell.voltage = voltage
            cell.heat -= voltage * current * dt

    def update(self, temperatures: Array, gains: Array, short_conductances: Array) -> None:
        """Bring the cells up to date; heat is right from now on, what the string took was booked step by step."""
        self.charge_branches()
        before = [ratio * self.ohmic() for ratio in self.ratios]
        parts = (self.charge_before_turn, self.charge)
        for n, cell in enumerate(self.cells):
            stored = cell.stored_energy()
            lost = (sum(map(cell.drawn, parts)) + cell.bypass_current * self.elapsed) / cell.capacity
            cell.soc -= lost
            cell.follow(lost, max(abs(lost), sum(map(abs, parts)) / cell.capacity))
            cell.heat += stored - cell.stored_energy()
            cell.refresh(temperatures[n], gains[n], short_conductances[n], sum(parts))
        self.temperatures = temperatures
        self.draw_lines()
        self.rescale(*(then / (ratio * self.ohmic()) for then, ratio in zip(before, self.ratios, strict=True)))
        self.charge = self.charge_before_turn = self.elapsed = 0.0
        self.turned = False

    def source(self, direction: float, dt: float) -> tuple[float, float]:
        """Source voltage [V] and resistance [Ohm] for a coming step in a direction: the line through two currents."""
        coming = copy.deepcopy(self)
        if direction != self.direction:
            coming.turn()
        share = 1.0 if direction > 0.0 else self.model.coulombic_efficiency

        def after(current: float) -> float:
            moved = share * current * dt
            return math.fsum(coming.voltages(current, coming.charge + moved, coming.relax(current, dt)))

        source = after(0.0)
        return source, (source - after(1000.0)) / 1000.0
