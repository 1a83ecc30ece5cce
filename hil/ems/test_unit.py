"""Laws of the state machine of a container with its PCS."""

from itertools import combinations

import pytest

from hil.ems.unit import TRANSITIONS, Is, State, following

HEALTHY = Is.WANTED | Is.BATTERY_ON | Is.PCS_RUNNING | Is.SETTLED


def every_set() -> list[Is]:
    flags = list(Is)
    chosen = []
    for size in range(len(flags) + 1):
        for some in combinations(flags, size):
            union = Is.NOTHING
            for flag in some:
                union |= flag
            chosen.append(union)
    return chosen


def test_power_never_begins_to_flow_unless_battery_and_pcs_are_on_and_well() -> None:
    for state in State:
        for flags in every_set():
            if state is not State.RUNNING and following(state, flags) is State.RUNNING:
                assert Is.BATTERY_ON in flags
                assert flags & (Is.PCS_RUNNING | Is.SETTLED)
                assert not flags & (Is.LOST | Is.TRIPPED)


def test_power_ends_with_any_of_an_alarm_a_trip_a_lost_device_or_an_open_rack() -> None:
    for flags in every_set():
        bad = flags & (Is.ALARM | Is.TRIPPED | Is.LOST) or not Is.BATTERY_ON & flags
        if bad:
            assert following(State.RUNNING, flags) is not State.RUNNING


@pytest.mark.parametrize("state", list(State))
def test_a_lost_device_is_noticed_in_every_state(state: State) -> None:
    assert following(state, HEALTHY | Is.LOST) is State.LOST


@pytest.mark.parametrize("state", list(State))
def test_a_healthy_unit_comes_into_service_from_every_state(state: State) -> None:
    for _ in range(len(State)):
        off = Is.BATTERY_OFF if state is State.STOPPING else Is.NOTHING
        state = following(state, HEALTHY | Is.RESET | off)
    assert state is State.RUNNING


@pytest.mark.parametrize("state", [state for state in State if state is not State.LOST])
def test_a_unit_that_is_not_wanted_comes_to_a_stop_from_every_state(state: State) -> None:
    for _ in range(len(State)):
        state = following(state, Is.BATTERY_OFF)
    assert state is State.STOPPED


def test_a_fault_is_never_left_without_a_reset() -> None:
    for flags in every_set():
        if flags & Is.WANTED and not flags & (Is.RESET | Is.LOST):
            assert following(State.FAULT, flags) is State.FAULT


def test_every_state_is_left_and_reached() -> None:
    assert {row.state for row in TRANSITIONS} == {row.next for row in TRANSITIONS} == set(State)
