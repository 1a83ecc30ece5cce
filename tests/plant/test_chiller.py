"""Chiller, heater, their protection and their power."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.chiller import (
    ChillerModel,
    build_chiller_model,
    cooling_capacity,
    performance,
    step_chiller,
)
from bms_emulator.plant.state import ChillerMode
from bms_emulator.profile.loader import load_site
from tests.reference.chiller_twin import ChillerTwin

DEMO = build_chiller_model(load_site("demo"), 23.0)
CP = 3312.0
STANDBY, CIRCULATION, COOLING, HEATING = (float(mode) for mode in ChillerMode)
W18, L45 = 291.15, 318.15


def one(value: float = 0.0) -> Array:
    return np.array([value])


@dataclass
class Chiller:
    """One chiller that is stepped by hand."""

    model: ChillerModel = DEMO
    mode: Array = field(default_factory=one)
    compressor_on: Array = field(default_factory=one)
    compressor_time: Array = field(default_factory=lambda: one(1e6))
    heat: Array = field(default_factory=one)
    power: Array = field(default_factory=one)
    pump_speed: Array = field(default_factory=one)

    def step(
        self,
        request: float = COOLING,
        setpoint: float = W18,
        supply: float = W18 + 5.0,
        back: float | None = None,
        ambient: float = L45,
        flow: float = 8.5,
        gain: float = 1.0,
        pump_gain: float = 1.0,
        dt: float = 0.1,
    ) -> "Chiller":
        step_chiller(
            *(
                np.array(self.model),
                self.mode,
                self.compressor_on,
                self.compressor_time,
                self.heat,
                self.power,
                self.pump_speed,
            ),
            *(one(flow), one(supply), one(supply if back is None else back), one(CP), one(ambient)),
            *(one(request), one(setpoint), one(gain), one(pump_gain), one(), one(), dt),
        )
        return self


def test_rated_point_is_met() -> None:
    chiller = Chiller().step(setpoint=W18 - 5.0, supply=W18)
    assert chiller.heat[0] == pytest.approx(-60e3)
    assert chiller.power[0] == pytest.approx(30e3 + 150.0)


def test_capacity_falls_above_rated_ambient_only() -> None:
    assert cooling_capacity(DEMO, L45 - 20.0, W18) == 60e3
    assert cooling_capacity(DEMO, L45 + 10.0, W18) == pytest.approx(60e3 * (1 - 0.011 * 10))
    assert cooling_capacity(DEMO, L45 + 200.0, W18) == 0.0


def test_capacity_rises_with_warmer_supply_up_to_its_cap() -> None:
    assert cooling_capacity(DEMO, L45, W18 - 10.0) == pytest.approx(60e3 * (1 - 0.025 * 10))
    assert cooling_capacity(DEMO, L45, W18 + 4.0) == pytest.approx(60e3 * (1 + 0.025 * 4))
    assert cooling_capacity(DEMO, L45, W18 + 30.0) == pytest.approx(60e3 * 1.2)
    assert cooling_capacity(DEMO, L45, W18 - 100.0) == 0.0
    at_55 = [cooling_capacity(DEMO, L45 + 10.0, W18 + dt) / 60e3 for dt in (0.0, 4.0)]
    assert at_55[1] / at_55[0] == pytest.approx(1.1)


def test_condenser_in_too_hot_air_stops_the_compressor_but_not_the_heater() -> None:
    chiller = Chiller().step()
    assert chiller.compressor_on[0] == 1.0
    chiller.step(ambient=DEMO.cut_out_ambient + 0.1)
    assert (chiller.compressor_on[0], chiller.heat[0], chiller.mode[0]) == (0.0, 0.0, CIRCULATION)
    assert Chiller().step(HEATING, supply=W18 - 5.0, ambient=DEMO.cut_out_ambient + 0.1).heat[0] == 21e3


def test_performance_rises_as_the_lift_falls_between_floor_and_cap() -> None:
    assert performance(DEMO, L45, W18) == pytest.approx(2.0)
    assert performance(DEMO, L45 - 10.0, W18) == pytest.approx(2.6)
    assert performance(DEMO, L45, W18 + 10.0) == pytest.approx(2.6)
    assert performance(DEMO, L45 + 30.0, W18) == DEMO.cop_min
    assert performance(DEMO, L45 - 60.0, W18) == DEMO.cop_max


def test_cooling_is_proportional_within_the_band() -> None:
    chiller = Chiller().step(dt=1e-6)
    full = chiller.heat[0]
    supply = W18 + 0.5 * DEMO.control_band
    half = chiller.step(supply=supply, dt=1e-6).heat[0]
    assert full == pytest.approx(-cooling_capacity(DEMO, L45, W18 + 5.0))
    assert half == pytest.approx(-0.5 * cooling_capacity(DEMO, L45, supply), rel=1e-6)


@pytest.mark.parametrize("dt", [0.01, 1.0, 60.0])
def test_control_never_overshoots_the_setpoint(dt: float) -> None:
    chiller, supply = Chiller(), W18 + 1.5
    for _ in range(100):
        chiller.step(supply=supply, back=supply, flow=1e-9, dt=dt)
        supply += chiller.heat[0] * dt / (DEMO.coolant_mass * CP)
        assert supply >= W18 - 1e-8


def test_heat_at_rest_does_not_depend_on_the_step() -> None:
    heats = []
    for dt in (0.01, 0.1, 1.0):
        chiller, supply, back, held = Chiller(), W18 + 2.0, W18 + 2.5, DEMO.coolant_mass * CP
        for _ in range(round(60 / dt)):
            chiller.step(supply=supply, back=back, dt=dt)
            feed = back + chiller.heat[0] / (8.5 * CP)
            supply = feed + (supply - feed) * np.exp(-8.5 * CP * dt / held)
        heats.append(chiller.heat[0])
    np.testing.assert_allclose(heats, heats[0], rtol=1e-6)


def test_pump_runs_in_all_modes_but_standby() -> None:
    speeds = {request: Chiller().step(request, pump_gain=0.7).pump_speed[0] for request in (0.0, 1.0, 2.0, 3.0)}
    assert speeds == {STANDBY: 0.0, CIRCULATION: 0.7, COOLING: 0.7, HEATING: 0.7}


def test_compressor_and_heater_wait_for_flow() -> None:
    for request, supply in ((COOLING, W18 + 5.0), (HEATING, W18 - 5.0)):
        chiller = Chiller().step(request, supply=supply, flow=0.0)
        assert (chiller.mode[0], chiller.pump_speed[0], chiller.heat[0]) == (CIRCULATION, 1.0, 0.0)
        assert chiller.step(request, supply=supply).mode[0] == request


def test_heater_works_below_the_setpoint_only_at_the_power_it_gives() -> None:
    chiller = Chiller().step(HEATING, supply=W18 - 5.0)
    assert chiller.heat[0] == 21e3
    assert chiller.power[0] == 21e3 + 150.0
    chiller.step(HEATING, supply=W18 + 0.1)
    assert (chiller.mode[0], chiller.heat[0]) == (CIRCULATION, 0.0)


def test_trip_stops_compressor_and_heater_at_once_and_leaves_the_pump_running() -> None:
    chiller = Chiller().step()
    assert chiller.compressor_on[0] == 1.0
    chiller.step(gain=0.0)
    assert (chiller.compressor_on[0], chiller.heat[0], chiller.mode[0]) == (0.0, 0.0, CIRCULATION)
    assert chiller.pump_speed[0] == 1.0
    assert chiller.step().compressor_on[0] == 0.0  # and rests its minimum time


def test_weak_chiller_cools_less() -> None:
    assert Chiller().step(supply=W18 + 4.0, gain=0.4).heat[0] == pytest.approx(
        -0.4 * cooling_capacity(DEMO, L45, W18 + 4.0)
    )


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_compressor_runs_and_rests_its_minimum_times(dt: float) -> None:
    rng = np.random.default_rng(4)
    chiller, was, since, phases, request, supply = Chiller(), 0.0, 1e6, [], COOLING, W18
    for n in range(int(7200 / dt)):
        if n % round(20 / dt) == 0:
            request, supply = rng.choice([STANDBY, CIRCULATION, COOLING]), W18 + rng.uniform(-2.0, 4.0)
        chiller.step(request, supply=supply, dt=dt)
        since += dt
        if chiller.compressor_on[0] != was:
            phases.append((was, since))
            was, since = chiller.compressor_on[0], 0.0
    runs, rests = ([t for on, t in phases if on == state] for state in (1.0, 0.0))
    assert len(runs) > 5
    assert min(runs) >= DEMO.minimum_on - 1e-6
    assert min(rests) >= DEMO.minimum_off - 1e-6


def test_minimum_run_goes_on_after_the_request_with_the_pump() -> None:
    chiller = Chiller().step().step(STANDBY)
    assert (chiller.mode[0], chiller.pump_speed[0]) == (COOLING, 1.0)
    for _ in range(1801):
        chiller.step(STANDBY)
    assert (chiller.mode[0], chiller.pump_speed[0]) == (STANDBY, 0.0)


@settings(deadline=None, derandomize=True)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 2, 3]),
            st.floats(280.0, 305.0),
            st.floats(280.0, 305.0),
            st.floats(233.0, 343.0),
            st.sampled_from([0.0, 8.5]),
            st.sampled_from([0.0, 0.5, 1.0]),
            st.sampled_from([0.0, 0.5, 1.0]),
        ),
        max_size=40,
    ),
    dt=st.sampled_from([0.1, 1.0, 100.0]),
)
def test_kernel_equals_plain_python(
    steps: list[tuple[int, float, float, float, float, float, float]], dt: float
) -> None:
    chiller, twin = Chiller(), ChillerTwin(DEMO)
    for request, supply, back, ambient, flow, gain, pump_gain in steps:
        chiller.step(request, 293.15, supply, back, ambient, flow, gain, pump_gain, dt)
        twin.step(request, 293.15, supply, back, ambient, flow, CP, gain, pump_gain, dt)
        assert chiller.mode[0] == twin.mode
        assert chiller.compressor_on[0] == twin.compressor_on
        for name in ("compressor_time", "heat", "power", "pump_speed"):
            assert getattr(chiller, name)[0] == pytest.approx(getattr(twin, name), rel=1e-12)
