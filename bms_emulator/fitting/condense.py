"""From many pulses to the numbers of a profile: values at 25 °C, shapes over state of charge, activation energies.

    ln r_j = ln r_j(25 °C) + E_j x + ln shape_direction(z),    x = (1 / T - 1 / 298.15 K) / R

is linear in what is looked for: one weighted least-squares problem for all pulses, branches, temperatures and
directions. Shapes are straight between their points, and their mean over both directions at half charge is 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.fitting.lab import scipy_optimize
from bms_emulator.fitting.pulse_fit import PulseFit
from bms_emulator.fitting.pulses import Pulse
from bms_emulator.plant.table import monotone_curve
from bms_emulator.units import GAS_CONSTANT, kelvin

REFERENCE = kelvin(25.0)
"""Temperature at which a profile states resistances [K]."""
TEMPERATURE_STEP_MIN = 5.0
"""Least difference of temperatures from which an activation energy is told [K]."""
SCATTER = 0.02
"""Least scatter of the logarithm of a resistance [1]: no pulse counts for more than it would with it."""
STIFFNESS = 0.02
"""Weight of a shape's smoothness: a point without pulses continues its neighbours [1]."""
OWN = 6
"""Unknowns before the shapes: logarithms of three resistances, three activation energies [kJ/mol]."""
KILO = 1e3
KNOWN_ERROR_MAX = 0.5
"""Largest uncertainty of the logarithm of a resistance that is used at all [1]."""


@dataclass(frozen=True)
class Resistances:
    """Resistances in a profile's form.

    Attributes:
        resistance: r0, r1, r2 at 25 °C and shape 1 [Ohm].
        activation: Activation energy of each [J/mol].
        tau: tau1, tau2 [s].
        is_known: Whether any pulse shows r0, r1, r2.
        is_activation_fitted: Whether temperatures differed enough to tell activation energies.
        shape_soc: State of charge of the shapes' points [1], shape (n).
        shape_charge: Factor on all three while charging [1], shape (n).
        shape_discharge: Factor on all three while discharging [1], shape (n).
        soc_range: Lowest and highest state of charge at which there are pulses [1].
        directions: Directions that were measured: 1 discharge, -1 charge.
        scatter: Weighted root mean square of what the logarithms of r0, r1, r2 leave [1].
    """

    resistance: tuple[float, float, float]
    activation: tuple[float, float, float]
    tau: tuple[float, float]
    is_known: tuple[bool, bool, bool]
    is_activation_fitted: bool
    shape_soc: Array
    shape_charge: Array
    shape_discharge: Array
    soc_range: tuple[float, float]
    directions: frozenset[int]
    scatter: tuple[float, float, float]

    def total_at(self, soc: Array, direction: int) -> Array:
        """Resistance after long current at 25 °C [Ohm], direction 1 for discharge, -1 for charge."""
        return sum(self.resistance) * self._shape_at(soc, direction)

    def at(self, soc: Array, temperature: float, direction: int) -> Array:
        """r0, r1, r2 at states of charge [Ohm], shape (3, n)."""
        factor = np.exp(np.array(self.activation) * _coldness(temperature))
        result: Array = np.outer(np.array(self.resistance) * factor, self._shape_at(soc, direction))
        return result

    def trend(self, pulse: Pulse) -> float:
        """Relative change of the resistances over a pulse [1]."""
        before, after = np.log(self._shape_at(np.array(pulse.moved), 1 if pulse.current > 0.0 else -1))
        return float(after - before)

    def _shape_at(self, soc: Array, direction: int) -> Array:
        """Factor on all resistances [1], as the plant draws it."""
        shape = self.shape_discharge if direction > 0 else self.shape_charge
        return monotone_curve(self.shape_soc, shape, np.clip(soc, 0.0, 1.0))


def common_tau(fits: Sequence[PulseFit], branch: int) -> float | None:
    """Time constant of a branch over all pulses that show it [s], weighted by what they know; None where none does."""
    known = [fit for fit in fits if fit.knows_tau(branch)]
    if not known:
        return None
    logarithm = np.log([fit.tau[branch] for fit in known])
    weight = 1.0 / (np.array([fit.tau_uncertainty(branch) for fit in known]) ** 2 + SCATTER**2)
    return float(np.exp(_weighted_median(logarithm, weight)))


