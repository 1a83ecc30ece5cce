"""Contactors, precharge resistor and fuse."""

import numpy as np
import pytest

from bms_emulator.plant.contactor import (
    is_main_closed,
    melt,
    operate_breaker,
    path_resistance,
    step_contactors,
    warm_resistor,
)

FREE = np.full((1, 3), np.nan)
SOUND = np.zeros((1, 3)), np.zeros((1, 3)), np.ones((1, 3))
"""No delay, no chatter, full voltage at the coils."""


COIL = (0.03, 18.0, 12.0)
"""Travel time of the contacts [s], pick-up and drop-out voltage of the coil [V]."""


def move(
    closed: np.ndarray,
    command: list[float],
    ticks: int,
    dt: float,
    hold: np.ndarray = FREE,
    supply: float = 24.0,
) -> None:
    """Step one rack whose contacts take 30 ms, from rest."""
    travel = np.zeros((1, 3))
    for _ in range(ticks):
        step_contactors(*COIL, closed, travel, np.zeros((1, 3)), np.array([command]), supply, hold, *SOUND, dt)


@pytest.mark.parametrize(("dt", "ticks"), [(0.01, 3), (0.015, 2), (0.1, 1), (1.0, 1)])
@pytest.mark.parametrize("command", [1.0, 0.0])
def test_contacts_arrive_after_their_travel_time(dt: float, ticks: int, command: float) -> None:
    closed = np.full((1, 3), 1.0 - command)
    move(closed, [command] * 3, ticks - 1, dt)
    assert (closed == 1.0 - command).all()
    closed = np.full((1, 3), 1.0 - command)
    move(closed, [command] * 3, ticks, dt)
    assert (closed == command).all()


def test_short_command_does_not_move_the_contacts() -> None:
    closed, travel = np.zeros((1, 3)), np.zeros((1, 3))
    for command in (1.0, 1.0, 0.0, 1.0, 1.0):
        step_contactors(*COIL, closed, travel, np.zeros((1, 3)), np.full((1, 3), command), 24.0, FREE, *SOUND, 0.01)
    assert not closed.any()


@pytest.mark.parametrize(
    ("supply", "closes", "holds"), [(24.0, 1, 1), (18.0, 1, 1), (17.9, 0, 1), (12.0, 0, 1), (11.9, 0, 0), (0.0, 0, 0)]
)
def test_a_coil_closes_from_its_pick_up_voltage_and_holds_down_to_its_drop_out_voltage(
    supply: float, closes: float, holds: float
) -> None:
    for before, after in ((0.0, closes), (1.0, holds)):
        closed = np.full((1, 3), before)
        move(closed, [1.0] * 3, 5, 0.01, supply=supply)
        assert (closed == after).all()


def test_contacts_fall_open_after_their_travel_time_when_the_supply_goes() -> None:
    closed = np.ones((1, 3))
    move(closed, [1.0] * 3, 2, 0.01, supply=0.0)
    assert closed.all()
    move(closed, [1.0] * 3, 3, 0.01, supply=0.0)
    assert not closed.any()


def test_welded_contacts_stay_closed_without_supply() -> None:
    closed = np.ones((1, 3))
    move(closed, [1.0] * 3, 10, 0.01, np.array([[1.0, np.nan, np.nan]]), supply=0.0)
    assert closed.tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("closed", "trip", "close", "after"),
    [(1, 0, 0, 1), (1, 1, 0, 0), (0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 1, 0), (1, 1, 1, 0)],
)
def test_a_trip_wins_over_the_hand_at_the_breaker(closed: float, trip: float, close: float, after: float) -> None:
    assert operate_breaker(float(closed), float(trip), float(close)) == after


def test_welded_contactor_stays_closed_and_opens_once_it_is_free() -> None:
    closed = np.ones((1, 3))
    move(closed, [0.0, 0.0, 0.0], 10, 0.01, np.array([[1.0, np.nan, np.nan]]))
    assert closed.tolist() == [[1.0, 0.0, 0.0]]
    move(closed, [0.0, 0.0, 0.0], 3, 0.01)
    assert closed.tolist() == [[0.0, 0.0, 0.0]]


def test_stuck_contactor_stays_open_and_closes_once_it_is_free() -> None:
    closed = np.zeros((1, 3))
    move(closed, [1.0, 0.0, 1.0], 10, 0.01, np.array([[np.nan, np.nan, 0.0]]))
    assert closed.tolist() == [[1.0, 0.0, 0.0]]
    move(closed, [1.0, 0.0, 1.0], 3, 0.01)
    assert closed.tolist() == [[1.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("closed", "fuse", "resistance"),
    [
        ((1, 0, 1), 1, 0.1),
        ((1, 1, 1), 1, 0.1),
        ((1, 1, 0), 1, 100.1),
        ((1, 0, 0), 1, np.inf),
        ((0, 1, 1), 1, np.inf),
        ((1, 1, 1), 0, np.inf),
        ((1, 1, 0), 0, np.inf),
    ],
)
def test_rack_conducts_through_negative_and_positive_or_precharge(
    closed: tuple[int, ...], fuse: int, resistance: float
) -> None:
    contacts = np.array(closed, dtype=float)
    assert path_resistance(contacts, float(fuse), 0.1, 100.0) == pytest.approx(resistance)
    assert is_main_closed(contacts, float(fuse)) == (resistance == 0.1)


def test_fuse_gathers_the_excess_and_forgets_it() -> None:
    assert melt(0.0, 400.0**2 * 0.1, 300.0, 0.1) == pytest.approx(7e3)
    assert melt(7e3, 200.0**2 * 0.1, 300.0, 0.1) == pytest.approx(2e3)
    assert melt(2e3, 0.0, 300.0, 0.1) == 0.0


@pytest.mark.parametrize("steps", [1, 10, 1000])
def test_precharge_resistor_warms_and_cools_alike_at_any_step(steps: int) -> None:
    temperature, decay = 300.0, np.exp(-60.0 * 0.5 / 120.0 / steps)
    for _ in range(steps):
        temperature = warm_resistor(temperature, 300.0, 40.0, 0.5, decay)
    assert temperature == pytest.approx(300.0 + 80.0 * (1.0 - np.exp(-60.0 * 0.5 / 120.0)), rel=1e-12)
    for _ in range(steps):
        temperature = warm_resistor(temperature, 290.0, 0.0, 0.5, decay)
    assert 300.0 < temperature < 317.0


def test_short_heating_of_the_precharge_resistor_is_stored_in_it() -> None:
    rise = warm_resistor(300.0, 300.0, 1e4, 1.0, np.exp(-1e-3 / 120.0)) - 300.0
    assert rise * 120.0 == pytest.approx(10.0, rel=1e-5)
