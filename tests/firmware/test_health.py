"""State of health learnt in operation."""

import math

import numpy as np
import pytest

from tests.firmware.battery_rig import RATED_CAPACITY, BatteryRig

AT_ONCE = {"firmware.estimator.learning.capacity_filter": 1.0}


def cycle(rig: BatteryRig, current: float, duration: float) -> None:
    """Cycle every rack between its ends for a time [s]; a negative current [A] charges first."""
    direction = np.full(3, np.sign(current))
    for _ in range(round(duration / rig.dt)):
        rig.draw(direction * abs(current))
        direction = np.where(rig.racks.cell_voltage_max > 3.54, 1.0, direction)
        direction = np.where(rig.racks.cell_voltage_min < 2.92, -1.0, direction)


def test_the_learnt_capacity_comes_to_that_of_the_cells() -> None:
    rig = BatteryRig(AT_ONCE, soc=0.1, capacity=(1.0, 0.9, 0.8), spread=0.006)
    cycle(rig, 300.0, 4300.0)
    assert rig.persistent.capacity == pytest.approx(rig.capacity, rel=0.02)
    assert rig.racks.soh == pytest.approx(np.minimum(1.0, rig.capacity / RATED_CAPACITY), rel=0.02)


def test_a_reading_enters_the_learnt_capacity_by_its_share() -> None:
    known, learning = BatteryRig(AT_ONCE, soc=0.1, capacity=(0.6,) * 3), BatteryRig(soc=0.1, capacity=(0.6,) * 3)
    fresh = learning.persistent.capacity[0]
    for rig in (known, learning):
        cycle(rig, 300.0, 2800.0)
    share = learning.site.firmware.estimator.learning.capacity_filter
    expected = fresh + share * (known.persistent.capacity[0] - fresh)
    assert learning.persistent.capacity == pytest.approx([expected] * 3, rel=1e-3)


@pytest.mark.parametrize("lost", [False, True])
def test_a_loss_of_the_current_makes_a_reading_worthless(lost: bool) -> None:
    rig = BatteryRig(AT_ONCE, soc=0.1, capacity=(0.6,) * 3)
    fresh = rig.persistent.capacity.copy()
    cycle(rig, 300.0, 1200.0)
    rig.sensor_offset = math.nan if lost else 0.0
    rig.draw(-300.0)
    rig.sensor_offset = 0.0
    cycle(rig, -300.0, 1600.0)
    learnt = rig.persistent.capacity < 0.9 * fresh
    assert learnt.tolist() == [not lost] * 3


def test_what_cannot_be_true_is_not_learnt() -> None:
    rig = BatteryRig(AT_ONCE, soc=0.1, capacity=(0.4,) * 3)
    fresh = rig.persistent.capacity.copy()
    cycle(rig, 300.0, 2000.0)
    assert rig.persistent.capacity == pytest.approx(fresh)


def test_half_a_cycle_on_the_plateau_tells_nothing_of_the_capacity() -> None:
    rig = BatteryRig(AT_ONCE, soc=0.85, capacity=(0.8,) * 3)
    fresh = rig.persistent.capacity.copy()
    rig.draw_for(300.0, 1000.0)
    rig.draw_for(-300.0, 1000.0)
    assert rig.persistent.capacity == pytest.approx(fresh)


@pytest.mark.parametrize(("growth", "dt"), [(0.8, 1.0), (1.0, 1.0), (1.4, 1.0), (1.4, 0.2)])
def test_the_learnt_resistance_comes_to_that_of_the_cells(growth: float, dt: float) -> None:
    rig = BatteryRig(dt=dt, soc=0.6, growth=growth)
    for _ in range(30):
        rig.draw_for(157.0, 4.0)
        rig.draw_for(0.0, 4.0)
    assert rig.racks.soh_resistance == pytest.approx([growth] * 3, rel=0.05)


def test_a_steady_current_tells_nothing_of_the_resistance() -> None:
    rig = BatteryRig(dt=1.0, soc=0.6, growth=1.5)
    rig.racks.soh_resistance.fill(1.0)
    rig.draw_for(157.0, 600.0)
    first = rig.racks.soh_resistance.copy()
    rig.draw_for(157.0, 600.0)
    assert rig.racks.soh_resistance == pytest.approx(first)


def test_a_capacity_test_ends_what_was_being_learnt() -> None:
    rig = BatteryRig(AT_ONCE, soc=0.1, capacity=(0.8,) * 3)
    cycle(rig, 300.0, 800.0)
    assert not np.isnan(rig.persistent.fix_soc).any()
    rig.firmware.commission(rig.capacity)
    assert np.isnan(rig.persistent.fix_soc).all()
    assert rig.racks.soh == pytest.approx([0.8] * 3)
