"""Conversion, states and demands of the PCS are those of its slow twin; its powers lie in the circle and balance."""

import math
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.pcs import Orders, advance_state, demand_of
from bms_emulator.plant.pcs_conversion import ac_power_of, dc_power_of, settle_powers
from bms_emulator.plant.pcs_reactive import room_of
from tests.plant.example_pcs import PCS
from tests.reference.pcs_twin import Limits, PcsTwin, Reactive

few = settings(max_examples=60, deadline=None, derandomize=True)
grids = st.sampled_from([1.0, 1.0, 1.08, 0.7, 0.3])
reactives = st.sampled_from([0.0, 0.0, 1e-300, 8e3, -66e3, 110e3])


@settings(few, max_examples=200)
@given(st.floats(-1.2e5, 1.2e5), reactives, grids)
def test_losses_and_their_inverse(power: float, reactive: float, grid: float) -> None:
    grid = max(grid, 0.5)
    twin = PcsTwin(PCS)
    tolerance = 1e-12 * PCS.rated_power
    assert dc_power_of(PCS, power, reactive, grid) == pytest.approx(
        twin.dc_power(power, reactive, grid), rel=1e-12, abs=tolerance
    )
    assert ac_power_of(PCS, power, reactive, grid) == pytest.approx(
        twin.ac_power(power, reactive, grid), rel=1e-12, abs=tolerance
    )


@settings(few, max_examples=300)
@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(1e-3, 1.0), st.floats(0.05, 1.2))
def test_powers_balance_and_never_leave_the_circle(share: float, other: float, room: float, grid: float) -> None:
    apparent = room * PCS.rated_apparent * min(1.0, grid)
    reactive = other * apparent
    dc_power = dc_power_of(PCS, share * apparent, 0.0, grid)
    power, settled = settle_powers(PCS, dc_power, reactive, apparent, grid)
    assert math.hypot(power, settled) <= apparent * (1.0 + 1e-9)
    assert abs(settled) <= abs(reactive)
    assert dc_power_of(PCS, power, settled, grid) == pytest.approx(dc_power, rel=1e-9, abs=1e-6)


usually = st.sampled_from([True] * 9 + [False])
seldom = st.sampled_from([False] * 14 + [True])
modes = st.sampled_from(
    [
        (mode, setpoint)
        for mode, most in ((0, 13e4), (1, 1.2e2), (2, 1.6e3))
        for setpoint in (-most, 0.0, 0.6 * most, most)
    ]
    + [(2, 1400.0)]
)
limits = st.builds(
    Limits,
    current=st.sampled_from([0.0, 35.0, 1e9]),
    charge=st.sampled_from([0.0, 41e3, 1e9]),
    discharge=st.sampled_from([0.0, 52e3, 1e9]),
    charge_power=st.sampled_from([0.0, 23e3, 1e9]),
    discharge_power=st.sampled_from([0.0, 27e3, 1e9]),
    charge_current=st.sampled_from([0.0, 20.0, 1e9]),
    discharge_current=st.sampled_from([0.0, 30.0, 1e9]),
)
asked = st.sampled_from(
    [
        Reactive(control, value, (0.3, -0.5), first)
        for control, value in ((0, 0.0), (1, 30e3), (1, -90e3), (2, 0.5), (3, 0.0))
        for first in (False, True)
    ]
)
events = st.tuples(usually, seldom, seldom, seldom)
shifts = st.lists(
    st.tuples(st.integers(1, 14), events, modes, limits, asked, st.sampled_from([1.0, 1.0, 0.6]), grids),
    min_size=1,
    max_size=12,
)


@settings(few, max_examples=200)
@given(shifts, st.sampled_from([0.01, 0.1, 1.0]), st.sampled_from([1, 3, 4]))
def test_states_and_demands(
    shifts: list[tuple[int, tuple[bool, ...], tuple[int, float], Limits, Reactive, float, float]], dt: float, begin: int
) -> None:
    twin, state, start_time, target, reactive = PcsTwin(PCS, begin), float(begin), 0.0, 0.0, 0.0
    current = power = 0.0
    for length, event, (mode, setpoint), limit, wanted, share, grid in shifts:
        for _ in range(length):
            at_rest = target == 0.0 and reactive == 0.0
            state, start_time = advance_state(PCS, state, start_time, *event, at_rest, dt)
            twin.advance(*event, at_rest, dt)
            assert state == twin.state
            assert start_time == pytest.approx(twin.starting_ticks * dt, rel=1e-12)

            setpoints = [setpoint if own == mode else 0.0 for own in range(3)]
            orders = Orders(
                *(float(mode), *setpoints, *astuple(limit), 1e9),
                *(float(wanted.control), wanted.value, *wanted.slopes, float(wanted.first), 1e9, 1e9, 1e9),
            )
            room = room_of(PCS, share, 1.0, 1370.0, grid, 1e9)
            demand, target, reactive, _ = demand_of(
                PCS, state, target, reactive, room, orders, current, power, grid, dt
            )
            expected = twin.demand(mode, setpoint, limit, wanted, share, grid, current, power, dt)
            assert demand._replace(value=0.0) == pytest.approx(expected._replace(value=0.0), rel=1e-9, abs=1e-6)
            assert demand.value == pytest.approx(expected.value, rel=1e-9, abs=1e-6)
            assert target == pytest.approx(twin.power_target, rel=1e-9, abs=1e-6)
            assert reactive == pytest.approx(twin.reactive, rel=1e-9, abs=1e-2)
            twin.power_target, twin.reactive = target, reactive
            # a stiff bus that gives what is asked
            given_power = {0: demand.value, 1: demand.value * 1370.0, 2: 500.0 * (1370.0 - demand.value)}[mode]
            power = min(max(given_power, demand.power_min), demand.power_max)
            current = power / 1370.0
