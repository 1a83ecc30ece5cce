"""What a report draws of a capture: the points that a selector means, and every peak."""

from pathlib import Path

import numpy as np
import pytest

from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.recorder import Recorder, Signal
from bms_emulator.testing.record import Provenance, Record
from bms_emulator.testing.report.curves import panels_of, picks

CATALOGUE = Catalogue(load_site("cabinet"))
NAMES = [
    name
    for text in ("rack[*].cell[*].voltage", "rack[*].soc", "rack[*].alarm[*].level", "container.*", "pcs.*")
    for selection in CATALOGUE.select(text)
    for name in selection.names()
] + [name for selection in CATALOGUE.select("plant.rack[*].contactor[*].closed") for name in selection.names()]
RECORD = Record("t", "o", (), Provenance("", "", "", "", "", 0, "", "", ""), "2026-01-01")


@pytest.mark.parametrize(
    "selector",
    [
        "rack[1].soc",
        "container.rack[1].soc",
        "container[1].rack[*].soc",
        "rack[1].cell[2..4].voltage",
        "rack[1].cell[1,3,7..9].voltage",
        "rack[1].alarm[cell_overvoltage].level",
        "container.mode",
        "pcs.state",
        "plant.rack[1].contactor[main_positive].closed",
        "plant.container[1].rack[1].contactor[*].closed",
    ],
)
def test_a_selector_picks_the_points_that_it_picks_from_the_catalogue(selector: str) -> None:
    expected = {name for selection in CATALOGUE.select(selector) for name in selection.names()}
    assert {name for name in NAMES if picks(selector, name)} == expected


def test_no_peak_is_lost_when_a_long_capture_is_thinned(tmp_path: Path) -> None:
    values = np.zeros((3, 100_000))
    values[0, 54_321], values[1, 7], values[2, 99_999] = 9.0, -5.0, 3.0
    with Recorder(tmp_path / "c", [Signal(f"rack[{n}].voltage", "V") for n in (1, 2, 3)], {}) as writing:
        for n, row in enumerate(values.T):
            writing.add(float(n), n, row)
    (panel,) = panels_of(RECORD, tmp_path / "c")
    assert [(curve.low.min(), curve.high.max()) for curve in panel.curves] == [(0.0, 9.0), (-5.0, 0.0), (0.0, 3.0)]
    assert all(len(curve.time) <= 400 for curve in panel.curves)
