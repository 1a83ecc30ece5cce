"""Passive balancing: which cells bleed, and when."""

import math

import numpy as np
import pytest

from tests.firmware.rig import Rig

PERIOD = 10.0
BASE = 3.42


def spread(rig: Rig, highest: float, cell: int = 7) -> None:
    """All cells alike above the plateau, one of every rack higher by so much [V]."""
    rig.measured.cell_voltage.fill(BASE)
    rig.measured.cell_voltage[:, cell] = BASE + highest


def balanced(highest: float = 0.02) -> Rig:
    rig = Rig()
    spread(rig, highest)
    rig.run(PERIOD + 1.0)
    return rig


def test_a_high_cell_bleeds_and_no_other() -> None:
    rig = balanced()
    assert np.all(rig.racks.balancing_count == 1)
    assert np.all(rig.racks.balancing[:, 7] == 1)
    assert rig.racks.balancing.sum() == 3


def test_balancing_begins_at_its_start_and_ends_at_its_stop() -> None:
    rig = Rig()
    seen = []
    for millivolt in (8, 11, 8, 6, 4, 8):
        spread(rig, millivolt / 1e3)
        rig.run(PERIOD)
        seen.append(int(rig.racks.balancing_count[0]))
    assert seen == [0, 1, 1, 1, 0, 0]


def test_the_lowest_cell_never_bleeds_and_only_those_above_it_by_the_stop_do() -> None:
    rig = Rig({"firmware.balancing.simultaneous_percent": 100})
    random = np.random.default_rng(3)
    for _ in range(20):
        voltage = BASE + random.uniform(0.0, 0.04, rig.measured.cell_voltage.shape).round(3)
        rig.measured.cell_voltage[...] = voltage
        rig.run(PERIOD)
        low = voltage.min(axis=1, keepdims=True)
        assert np.array_equal(rig.racks.balancing == 1, voltage > low + 0.005)
        assert np.array_equal(rig.racks.balancing_count, rig.racks.balancing.sum(axis=1))


@pytest.mark.parametrize("levels", [2, 40])
def test_so_many_cells_of_a_pack_bleed_at_most_and_they_are_the_highest(levels: int) -> None:
    rig = Rig({"firmware.balancing.simultaneous_percent": 25})
    random = np.random.default_rng(4)
    voltage = BASE + 0.02 * random.integers(0, levels, rig.measured.cell_voltage.shape) / (levels - 1)
    rig.measured.cell_voltage[...] = voltage
    rig.run(PERIOD + 1.0)
    packs = rig.site.container.rack.pack_count
    for row, bled in zip(voltage.reshape(3 * packs, -1), rig.racks.balancing.reshape(3 * packs, -1), strict=True):
        assert bled.sum() == len(row) // 4
        assert row[bled == 1].min() >= row[bled == 0].max()


def withdrawn(rig: Rig) -> None:
    rig.commands.balancing_enabled.fill(0.0)


def stopped(rig: Rig) -> None:
    rig.commands.request.fill(1.0)
    rig.measured.emergency_stop.fill(1.0)


def discharged(rig: Rig) -> None:
    rig.measured.current.fill(50.0)


def on_the_plateau(rig: Rig) -> None:
    rig.measured.cell_voltage -= 0.08


def hot(rig: Rig) -> None:
    rig.measured.temperature[:, 0] = 273.15 + 46.0


def blind(rig: Rig) -> None:
    rig.measured.cell_voltage[:, 100] = math.nan


def stale(rig: Rig) -> None:
    rig.measured.cell_voltage_age.fill(1.0)


def without_current(rig: Rig) -> None:
    rig.measured.current.fill(math.nan)


REASONS = [withdrawn, stopped, discharged, on_the_plateau, hot, blind, stale, without_current]


@pytest.mark.parametrize("reason", REASONS)
def test_balancing_ends_when_it_is_no_longer_permitted(reason) -> None:  # type: ignore[no-untyped-def]
    rig = balanced()
    reason(rig)
    rig.run(PERIOD + 1.0)
    assert rig.racks.balancing.sum() == 0
    assert rig.racks.balancing_count.sum() == 0
    before = rig.racks.balancing_revision.copy()
    rig.run(2 * PERIOD)
    assert np.array_equal(rig.racks.balancing_revision, before)


@pytest.mark.parametrize("reason", [withdrawn, stopped])
def test_without_permission_it_ends_at_once(reason) -> None:  # type: ignore[no-untyped-def]
    rig = balanced()
    reason(rig)
    rig.run(1.0)
    assert rig.racks.balancing.sum() == 0


def test_charging_does_not_make_a_plateau_the_place_to_balance() -> None:
    rig = Rig()
    spread(rig, 0.02)
    rig.measured.cell_voltage -= 0.03
    rig.measured.current.fill(-157.0)
    rig.run(2 * PERIOD)
    assert rig.racks.balancing_count.sum() == 0


def test_the_revision_tells_every_change_and_nothing_else() -> None:
    rig = balanced()
    first = rig.racks.balancing_revision.copy()
    assert np.all(first == 1)
    rig.run(3 * PERIOD)
    assert np.array_equal(rig.racks.balancing_revision, first)
    spread(rig, 0.02, cell=8)
    rig.run(PERIOD)
    assert np.array_equal(rig.racks.balancing_revision, first + 1)


@pytest.mark.parametrize("dt", [0.05, 1.0])
def test_every_rack_has_its_turn_in_a_period_and_not_all_at_once(dt: float) -> None:
    rig = Rig(dt=dt)
    rig.run(PERIOD)
    spread(rig, 0.02)
    changes = []
    for _ in range(round(PERIOD / dt)):
        before = rig.racks.balancing_count.sum()
        rig.step()
        changes.append(rig.racks.balancing_count.sum() - before)
    assert sum(changes) == 3
    assert max(changes) == 1


def test_bleeding_brings_cells_together() -> None:
    rig = Rig(dt=1.0)
    random = np.random.default_rng(6)
    charge = random.uniform(0.0, 0.03, rig.measured.cell_voltage.shape)
    widest = []
    for _ in range(600):
        rig.measured.cell_voltage[...] = (BASE + charge).round(4)
        rig.run(PERIOD)
        charge -= 1e-4 * rig.racks.balancing
        widest.append(float(np.ptp(charge)))
    assert np.all(np.diff(widest) <= 1e-12)
    assert widest[-1] < 0.0055
