"""Link faults as a server applies them: answers that come late or not at all."""

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bms_emulator.interfaces.modbus.device import UnitPlan

DELAY, SILENCE = "modbus-delay", "modbus-silence"

_TARGET = re.compile(r"modbus(:(?P<map>[^/]+)(/(?P<unit>\d+))?)?")


@dataclass
class Disturbance:
    """One active fault.

    Attributes:
        kind: ``modbus-delay`` or ``modbus-silence``.
        map: Register map that it hits, all where None.
        unit: Unit that it hits, all of the map where None.
        time: Mean delay [s].
        jitter: Largest deviation from it, either way [s].
        probability: Share of the requests that it hits.
        chance: Its own sequence of random numbers.
    """

    kind: str
    map: str | None
    unit: int | None
    time: float
    jitter: float
    probability: float
    chance: random.Random

    def hits(self, unit: UnitPlan | None) -> bool:
        """Whether it is meant for a unit; one that does not exist belongs to no map."""
        if unit is None:
            return self.map is None
        return self.map in (None, unit.map) and self.unit in (None, unit.unit)

    def delay(self) -> float | None:
        """Delay of the next answer [s], None where there is no answer."""
        struck = self.chance.random() < self.probability
        deviation = self.jitter * self.chance.uniform(-1.0, 1.0)
        if not struck:
            return 0.0
        return None if self.kind == SILENCE else max(0.0, self.time + deviation)


class Disturbances:
    """All faults that are active on the connections of a server."""

    def __init__(self) -> None:
        self.active: list[Disturbance] = []
        self._chances: dict[tuple[Any, ...], random.Random] = {}

    def update(self, faults: Iterable[Mapping[str, Any]]) -> None:
        """Take over the faults of the emulator's status; a fault that goes on keeps its random sequence."""
        active: list[Disturbance] = []
        chances: dict[tuple[Any, ...], random.Random] = {}
        for fault in faults:
            match = _TARGET.fullmatch(str(fault["target"]).strip())
            if fault["kind"] not in (DELAY, SILENCE) or match is None:
                continue
            key = (fault["id"], fault["name"], fault["seed"])
            chances[key] = chance = self._chances.get(key) or random.Random(fault["seed"])
            unit = None if match["unit"] is None else int(match["unit"])
            numbers = (fault["time_s"], fault["jitter_s"], fault["probability"])
            if fault["probability"] > 0.0:
                active.append(Disturbance(fault["kind"], match["map"], unit, *numbers, chance))
        self.active, self._chances = active, chances

    def delay(self, unit: UnitPlan | None) -> float | None:
        """Delay of the next answer of a unit [s], the sum of all faults'; None where there is no answer."""
        delays = [disturbance.delay() for disturbance in self.active if disturbance.hits(unit)]
        return None if None in delays else sum(delay for delay in delays if delay is not None)
