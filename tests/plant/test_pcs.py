"""Power conversion system."""

import math
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.pcs import TRANSITIONS, Demand, Orders, advance_state, demand_of
from bms_emulator.plant.pcs_conversion import ac_power_of, dc_power_of
from bms_emulator.plant.pcs_reactive import room_of
from bms_emulator.plant.state import PcsControl, PcsState, ReactiveControl
from tests.plant.example_pcs import PCS

MODEL = PCS._replace(start_time=5.0)


NOTHING = Demand(PcsControl.POWER, 0.0, 0.0, 0.0, math.inf, 0.0, 0.0)
"""What a PCS demands that does not run."""


@dataclass
class Pcs:
    """One PCS that is stepped by hand."""

    state: float = PcsState.OFF
    start_time: float = 0.0
    power_target: float = 0.0
    reactive_power: float = 0.0
    limited: float = 0.0
    bus_current: float = 0.0
    dc_power: float = 0.0
    demand: Demand = NOTHING

    def advance(
        self,
        ready: bool = True,
        trips: bool = False,
        leaves: bool = False,
        standby: bool = False,
        at_rest: bool = False,
        dt: float = 0.1,
    ) -> PcsState:
        """Change the state for a step of dt [s]."""
        self.state, self.start_time = advance_state(
            MODEL, float(self.state), self.start_time, ready, trips, leaves, standby, at_rest, dt
        )
        return PcsState(int(self.state))

    def step(
        self,
        setpoint: float = 0.0,
        mode: PcsControl = PcsControl.POWER,
        ready: bool = True,
        voltage: float = 1370.0,
        charge_limit: float = 1e9,
        discharge_limit: float = 1e9,
        charge_current_limit: float = 1e9,
        discharge_current_limit: float = 1e9,
        current_limit: float = 1e9,
        power_limit: float = 1e9,
        power_ramp: float = 1e9,
        reactive: float = 0.0,
        control: ReactiveControl = ReactiveControl.SETPOINT,
        slopes: tuple[float, float] = (0.0, 0.0),
        reactive_first: bool = False,
        gain: float = 1.0,
        grid: float = 1.0,
        dt: float = 0.1,
    ) -> PcsState:
        """Advance by dt [s]; `setpoint` belongs to the mode."""
        state = self.advance(ready, dt=dt)
        room = room_of(MODEL, 1.0, gain, voltage, grid, 1e9)
        orders = Orders(
            float(mode),
            *(setpoint if mode is own else 0.0 for own in PcsControl),
            current_limit,
            power_limit,
            power_limit,
            charge_limit,
            discharge_limit,
            charge_current_limit,
            discharge_current_limit,
            power_ramp,
            float(control),
            reactive,
            *slopes,
            float(reactive_first),
            1e9,
            1e9,
            1e9,
        )
        self.demand, self.power_target, self.reactive_power, bits = demand_of(
            MODEL,
            self.state,
            self.power_target,
            self.reactive_power,
            room,
            orders,
            self.bus_current,
            self.dc_power,
            grid,
            dt,
        )
        self.limited = float(bits != 0)
        return state


def running() -> Pcs:
    return Pcs(state=PcsState.RUNNING)


@settings(max_examples=200, deadline=None)
@given(st.floats(-1.2e5, 1.2e5))
def test_ac_and_dc_power_belong_to_each_other(power: float) -> None:
    assert ac_power_of(MODEL, dc_power_of(MODEL, power)) == pytest.approx(power, rel=1e-9, abs=1e-6)


def test_conversion_costs_in_both_directions() -> None:
    assert dc_power_of(MODEL, 100e3) == pytest.approx(100e3 + 100.0 + 1000.0 + 800.0)
    assert dc_power_of(MODEL, -100e3) == pytest.approx(-100e3 + 100.0 + 1000.0 + 800.0)
    assert dc_power_of(MODEL, 0.0) == 100.0


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_pcs_runs_after_its_start_time(dt: float) -> None:
    pcs = Pcs()
    states = [pcs.step(dt=dt) for _ in range(round(6.0 / dt))]
    assert states.count(PcsState.STARTING) == round(5.0 / dt)
    assert states[-1] is PcsState.RUNNING


