"""Slow twins of plant/bus.py.

Where no string changes sides, capacitor, bleed resistor and strings are one linear system: matrix exponential. For a
step with strings that may, the bus is solved by bisection over nested monotone functions, string by string; and the
capacitor's course within the step by an adaptive solver.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad, solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq

from bms_emulator.arrays import Array


def linear_bus_twin(
    sources: Array, conductances: Array, bleed: float, capacitance: float, before: float, current: float, dt: float
) -> tuple[float, float]:
    """Bus voltage after dt [s] and its mean [V] while the PCS draws a constant current [A]."""
    rate = np.array(
        [
            [-(conductances.sum() + bleed) / capacitance, 0.0, (conductances @ sources - current) / capacitance],
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
        ]
    )
    after = expm(rate * dt) @ np.array([before, 0.0, 1.0])
    return float(after[0]), float(after[1] / dt)


def linear_bus_current_twin(
    sources: Array, conductances: Array, bleed: float, capacitance: float, before: float, power: float, dt: float
) -> float:
    """PCS current [A] at which the mean power over the step is `power` [W], by root finding."""

    def excess(current: float) -> float:
        return current * linear_bus_twin(sources, conductances, bleed, capacitance, before, current, dt)[1] - power

    guess = 2.0 * abs(power) / sources.mean() + 1.0
    return float(brentq(excess, -guess, guess, xtol=1e-12, rtol=1e-14))


@dataclass
class BusTwin:
    """Strings with a gap between discharge and charge on one bus.

    Attributes:
        give: Source voltage [V] and resistance with its path [Ohm] of each string in discharge; infinite if open.
        take: The same in charge.
        busbar: From the node of the strings to the link [Ohm].
        bleed: Across the link [S].
        capacitance: Of the link [F].
        before: Voltage of the link before the step [V].
        dt: Step [s].
    """

    give: list[tuple[float, float]]
    take: list[tuple[float, float]]
    busbar: float
    bleed: float
    capacitance: float
    before: float
    dt: float

    def string_currents(self, node: float) -> list[float]:
        """Current of each string at a voltage of the node [A]."""
        currents = []
        for (e_d, r_d), (e_c, r_c) in zip(self.give, self.take, strict=True):
            if node < e_d:
                currents.append((e_d - node) / r_d)
            elif node > max(e_c, e_d):
                currents.append((max(e_c, e_d) - node) / r_c)
            else:
                currents.append(0.0)
        return currents

    def strings_at(self, link: float) -> tuple[float, float]:
        """Sum of the string currents [A] and voltage of the node [V] at a voltage of the link [V]."""
        node = self._root(lambda v: v - self.busbar * sum(self.string_currents(v)) - link, link)
        return sum(self.string_currents(node)), node

    def memory(self) -> float:
        """Change of the link's voltage over the step, relative to that of its mean [1], all strings on one side."""
        g = max(sum(1.0 / r for _, r in side) for side in (self.give, self.take))
        x = (g / (1.0 + self.busbar * g) + self.bleed) * self.dt / self.capacitance
        knee = min(0.5, 40.0 / x)  # beyond it the exponential is below rounding
        mean = quad(lambda s: -np.expm1(-x * s), 0.0, 1.0, points=[knee], epsabs=0.0, epsrel=1e-12, limit=500)[0]
        return float(-np.expm1(-x) / mean)

    def link_at(self, current: float) -> float:
        """Mean voltage of the link while the PCS draws a current [A], by bisection: currents fall with the voltage."""
        phi = self.memory()

        def missing(link: float) -> float:
            stored = self.capacitance / self.dt * phi * (link - self.before)
            return stored + current + self.bleed * link - self.strings_at(link)[0]

        return self._root(missing, self.before)

    def current_for_power(self, power: float) -> float:
        """PCS current [A] nearest to zero that takes a power [W]; it must be feasible with ease."""
        limit = 1.5 * power / self.link_at(0.0) if power else 0.0
        return float(brentq(lambda i: i * self.link_at(i) - power, *sorted((0.0, limit)), xtol=1e-11)) if power else 0.0

    def course(self, current: float) -> tuple[float, float]:
        """Voltage of the link after the step and its mean [V] by an adaptive solver, sides changing as they will."""

        def rate(_: float, y: Array) -> list[float]:
            flow = self.strings_at(float(y[0]))[0] - current - self.bleed * y[0]
            return [flow / self.capacitance, y[0]]

        done = solve_ivp(rate, (0.0, self.dt), [self.before, 0.0], rtol=1e-8, atol=1e-8, max_step=self.dt / 50)
        return float(done.y[0, -1]), float(done.y[1, -1] / self.dt)

    @staticmethod
    def _root(rising: Callable[[float], float], start: float) -> float:
        low, high, width = start, start, 1.0
        while rising(low) > 0.0:
            low, width = low - width, 2.0 * width
        while rising(high) < 0.0:
            high, width = high + width, 2.0 * width
        for _ in range(100):
            middle = 0.5 * (low + high)
            if rising(middle) > 0.0:
                high = middle
            else:
                low = middle
        return 0.5 * (low + high)
