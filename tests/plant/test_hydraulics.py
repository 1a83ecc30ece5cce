"""Pump, headers and the split of flow over packs."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bms_emulator.arrays import Array
from bms_emulator.plant.hydraulics import HydraulicModel, build_hydraulic_model, split_flow
from bms_emulator.profile.loader import load_site
from tests.reference.hydraulics_twin import loop_pressures, split_flow_twin

SITE = load_site("demo")
DEMO = build_hydraulic_model(SITE)
LPM = DEMO.density / 60e3
"""Mass flow of one litre per minute [kg/s]."""


class Flow(NamedTuple):
    """Result of one container."""

    branch: Array
    total: float
    pressure: float
    power: float


def flow_of(model: HydraulicModel = DEMO, speed: float = 1.0, gain: Array | None = None, packs: int = 4) -> Flow:
    shape = (model.racks_per_container, packs)
    branch, total, pressure, power = np.full(shape, np.nan), *(np.full(1, np.nan) for _ in range(3))
    gain = np.ones(shape) if gain is None else gain
    split_flow(model, branch, total, pressure, power, np.array([speed]), gain)
    return Flow(branch, float(total[0]), float(pressure[0]), float(power[0]))


def test_rated_point_is_met() -> None:
    flow = flow_of()
    assert flow.total == pytest.approx(480 * LPM, rel=1e-12)
    assert flow.pressure == pytest.approx(150e3, rel=1e-12)
    assert flow.power == pytest.approx(150e3 * 0.480 / 60 / 0.5, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_closed_form_equals_newton_on_all_loop_pressures(seed: int) -> None:
    gain = np.random.default_rng(seed).uniform(0.2, 1.5, (12, 4))
    np.testing.assert_allclose(flow_of(DEMO, 0.8, gain).branch, split_flow_twin(DEMO, 0.8, gain), rtol=1e-12)


def test_pressure_closes_around_every_loop() -> None:
    gain = np.random.default_rng(9).uniform(0.01, 2.0, (12, 4))
    left = loop_pressures(DEMO, flow_of(DEMO, 1.0, gain).branch, 1.0, gain)
    np.testing.assert_allclose(left, 0.0, atol=1e-12 * DEMO.shutoff_head)


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.2])
def test_affinity_laws_hold(speed: float) -> None:
    rated, other = flow_of(), flow_of(speed=speed)
    np.testing.assert_allclose(other.branch, speed * rated.branch, rtol=1e-12)
    assert other.total == pytest.approx(speed * rated.total, rel=1e-12)
    assert other.pressure == pytest.approx(speed**2 * rated.pressure, rel=1e-12)
    assert other.power == pytest.approx(speed**3 * rated.power, rel=1e-12)


def test_packs_nearer_to_the_pump_get_more_flow_within_the_published_spread() -> None:
    branch = flow_of().branch
    assert np.all(np.diff(branch, axis=0) < 0.0)
    assert np.all(np.diff(branch, axis=1) < 0.0)
    # 11.03 to 9.05 L/min is a ratio of 1.22, published for 6 columns of 8 packs
    assert 1.15 <= branch.max() / branch.min() <= 1.30
    assert branch.mean() == pytest.approx(10 * LPM, rel=0.01)


def test_headers_without_resistance_share_evenly() -> None:
    branch = flow_of(build_hydraulic_model(load_site("demo", {"container.pump.header_resistance_share": 0}))).branch
    np.testing.assert_allclose(branch, 10 * LPM, rtol=1e-12)


@pytest.mark.parametrize("blocked", [(0, 0), (3, 2), (11, 3)])
def test_blocked_branch_gets_no_flow_and_all_others_more(blocked: tuple[int, int]) -> None:
    gain = np.ones((12, 4))
    gain[blocked] = 0.0
    before, after = flow_of(), flow_of(gain=gain)
    assert after.branch[blocked] == 0.0
    assert np.all(np.delete(after.branch - before.branch, blocked[0] * 4 + blocked[1]) > 0.0)
    assert after.total < before.total
    assert after.branch.sum() == pytest.approx(after.total, rel=1e-12)


def test_all_blocked_leaves_the_pump_at_its_shutoff_head() -> None:
    flow = flow_of(gain=np.zeros((12, 4)))
    assert (flow.total, flow.power) == (0.0, 0.0)
    assert flow.pressure == DEMO.shutoff_head


def test_containers_do_not_disturb_each_other() -> None:
    gain = np.random.default_rng(1).uniform(0.5, 1.0, (24, 4))
    branch, total = np.zeros((24, 4)), np.zeros(2)
    split_flow(DEMO, branch, total, np.zeros(2), np.zeros(2), np.array([1.0, 0.5]), gain)
    np.testing.assert_array_equal(branch[:12], flow_of(gain=gain[:12]).branch)
    np.testing.assert_array_equal(branch[12:], flow_of(speed=0.5, gain=gain[12:]).branch)


@settings(deadline=None, derandomize=True)
@given(speed=st.floats(0.0, 2.0), gain=arrays(float, (12, 4), elements=st.floats(0.0, 10.0)))
def test_flow_is_finite_and_never_runs_backwards(speed: float, gain: Array) -> None:
    flow = flow_of(speed=speed, gain=gain)
    assert np.isfinite(flow.branch).all()
    assert np.all(flow.branch >= 0.0)
    assert np.isfinite([flow.total, flow.pressure, flow.power]).all()
    assert flow.branch.sum() == pytest.approx(flow.total, rel=1e-9)


def test_pump_too_weak_for_its_packs_is_an_error() -> None:
    overrides = {"container.pump.rated_head_kpa": 26, "container.pump.shutoff_head_kpa": 30}
    with pytest.raises(ValueError, match=r"liquid-5mwh: pump.rated_head_kpa = 26: must be >= \d+"):
        build_hydraulic_model(load_site("demo", overrides))