def test_pcs_does_not_start_without_all_it_needs() -> None:
    pcs = Pcs()
    assert {pcs.step(ready=False) for _ in range(100)} == {PcsState.OFF}
    starting = Pcs(state=PcsState.STARTING)
    assert starting.step(ready=False) is PcsState.OFF


def test_running_pcs_stops_when_disabled_or_cut_off() -> None:
    pcs = running()
    pcs.step(50e3)
    assert pcs.step(50e3, ready=False) is PcsState.OFF
    assert pcs.demand == NOTHING
    assert (pcs.power_target, pcs.reactive_power) == (0.0, 0.0)


@pytest.mark.parametrize("state", list(PcsState))
def test_what_trips_takes_a_pcs_off_at_once_in_every_state(state: PcsState) -> None:
    pcs = Pcs(state=state)
    assert pcs.advance(trips=True) is PcsState.FAULT
    assert pcs.advance(trips=True) is PcsState.FAULT
    assert pcs.advance() is PcsState.OFF
    assert pcs.advance() is PcsState.STARTING


def test_what_lets_it_leave_ramps_its_power_to_nothing_first() -> None:
    pcs = running()
    assert pcs.advance(leaves=True) is PcsState.STOPPING
    assert pcs.advance(leaves=True) is PcsState.STOPPING
    assert pcs.advance(leaves=True, at_rest=True) is PcsState.FAULT
    for state in (PcsState.OFF, PcsState.STARTING, PcsState.STANDBY):
        assert Pcs(state=state).advance(leaves=True) is PcsState.FAULT


@pytest.mark.parametrize("mode", list(PcsControl))
def test_a_stopping_pcs_ramps_active_and_reactive_power_to_nothing(mode: PcsControl) -> None:
    pcs = running()
    pcs.state = PcsState.STOPPING
    pcs.power_target, pcs.reactive_power, pcs.dc_power = 60e3, 30e3, float(dc_power_of(MODEL, 60e3, 30e3))
    pcs.step(60e3, mode, reactive=30e3)
    assert pcs.demand.control == PcsControl.POWER
    assert pcs.power_target == pytest.approx(40e3)
    assert pcs.reactive_power == pytest.approx(30e3 - 13.2e3)


def test_standby_ends_in_running_without_another_start() -> None:
    pcs = running()
    assert pcs.advance(standby=True) is PcsState.STANDBY
    assert pcs.advance(standby=True) is PcsState.STANDBY
    assert pcs.advance() is PcsState.RUNNING
    assert Pcs(state=PcsState.STANDBY).advance(ready=False) is PcsState.OFF


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS[:, 0]) == set(TRANSITIONS[:, 2]) == {int(state) for state in PcsState}


def test_power_ramps_to_its_set_point() -> None:
    pcs = running()
    targets = []
    for _ in range(8):
        pcs.step(-90e3)
        targets.append(pcs.power_target)
    assert targets[:4] == pytest.approx([-20e3, -40e3, -60e3, -80e3])
    assert targets[4:] == pytest.approx([-90e3] * 4)
    assert all(abs(b - a) <= 20e3 + 1e-6 for a, b in pairwise(targets))
    assert pcs.limited == 0.0


def test_set_point_beyond_rated_power_is_limited() -> None:
    pcs = running()
    for _ in range(10):
        pcs.step(150e3)
    assert pcs.power_target == pytest.approx(100e3)
    assert pcs.limited == 1.0


@pytest.mark.parametrize(("setpoint", "dc"), [(90e3, 30e3), (-90e3, -20e3)])
def test_limits_of_the_bms_hold_on_the_dc_side_at_once(setpoint: float, dc: float) -> None:
    pcs = running()
    for _ in range(10):
        pcs.step(setpoint)
    pcs.step(setpoint, charge_limit=20e3, discharge_limit=30e3)
    assert pcs.demand.value == dc
    assert pcs.limited == 1.0
    assert dc_power_of(MODEL, pcs.power_target) == pytest.approx(dc)


def test_without_any_limit_left_the_grid_feeds_the_losses() -> None:
    pcs = running()
    pcs.step(50e3, charge_limit=0.0, discharge_limit=0.0)
    assert pcs.demand.value == 0.0
    assert pcs.power_target == pytest.approx(-100.0, rel=0.02)


