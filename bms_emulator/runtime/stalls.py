"""Faults of the loop in real time: ticks that take too long or begin late, and an emulator that stands still."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bms_emulator.runtime.clock import Clock

_NANOSECONDS = 1e9


class Stalls:
    """Makes a loop late as the active faults of the loop say.

    Args:
        clock: By which the loop goes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._chances: dict[int, random.Random] = {}
        self._paused: dict[int, bool] = {}

    def before_tick(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Wait before a tick begins: jitter, and pauses that have begun since the last tick."""
        active = {fault["id"]: fault for fault in faults}
        self._chances = {number: chance for number, chance in self._chances.items() if number in active}
        self._paused = {number: done for number, done in self._paused.items() if number in active}
        late = 0.0
        for number, fault in active.items():
            if "pause_s" in fault and not self._paused.get(number):
                self._paused[number] = True
                late += fault["pause_s"]
            elif "late_s" in fault:
                late += self._draw(fault) * fault["late_s"]
        self._wait(late)

    def during_tick(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Lengthen the work of a tick."""
        self._wait(sum(fault["overrun_s"] for fault in faults if "overrun_s" in fault and self._draw(fault) > 0.0))

    def _draw(self, fault: Mapping[str, Any]) -> float:
        """A number above 0, up to 1, where chance hits this tick, else 0."""
        chance = self._chances.setdefault(fault["id"], random.Random(fault["seed"]))
        hits, amount = chance.random() < fault["probability"], 1.0 - chance.random()
        return amount if hits else 0.0

    def _wait(self, seconds: float) -> None:
        if seconds > 0.0:
            self._clock.wait_until(self._clock.now() + round(seconds * _NANOSECONDS))
