"""Power conversion system."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.pcs import PcsModel, ac_power_of, dc_power_of, meter_power, step_pcs
from bms_emulator.plant.state import PcsControl, PcsState

MODEL = PcsModel(
    rated_power=100e3,
    rated_current=90.0,
    power_ramp=200e3,
    current_ramp=180.0,
    start_time=5.0,
    standby_loss=100.0,
    proportional_loss=0.01,
    quadratic_loss=0.008,
    voltage_min=1040.0,
    voltage_max=1500.0,
)


def one(value: float) -> Array:
    return np.array([value])


@dataclass
class Pcs:
    """One PCS on one rack."""

    state: Array = field(default_factory=lambda: one(PcsState.OFF))
    start_time: Array = field(default_factory=lambda: one(0.0))
    power_target: Array = field(default_factory=lambda: one(0.0))
    limited: Array = field(default_factory=lambda: one(0.0))
    bus_current: Array = field(default_factory=lambda: one(0.0))
    dc_power: Array = field(default_factory=lambda: one(0.0))
    control: Array = field(default_factory=lambda: one(0.0))
    demand: Array = field(default_factory=lambda: one(0.0))
    current_min: Array = field(default_factory=lambda: one(0.0))
    current_max: Array = field(default_factory=lambda: one(0.0))
    current_change: Array = field(default_factory=lambda: one(0.0))
    power_min: Array = field(default_factory=lambda: one(0.0))
    power_max: Array = field(default_factory=lambda: one(0.0))

    def step(
        self,
        setpoint: float = 0.0,
        mode: PcsControl = PcsControl.POWER,
        enable: float = 1.0,
        closed: float = 1.0,
        voltage: float = 1370.0,
        charge_limit: float = 1e9,
        discharge_limit: float = 1e9,
        charge_current_limit: float = 1e9,
        discharge_current_limit: float = 1e9,
        current_limit: float = 1e9,
        power_limit: float = 1e9,
        dt: float = 0.1,
    ) -> PcsState:
        """Advance by dt [s]; `setpoint` belongs to the mode."""
        setpoints = [one(setpoint if mode is own else 0.0) for own in PcsControl]
        step_pcs(
            MODEL,
            1,
            self.state,
            self.start_time,
            self.power_target,
            self.limited,
            np.full((1, 3), closed),
            one(1.0),
            one(voltage),
            self.bus_current,
            self.dc_power,
            one(enable),
            one(mode),
            *setpoints,
            one(current_limit),
            one(power_limit),
            one(charge_limit),
            one(discharge_limit),
            one(charge_current_limit),
            one(discharge_current_limit),
            self.control,
            self.demand,
            self.current_min,
            self.current_max,
            self.current_change,
            self.power_min,
            self.power_max,
            dt,
        )
        return PcsState(int(self.state[0]))


def running() -> Pcs:
    return Pcs(state=one(PcsState.RUNNING))


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


@pytest.mark.parametrize("missing", [{"enable": 0.0}, {"closed": 0.0}, {"voltage": 900.0}, {"voltage": 1600.0}])
def test_pcs_does_not_start_without_all_it_needs(missing: dict[str, float]) -> None:
    pcs = Pcs()
    assert {pcs.step(**missing) for _ in range(100)} == {PcsState.OFF}
    starting = Pcs(state=one(PcsState.STARTING))
    assert starting.step(**missing) is PcsState.OFF


@pytest.mark.parametrize(("lost", "then"), [({"enable": 0.0}, PcsState.OFF), ({"closed": 0.0}, PcsState.OFF)])
def test_running_pcs_stops_when_disabled_or_cut_off(lost: dict[str, float], then: PcsState) -> None:
    pcs = running()
    pcs.step(50e3)
    assert pcs.step(50e3, **lost) is then
    assert pcs.demand[0] == pcs.power_target[0] == pcs.current_max[0] == pcs.current_min[0] == 0.0


@pytest.mark.parametrize("voltage", [1000.0, 1510.0])
def test_voltage_outside_its_window_trips_until_disabled(voltage: float) -> None:
    pcs = running()
    assert pcs.step(voltage=voltage) is PcsState.FAULT
    assert pcs.step() is PcsState.FAULT
    assert pcs.step(enable=0.0) is PcsState.OFF
    assert pcs.step() is PcsState.STARTING


def test_power_ramps_to_its_set_point() -> None:
    pcs = running()
    targets = []
    for _ in range(8):
        pcs.step(-90e3)
        targets.append(pcs.power_target[0])
    assert targets[:4] == pytest.approx([-20e3, -40e3, -60e3, -80e3])
    assert targets[4:] == pytest.approx([-90e3] * 4)
    assert all(abs(b - a) <= 20e3 + 1e-6 for a, b in pairwise(targets))
    assert pcs.limited[0] == 0.0


def test_set_point_beyond_rated_power_is_limited() -> None:
    pcs = running()
    for _ in range(10):
        pcs.step(150e3)
    assert pcs.power_target[0] == pytest.approx(100e3)
    assert pcs.limited[0] == 1.0


@pytest.mark.parametrize(("setpoint", "dc"), [(90e3, 30e3), (-90e3, -20e3)])
def test_limits_of_the_bms_hold_on_the_dc_side_at_once(setpoint: float, dc: float) -> None:
    pcs = running()
    for _ in range(10):
        pcs.step(setpoint)
    pcs.step(setpoint, charge_limit=20e3, discharge_limit=30e3)
    assert pcs.demand[0] == dc
    assert pcs.limited[0] == 1.0
    assert dc_power_of(MODEL, pcs.power_target[0]) == pytest.approx(dc)


def test_without_any_limit_left_the_grid_feeds_the_losses() -> None:
    pcs = running()
    pcs.step(50e3, charge_limit=0.0, discharge_limit=0.0)
    assert pcs.demand[0] == 0.0
    assert pcs.power_target[0] == pytest.approx(-100.0, rel=0.02)


@pytest.mark.parametrize(("state", "dc", "ac"), [(PcsState.RUNNING, 50e3, 49.2e3), (PcsState.OFF, 0.0, 0.0)])
def test_energies_close_over_the_conversion(state: PcsState, dc: float, ac: float) -> None:
    power, loss, exported, imported, charged, discharged = (one(0.0) for _ in range(6))
    for sign in (1.0, -1.0):
        meter_power(MODEL, power, loss, exported, imported, charged, discharged, one(state), one(sign * dc), 2.0)
        assert power[0] + loss[0] == pytest.approx(sign * dc)
        assert loss[0] >= 0.0
    assert exported[0] / 2.0 == pytest.approx(ac, rel=0.01)
    assert imported[0] >= exported[0]
    assert charged[0] == discharged[0] == 2.0 * dc


def test_limit_of_active_power_holds_the_set_point() -> None:
    pcs = running()
    for _ in range(10):
        pcs.step(90e3, power_limit=40e3)
    assert pcs.power_target[0] == pytest.approx(40e3)
    assert pcs.limited[0] == 1.0


def test_current_ramps_to_its_set_point_from_that_of_the_last_step() -> None:
    pcs = running()
    demands = []
    for _ in range(8):
        pcs.step(-70.0, PcsControl.CURRENT)
        pcs.bus_current[0] = pcs.demand[0]
        demands.append(pcs.demand[0])
    assert demands == pytest.approx([-18.0, -36.0, -54.0, -70.0, -70.0, -70.0, -70.0, -70.0])
    assert pcs.control[0] == PcsControl.CURRENT
    assert pcs.limited[0] == 0.0


@pytest.mark.parametrize("mode", list(PcsControl))
def test_rated_current_and_the_limits_of_the_bms_go_to_the_bus_in_every_mode(mode: PcsControl) -> None:
    pcs = running()
    pcs.step(0.0, mode, charge_current_limit=20.0)
    assert (pcs.current_min[0], pcs.current_max[0]) == (-20.0, 90.0)
    pcs.step(0.0, mode, charge_limit=2e3, discharge_limit=3e3)
    assert (pcs.power_min[0], pcs.power_max[0]) == (-2e3, 3e3)


@pytest.mark.parametrize("mode", [PcsControl.CURRENT, PcsControl.VOLTAGE])
def test_rated_power_and_the_limit_of_active_power_hold_for_current_and_voltage(mode: PcsControl) -> None:
    pcs = running()
    pcs.step(0.0, mode)
    assert (pcs.power_min[0], pcs.power_max[0]) == (dc_power_of(MODEL, -100e3), dc_power_of(MODEL, 100e3))
    pcs.step(0.0, mode, power_limit=30e3)
    assert (pcs.power_min[0], pcs.power_max[0]) == (dc_power_of(MODEL, -30e3), dc_power_of(MODEL, 30e3))


def test_voltage_is_demanded_within_the_window_and_its_current_limited_and_ramped() -> None:
    pcs = running()
    pcs.step(1400.0, PcsControl.VOLTAGE, current_limit=50.0)
    assert (pcs.demand[0], pcs.control[0], pcs.limited[0]) == (1400.0, PcsControl.VOLTAGE, 0.0)
    assert (pcs.current_min[0], pcs.current_max[0]) == (-50.0, 50.0)
    assert pcs.current_change[0] == pytest.approx(18.0)
    pcs.step(1600.0, PcsControl.VOLTAGE)
    assert (pcs.demand[0], pcs.limited[0]) == (1500.0, 1.0)


def test_power_goes_on_from_that_of_the_mode_before() -> None:
    pcs = running()
    pcs.dc_power[0] = 51e3
    pcs.step(0.0, PcsControl.CURRENT)
    pcs.step(90e3)
    assert pcs.power_target[0] == pytest.approx(ac_power_of(MODEL, 51e3) + 20e3)


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
    pcs = Pcs(state=one(state))
    pcs.step(setpoint, mode, voltage=voltage, charge_limit=charge, discharge_limit=discharge, dt=dt)
    assert not any(np.isnan(array).any() for array in vars(pcs).values())
    assert -charge <= pcs.power_min[0] <= 0.0 <= pcs.power_max[0] <= discharge
    if pcs.control[0] == PcsControl.POWER:
        assert -charge <= pcs.demand[0] <= discharge
