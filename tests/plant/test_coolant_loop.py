"""Coolant on its way round."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.coolant_loop import build_loop_model, circulate, step_loop
from bms_emulator.plant.relaxation import mean_decay
from bms_emulator.profile.loader import load_site
from tests.reference.coolant_twin import circulate_twin

DEMO = build_loop_model(load_site("demo"))
CP = DEMO.heat_capacity / DEMO.mass


@settings(deadline=None, derandomize=True)
@given(x=st.floats(0.0, 1e6))
def test_mean_decay_is_the_mean_of_an_exponential(x: float) -> None:
    mean = mean_decay(x)
    assert 0.0 < mean <= 1.0
    if x > 1e-3:
        assert mean == pytest.approx((1.0 - np.exp(-x)) / x, rel=1e-9)


@pytest.mark.parametrize("dt", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("flow", [0.0, 1e-9, 1.0, 8.52])
def test_two_volumes_follow_the_matrix_exponential_for_any_step(dt: float, flow: float) -> None:
    rises = (-60e3 * dt / DEMO.heat_capacity, 67e3 * dt / DEMO.heat_capacity)
    after = circulate(290.0, 295.0, *rises, flow * dt / DEMO.mass)
    twin = circulate_twin(290.0, 295.0, -60e3, 67e3, flow, DEMO.mass, CP, dt)
    np.testing.assert_allclose(after, twin, rtol=1e-12)


def test_steady_rise_over_the_packs_is_heat_over_flow() -> None:
    supply, back = np.array([293.15]), np.array([293.15])
    flow, packs = np.array([8.52]), np.full((12, 4), 1000.0)
    for _ in range(2000):
        step_loop(DEMO, supply, back, flow, np.zeros(1), np.array([-48e3]), packs, 1.0)
    assert back[0] - supply[0] == pytest.approx(48e3 / (8.52 * CP), rel=1e-9)
    assert 0.5 * (back[0] + supply[0]) == pytest.approx(293.15, rel=1e-12)


def test_all_heat_stays_in_the_coolant() -> None:
    rng = np.random.default_rng(2)
    racks = DEMO.racks_per_container
    supply, back, put_in = np.full(2, 293.15), np.full(2, 298.15), np.zeros(2)
    for _ in range(1000):
        flow, pressure = rng.uniform(0.0, 9.0, 2), rng.uniform(0.0, 2e5, 2)
        chiller, packs = rng.uniform(-6e4, 2e4, 2), rng.uniform(-500.0, 2000.0, (2 * racks, 4))
        step_loop(DEMO, supply, back, flow, pressure, chiller, packs, 0.1)
        put_in += 0.1 * (chiller + packs.reshape(2, -1).sum(axis=1) + flow * pressure / DEMO.density)
    stored = DEMO.heat_capacity * (supply + back - 293.15 - 298.15)
    np.testing.assert_allclose(stored, put_in, rtol=1e-9)


def test_change_of_supply_comes_round_within_about_a_turnover() -> None:
    turnover = 2.0 * DEMO.mass / 8.52
    assert turnover == pytest.approx(43.0, abs=1.0)
    supply, back = np.array([303.15]), np.array([293.15])
    for _ in range(round(turnover / 0.1)):
        step_loop(DEMO, supply, back, np.array([8.52]), np.zeros(1), np.zeros(1), np.zeros((12, 4)), 0.1)
    assert supply[0] - back[0] == pytest.approx(10.0 * np.exp(-4.0), rel=0.02)
