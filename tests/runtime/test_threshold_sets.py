"""What the choice of thresholds does: the same faults, three firmwares."""

from typing import Any

import numpy as np
import pytest

from bms_emulator.firmware.contract import RackMode
from bms_emulator.interfaces.link import Command
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator

SILENT = {"kind": "cmu-silence", "target": "rack[2].pack[3].cmu", "parameters": {}, "name": "silent"}
HIGH = {
    "kind": "stuck",
    "target": "rack[2].cell[41].voltage",
    "parameters": {"value": "3.61V"},
    "name": "high",
}


def outcome(thresholds: str, fault: dict[str, Any], seconds: float) -> tuple[RackMode, float, float]:
    """Mode of rack 2, its alarm level, and the bank's charge current limit after a time with a fault."""
    emulator = Emulator(load_site("cabinet", {"firmware": thresholds, "container.rack_count": 3}), seed=3)

    def points(selector: str) -> np.ndarray:
        (selection,) = emulator.catalogue.select(selector)
        return emulator.arena.buffer[selection.offsets()]

    def run(duration: float) -> None:
        for _ in range(round(duration / emulator.dt)):
            emulator.tick()

    _, request = emulator.catalogue.find("container.request")
    assert emulator.apply(Command("write", "test", {"writes": [[request, 1.0]]})).accepted
    run(60.0)
    assert (points("rack[*].mode") == RackMode.CONNECTED).all()
    assert points("container.charge_current_limit")[0] > 0.0
    assert emulator.apply(Command("fault_add", "test", {"fault": fault})).accepted
    run(seconds)
    mode, level = points("rack[2].mode")[0], points("rack[2].alarm_level")[0]
    return RackMode(int(mode)), float(level), float(points("container.charge_current_limit")[0])


@pytest.mark.parametrize(
    ("thresholds", "mode", "level", "goes_on"),
    [
        ("strict", RackMode.FAULT, 3, True),  # rack 2 is open, the others go on without it
        ("default", RackMode.CONNECTED, 2, False),  # it stays, and holds the current of all at 0
        ("lax", RackMode.CONNECTED, 1, True),  # a mere warning: current flows past cells that nobody sees
    ],
)
def test_a_pack_that_falls_silent_opens_stops_or_only_warns(
    thresholds: str, mode: RackMode, level: int, goes_on: bool
) -> None:
    found = outcome(thresholds, SILENT, 4.5)
    assert found[:2] == (mode, level)
    assert (found[2] > 0.0) == goes_on


def test_a_cell_at_a_high_voltage_is_judged_later_by_laxer_thresholds() -> None:
    levels = {thresholds: outcome(thresholds, HIGH, 6.0)[1] for thresholds in ("strict", "default", "lax")}
    assert levels["strict"] > levels["lax"]
    assert levels["strict"] >= levels["default"] > levels["lax"]