def test_limit_of_active_power_holds_the_set_point() -> None:
    pcs = running()
    for _ in range(10):
        pcs.step(90e3, power_limit=40e3)
    assert pcs.power_target == pytest.approx(40e3)
    assert pcs.limited == 1.0


def test_current_ramps_to_its_set_point_from_that_of_the_last_step() -> None:
    pcs = running()
    demands = []
    for _ in range(8):
        pcs.step(-70.0, PcsControl.CURRENT)
        pcs.bus_current = pcs.demand.value
        demands.append(pcs.demand.value)
    assert demands == pytest.approx([-18.0, -36.0, -54.0, -70.0, -70.0, -70.0, -70.0, -70.0])
    assert pcs.demand.control == PcsControl.CURRENT
    assert pcs.limited == 0.0


@pytest.mark.parametrize("mode", list(PcsControl))
def test_rated_current_and_the_limits_of_the_bms_go_to_the_bus_in_every_mode(mode: PcsControl) -> None:
    pcs = running()
    pcs.step(0.0, mode, charge_current_limit=20.0)
    assert (pcs.demand.current_min, pcs.demand.current_max) == (-20.0, 90.0)
    pcs.step(0.0, mode, charge_limit=2e3, discharge_limit=3e3)
    assert (pcs.demand.power_min, pcs.demand.power_max) == (-2e3, 3e3)


@pytest.mark.parametrize("mode", [PcsControl.CURRENT, PcsControl.VOLTAGE])
def test_rated_power_and_the_limit_of_active_power_hold_for_current_and_voltage(mode: PcsControl) -> None:
    pcs = running()
    pcs.step(0.0, mode)
    assert (pcs.demand.power_min, pcs.demand.power_max) == (dc_power_of(MODEL, -100e3), dc_power_of(MODEL, 100e3))
    pcs.step(0.0, mode, power_limit=30e3)
    assert (pcs.demand.power_min, pcs.demand.power_max) == (dc_power_of(MODEL, -30e3), dc_power_of(MODEL, 30e3))


def test_voltage_is_demanded_within_the_window_and_its_current_limited_and_ramped() -> None:
    pcs = running()
    pcs.step(1400.0, PcsControl.VOLTAGE, current_limit=50.0)
    assert (pcs.demand.value, pcs.demand.control, pcs.limited) == (1400.0, PcsControl.VOLTAGE, 0.0)
    assert (pcs.demand.current_min, pcs.demand.current_max) == (-50.0, 50.0)
    assert pcs.demand.current_change == pytest.approx(18.0)
    pcs.step(1600.0, PcsControl.VOLTAGE)
    assert (pcs.demand.value, pcs.limited) == (1500.0, 1.0)


def test_power_goes_on_from_that_of_the_mode_before() -> None:
    pcs = running()
    pcs.dc_power = 51e3
    pcs.step(0.0, PcsControl.CURRENT)
    pcs.step(90e3)
    assert pcs.power_target == pytest.approx(ac_power_of(MODEL, 51e3) + 20e3)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(list(PcsState)),
    st.sampled_from(list(PcsControl)),
    st.floats(-1e9, 1e9),
    st.floats(-1e4, 1e4),
    st.floats(0.0, 1e9),
    st.floats(0.0, 1e9),
    st.sampled_from([0.01, 0.1, 1.0]),
)
def test_no_input_leads_to_nan(
    state: PcsState,
    mode: PcsControl,
    setpoint: float,
    voltage: float,
    charge: float,
    discharge: float,
    dt: float,
) -> None:
    pcs = Pcs(state=state)
    pcs.step(setpoint, mode, voltage=voltage, charge_limit=charge, discharge_limit=discharge, reactive=setpoint, dt=dt)
    numbers = (*pcs.demand, pcs.power_target, pcs.reactive_power, pcs.limited, pcs.start_time)
    assert not any(math.isnan(number) for number in numbers)
    assert -charge <= pcs.demand.power_min <= 0.0 <= pcs.demand.power_max <= discharge
    if pcs.demand.control == PcsControl.POWER:
        assert -charge <= pcs.demand.value <= discharge
