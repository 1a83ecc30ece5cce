"""Coolant on its way round."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.coolant import build_coolant_model, enthalpy_of
from bms_emulator.plant.coolant_loop import build_loop_model, circulate, step_loop
from bms_emulator.plant.relaxation import mean_decay
from bms_emulator.profile.loader import load_site
from tests.reference.coolant_twin import circulate_twin, exact_ring

SITE = load_site("demo")
COOLANT = build_coolant_model(SITE.container.coolant)
DEMO = build_loop_model(SITE, COOLANT)
NODES, RACKS = DEMO.node_count, DEMO.racks_per_container
FLOW = 480 / 60e3 * COOLANT.rated_density
"""Rated flow [kg/s]."""
CP = 3312.0
LINE_TIME = NODES / 2 * DEMO.mass / FLOW
"""How long rated flow takes through the supply line [s]."""


def gains(chiller: float, packs: float) -> Array:
    """Rises of all nodes by their heat alone."""
    gain = np.zeros(NODES)
    gain[0], gain[NODES // 2] = chiller, packs
    return gain


class Loop:
    """One loop that is stepped by hand."""

    def __init__(self, start: float = 293.15) -> None:
        self.enthalpy = np.full((1, NODES), enthalpy_of(COOLANT, start))
        self.supply, self.inlet, self.back = (np.full(1, start) for _ in range(3))

    def step(self, dt: float, flow: float = FLOW, chiller: float = 0.0, packs: float = 0.0) -> "Loop":
        heat = np.full((RACKS, 4), packs / RACKS / 4)
        step_loop(
            *(*DEMO, self.enthalpy, self.supply, self.inlet, self.back),
            *(np.array([flow]), np.zeros(1), np.full(1, 1065.0), np.array([chiller]), heat, dt),
        )
        return self


@settings(deadline=None, derandomize=True)
@given(x=st.floats(0.0, 1e6))
def test_mean_decay_is_the_mean_of_an_exponential(x: float) -> None:
    mean = mean_decay(x)
    assert 0.0 < mean <= 1.0
    if x > 1e-3:
        assert mean == pytest.approx((1.0 - np.exp(-x)) / x, rel=1e-9)


@pytest.mark.parametrize("exchange", [0.0, 1e-9, 1e-3, 0.37, 1.0, 20.0])
def test_ring_in_two_rounds_equals_the_dense_system(exchange: float) -> None:
    enthalpy = np.random.default_rng(1).uniform(5e4, 2e5, NODES)
    twin = circulate_twin(enthalpy, gains(-700.0, 900.0), exchange)
    circulate(enthalpy, -700.0, 900.0, exchange)
    np.testing.assert_allclose(enthalpy, twin, rtol=1e-9)


@pytest.mark.parametrize(("dt", "tolerance"), [(0.01, 1e-5), (0.1, 1e-3), (1.0, 0.06)])
def test_ring_follows_the_matrix_exponential(dt: float, tolerance: float) -> None:
    """A front of 10 K after 20 s, which is half of the way; the error falls with the square of the step."""
    enthalpy = np.full(NODES, 10.0)
    enthalpy[: NODES // 2] = 0.0
    exact = exact_ring(enthalpy, gains(-1.0, 2.0) * 20.0, FLOW * 20.0 / DEMO.mass)
    for _ in range(round(20 / dt)):
        circulate(enthalpy, -dt, 2.0 * dt, FLOW * dt / DEMO.mass)
    np.testing.assert_allclose(enthalpy, exact, atol=tolerance)


def test_steady_rise_over_the_packs_is_heat_over_flow() -> None:
    loop = Loop()
    for _ in range(2000):
        loop.step(1.0, chiller=-48e3, packs=48e3)
    assert loop.back[0] - loop.supply[0] == pytest.approx(48e3 / (FLOW * CP), rel=1e-3)
    assert loop.inlet[0] == pytest.approx(loop.supply[0], abs=1e-9)


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_change_of_supply_reaches_the_packs_a_line_later(dt: float) -> None:
    """Mean and spread of the delay are those of tanks in series: a pulse of heat in the chiller, felt at the packs."""
    assert pytest.approx(43.2, abs=0.1) == 2.0 * LINE_TIME
    loop, felt = Loop(), []
    loop.step(dt, chiller=-1e5 / dt)
    for _ in range(round(8 * LINE_TIME / dt)):
        felt.append(293.15 - loop.inlet[0])
        loop.enthalpy[0, NODES // 2 :] = enthalpy_of(COOLANT, 293.15)  # what is behind the packs does not come back
        loop.step(dt)
    time, weight = (np.arange(len(felt)) + 0.5) * dt, np.array(felt) / np.sum(felt)
    mean = np.sum(time * weight)
    spread = np.sqrt(np.sum((time - mean) ** 2 * weight))
    assert mean == pytest.approx(LINE_TIME, rel=0.05)
    assert spread == pytest.approx(LINE_TIME / np.sqrt(NODES / 2), rel=0.05)


def test_nothing_moves_without_flow() -> None:
    loop = Loop().step(1.0, flow=0.0, chiller=-1e3, packs=2e3)
    changed = np.flatnonzero(loop.enthalpy[0] - enthalpy_of(COOLANT, 293.15))
    assert changed.tolist() == [0, NODES // 2]


def test_all_heat_stays_in_the_coolant() -> None:
    rng = np.random.default_rng(2)
    enthalpy = rng.uniform(5e4, 2e5, (2, NODES))
    before, put_in, moved = enthalpy.sum(axis=1), np.zeros(2), 0.0
    for _ in range(1000):
        flow, pressure = rng.uniform(0.0, 18.0, 2) * rng.integers(0, 2, 2), rng.uniform(0.0, 2e5, 2)
        chiller, packs = rng.uniform(-6e4, 2e4, 2), rng.uniform(-500.0, 2000.0, (2 * RACKS, 4))
        density, dt = rng.uniform(1050.0, 1080.0, 2), rng.choice([0.01, 0.1, 1.0])
        temperatures = [np.zeros(2) for _ in range(3)]
        step_loop(*DEMO, enthalpy, *temperatures, flow, pressure, density, chiller, packs, dt)
        put_in += dt * (chiller + packs.reshape(2, -1).sum(axis=1) + flow * pressure / density)
        moved += dt * np.abs(packs).sum()
    np.testing.assert_allclose(DEMO.mass * (enthalpy.sum(axis=1) - before), put_in, atol=1e-9 * moved, rtol=0)


@settings(deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000), flow=st.floats(0.0, 20.0), dt=st.sampled_from([0.01, 0.1, 1.0, 100.0]))
def test_without_heat_no_coolant_gets_colder_or_warmer_than_all(seed: int, flow: float, dt: float) -> None:
    enthalpy = np.random.default_rng(seed).uniform(5e4, 2e5, NODES)
    low, high = enthalpy.min(), enthalpy.max()
    for _ in range(5):
        circulate(enthalpy, 0.0, 0.0, flow * dt / DEMO.mass)
        assert low - 1e-6 <= enthalpy.min()
        assert enthalpy.max() <= high + 1e-6
