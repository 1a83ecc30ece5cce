"""A rack that one computes by hand: contactors that obey, a link that charges, voltages that a test sets."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.abi import Contactor

CELLS = 104
TEMPERATURES = 52
PACKS = 2
RATED_CURRENT = 175.0
RATED_CAPACITY = 314.0
"""[Ah]"""
PRECHARGE_RESISTANCE = 100.0
LINK_TIME_CONSTANT = 0.5
"""Of precharging [s]."""
LINK_BLEEDING = 20.0
"""Time constant of the open link [s]."""
OPEN = Contactor(0)
MAINS = Contactor.NEGATIVE | Contactor.POSITIVE
ZERO_DEGC = 273.15


@dataclass
class Plant:
    """The truth, and what a test does to it.

    Attributes:
        cell_voltage: [V], (cell,).
        temperature: [K], (sensor,).
        closed: Contactors that conduct.
        welded: Contactors that conduct whatever they are told.
        stuck: Contactors that never close.
        link: Voltage of the DC link [V].
        is_shorted: Whether the link cannot be charged.
        demand: Current that the PCS would like, positive in discharge [A].
        obeys: Whether the PCS keeps to the limits of the firmware.
        current: What flows [A].
    """

    cell_voltage: NDArray[np.float64] = field(default_factory=lambda: np.full(CELLS, 3.295))
    temperature: NDArray[np.float64] = field(default_factory=lambda: np.full(TEMPERATURES, ZERO_DEGC + 25.0))
    closed: Contactor = OPEN
    welded: Contactor = OPEN
    stuck: Contactor = OPEN
    link: float = 0.0
    is_shorted: bool = False
    demand: float = 0.0
    obeys: bool = True
    current: float = 0.0

    @property
    def string_voltage(self) -> float:
        """Sum of the cells [V]."""
        return float(self.cell_voltage.sum())

    def step(self, command: Contactor, charge_limit: float, discharge_limit: float, dt: float) -> None:
        """Advance by dt [s] under the command and the limits [A] of the firmware."""
        self.closed = (command | self.welded) & ~self.stuck
        if self.closed & MAINS == MAINS:
            self.link = self.string_voltage
            self.current = self.demand
            if self.obeys:
                self.current = min(max(self.demand, -charge_limit), discharge_limit)
        elif Contactor.NEGATIVE in self.closed and Contactor.PRECHARGE in self.closed:
            target = 0.0 if self.is_shorted else self.string_voltage
            self.link = target + (self.link - target) * math.exp(-dt / LINK_TIME_CONSTANT)
            self.current = (self.string_voltage - self.link) / PRECHARGE_RESISTANCE
        else:
            self.link *= math.exp(-dt / LINK_BLEEDING)
            self.current = 0.0
