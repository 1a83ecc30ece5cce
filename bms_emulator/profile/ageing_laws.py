"""Published ageing models of LFP cells, as coefficients.

Every model is a set of mechanisms, and every mechanism is a power law of what drives it:

    Q = k x^n        k = rate(z) exp(-activation(z) (1/T - 1/T0)) [g(D, C)]

with x the time [s] or the equivalent full cycles, z the state of charge, T0 = 298.15 K, and for cycles the factor

    g(D, C) = (max(0, c0 + c1 C) (d0 + d1 (D - d2)^3) + d3 D) exp(c2 (C - 1))

of the depth D of a cycle [1] and its rate C [1/h]. The first mechanism of a model is always the loss with time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from bms_emulator.profile.ageing import AgeingLaw
from bms_emulator.units import GAS_CONSTANT, SECONDS_PER_HOUR

REFERENCE_TEMPERATURE: Final = 298.15
"""Temperature T0 at which rates are stated [K]."""

_FARADAY: Final = 96485.33212
_SECONDS_PER_DAY: Final = 24.0 * SECONDS_PER_HOUR


@dataclass(frozen=True)
class CycleFactor:
    """Factor g of depth and rate; the coefficients are those of the module's equation."""

    c0: float = 1.0
    c1: float = 0.0
    c2: float = 0.0
    d0: float = 1.0
    d1: float = 0.0
    d2: float = 0.0
    d3: float = 0.0


@dataclass(frozen=True)
class Mechanism:
    """One way in which a cell ages.

    Attributes:
        effect: What grows: the loss of capacity, or the growth of resistance.
        driver: ``time``; ``cycles``, charge moved either way; ``charging``, charge moved in charging.
        exponent: n [1].
        rate: k at T0 over the state of charge, in s^-n or per equivalent full cycle^n.
        activation: Activation temperature over the state of charge [K]; negative where cold does harm.
        factor: Influence of depth and rate of cycles.
    """

    effect: Literal["capacity", "resistance"]
    driver: Literal["time", "cycles", "charging"]
    exponent: float
    rate: Callable[[float], float]
    activation: Callable[[float], float]
    factor: CycleFactor = CycleFactor()


@dataclass(frozen=True)
class Law:
    """A published model.

    Attributes:
        mechanisms: The loss with time first.
        resistance_per_loss: Growth of resistance per loss of capacity [1], where the model itself has none.
    """

    mechanisms: tuple[Mechanism, ...]
    resistance_per_loss: float = 0.0


def anode_potential(soc: float) -> float:
    """Open-circuit potential of the graphite anode against lithium [V]; 0.12330 V at half charge.

    Source: Safari and Delacourt, J. Electrochem. Soc. 158 (2011), with the stoichiometry of Schimpe et al. (2018).
    """
    x = 0.0085 + soc * (0.78 - 0.0085)
    return (
        0.6379
        + 0.5416 * math.exp(-305.5309 * x)
        + 0.044 * math.tanh(-(x - 0.1958) / 0.1088)
        - 0.1978 * math.tanh((x - 1.0571) / 0.0854)
        - 0.6875 * math.tanh((x + 0.0117) / 0.0529)
        - 0.0175 * math.tanh((x - 0.5692) / 0.0875)
    )


def _constant(value: float) -> Callable[[float], float]:
    return lambda soc: value


_NAUMANN: Final = Law(
    (
        Mechanism(
            "capacity",
            "time",
            0.5,
            lambda soc: 1.2571e-5 * (2.8575 * (soc - 0.5) ** 3 + 0.60225),
            _constant(17126.0 / GAS_CONSTANT),
        ),
        Mechanism(
            "capacity",
            "cycles",
            0.5,
            _constant(1e-2),
            _constant(0.0),
            CycleFactor(c0=0.0971, c1=0.0630, d0=1.0923, d1=4.0253, d2=0.6),
        ),
        Mechanism(
            "resistance",
            "time",
            1.0,
            lambda soc: 3.4194e-10 * (1.5604 - 3.3903 * (soc - 0.5) ** 2),
            _constant(71827.0 / GAS_CONSTANT),
        ),
        Mechanism(
            "resistance",
            "cycles",
            1.0,
            _constant(1e-2),
            _constant(0.0),
            CycleFactor(c0=0.0021, c1=-0.0020, d0=0.91882, d1=6.8477, d2=0.5),
        ),
    )
)
"""Naumann et al., J. Energy Storage 17 (2018) and J. Power Sources 451 (2020): Sony/Murata 3 Ah LFP, as in SimSES."""


def _schimpe_calendar(soc: float) -> float:
    overpotential = 0.384 * _FARADAY / GAS_CONSTANT * (0.123 - anode_potential(soc)) / REFERENCE_TEMPERATURE
    return 3.694e-4 / math.sqrt(SECONDS_PER_HOUR) * (math.exp(overpotential) + 0.142)


_SCHIMPE: Final = Law(
    (
        Mechanism("capacity", "time", 0.5, _schimpe_calendar, _constant(20592.0 / GAS_CONSTANT)),
        # an equivalent full cycle of the 3 Ah cell moves 6 Ah, 3 Ah of them in charging
        Mechanism("capacity", "cycles", 0.5, _constant(1.456e-4 * math.sqrt(6.0)), _constant(32699.0 / GAS_CONSTANT)),
        Mechanism(
            "capacity",
            "charging",
            0.5,
            _constant(4.009e-4 * math.sqrt(3.0)),
            _constant(-55546.0 / GAS_CONSTANT),
            CycleFactor(c2=2.64),
        ),
        Mechanism(
            "capacity",
            "charging",
            1.0,
            lambda soc: 2.031e-6 * 3.0 if soc > 0.82 else 0.0,
            _constant(-2.33e5 / GAS_CONSTANT),
            CycleFactor(c2=7.84),
        ),
    ),
    resistance_per_loss=1.0,
)
"""Schimpe et al., J. Electrochem. Soc. 165 (2018): LFP 3 Ah.

Loss in storage, with charge moved in the warm, by lithium plating in charging in the cold, and more of that above 82 %.
"""

_BLAST_250AH: Final = Law(
    (
        Mechanism(
            "capacity",
            "time",
            0.526,
            lambda soc: (
                8.37e4
                * math.exp(-(5210.0 + 3560.0 * anode_potential(soc)) / REFERENCE_TEMPERATURE)
                / _SECONDS_PER_DAY**0.526
            ),
            lambda soc: 5210.0 + 3560.0 * anode_potential(soc),
        ),
        # the published factor has a second term exp(-1.55e5 / T), below 1e-180 wherever a cell lives
        Mechanism(
            "capacity",
            "cycles",
            0.828,
            _constant(math.exp(2190.0 / REFERENCE_TEMPERATURE)),
            _constant(-2190.0),
            CycleFactor(c0=4.38e-8, c1=1.68e-7, d3=1.55e-8),
        ),
    ),
    resistance_per_loss=1.0,
)
"""BLAST-Lite (NREL), model of a large prismatic LFP cell above 250 Ah; data: 10.1016/j.est.2023.109042."""

LAWS: Final[dict[AgeingLaw, Law]] = {"naumann": _NAUMANN, "schimpe": _SCHIMPE, "blast-250ah": _BLAST_250AH}
"""Models by the name that a cell profile gives."""
