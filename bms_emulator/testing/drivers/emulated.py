"""An emulated site on the rig, in this process."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Event
from bms_emulator.testing.bench import Bench
from bms_emulator.testing.drivers.driver import Capability
from bms_emulator.testing.record import Timing
from bms_emulator.testing.served import ServedBench


class Emulated:
    """Drives a bench; of one that is served, who awaits it lets time pass.

    Args:
        bench: The site.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.catalogue = bench.emulator.catalogue
        self.step = bench.emulator.dt

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All; stepped time unless it is tied to the wall's."""
        tied = isinstance(self.bench, ServedBench) and self.bench.speed is not None
        return frozenset(Capability) - ({Capability.STEPPED} if tied else set())

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self.bench.time

    def read(self, offsets: NDArray[np.int64]) -> Array:
        """Values of points."""
        return self.bench.emulator.arena.buffer[offsets].copy()

    def write(self, values: Mapping[str, object]) -> None:
        """Write points together."""
        self.bench.write(values)

    def advance(self, seconds: float) -> None:
        """Let time pass [s]."""
        self.bench.run(seconds)

    def fault(self, kind: str, target: str, name: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Add a fault."""
        return self.bench.fault(kind, target, name, **parameters)

    def clear(self, *names: str) -> list[str]:
        """Clear faults."""
        return self.bench.clear(*names)

    def events(self, after: int) -> list[Event]:
        """Events."""
        return self.bench.events(after)

    def timing(self) -> Timing:
        """How well time was kept."""
        return self.bench.timing() if isinstance(self.bench, ServedBench) else Timing()

    def close(self) -> None:
        """End the processes of users' firmware."""
        self.bench.close()
