"""Ageing as the publications state it: one-shot equations, virtual time, and rainflow counting of a finished record."""

import itertools
import math
from collections.abc import Callable, Sequence

R = 8.314462618
T0 = 298.15
YEAR = 365.25 * 86400.0


def anode_potential(soc: float) -> float:
    x = 0.0085 + soc * (0.78 - 0.0085)
    rise = 0.6379 + 0.5416 * math.exp(-305.5309 * x) + 0.044 * math.tanh((0.1958 - x) / 0.1088)
    fall = 0.1978 * math.tanh((x - 1.0571) / 0.0854) + 0.6875 * math.tanh((x + 0.0117) / 0.0529)
    return rise - fall - 0.0175 * math.tanh((x - 0.5692) / 0.0875)


def arrhenius(energy: float, temperature: float) -> float:
    return math.exp(-energy / R * (1.0 / temperature - 1.0 / T0))


def naumann(time: float, cycles: float, temperature: float, soc: float, depth: float, rate: float) -> list[float]:
    """Calendar and cycle loss, calendar and cycle growth of resistance [1]; time [s]."""
    return [
        1.2571e-5 * arrhenius(17126, temperature) * (2.8575 * (soc - 0.5) ** 3 + 0.60225) * math.sqrt(time),
        0.01 * (0.0630 * rate + 0.0971) * (4.0253 * (depth - 0.6) ** 3 + 1.0923) * math.sqrt(cycles),
        3.4194e-10 * arrhenius(71827, temperature) * (-3.3903 * (soc - 0.5) ** 2 + 1.5604) * time,
        0.01 * max(0.0, 0.0021 - 0.0020 * rate) * (6.8477 * (depth - 0.5) ** 3 + 0.91882) * cycles,
    ]


def blast_250ah(time: float, cycles: float, temperature: float, soc: float, depth: float, rate: float) -> list[float]:
    """Calendar and cycle loss [1]."""
    calendar = 8.37e4 * math.exp(-5210 / temperature) * math.exp(-3560 * anode_potential(soc) / temperature)
    cyclic = (4.38e-8 + 1.55e-8 * depth + 1.68e-7 * rate) * (
        math.exp(2190 / temperature) + math.exp(-1.55e5 / temperature)
    )
    return [calendar * (time / 86400.0) ** 0.526, cyclic * cycles**0.828]


def schimpe(time: float, cycles: float, temperature: float, soc: float, depth: float, rate: float) -> list[float]:
    """Calendar loss, loss with charge moved, with charging in the cold, and with that at high charge [1]; 3 Ah cell."""
    tafel = math.exp(0.384 * 96485.33212 / R * (0.123 - anode_potential(soc)) / T0) + 0.142
    moved, charged, current = 6.0 * cycles, 3.0 * cycles, 3.0 * rate
    return [
        3.694e-4 * arrhenius(20592, temperature) * tafel * math.sqrt(time / 3600.0),
        1.456e-4 * arrhenius(32699, temperature) * math.sqrt(moved),
        4.009e-4 * arrhenius(-55546, temperature) * math.exp(2.64 * (current - 3.0) / 3.0) * math.sqrt(charged),
        2.031e-6
        * arrhenius(-2.33e5, temperature)
        * math.exp(7.84 * (current - 3.0) / 3.0)
        * (math.copysign(1.0, soc - 0.82) + 1.0)
        / 2.0
        * charged,
    ]


LAWS: dict[str, tuple[Callable[..., list[float]], list[float], list[bool]]] = {
    "naumann": (naumann, [0.5, 0.5, 1.0, 1.0], [True, False, True, False]),
    "blast-250ah": (blast_250ah, [0.526, 0.828], [True, False]),
    "schimpe": (schimpe, [0.5, 0.5, 0.5, 1.0], [True, False, False, False]),
}
"""Equations, exponents, and whether time is the driver."""


def go_on(damage: float, after_unit: float, exponent: float, amount: float) -> float:
    """Damage after `amount` more of the driver: on from the virtual time at which this rate would have led here."""
    if after_unit <= 0.0:
        return damage
    virtual = (damage / after_unit) ** (1.0 / exponent)
    return after_unit * (virtual + amount) ** exponent


def age(law: str, parts: list[float], time: float, cycles: float, **stress: float) -> list[float]:
    """Damage of each mechanism after more time [s] and equivalent full cycles under a constant stress."""
    equations, exponents, timed = LAWS[law]
    rates = equations(1.0, 1.0, **stress)
    return [
        go_on(part, rate, n, time if by_time else cycles)
        for part, rate, n, by_time in zip(parts, rates, exponents, timed, strict=True)
    ]


def turning_points(record: Sequence[float]) -> list[float]:
    """Ends and turns of a record."""
    points = [record[0]]
    for value in record[1:]:
        if value == points[-1]:
            continue
        if len(points) > 1 and (points[-1] > points[-2]) == (value > points[-1]):
            points[-1] = value
        else:
            points.append(value)
    return points


def rainflow(record: Sequence[float]) -> list[tuple[float, float]]:
    """Depth and number (1 or 0.5) of the cycles of a record, by the three-point rule of ASTM E1049."""
    stack: list[float] = []
    cycles: list[tuple[float, float]] = []
    for point in turning_points(record):
        stack.append(point)
        while len(stack) >= 3:
            latest, before = abs(stack[-1] - stack[-2]), abs(stack[-2] - stack[-3])
            if latest < before:
                break
            if len(stack) == 3:
                cycles.append((before, 0.5))
                stack.pop(0)
            else:
                cycles.append((before, 1.0))
                del stack[-3:-1]
    cycles += [(abs(b - a), 0.5) for a, b in itertools.pairwise(stack)]
    return cycles
