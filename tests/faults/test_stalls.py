"""Faults of the loop: they make it late in real time, and change nothing else."""

from typing import Any

import pytest

from bms_emulator.faults.engine import FaultSet
from bms_emulator.plant.state import PlantOverlay
from bms_emulator.runtime.clock import StepClock
from bms_emulator.runtime.loop import Loop
from bms_emulator.runtime.stalls import Stalls
from tests.faults.conftest import Bench

MS = 1_000_000
DT = 0.01


class Work:
    """Work that does nothing but be late."""

    def __init__(self, clock: StepClock, faults: list[dict[str, Any]], ticks: int) -> None:
        self.stalls, self.faults, self.left = Stalls(clock), faults, ticks

    def speed(self) -> float:
        return 1.0

    def stopping(self) -> bool:
        return self.left == 0

    def hold_up(self) -> None:
        self.stalls.before_tick(self.faults)

    def tick(self) -> None:
        self.left -= 1
        self.stalls.during_tick(self.faults)

    def between(self) -> None: ...

    def gap(self, gap: object) -> None: ...


def run(bench: Bench, kind: str, ticks: int = 200, **settings: Any) -> Loop:
    """A loop while a fault acts, and as it was accepted, folded and listed."""
    faults: FaultSet = bench.faults
    faults.paced = True
    faults.add({"kind": kind, "target": "emulator", "parameters": settings, "seed": 3}, 0.0)
    faults.fold(0.0, bench.arena.group("plant.overlay", PlantOverlay), bench.arena)
    clock = StepClock()
    loop = Loop(Work(clock, list(faults.stalls), ticks), clock, DT, "slip")
    loop.run()
    faults.clear(everything=True)
    faults.fold(0.1, bench.overlay, bench.arena)
    assert faults.stalls == ()
    return loop


def test_an_overrun_lengthens_its_share_of_ticks(bench: Bench) -> None:
    loop = run(bench, "overrun", time="12ms", probability="20%")
    assert 20 <= loop.overruns <= 60
    assert run(bench, "overrun", time="12ms", probability="20%").overruns == loop.overruns


def test_jitter_makes_ticks_late_and_not_long(bench: Bench) -> None:
    loop = run(bench, "jitter", time="8ms")
    assert loop.overruns == 0
    assert 6e-3 < loop.lateness.summary()["max"] <= 8e-3


def test_a_pause_happens_once(bench: Bench) -> None:
    loop = run(bench, "pause", time="105ms")
    assert loop.lateness.summary()["max"] == pytest.approx(0.105, rel=0.1)
    assert loop.ticks_due == loop.ticks_run + loop.ticks_skipped
    assert loop.ticks_due - 200 <= 10


def test_without_a_fault_the_loop_is_on_time(bench: Bench) -> None:
    clock = StepClock()
    loop = Loop(Work(clock, [], 50), clock, DT, "strict")
    loop.run()
    assert loop.lateness.summary()["max"] == 0.0
