"""A rig whose values a test sets by time: it has no physics, so that one sees what a runner does."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Event
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.testing.bench import RefusedError
from bms_emulator.testing.drivers.driver import Capability
from bms_emulator.testing.record import Timing

Law = Callable[[float], float]


class FakeDriver:
    """Points whose values are functions of the time since it began."""

    def __init__(self, catalogue: Catalogue, step: float = 0.1, **laws: Law) -> None:
        self.catalogue, self.step, self.ticks = catalogue, step, 0
        self.begin = 1000.0
        self.laws = laws
        self.done: list[tuple[float, str, Any]] = []
        self.faults: set[str] = set()
        self.told: list[Event] = []
        self.kept = Timing()

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(Capability)

    @property
    def since(self) -> float:
        return self.ticks * self.step

    @property
    def time(self) -> float:
        return self.begin + self.since

    def read(self, offsets: Array) -> Array:
        values = np.zeros(self.catalogue.layout.size)
        for name, law in self.laws.items():
            for selection in self.catalogue.select(name):
                values[selection.offsets()] = law(self.since)
        return values[offsets]

    def write(self, values: Mapping[str, object]) -> None:
        if "refused" in values.values():
            raise RefusedError("it is refused")
        self.done.append((round(self.since, 6), "write", dict(values)))

    def advance(self, seconds: float) -> None:
        self.ticks += max(1, round(seconds / self.step))

    def fault(self, kind: str, target: str, name: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.done.append((round(self.since, 6), "fault", name))
        self.faults.add(name or kind)
        return {"name": name or kind}

    def clear(self, *names: str) -> list[str]:
        for name in names:
            if name not in self.faults:
                raise RefusedError(f"{name}: no such fault")
            self.faults.remove(name)
            self.done.append((round(self.since, 6), "clear", name))
        return list(names)

    def events(self, after: int) -> list[Event]:
        return [event for event in self.told if event.sequence > after]

    def timing(self) -> Timing:
        return self.kept

    def close(self) -> None:
        pass
