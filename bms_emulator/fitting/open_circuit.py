"""Open-circuit voltage and hysteresis gap from a slow charge and a slow discharge."""

from dataclasses import dataclass

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.fitting.lab import scipy_optimize
from bms_emulator.fitting.records import OpenCircuitRecord, SlowBranch
from bms_emulator.plant.table import monotone_curve

RISE_MIN = 1e-6
"""Least rise between two points of the table [V]: the state of charge must follow from the voltage."""
APART_MIN = 1.0
"""Least difference of the two branches' states of hysteresis from which the gap can be told [1]."""
DIGITS = 6
"""Decimals of a voltage that a table keeps: 1 µV, as its least rise."""


@dataclass(frozen=True)
class OpenCircuitCurve:
    """Open-circuit voltage and half of the hysteresis gap over state of charge, shape (n) each.

    Attributes:
        soc: State of charge [1].
        voltage: Between the branches [V].
        half_gap: Half of the part of the gap that follows the charge moved [V].
        instantaneous: Half of the part of the gap that turns at once with the current; not in `half_gap` [V].
        error: Root mean square of what the monotone branches leave of the measurement [V].
    """

    soc: Array
    voltage: Array
    half_gap: Array
    instantaneous: float
    error: float

    def voltage_at_rest(self, soc: Array, hysteresis: Array, direction: Array) -> Array:
        """Voltage without current [V] in states of charge and hysteresis, after a current of a direction (1, -1)."""
        return self.voltage_at(soc) + hysteresis * self.half_gap_at(soc) - direction * self.instantaneous

    def voltage_at(self, soc: Array) -> Array:
        """Open-circuit voltage [V] at states of charge, as the plant draws it; straight on beyond the ends."""
        low, high = (np.diff(self.voltage[end]) / np.diff(self.soc[end]) for end in (slice(2), slice(-2, None)))
        inside = monotone_curve(self.soc, self.voltage, np.clip(soc, 0.0, 1.0))
        result: Array = inside + np.minimum(soc, 0.0) * low + np.maximum(soc - 1.0, 0.0) * high
        return result

    def half_gap_at(self, soc: Array) -> Array:
        """Half of the hysteresis gap [V] at states of charge, as the plant draws it."""
        return monotone_curve(self.soc, self.half_gap, np.clip(soc, 0.0, 1.0))


def fit_open_circuit(
    record: OpenCircuitRecord,
    grid: Array,
    hysteresis_rate: float,
    instantaneous: float,
    resistance_charge: Array,
    resistance_discharge: Array,
) -> OpenCircuitCurve:
    """The curve of the two slow branches, freed from the voltage drop of their currents.

    Each branch is replaced by the nearest curve that rises with charge (isotonic regression), which takes noise away
    where the curve is flat and keeps its knees. Each begins where the other ended, so that its hysteresis has to turn
    first: h = 1 - 2 exp(-rate z) in charge and -1 + 2 exp(-rate (1 - z)) in discharge. With V = OCV + h M for both, OCV
    and M follow; where both are on the same side, M is that of the nearest point at which they are not.

    Args:
        record: Both branches.
        grid: States of charge of the table, from 0 to 1, shape (n).
        hysteresis_rate: Rate of the hysteresis per unit of state of charge [1].
        instantaneous: Half of the part of the gap that turns at once with the current [V].
        resistance_charge: Resistance after long charging at each of them [Ohm], shape (n).
        resistance_discharge: The same for discharging.
    """
    charge, charge_error = _monotone(record.charge, grid)
    discharge, discharge_error = _monotone(record.discharge, grid)
    charge = charge - resistance_charge * record.charge.current - instantaneous
    discharge = discharge + resistance_discharge * record.discharge.current + instantaneous
    turned_up = 1.0 - 2.0 * np.exp(-hysteresis_rate * grid)
    turned_down = 2.0 * np.exp(-hysteresis_rate * (1.0 - grid)) - 1.0
    apart = turned_up - turned_down
    clear = apart >= APART_MIN
    half_gap = np.interp(grid, grid[clear], np.maximum(0.0, (charge - discharge)[clear] / apart[clear]))
    voltage = 0.5 * (charge + discharge - (turned_up + turned_down) * half_gap)
    error = float(np.hypot(charge_error, discharge_error) / np.sqrt(2.0))
    return OpenCircuitCurve(grid, np.round(_rising(voltage), DIGITS), half_gap, instantaneous, error)


def _monotone(branch: SlowBranch, grid: Array) -> tuple[Array, float]:
    """A branch as a rising curve on the grid [V], and what that leaves [V]."""
    rising = scipy_optimize().isotonic_regression(branch.voltage).x
    error = float(np.sqrt(np.mean((branch.voltage - rising) ** 2)))
    return np.interp(grid, branch.soc, rising), error


def _rising(voltage: Array) -> Array:
    """The voltage with each point at least a little above the one before."""
    ramp = RISE_MIN * np.arange(voltage.size)
    result: Array = np.maximum.accumulate(voltage - ramp) + 2.0 * ramp
    return result
