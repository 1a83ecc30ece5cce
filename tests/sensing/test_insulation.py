"""Insulation monitors on a bus that their racks share."""

import numpy as np
import pytest

from tests.sensing.rig import EXACT, Rig, build

MONITOR = 1e6
"""Of the demo's racks [Ohm]."""
WIDE = {f"container.rack.sensors.insulation_ohm.{key}": value for key, value in (("range_max", 1e12), ("lag_s", 1e-3))}
ALONE, JOINED = (0.0, 0.0, 0.0), (1.0, 0.0, 1.0)
FAILED = 64.0


def parallel(*resistances: float) -> float:
    return 1.0 / sum(1.0 / r for r in resistances)


def watched(on: tuple[float, float], *contacts: tuple[float, ...]) -> Rig:
    """Two racks, of which one leaks at its positive and the other at its negative pole."""
    rig = build(EXACT | WIDE)
    rig.truth.units.insulation_monitor_on[...] = on
    rig.truth.racks.contactor_closed[...] = contacts
    rig.truth.runaway.insulation_positive[...] = (3e5, 2e8)
    rig.truth.runaway.insulation_negative[...] = (2e8, 5e5)
    rig.step(21)
    return rig


def test_an_open_rack_sees_its_own_poles() -> None:
    measured = watched((1.0, 1.0), ALONE, ALONE).measured
    assert measured.insulation_positive == pytest.approx([3e5, 2e8], abs=1e3)
    assert measured.insulation_negative == pytest.approx([2e8, 5e5], abs=1e3)
    assert measured.insulation_resistance == pytest.approx([parallel(3e5, 2e8), parallel(2e8, 5e5)], abs=1e3)


@pytest.mark.parametrize("contacts", [JOINED, (1.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)])
def test_a_connected_rack_sees_all_racks_of_its_bus_in_parallel(contacts: tuple[float, ...]) -> None:
    measured = watched((1.0, 0.0), JOINED, contacts).measured
    assert measured.insulation_positive[0] == pytest.approx(parallel(3e5, 2e8), abs=1e3)
    assert measured.insulation_negative[0] == pytest.approx(parallel(2e8, 5e5), abs=1e3)
    assert measured.insulation_resistance[0] == pytest.approx(parallel(3e5, 2e8, 2e8, 5e5), abs=1e3)


def test_a_monitor_that_is_off_or_has_failed_reads_nothing() -> None:
    rig = watched((1.0, 0.0), JOINED, JOINED)
    readings = ("insulation_resistance", "insulation_positive", "insulation_negative")
    for name in readings:
        assert np.isnan(getattr(rig.measured, name)).tolist() == [False, True]
    rig.truth.conditions.controller_faults[0] = FAILED
    rig.step(10)
    for name in readings:
        assert np.isnan(getattr(rig.measured, name)).all()
    rig.truth.conditions.controller_faults[0] = 0.0
    rig.truth.units.insulation_monitor_on[1] = 1.0
    rig.step(10)
    for name in readings:
        assert np.isfinite(getattr(rig.measured, name)).all()


def test_two_monitors_on_one_bus_measure_each_other() -> None:
    one, two = (watched((1.0, on), JOINED, JOINED).measured.insulation_resistance for on in (0.0, 1.0))
    assert two == pytest.approx(np.full(2, parallel(one[0], MONITOR)), abs=1e3)


def test_monitors_of_racks_that_are_not_connected_do_not_disturb_each_other() -> None:
    measured = watched((1.0, 1.0), JOINED, ALONE).measured
    assert measured.insulation_resistance == pytest.approx([parallel(3e5, 2e8), parallel(2e8, 5e5)], abs=1e3)


def test_a_blown_fuse_parts_a_rack_whose_negative_pole_is_open() -> None:
    rig = watched((1.0, 1.0), JOINED, (0.0, 0.0, 1.0))
    assert rig.measured.insulation_positive[0] < 2.99e5
    rig.truth.racks.fuse_closed[1] = 0.0
    rig.step(10)
    assert rig.measured.insulation_positive == pytest.approx([3e5, 2e8], abs=1e3)
