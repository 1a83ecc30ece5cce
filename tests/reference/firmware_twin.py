"""Slow, obvious twins of the firmware kernels."""

import math
from collections.abc import Sequence, Set

import numpy as np

from bms_emulator.firmware.contract import ConnectFailure
from bms_emulator.firmware.reference.sequence import STEPS, TRANSITIONS, Condition, Step


def extremes(row):  # type: ignore[no-untyped-def]
    """Highest and lowest valid value of a row with positions counted from 1, their sum and number."""
    valid = [(quantity, n + 1) for n, quantity in enumerate(row) if not math.isnan(quantity)]
    if not valid:
        return math.nan, 0, math.nan, 0, 0.0, 0
    highest = max(quantity for quantity, _ in valid)
    lowest = min(quantity for quantity, _ in valid)
    return (
        highest,
        next(n for quantity, n in valid if quantity == highest),
        lowest,
        next(n for quantity, n in valid if quantity == lowest),
        math.fsum(quantity for quantity, _ in valid),
        len(valid),
    )


def interpolate(quantity: float, grid: Sequence[float], column: Sequence[float]) -> float:
    """Linear interpolation, constant beyond the ends."""
    return float(np.interp(quantity, grid, column))


class Sequencer:
    """A rack that walks the table of transitions as it is written."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.failure: ConnectFailure | None = None
        self.locked: bool | None = None
        self.tries = 0
        self.openings_under_load = 0

    def see(self, holding: Set[Condition], current: float, open_current: float) -> None:
        """Take the first edge whose condition is among those that hold."""
        edges = (edge for edge in TRANSITIONS if edge.step is self.step and edge.condition in holding)
        edge = next(edges, None)
        if edge is None:
            return
        row = STEPS[edge.target]
        if STEPS[self.step].on_bus and not row.on_bus and not abs(current) < open_current:
            self.openings_under_load += 1
        self.failure = edge.failure if edge.failure is not None else self.failure
        self.locked = row.locked if row.locked is not None else self.locked
        self.tries = {"keep": self.tries, "count": self.tries + 1, "clear": 0}[row.tries]
        self.step = edge.target
