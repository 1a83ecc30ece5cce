"""Resistances and time constants of one pulse, by least squares.

The circuit of plant/cell.py in the rows of a pulse and of the rest after it:

    V = OCV(z) + h M(z) - d M0 + offset - r0 i - r1 x1(t, tau1) - r2 x2(t, tau2)

where x1, x2 are what of the current has got through the RC branches. The offset takes up what the open-circuit curve
misses at this point.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.fitting.lab import scipy_optimize
from bms_emulator.fitting.open_circuit import OpenCircuitCurve
from bms_emulator.fitting.pulses import Pulse, effective_current, relaxed_current

TAU_RATIO_MIN = 2.0
"""Least ratio of the time constants [1]: nearer ones are one branch."""
TAU_GUESSES = 14
"""Time constants that are tried in pairs for a first guess."""
TAU_MIN = 0.3
"""Least fast time constant, in sampling periods [1]: what is quicker is ohmic."""
TAU_MAX = 3.0
"""Largest time constant, in lengths of pulse and rest [1]: what is slower is a drift."""
RESISTANCE_MIN, RESISTANCE_MAX = 1e-7, 1.0
"""Bounds of every resistance [Ohm]."""
OFFSET_MAX = 0.1
"""Bound of the offset [V]."""
UNCERTAINTY_MAX = 0.25
"""Largest uncertainty of the logarithm of a time constant that counts as known [1]."""


@dataclass(frozen=True, eq=False)
class PulseFit:
    """What a pulse says.

    Attributes:
        pulse: The pulse.
        resistance: r0, r1, r2 [Ohm].
        tau: tau1, tau2 [s].
        resistance_error: Standard error of the logarithm of each resistance [1].
        tau_error: Standard error of the logarithm of each time constant [1].
        offset: What the open-circuit curve misses [V].
        rms: Root mean square of what is left [V].
    """

    pulse: Pulse
    resistance: tuple[float, float, float]
    tau: tuple[float, float]
    resistance_error: tuple[float, float, float]
    tau_error: tuple[float, float]
    offset: float
    rms: float

    @property
    def misfit(self) -> tuple[float, float, float]:
        """What is left of the voltage, relative to the drop over each resistance [1]."""
        drops = [max(abs(r * self.pulse.current), 1e-9) for r in self.resistance]
        return self.rms / drops[0], self.rms / drops[1], self.rms / drops[2]

    def tau_uncertainty(self, branch: int) -> float:
        """What is not known of the logarithm of a time constant, 0 fast, 1 slow: by noise and by misfit [1]."""
        return float(np.hypot(self.tau_error[branch], self.misfit[1 + branch]))

    def resistance_uncertainty(self, branch: int) -> float:
        """What is not known of the logarithm of a resistance, by noise and by misfit [1]."""
        return float(np.hypot(self.resistance_error[branch], self.misfit[branch]))

    def knows_tau(self, branch: int) -> bool:
        """Whether the pulse shows the time constant of a branch, 0 fast, 1 slow."""
        lasted = self.pulse.duration + self.pulse.rest
        return self.tau_uncertainty(branch) <= UNCERTAINTY_MAX and self.tau[branch] <= lasted


def fit_pulse(pulse: Pulse, curve: OpenCircuitCurve, guess: PulseFit | None = None) -> PulseFit:
    """All five parameters of a pulse, by bounded least squares in their logarithms.

    Args:
        pulse: The pulse.
        curve: Open-circuit voltage and hysteresis gap.
        guess: An earlier fit to begin from; a grid of time constants is searched without one.
    """
    drop, current = _drop(pulse, curve), effective_current(pulse)
    tau_low, tau_high = _tau_bounds(pulse)
    tau = guess.tau if guess else _guess(pulse, drop, current, tau_low, tau_high)
    resistance, offset = _resistances(pulse, drop, current, tau)
    low = np.log([RESISTANCE_MIN, RESISTANCE_MIN, tau_low, RESISTANCE_MIN, TAU_RATIO_MIN])
    high = np.log([RESISTANCE_MAX, RESISTANCE_MAX, tau_high / TAU_RATIO_MIN, RESISTANCE_MAX, tau_high / tau_low])
    start = np.log([resistance[0], resistance[1], tau[0], resistance[2], tau[1] / tau[0]])
    inside = np.clip(start, low + 1e-3, high - 1e-3)

    def residual(parameters: Array) -> Array:
        r0, r1, tau1, r2, ratio = np.exp(parameters[:5])
        modelled = r0 * current + r1 * relaxed_current(pulse, tau1) + r2 * relaxed_current(pulse, tau1 * ratio)
        result: Array = modelled - parameters[5] - drop
        return result

    found = scipy_optimize().least_squares(
        residual,
        np.append(inside, np.clip(offset, -OFFSET_MAX, OFFSET_MAX)),
        bounds=(np.append(low, -OFFSET_MAX), np.append(high, OFFSET_MAX)),
        x_scale=[0.1, 0.1, 0.1, 0.1, 0.1, 1e-3],
        ftol=1e-10,
        xtol=1e-8,
    )
    r0, r1, tau1, r2, ratio = np.exp(found.x[:5])
    rms = float(np.sqrt(np.mean(found.fun**2)))
    covariance = _covariance(found.jac, rms)
    slow = covariance[2, 2] + covariance[4, 4] + 2.0 * covariance[2, 4]
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return PulseFit(
        pulse,
        (float(r0), float(r1), float(r2)),
        (float(tau1), float(tau1 * ratio)),
        (float(error[0]), float(error[1]), float(error[3])),
        (float(error[2]), float(np.sqrt(max(slow, 0.0)))),
        float(found.x[5]),
        rms,
    )


def fit_resistances(fit: PulseFit, curve: OpenCircuitCurve, tau: tuple[float, float]) -> PulseFit:
    """The same pulse with given time constants: its three resistances and the offset are then a linear problem."""
    pulse = fit.pulse
    drop, current = _drop(pulse, curve), effective_current(pulse)
    resistance, offset = _resistances(pulse, drop, current, tau)
    columns = _columns(pulse, current, tau)
    left = columns @ np.append(resistance, offset) - drop
    rms = float(np.sqrt(np.mean(left**2)))
    error = np.sqrt(np.maximum(np.diag(_covariance(columns, rms)), 0.0))[:3] / resistance
    return PulseFit(pulse, resistance, tau, (error[0], error[1], error[2]), fit.tau_error, offset, rms)


def fitted_voltage(fit: PulseFit, curve: OpenCircuitCurve) -> Array:
    """Voltage of a fit in the rows of its pulse [V]."""
    pulse = fit.pulse
    columns = _columns(pulse, effective_current(pulse), fit.tau)
    result: Array = _at_rest(pulse, curve) - columns @ np.append(fit.resistance, fit.offset)
    return result


def _at_rest(pulse: Pulse, curve: OpenCircuitCurve) -> Array:
    """Voltage that the cell would rest at, in the rows of a pulse [V]."""
    course, rows = pulse.course, pulse.rows
    return curve.voltage_at_rest(course.soc[rows], course.hysteresis[rows], course.direction[rows])


def _drop(pulse: Pulse, curve: OpenCircuitCurve) -> Array:
    """Measured voltage below that at rest [V]."""
    return _at_rest(pulse, curve) - pulse.course.record.voltage[pulse.rows]


def _columns(pulse: Pulse, current: Array, tau: tuple[float, float]) -> Array:
    """What r0, r1, r2 and the offset are multiplied with, shape (rows, 4)."""
    constant = np.full_like(current, -1.0)
    return np.stack([current, *(relaxed_current(pulse, t) for t in tau), constant], axis=1)


def _resistances(
    pulse: Pulse, drop: Array, current: Array, tau: tuple[float, float]
) -> tuple[tuple[float, float, float], float]:
    """Resistances [Ohm] and offset [V] for given time constants, none below its bound."""
    bounds = ([RESISTANCE_MIN] * 3 + [-OFFSET_MAX], [RESISTANCE_MAX] * 3 + [OFFSET_MAX])
    r0, r1, r2, offset = scipy_optimize().lsq_linear(_columns(pulse, current, tau), drop, bounds).x
    return (float(r0), float(r1), float(r2)), float(offset)


def _guess(pulse: Pulse, drop: Array, current: Array, tau_low: float, tau_high: float) -> tuple[float, float]:
    """The pair of time constants on a grid that leaves least, with resistances to suit."""
    taus = np.geomspace(1.1 * tau_low, 0.9 * tau_high, TAU_GUESSES)
    relaxed = [relaxed_current(pulse, tau) for tau in taus]
    constant = np.full_like(current, -1.0)
    best, least = (float(taus[0]), float(taus[-1])), np.inf
    for one, two in combinations(range(TAU_GUESSES), 2):
        if taus[two] < TAU_RATIO_MIN * taus[one]:
            continue
        columns = np.stack([current, relaxed[one], relaxed[two], constant], axis=1)
        solution = np.linalg.lstsq(columns, drop, rcond=None)[0]
        left = float(np.sum((columns @ solution - drop) ** 2))
        if left < least and (solution[:3] > 0.0).all():
            best, least = (float(taus[one]), float(taus[two])), left
    return best


def _tau_bounds(pulse: Pulse) -> tuple[float, float]:
    """Least and largest time constant that a pulse could show [s]."""
    time = pulse.course.record.time[pulse.rows]
    low = TAU_MIN * float(np.min(np.diff(time)))
    return low, max(TAU_MAX * float(time[-1] - time[0]), 10.0 * low)


def _covariance(jacobian: Array, rms: float) -> Array:
    """Covariance of the parameters of a least-squares fit."""
    rows, count = jacobian.shape
    scale = np.sqrt(np.sum(jacobian**2, axis=0)) + 1e-300
    inverse = np.linalg.pinv((jacobian / scale).T @ (jacobian / scale), rcond=1e-12)
    result: Array = inverse / np.outer(scale, scale) * rms**2 * rows / max(rows - count, 1)
    return result