def condense(
    fits: Sequence[PulseFit],
    tau: tuple[float, float],
    shape_soc: Array,
    resistance: tuple[float, float, float],
    activation: tuple[float, float, float],
) -> Resistances:
    """The resistances of all pulses in a profile's form.

    Args:
        fits: Pulses with common time constants.
        tau: Those [s].
        shape_soc: States of charge of the shapes' points, from 0 to 1, shape (n).
        resistance: r0, r1, r2 where no pulse shows them [Ohm].
        activation: Activation energies where the pulses cannot tell them [J/mol].
    """
    soc = np.array([fit.pulse.soc for fit in fits])
    temperature = np.array([fit.pulse.temperature for fit in fits])
    coldness = np.array([_coldness(t) for t in temperature])
    is_charge = np.array([fit.pulse.current < 0.0 for fit in fits])
    logarithm = np.log([fit.resistance for fit in fits]).T
    error = np.array([[fit.resistance_uncertainty(branch) for fit in fits] for branch in range(3)])
    weight: Array = np.where(error <= KNOWN_ERROR_MAX, 1.0 / np.hypot(error, SCATTER), 0.0)
    is_known = [bool(row.any()) for row in weight]
    is_activation_fitted = bool(np.ptp(temperature) >= TEMPERATURE_STEP_MIN)

    hats = np.stack([np.interp(soc, shape_soc, row) for row in np.eye(shape_soc.size)], axis=1)
    both = bool(is_charge.any() and not is_charge.all())
    to_charge = is_charge if both else np.ones_like(is_charge)  # one direction stands for both
    shapes = np.hstack([hats * to_charge[:, None], hats * ~to_charge[:, None]])
    rows, values = [_smoothness(shape_soc), _normal(shape_soc, both)], [np.zeros(2 * shape_soc.size)]
    for branch in range(3):
        own = np.zeros((soc.size, OWN))
        own[:, branch] = 1.0
        own[:, 3 + branch] = KILO * coldness * is_activation_fitted
        given = 0.0 if is_activation_fitted else activation[branch] * coldness
        rows.append(np.hstack([own, shapes]) * weight[branch][:, None])
        values.append((logarithm[branch] - given) * weight[branch])
    system = np.vstack(rows)
    low = np.full(system.shape[1], -np.inf)
    low[3:OWN] = 0.0  # resistance never rises with temperature
    found = scipy_optimize().lsq_linear(system, np.concatenate(values), (low, np.full_like(low, np.inf))).x
    charge, discharge = np.exp(found[OWN : OWN + shape_soc.size]), np.exp(found[OWN + shape_soc.size :])
    r0, r1, r2 = (float(np.exp(found[j])) if is_known[j] else resistance[j] for j in range(3))
    e0, e1, e2 = (
        float(KILO * found[3 + j]) if is_known[j] and is_activation_fitted else activation[j] for j in range(3)
    )
    left = [
        float(np.linalg.norm(row @ found - value) / max(float(np.linalg.norm(w)), 1e-300))
        for row, value, w in zip(rows[2:], values[1:], weight, strict=True)
    ]
    return Resistances(
        resistance=(r0, r1, r2),
        activation=(e0, e1, e2),
        tau=tau,
        is_known=(is_known[0], is_known[1], is_known[2]),
        is_activation_fitted=is_activation_fitted,
        shape_soc=shape_soc,
        shape_charge=charge,
        shape_discharge=discharge if both else charge,
        soc_range=(float(soc.min()), float(soc.max())),
        directions=frozenset(-1 if charging else 1 for charging in is_charge.tolist()),
        scatter=(left[0], left[1], left[2]),
    )


def _coldness(temperature: float) -> float:
    """What an activation energy is multiplied with [mol/J]."""
    return (1.0 / temperature - 1.0 / REFERENCE) / GAS_CONSTANT


def _smoothness(shape_soc: Array) -> Array:
    """Rows that ask neighbouring points of a shape to be alike, weakly."""
    points = shape_soc.size
    difference = STIFFNESS * (np.eye(points)[1:] - np.eye(points)[:-1])
    rows = np.zeros((2 * (points - 1), OWN + 2 * points))
    rows[: points - 1, OWN : OWN + points] = difference
    rows[points - 1 :, OWN + points :] = difference
    return rows


def _normal(shape_soc: Array, both: bool) -> Array:
    """Rows that make the mean of the shapes 1 at half charge, and leave a shape without pulses at 1."""
    points = shape_soc.size
    half = np.array([np.interp(0.5, shape_soc, row) for row in np.eye(points)])
    rows = np.zeros((2, OWN + 2 * points))
    rows[0, OWN : OWN + points] = half
    rows[0 if both else 1, OWN + points :] = half
    return 1e3 * rows


def _weighted_median(values: Array, weights: Array) -> float:
    """The value with half of the weight on either side: some pulses that went wrong do not move it."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, 0.5 * reached[-1])])
