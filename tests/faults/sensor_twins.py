"""Two cabinets that live the same life, of which one is broken: what the sound one reads is what should be read."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pytest

from bms_emulator.arrays import Array
from bms_emulator.testing.bench import Bench

SITE = {"container.rack.sensors.temperature_k.lag_s": 0}


class Twins:
    """A broken site and a sound one, stepped together.

    Args:
        site: Both.
        wanted: Values in place of those of its profiles.
    """

    def __init__(self, site: str = "cabinet", wanted: Mapping[str, Any] = SITE) -> None:
        self.broken, self.sound = Bench(site, wanted), Bench(site, wanted)

    def run(self, seconds: float) -> Self:
        """Let time pass for both."""
        self.broken.run(seconds)
        self.sound.run(seconds)
        return self

    def break_(self, kind: str, target: str, **parameters: Any) -> None:
        """Break the one."""
        self.broken.fault(kind, target, name="x", **parameters)

    def mend(self) -> None:
        """Clear what was broken."""
        self.broken.clear("x")

    def values(self, selector: str) -> tuple[Array, Array]:
        """What the broken one reads, and what the sound one does."""
        return self.broken.values(selector), self.sound.values(selector)

    def trail(self, selector: str, seconds: float) -> tuple[Array, Array]:
        """The same tick by tick, shape (ticks, points)."""
        ticks = round(seconds / self.sound.emulator.dt)
        seen = [self.run(self.sound.emulator.dt).values(selector) for _ in range(ticks)]
        return np.array([broken for broken, _ in seen]), np.array([sound for _, sound in seen])

    def unequal(self) -> list[str]:
        """Measured arrays in which they differ, to the last bit."""
        arenas = self.broken.emulator.arena, self.sound.emulator.arena
        measured = (name for name in arenas[0].layout.slots if name.startswith("measured."))
        return [name for name in measured if arenas[0][name].tobytes() != arenas[1][name].tobytes()]


_twins: list[Twins] = []


@pytest.fixture
def twins() -> Twins:
    """Equal twins some seconds old; those that a test before has left unequal are replaced."""
    if not _twins or _twins[0].unequal():
        _twins[:] = [Twins().run(5.0)]
    return _twins[0]
