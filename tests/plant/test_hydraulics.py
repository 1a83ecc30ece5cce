"""Pump, headers and the split of flow over packs."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bms_emulator.arrays import Array
from bms_emulator.plant.coolant import build_coolant_model, properties_at
from bms_emulator.plant.hydraulics import HydraulicModel, build_hydraulic_model, split_flow
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site
from bms_emulator.units import kelvin
from tests.reference.hydraulics_twin import loop_pressures, split_flow_twin

SITE = load_site("demo")
COOLANT = build_coolant_model(SITE.container.coolant)
DEMO = build_hydraulic_model(SITE, COOLANT)
LPM = COOLANT.rated_density / 60e3
"""Mass flow of one litre per minute [kg/s]."""


class Flow(NamedTuple):
    """Result of one container."""

    branch: Array
    total: float
    pressure: float
    power: float


RATED = (COOLANT.rated_density, COOLANT.rated_viscosity)


def at(degc: float) -> tuple[float, float]:
    """Density and viscosity of the coolant."""
    density, _, _, viscosity = properties_at(COOLANT, kelvin(degc))
    return float(density), float(viscosity)


def flow_of(
    model: HydraulicModel = DEMO,
    speed: float = 1.0,
    gain: Array | None = None,
    coolant: tuple[float, float] = RATED,
) -> Flow:
    shape = model.branch_conductance.shape
    branch, total, pressure, power = np.full(shape, np.nan), *(np.full(1, np.nan) for _ in range(3))
    gain = np.ones(shape) if gain is None else gain
    split_flow(model, branch, total, pressure, power, *(np.array([x]) for x in (speed, *coolant)), gain, np.ones(1))
    return Flow(branch, float(total[0]), float(pressure[0]), float(power[0]))


def test_rated_point_is_met() -> None:
    flow = flow_of()
    assert flow.total == pytest.approx(480 * LPM, rel=1e-12)
    assert flow.pressure == pytest.approx(150e3, rel=1e-12)
    assert flow.power == pytest.approx(150e3 * 0.480 / 60 / 0.5, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_closed_form_equals_newton_on_all_loop_pressures(seed: int) -> None:
    gain = np.random.default_rng(seed).uniform(0.2, 1.5, (12, 4))
    coolant = at((-20.0, 5.0, 40.0)[seed])
    flow = flow_of(DEMO, 0.8, gain, coolant).branch
    np.testing.assert_allclose(flow, split_flow_twin(DEMO, 0.8, gain, *coolant), rtol=1e-11)


def test_pressure_closes_around_every_loop() -> None:
    gain = np.random.default_rng(9).uniform(0.01, 2.0, (12, 4))
    left = loop_pressures(DEMO, flow_of(DEMO, 1.0, gain, at(-10.0)).branch, 1.0, gain, *at(-10.0))
    np.testing.assert_allclose(left, 0.0, atol=1e-12 * DEMO.shutoff_head)


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.2])
def test_affinity_laws_hold_in_turbulent_flow(speed: float) -> None:
    turbulent = DEMO._replace(laminar_share=0.0)
    rated, other = flow_of(turbulent), flow_of(turbulent, speed=speed)
    np.testing.assert_allclose(other.branch, speed * rated.branch, rtol=1e-12)
    assert other.total == pytest.approx(speed * rated.total, rel=1e-12)
    assert other.pressure == pytest.approx(speed**2 * rated.pressure, rel=1e-12)
    assert other.power == pytest.approx(speed**3 * rated.power, rel=1e-12)


def test_plate_meets_the_published_pressures_at_other_flows() -> None:
    """ToneCooling TC-1P104S, calculated with 50 % glycol: 19.6, 27.5 and 37.7 kPa at 8, 10 and 12 L/min."""
    share = SITE.container.rack.pack.cold_plate.laminar_share
    for flow, published in ((0.8, 19.6), (1.0, 27.5), (1.2, 37.7)):
        assert 27.97 * (share * flow + (1.0 - share) * flow**2) == pytest.approx(published, rel=0.02)


def test_slow_pump_gives_less_than_its_share_where_flow_is_laminar() -> None:
    half = flow_of(speed=0.5)
    assert 0.40 * flow_of().total < half.total < 0.5 * flow_of().total


def test_cold_coolant_flows_less_and_warm_more_at_any_speed() -> None:
    for speed in (0.2, 1.0, 2.0):
        totals = [flow_of(speed=speed, coolant=at(degc)).total for degc in (-40, -20, -10, 0, 20, 40, 60)]
        assert np.all(np.diff(totals) >= 0.0)
        assert totals[1] < totals[2] < totals[3] < totals[4] < totals[5]
    # by hand at -20 °C, where viscosity is six times that at 20 °C and density 1.6 % higher, with x = flow over rated:
    # 200 kPa * 1.016 = (50 + 150 * 0.62) kPa / 1.016 * x^2 + 150 kPa * 0.38 * 6 / 1.016 * x
    assert flow_of(coolant=at(-20)).total / flow_of().total == pytest.approx(0.5, abs=0.01)


def test_temperature_does_not_change_the_shape_of_the_flow() -> None:
    warm, cold = flow_of(coolant=at(40)), flow_of(coolant=at(-20))
    np.testing.assert_allclose(warm.branch / warm.total, cold.branch / cold.total, rtol=1e-12)


def test_throttles_near_the_pump_even_out_the_flow() -> None:
    throttled = load_site(
        "demo", {"container.pump.orifices": [{"racks": [1, 2, 3], "packs": [1, 2], "resistance_share": 0.2}]}
    )
    model = build_hydraulic_model(throttled, COOLANT)
    before, after = flow_of().branch, flow_of(model).branch
    assert after.sum() == pytest.approx(before.sum(), rel=1e-12)  # the rated point is that of the whole loop
    assert np.all(after[:3, :2] < before[:3, :2])
    assert np.all(after[3:] > before[3:])
    assert after.max() / after.min() < before.max() / before.min()


def test_throttle_in_a_pack_that_is_not_there_is_an_error() -> None:
    orifices = [{"racks": [1, 13], "packs": [1], "resistance_share": 0.2}]
    with pytest.raises(ProfileError, match=r"pump.orifices.0.racks.*must be <= 12, the number of racks"):
        load_site("demo", {"container.pump.orifices": orifices})


def test_packs_nearer_to_the_pump_get_more_flow_within_the_published_spread() -> None:
    branch = flow_of().branch
    assert np.all(np.diff(branch, axis=0) < 0.0)
    assert np.all(np.diff(branch, axis=1) < 0.0)
    # 11.03 to 9.05 L/min is a ratio of 1.22, published for 6 columns of 8 packs
    assert 1.15 <= branch.max() / branch.min() <= 1.30
    assert branch.mean() == pytest.approx(10 * LPM, rel=0.01)


def test_headers_without_resistance_share_evenly() -> None:
    branch = flow_of(
        build_hydraulic_model(load_site("demo", {"container.pump.header_resistance_share": 0}), COOLANT)
    ).branch
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
    speed, density, viscosity = np.array([1.0, 0.5]), np.full(2, RATED[0]), np.full(2, RATED[1])
    split_flow(DEMO, branch, total, np.zeros(2), np.zeros(2), speed, density, viscosity, gain, np.ones(2))
    np.testing.assert_array_equal(branch[:12], flow_of(gain=gain[:12]).branch)
    np.testing.assert_array_equal(branch[12:], flow_of(speed=0.5, gain=gain[12:]).branch)


@settings(deadline=None, derandomize=True)
@given(
    speed=st.floats(0.0, 2.0),
    degc=st.floats(-60.0, 800.0),
    share=st.sampled_from([0.0, 0.38, 1.0]),
    gain=arrays(float, (12, 4), elements=st.floats(0.0, 10.0)),
)
def test_flow_is_finite_and_never_runs_backwards(speed: float, degc: float, share: float, gain: Array) -> None:
    flow = flow_of(DEMO._replace(laminar_share=share), speed, gain, at(degc))
    assert np.isfinite(flow.branch).all()
    assert np.all(flow.branch >= 0.0)
    assert np.isfinite([flow.total, flow.pressure, flow.power]).all()
    assert flow.branch.sum() == pytest.approx(flow.total, rel=1e-9)


def test_pump_too_weak_for_its_packs_is_an_error() -> None:
    overrides = {"container.pump.rated_head_kpa": 26, "container.pump.shutoff_head_kpa": 30}
    with pytest.raises(ValueError, match=r"liquid-5mwh: pump.rated_head_kpa = 26: must be >= \d+"):
        build_hydraulic_model(load_site("demo", overrides), COOLANT)
